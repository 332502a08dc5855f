"""Which certificates a dossier's servers have had: kept in step with every act, read from what is registered."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from ketnoi_portal.onboarding.certificate_models import CertificateSpan, end_of
from ketnoi_portal.onboarding.models import Application, PlatformRegistration
from ketnoi_portal.process.case import Rotation
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.site import clock

_Key = tuple[str, str, str]
_BESIDE = (Rotation.BESIDE, Rotation.CHECKED)


def after_step(application: Application, step_name: str, unit: str, actor: Actor) -> None:
    """The hook of every step."""
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
