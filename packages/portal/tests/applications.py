"""Applications as they stand in the database when publication meets them."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from ketnoi_portal.onboarding.models import Application, IntegrationAccount, PlatformRegistration
from ketnoi_portal.onboarding.registration import Registration, ServerEntry, ServiceEntry, entries
from ketnoi_portal.process.case import Stage
from ketnoi_portal.site import clock
from ketnoi_protocol.services import Environment, Service, System

BOTH = tuple(Environment)


def form_of(code: str, services: tuple[Service, ...], *, procedures: tuple[str, ...] = ("G15-TP110",)) -> Registration:
    """A form for some services, with a server on each platform in each environment."""
    wanted = {
        (entry.platform, environment, entry.instance)
        for environment in BOTH
        for entry in entries(System.POPULATION, services, environment, "2022-seed")
    }
    return Registration(
        duties="Giải quyết thủ tục hành chính",
        information_system="Cổng dịch vụ công",
        security_level=3,
        level_decision="12/QĐ",
        servers=tuple(
            ServerEntry(
                platform=platform,
                environment=environment,
                server=f"{instance}/GOV/{code}/SS01",
                subsystem="MOTCUA",
                address="127.0.0.9",
                request="CSR",
            )
            for platform, environment, instance in sorted(wanted)
        ),
        services=tuple(
            ServiceEntry(service=each, procedures=procedures, fields=("HoVaTen",), purpose="Giải quyết thủ tục")
            for each in services
        ),
        per_day=100,
        peak_per_second=2,
        notify="nhan@example.vn",
    )


def application(
    code: str,
    *,
    number: str,
    stage: Stage = Stage.LIVE,
    services: tuple[Service, ...] = (Service.LOOK_UP_CITIZEN,),
    registered: bool = True,
    key: str = "-----BEGIN PUBLIC KEY-----",
    form: Registration | None = None,
    system: System = System.POPULATION,
) -> Application:
    """One of this organisation, at this stage, with everything that must have come before."""
    at, told = clock.now(), form or form_of(code, services)
    made = Application.objects.create(
        number=number,
        system=system,
        organisation_id=code,
        level="province" if code.startswith("H") else "ministry",
        chart="chart_2022",
        profile="2022-seed",
        stage=stage,
        stage_since=at,
        began_at=at,
        began_by="test",
        form=msgspec.to_builtins(told),
        valid_from=clock.today(),
        valid_until=clock.today() + timedelta(days=365),
    )
    for server in told.servers:
        owner = server.server.replace("/", ":")
        PlatformRegistration.objects.create(
            application=made,
            platform=server.platform,
            environment=server.environment,
            server=owner,
            subsystem=f"{owner.rpartition(':')[0]}:{server.subsystem}",
            address=server.address,
            state=PlatformRegistration.REGISTERED if registered else PlatformRegistration.ASKED,
            asked_at=at,
        )
    for environment in BOTH:
        IntegrationAccount.objects.create(
            application=made,
            environment=environment,
            name=f"{code.lower().replace('.', '-')}-{number.lower()}-{environment}",
            public_key=key,
            issued_at=at,
            taken_at=at,
        )
    return made
