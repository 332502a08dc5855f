"""The files of one agency: fresh keys, self-signed certificates as X-Road makes them for internal TLS, settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

SETTINGS = """
environment = "{environment}"
organisation = "H55"
subsystem = "MOTCUA"
unit = "H55.242"
officer = "h55.cb01"
procedure = "G15-TP110"
timeout = {timeout}
{more}

[accounts.population]
id = "h55-motcua"
key = "account.key"

[platforms.VDXP]
security_server = "{address}"
certificate = "system.crt"
key = "system.key"
trusted = "server.crt"
provider = "GOV/G01.C06/DANCU"

[platforms.NDXP]
security_server = "{address}"
certificate = "system.crt"
key = "system.key"
trusted = "server.crt"
provider = "GOV/G01.C06/DANCU"
"""


def write_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """A fresh P-256 key in a PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


def write_certificate(folder: Path, name: str, *, days: int = 30) -> None:
    """A self-signed certificate `name.crt` with `name.key`; with `days` below zero it has expired."""
    key = write_key(folder / f"{name}.key")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=40))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / f"{name}.crt").write_bytes(certificate.public_bytes(Encoding.PEM))


@dataclass
class AgencyFolder:
    """`address` is that of the security server, `account` the public half of the integration account's key."""

    path: Path
    account: ec.EllipticCurvePublicKey
    address: str = "https://127.0.0.1:1"

    @classmethod
    def make(cls, path: Path) -> AgencyFolder:
        """Fresh files."""
        path.mkdir()
        for name in ("system", "server"):
            write_certificate(path, name)
        return cls(path, write_key(path / "account.key").public_key())

    def settings(self, *, environment: str = "test", timeout: float = 5.0, more: str = "") -> Path:
        """Write a settings file."""
        file = self.path / "agency.toml"
        text = SETTINGS.format(environment=environment, address=self.address, timeout=timeout, more=more)
        file.write_text(text, encoding="utf-8")
        return file
