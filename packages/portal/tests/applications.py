"""Applications as they stand in the database, written there at once."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from ketnoi_pages import clock
from ketnoi_portal.onboarding.models import Application, IntegrationAccount, PlatformRegistration
from ketnoi_portal.onboarding.registration import Registration
from ketnoi_portal.process.case import Stage
from ketnoi_protocol.services import Environment, Service, System

from .forms import a_form

BOTH = tuple(Environment)


def an_application(
    code: str,
    *,
    number: str = "",
    stage: Stage = Stage.LIVE,
    services: tuple[Service, ...] = (Service.LOOK_UP_CITIZEN,),
    registered: bool = True,
    key: str = "-----BEGIN PUBLIC KEY-----",
    form: Registration | None = None,
    system: System = System.POPULATION,
) -> Application:
    """One of this organisation, at this stage, with everything that must have come before; the next number of its own.

    Nothing of the process is asked: whoever wants that takes a Walk.
    """
    number = number or f"KN-2026-{Application.objects.count() + 1:06d}"
    at, told = clock.now(), form or a_form(system, code, services)
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
