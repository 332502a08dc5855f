"""Who may connect at all, over mutual TLS: pinned security servers, each bound to one instance, pinned watchers, and
the identity system for its citizens."""

from __future__ import annotations

import hashlib
import ssl

from .settings import Settings


class CallerError(Exception):
    """A certificate of the settings cannot be used; the text names the file."""


class Callers:
    """The pinned certificates, by digest, and the TLS context that admits nobody else.

    A pinned certificate is its own anchor (PARTIAL_CHAIN), whoever issued it, and no authority's other certificates
    are admitted with it: a registry must not be opened by a certificate that its operator has never seen. Its dates
    do not matter, since X-Road's internal certificates are self-signed and replaced by hand.
    """

    def __init__(self, settings: Settings) -> None:
        self._instances: dict[bytes, str] = {}
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            self.tls.load_cert_chain(settings.path(settings.certificate), settings.path(settings.key))
        except OSError as error:
            raise CallerError(f"{settings.certificate}, {settings.key}: no usable certificate and key") from error
        self.tls.verify_mode = ssl.CERT_REQUIRED
        self.tls.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME
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
        return None if certificate is None else self._instances.get(hashlib.sha256(certificate).digest())

    def watches(self, certificate: bytes | None) -> bool:
        """Whether the holder of this certificate (DER) may read the alarms."""
        return certificate is not None and hashlib.sha256(certificate).digest() in self._watchers

    def asks_for_citizens(self, certificate: bytes | None) -> bool:
        """Whether the holder of this certificate (DER) may ask for citizens about their own data."""
        return certificate is not None and hashlib.sha256(certificate).digest() in self._citizens

    def _pin(self, settings: Settings, name: str) -> bytes:
        """Admit the holder of a certificate; its digest."""
        try:
            der = ssl.PEM_cert_to_DER_cert(settings.path(name).read_text(encoding="ascii").strip())
            self.tls.load_verify_locations(cadata=der)
        except (OSError, ValueError) as error:
            raise CallerError(f"{name}: is no certificate in PEM") from error
        return hashlib.sha256(der).digest()


_NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL's x509_vfy.h, which Python's ssl does not name."""
