"""Who may ask: the registry and the portal, each known by the certificate that is pinned for it."""

from __future__ import annotations

import ssl
from enum import StrEnum

from ketnoi_runtime.pinning import PinningError, Pins, digest_of

from ..settings import Settings


class Role(StrEnum):
    """What the holder of a pinned certificate is."""

    REGISTRY = "registry"
    PORTAL = "portal"


class Callers:
    """The pinned certificates, and the TLS context that admits nobody else."""

    def __init__(self, settings: Settings) -> None:
        """Raises PinningError when a certificate cannot be used, or stands for both."""
        wire = settings.wire
        pins = Pins(settings.path(wire.certificate), settings.path(wire.key))
        self._roles = {pins.pin(settings.path(wire.registry)): Role.REGISTRY}
        if wire.portal:
            portal = pins.pin(settings.path(wire.portal))
            if self._roles.setdefault(portal, Role.PORTAL) is not Role.PORTAL:
                raise PinningError(f"{wire.portal}: is the registry's and the portal's")
        self.tls: ssl.SSLContext = pins.tls

    def role_of(self, certificate: bytes | None) -> Role | None:
        """What the holder of this certificate (DER) is; None for anybody not pinned."""
        return None if certificate is None else self._roles.get(digest_of(certificate))
