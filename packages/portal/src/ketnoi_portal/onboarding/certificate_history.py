"""Which certificates a dossier's servers have had: kept in step with every act, read from what is registered."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from ketnoi_pages import clock
from ketnoi_portal.onboarding.certificate_models import CertificateSpan, NextCertificate, end_of
from ketnoi_portal.onboarding.models import Application, PlatformRegistration
from ketnoi_portal.process.case import OVER, Rotation
from ketnoi_portal.process.effects import platform_of
from ketnoi_portal.process.roles import Actor

_Key = tuple[str, str, str]
_BESIDE = (Rotation.BESIDE, Rotation.CHECKED)


def after_step(application: Application, step_name: str, unit: str, actor: Actor) -> None:
    """The hook of every step."""
    keep(application)


def keep(application: Application) -> None:
    """Write down what is registered now, and close what no longer is."""
    wanted = _registered(application)
    spans = application.certificate_spans.filter(ended_at=None)
    known = {(each.platform, each.environment, each.sha256): each for each in spans}
    for key in known.keys() - wanted.keys():
        known[key].ended_at = clock.now()
        known[key].save(update_fields=["ended_at"])
    for key in wanted.keys() - known.keys():
        server, certificate, since = wanted[key]
        platform, environment, digest = key
        CertificateSpan.objects.create(
            application=application,
            platform=platform,
            environment=environment,
            server=server,
            sha256=digest,
            not_after=end_of(certificate),
            began_at=since,
        )


def left_over(registration: PlatformRegistration) -> set[str]:
    """What the portal has had registered for this server and nobody goes by any more: SHA-256, as X-Road writes it.

    Somebody is any application that is not over: its registered certificate, and a next one beside that.
    """
    place = {"platform": registration.platform, "environment": registration.environment}
    rows = PlatformRegistration.objects.filter(**place, server=registration.server)
    rows = rows.filter(state=PlatformRegistration.REGISTERED).exclude(application__stage__in=OVER)
    coming = NextCertificate.objects.filter(**place, application__in=rows.values("application"), state__in=_BESIDE)
    wanted = [*rows.values_list("certificate", flat=True), *coming.values_list("certificate", flat=True)]
    kept = {sha256(bytes(each)).hexdigest() for each in (registration.certificate, *wanted)}
    had = CertificateSpan.objects.filter(**place, server=registration.server).values_list("sha256", flat=True)
    return {each.upper() for each in set(had) - kept}


def mark_removed(application: Application, unit: str) -> None:
    """What is registered there now is being taken off by the operator, within the caller's transaction."""
    keep(application)
    platform, environment = platform_of(unit)
    there = application.certificate_spans.filter(platform=platform, environment=environment, ended_at=None)
    there.update(removed=True)


def was_removed(registration: PlatformRegistration, certificate: bytes) -> bool:
    """Whether an operator has taken this certificate (DER) off this server.

    For the application itself that holds for good. For others of the organisation it holds until none of them is
    registered under it any more: one may have left the server while the rest went on.
    """
    place = {"platform": registration.platform, "environment": registration.environment, "server": registration.server}
    digest = sha256(bytes(certificate)).hexdigest()
    removed = CertificateSpan.objects.filter(**place, sha256=digest, removed=True)
    if removed.filter(application=registration.application_id).exists():
        return True
    others = PlatformRegistration.objects.filter(**place, certificate=bytes(certificate))
    others = others.filter(state=PlatformRegistration.REGISTERED).exclude(application__stage__in=OVER)
    return removed.exists() and not others.exists()


def has_had(application: Application, certificate: bytes) -> bool:
    """Whether a certificate (DER) is or was registered for the application anywhere."""
    digest = sha256(bytes(certificate)).hexdigest()
    return application.certificate_spans.filter(sha256=digest).exists()


def _registered(application: Application) -> dict[_Key, tuple[str, bytes, datetime]]:
    """Every certificate that a platform has registered for it now, the next ones too."""
    found: dict[_Key, tuple[str, bytes, datetime]] = {}
    servers = {}
    for each in application.platform_registrations.filter(state=PlatformRegistration.REGISTERED):
        servers[each.platform, each.environment] = each.server
        if each.certificate:
            found[_key(each.platform, each.environment, each.certificate)] = (
                each.server,
                bytes(each.certificate),
                each.decided_at or clock.now(),
            )
    for coming in application.next_certificates.filter(state__in=_BESIDE):
        key = _key(coming.platform, coming.environment, coming.certificate)
        server = servers.get((coming.platform, coming.environment), "")
        found[key] = (server, bytes(coming.certificate), coming.registered_at or clock.now())
    return found


def _key(platform: str, environment: str, certificate: bytes) -> _Key:
    return platform, environment, sha256(bytes(certificate)).hexdigest()
