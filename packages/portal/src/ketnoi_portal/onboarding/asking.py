"""What a form names as a server, and asking the platform's operator to register it."""

from __future__ import annotations

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_pages import clock
from ketnoi_portal.onboarding.models import Application, PlatformRegistration
from ketnoi_portal.onboarding.registration import ServerEntry


def ask_operator(application: Application, server: ServerEntry) -> None:
    """The request to register what a form names for one platform in one environment, new or again."""
    member = server.server.rsplit("/", 1)[0].replace("/", ":")
    PlatformRegistration.objects.update_or_create(
        application=application,
        platform=server.platform,
        environment=server.environment,
        defaults={
            "server": server.server.replace("/", ":"),
            "subsystem": f"{member}:{server.subsystem}",
            "address": server.address,
            "certificate": as_der(server.certificate),
            "state": PlatformRegistration.ASKED,
            "asked_at": clock.now(),
        },
    )


def as_der(certificate: str) -> bytes:
    """A certificate (PEM) in DER; nothing for none."""
    if not certificate.strip():
        return b""
    return x509.load_pem_x509_certificate(certificate.encode()).public_bytes(Encoding.DER)


def put_server(application: Application, server: ServerEntry) -> None:
    """The form names this server for its platform and environment from now on."""
    form = application.registration
    others = [
        each for each in form.servers if (each.platform, each.environment) != (server.platform, server.environment)
    ]
    application.form = msgspec.to_builtins(msgspec.structs.replace(form, servers=(*others, server)))
