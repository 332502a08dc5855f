"""The registration form, complete, as tests hand it in."""

from __future__ import annotations

from datetime import date

from ketnoi_portal.onboarding.registration import Contact, Registration, ServerEntry, ServiceEntry, entries
from ketnoi_protocol.services import Environment, Service, System

HEAD = "Trần Thị Hường"
FIELDS = ("HoVaTen", "NgayThangNamSinh", "ThuongTru")


def a_form(
    system: System = System.POPULATION,
    code: str = "H55",
    services: tuple[Service, ...] = (Service.LOOK_UP_CITIZEN,),
    profile: str = "2022-seed",
) -> Registration:
    """Without a defect: with a server on every platform, in both environments, that the services go over."""
    wanted = {
        (entry.platform, environment, entry.instance)
        for environment in Environment
        for entry in entries(system, services, environment, profile)
    }
    return Registration(
        duties="Giải quyết thủ tục hành chính về hộ tịch, cư trú tại Bộ phận một cửa của tỉnh",
        information_system="Hệ thống thông tin giải quyết thủ tục hành chính tỉnh Thái Nguyên",
        information_system_code="H55.MOTCUA",
        security_level=3,
        level_decision="1205/QĐ-UBND",
        level_decision_date=date(2022, 3, 15),
        servers=tuple(
            ServerEntry(
                platform=platform,
                environment=environment,
                server=f"{instance}/GOV/{code}/SS01",
                subsystem="MOTCUA",
                address="127.0.0.9",
                request="-----BEGIN CERTIFICATE REQUEST-----",
            )
            for platform, environment, instance in sorted(wanted)
        ),
        services=tuple(
            ServiceEntry(
                service=each,
                procedures=("G15-TP110", "G15-TP111"),
                fields=FIELDS if each is Service.LOOK_UP_CITIZEN else (),
                purpose="Đăng ký khai sinh, đăng ký lại khai sinh",
            )
            for each in services
        ),
        per_day=12_500,
        peak_per_second=20,
        technical=Contact(name="Nguyễn Hữu Đức", position="Trưởng phòng CNTT", email="duc@example.vn"),
        head=Contact(name=HEAD, position="Chủ tịch"),
        notify="motcua@example.vn",
    )
