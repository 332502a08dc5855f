"""Who may connect at all, over mutual TLS: pinned security servers, each bound to one instance, pinned watchers, and
the identity system for its citizens."""

from __future__ import annotations

from ketnoi_runtime.pinning import PinningError, Pins, digest_of

from .settings import Settings


class CallerError(Exception):
    """A certificate of the settings cannot be used; the text names the file."""


class Callers:
    """The pinned certificates, by digest, and the TLS context that admits nobody else."""

    def __init__(self, settings: Settings) -> None:
        try:
            self._pins = Pins(settings.path(settings.certificate), settings.path(settings.key))
        except PinningError as error:
            raise CallerError(str(error)) from error
        self.tls = self._pins.tls
        self._instances: dict[bytes, str] = {}
        for caller in settings.callers:
            digest = self._pin(settings, caller.certificate)
            if self._instances.setdefault(digest, caller.instance) != caller.instance:
                raise CallerError(f"{caller.certificate}: is bound to two instances")
        self._watchers = {self._pin(settings, watcher.certificate): watcher for watcher in settings.watchers}
        self._citizens = {self._pin(settings, page.certificate): page for page in settings.citizens}
        for digest in self._watchers.keys() & self._instances.keys():
            raise CallerError(f"{self._watchers[digest].certificate}: is a caller's and a watcher's")
        for digest in self._citizens.keys() & (self._instances.keys() | self._watchers.keys()):
            raise CallerError(f"{self._citizens[digest].certificate}: asks for citizens and has another role")

    def instance_of(self, certificate: bytes | None) -> str | None:
        """The instance that the holder of this certificate (DER) speaks for; None for anybody not pinned."""
        return None if certificate is None else self._instances.get(digest_of(certificate))

    def watches(self, certificate: bytes | None) -> bool:
        """Whether the holder of this certificate (DER) may read the alarms."""
        return certificate is not None and digest_of(certificate) in self._watchers

    def asks_for_citizens(self, certificate: bytes | None) -> bool:
        """Whether the holder of this certificate (DER) may ask for citizens about their own data."""
        return certificate is not None and digest_of(certificate) in self._citizens

    def _pin(self, settings: Settings, name: str) -> bytes:
        """Admit the holder of a certificate; its digest."""
        try:
            return self._pins.pin(settings.path(name))
        except PinningError as error:
            raise CallerError(str(error)) from error
