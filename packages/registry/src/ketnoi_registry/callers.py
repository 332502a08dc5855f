"""Who may connect at all: pinned security servers over mutual TLS, each bound to one instance."""

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
            try:
                der = ssl.PEM_cert_to_DER_cert(settings.path(caller.certificate).read_text(encoding="ascii").strip())
                self.tls.load_verify_locations(cadata=der)
            except (OSError, ValueError) as error:
                raise CallerError(f"{caller.certificate}: is no certificate in PEM") from error
            digest = hashlib.sha256(der).digest()
            if self._instances.setdefault(digest, caller.instance) != caller.instance:
                raise CallerError(f"{caller.certificate}: is bound to two instances")

    def instance_of(self, certificate: bytes | None) -> str | None:
        """The instance that the holder of this certificate (DER) speaks for; None for anybody not pinned."""
        return None if certificate is None else self._instances.get(hashlib.sha256(certificate).digest())


_NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL's x509_vfy.h, which Python's ssl does not name."""
