"""What agencies write into the portal's registration form: their own servers, as they really stand in both worlds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_portal.onboarding.registration import Contact, Registration, ServerEntry, ServiceEntry
from ketnoi_protocol.services import Platform, Service
from ketnoi_testbed.plan import AgencyPart
from ketnoi_testbed.world import World

FIELDS = ("SoDinhDanh", "HoVaTen", "NgayThangNamSinh", "ThuongTru")


def registration(worlds: Sequence[World], code: str, services: Iterable[Service]) -> Registration:
    """A form without a defect for these services, with an agency's servers in these worlds. Raises KeyError."""
    part = worlds[0].agencies[code].part
    return Registration(
        duties="Giải quyết thủ tục hành chính cho người dân, doanh nghiệp trên môi trường điện tử",
        information_system=part.subsystem_vi,
        information_system_code=part.subsystem,
        security_level=3,
        level_decision=f"12/QĐ-{code}",
        servers=tuple(entry for world in worlds for entry in _servers(world, code)),
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
    return ServiceEntry(
        service=service,
        procedures=(part.procedure,),
        fields=FIELDS if service is Service.LOOK_UP_CITIZEN else (),
        purpose="Kiểm tra thông tin của người nộp hồ sơ thay cho giấy tờ phải nộp",
    )
