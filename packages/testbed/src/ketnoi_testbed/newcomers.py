"""What a newcomer writes into the portal's registration form: its own servers, as they really stand in both worlds."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_portal.onboarding.registration import Contact, Registration, ServerEntry, ServiceEntry
from ketnoi_protocol.services import Platform, Service
from ketnoi_testbed.country import Country
from ketnoi_testbed.plan import AgencyPart
from ketnoi_testbed.world import World

FIELDS = ("SoDinhDanh", "HoVaTen", "NgayThangNamSinh", "ThuongTru")


def part_of(country: Country, code: str) -> AgencyPart:
    """The newcomer of an organisation code. Raises LookupError."""
    found = [each for each in country.test.plan.newcomers if each.code == code]
    if not found:
        raise LookupError(f"there is no newcomer {code}")
    return found[0]


def registration(country: Country, code: str, services: Iterable[Service]) -> Registration:
    """A form without a defect for these services."""
    part = part_of(country, code)
    return Registration(
        duties="Giải quyết thủ tục hành chính cho người dân, doanh nghiệp trên môi trường điện tử",
        information_system=part.subsystem_vi,
        information_system_code=part.subsystem,
        security_level=3,
        level_decision=f"12/QĐ-{code}",
        servers=tuple(entry for world in country.worlds.values() for entry in _servers(world, code)),
        services=tuple(_service(each, part) for each in services),
        per_day=3_000,
        peak_per_second=5,
        months=24,
        technical=Contact(name="Đầu mối kỹ thuật", phone="0200 000 000", email=f"ky-thuat@{code.lower()}.example"),
        head=Contact(name="Thủ trưởng cơ quan", position="Thủ trưởng"),
        notify=f"nhan-ket-qua@{code.lower()}.example",
    )


def _servers(world: World, code: str) -> list[ServerEntry]:
    found = []
    for server in world.servers.values():
        if server.party.part.code == code:
            pem = server.certificate("authentication").public_bytes(Encoding.PEM)
            found.append(
                ServerEntry(
                    platform=Platform(world.plan.instances[server.party.instance]),
                    environment=world.plan.environment,
                    server=str(server.id).replace(":", "/"),
                    subsystem=server.party.part.subsystem,
                    address=server.host,
                    certificate=pem.decode("ascii"),
                )
            )
    return found


def _service(service: Service, part: AgencyPart) -> ServiceEntry:
    looks_up = service is Service.LOOK_UP_CITIZEN
    return ServiceEntry(
        service=service,
        procedures=(part.procedure,),
        fields=FIELDS if looks_up else (),
        purpose="Kiểm tra thông tin của người nộp hồ sơ thay cho giấy tờ phải nộp",
    )
