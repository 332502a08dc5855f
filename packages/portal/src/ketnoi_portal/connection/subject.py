"""What the check and the proofs go by: an application's server, information system and services on one platform."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ketnoi_portal.audit.models import Event
from ketnoi_portal.connection.evidence_door import server_of
from ketnoi_portal.connection.proof import Expected
from ketnoi_portal.onboarding.models import Application, PlatformRegistration
from ketnoi_portal.onboarding.registration import entries
from ketnoi_protocol.identifiers import SecurityServerId, SubsystemId
from ketnoi_protocol.services import CatalogueEntry, Environment, Platform, System


@dataclass(frozen=True, slots=True)
class Subject:
    """One application on one platform of the test environment. `since`: messages signed earlier prove nothing.

    `certificate` (DER) is the one that its server is registered under, empty where none was handed in.
    `provider` is None where the settings know no security server of C06 there.
    """

    application: Application
    platform: Platform
    instance: str
    server: SecurityServerId
    client: SubsystemId
    provider: SubsystemId | None
    entries: tuple[CatalogueEntry, ...]
    since: datetime
    certificate: bytes = b""

    def expected(self) -> Expected | None:
        """Whose messages count."""
        if self.provider is None:
            return None
        return Expected(self.client, self.server, self.provider, self.since)


def subjects(application: Application) -> Iterator[Subject]:
    """One for each platform that the application needs and has been registered on."""
    for registration in application.platform_registrations.filter(
        environment=Environment.TEST, state=PlatformRegistration.REGISTERED
    ).order_by("platform"):
        yield _subject(application, registration)


def subject_for(application: Application, entry: CatalogueEntry) -> Subject | None:
    """The one whose platform a service goes over."""
    return next((each for each in subjects(application) if each.platform is entry.platform), None)


def entries_of(application: Application) -> list[CatalogueEntry]:
    """The services that are asked for, as the test environment has them."""
    return entries(System(application.system), sorted(application.services), Environment.TEST, application.profile)


def _subject(application: Application, registration: PlatformRegistration) -> Subject:
    platform = Platform(registration.platform)
    server, told = SecurityServerId.from_colon(registration.server), server_of(platform, Environment.TEST)
    return Subject(
        application,
        platform,
        server.instance,
        server,
        SubsystemId.from_colon(registration.subsystem),
        None if told is None else SubsystemId.from_colon(told.subsystem),
        tuple(each for each in entries_of(application) if each.platform is platform),
        _since(application, registration),
        bytes(registration.certificate),
    )


def _since(application: Application, registration: PlatformRegistration) -> datetime:
    """The last of: the acceptance (it issues the account), the registration, a new certificate."""
    moments = [registration.decided_at or registration.asked_at]
    moments += application.integration_accounts.filter(environment=Environment.TEST).values_list("issued_at", flat=True)
    acts = ("replace_certificate", "retire_certificate", "follow_certificate")
    replaced = Event.objects.filter(kind="application", subject=str(application.pk), act__in=acts)
    moments += replaced.order_by("-id").values_list("at", flat=True)[:1]
    return max(moments)
