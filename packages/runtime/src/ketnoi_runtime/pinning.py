"""Mutual TLS with pinned certificates: nobody else gets through the handshake."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path
from typing import Final


class PinningError(Exception):
    """A certificate or key cannot be used; the text names the file."""


class Pins:
    """A server's TLS context that admits the holders of pinned certificates, and knows them by digest.

    A pinned certificate is its own anchor (PARTIAL_CHAIN), whoever issued it, and no authority's other certificates
    are admitted with it: a server must not be opened by a certificate that its operator has never seen. Its dates do
    not matter, since such certificates are replaced by hand.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        """Raises PinningError when the server's own certificate and key do not fit."""
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            self.tls.load_cert_chain(certificate, key)
        except OSError as error:
            raise PinningError(f"{certificate.name}, {key.name}: no usable certificate and key") from error
        self.tls.verify_mode = ssl.CERT_REQUIRED
        self.tls.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME

    def pin(self, file: Path) -> bytes:
        """Admit the holder of this certificate (PEM); its digest. Raises PinningError."""
        try:
            der = ssl.PEM_cert_to_DER_cert(file.read_text(encoding="ascii").strip())
            self.tls.load_verify_locations(cadata=der)
        except (OSError, ValueError) as error:
            raise PinningError(f"{file.name}: is no certificate in PEM") from error
        return digest_of(der)


def digest_of(certificate: bytes) -> bytes:
    """By what a certificate (DER) is known."""
    return hashlib.sha256(certificate).digest()


_NO_CHECK_TIME: Final = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL's x509_vfy.h, which Python's ssl does not name."""
