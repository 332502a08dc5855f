"""The node's own keys, as files.

    configuration/<id>.pem     private keys that sign the configuration; the same on every node that may sign
    admin/key.pem              towards callers of the admin API, with
    admin/certificate.pem      the certificate that they pin

Private keys are readable by their owner alone; one that others may read is not used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from ketnoi_exchange.files import write_whole

PrivateKey = EllipticCurvePrivateKey | RSAPrivateKey
Algorithm = Literal["EC", "RSA"]

CERTIFICATE_LASTS: Final = timedelta(days=20 * 365)


class KeyUnusable(Exception):  # noqa: N818
    """A key's file is missing, unreadable, or open to others; the text says what to mend and quotes no secret."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made: its name and its certificate (DER)."""

    id: str
    certificate: bytes = field(repr=False)


class KeyFolder:
    """One node's folder of keys."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make_signing_key(self, common_name: str, algorithm: Algorithm, at: datetime) -> NewKey:
        """A key with a certificate of its own, written down before anybody can rely on it. Raises OSError."""
        key = _generate(algorithm)
        certificate = _self_signed(key, common_name, at, None)
        id_ = certificate.fingerprint(hashes.SHA256()).hex()[:40]
        _write_private(self._signing(id_), key)
        return NewKey(id_, certificate.public_bytes(Encoding.DER))

    def holds(self, id_: str) -> bool:
        """Whether this node has the private key."""
        return self._signing(id_).exists()

    def signing_key(self, id_: str) -> PrivateKey:
        """A private key. Raises KeyUnusable."""
        return _read_private(self._signing(id_))

    def remove_signing_key(self, id_: str) -> None:
        """Gone for good, where it was here at all. Raises OSError."""
        self._signing(id_).unlink(missing_ok=True)

    @property
    def admin_files(self) -> tuple[Path, Path]:
        """Certificate and key of the admin API."""
        folder = self._folder / "admin"
        return folder / "certificate.pem", folder / "key.pem"

    def ensure_admin_key(self, host: str, at: datetime) -> None:
        """The admin API has a key; made with a certificate of its own if there is none. Raises OSError, KeyUnusable."""
        certificate_file, key_file = self.admin_files
        if certificate_file.exists():
            _read_private(key_file)
            return
        key = _generate("EC")
        _write_private(key_file, key)
        certificate = _self_signed(key, f"ketnoi-exchange {host}"[:64], at, host)
        write_whole(certificate_file, certificate.public_bytes(Encoding.PEM))

    def _signing(self, id_: str) -> Path:
        return self._folder / "configuration" / f"{id_}.pem"


def _generate(algorithm: Algorithm) -> PrivateKey:
    return generate_ec(SECP256R1()) if algorithm == "EC" else generate_rsa(65537, 2048)


def _write_private(path: Path, key: PrivateKey) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), mode=0o600)


def _read_private(path: Path) -> PrivateKey:
    try:
        if path.stat().st_mode & 0o077:
            raise KeyUnusable(f"{path}: others may read this private key; run chmod 600 on it")
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        # The library's text may quote what it read.
        raise KeyUnusable(f"{path}: the private key cannot be read ({type(error).__name__})") from None
    if not isinstance(key, PrivateKey):
        raise KeyUnusable(f"{path}: only RSA and EC keys are used")
    return key


def _self_signed(key: PrivateKey, common_name: str, at: datetime, host: str | None) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A reader's clock may be a little behind.
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + CERTIFICATE_LASTS)
    )
    if host is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(host)]), critical=False)
    return builder.sign(key, hashes.SHA256())


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
