"""Reads from the database what desired.py works on, in few queries however many applications there are."""

from __future__ import annotations

import msgspec
from django.db.models import Prefetch

from ketnoi_pages import clock
from ketnoi_portal.agencies.models import Organisation as Body
from ketnoi_portal.onboarding.certificate_models import NextCertificate
from ketnoi_portal.onboarding.models import Application, PlatformRegistration
from ketnoi_portal.onboarding.registration import Registration, platforms_of
from ketnoi_portal.process.case import Case, Rotation, Stage
from ketnoi_portal.process.charts import Level
from ketnoi_portal.publication.desired import Approved, Registered, Taken
from ketnoi_protocol.directory import Organisation
from ketnoi_protocol.services import Environment, Platform, System

_NEVER_PUBLISHED = (Stage.DRAFT, Stage.SUBMITTED, Stage.RETURNED, Stage.REFUSED)
_UNCHECKED = Prefetch("next_certificates", NextCertificate.objects.filter(state=Rotation.ALONE), "unchecked")


def approved_applications() -> list[Approved]:
    """Every application that is or was answered anywhere."""
    found = (
        Application.objects.exclude(stage__in=_NEVER_PUBLISHED)
        .prefetch_related("platform_registrations", "integration_accounts", _UNCHECKED)
        .order_by("number")
    )
    return [_approved(each) for each in found.iterator(chunk_size=1000)]


def _approved(application: Application) -> Approved:
    system, form = System(application.system), msgspec.convert(application.form, Registration)
    services = frozenset(each.service for each in form.services)
    registered = tuple(
        Registered(Platform(each.platform), Environment(each.environment), each.server, each.subsystem)
        for each in application.platform_registrations.all()
        if each.state == PlatformRegistration.REGISTERED
    )
    case = Case(
        system=system,
        applicant=application.organisation_id,
        level=Level(application.level),
        chart_name=application.chart,
        services=services,
        platforms=platforms_of(system, services, application.profile),
        stage=Stage(application.stage),
        registered=frozenset((each.platform, each.environment) for each in registered),
        # What was registered after a removal opens nothing before it is checked.
        rotations=tuple(
            ((Platform(each.platform), Environment(each.environment)), Rotation.ALONE)
            for each in application.unchecked  # type: ignore[attr-defined]
        ),
        # A worker that stands still keeps nothing open beyond its end.
        expired=application.valid_until is not None and clock.today() > application.valid_until,
    )
    return Approved(
        application.number,
        case,
        application.profile,
        form,
        registered,
        tuple(
            Taken(Environment(each.environment), each.name, each.public_key, each.taken_at)
            for each in application.integration_accounts.all()
            if each.taken_at is not None and each.public_key
        ),
        application.began_at,
    )


def bodies_today() -> list[Organisation]:
    """Every organisation that exists today."""
    today = clock.today()
    return [Organisation(each.code, each.name) for each in Body.objects.order_by("code") if each.is_open(today)]
