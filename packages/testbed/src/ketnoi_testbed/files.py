"""The files that operators write: settings in TOML, keys that only their owner reads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID


def write_toml(path: Path, values: Mapping[str, Any]) -> Path:
    """Write plain values, tables and lists of tables."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(_lines(values, "")) + "\n", encoding="utf-8")
    return path


def _lines(values: Mapping[str, Any], table: str) -> list[str]:
    plain = [f"{key} = {_value(each)}" for key, each in values.items() if not _is_table(each)]
    for key, each in values.items():
        name = f"{table}{key}"
        if isinstance(each, Mapping):
            plain += ["", f"[{name}]", *_lines(each, f"{name}.")]
        elif _is_table(each):
            for item in each:
                plain += ["", f"[[{name}]]", *_lines(item, f"{name}.")]
    return plain


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and bool(value) and isinstance(value[0], Mapping))


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def write_private(path: Path, data: bytes) -> Path:
    """Write what nobody else may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    return path


def make_key_file(path: Path) -> str:
    """A fresh P-256 private key in a file; the public key in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def make_own_certificate(folder: Path, common_name: str, at: datetime) -> bytes:
    """A self-signed TLS certificate in `folder` (certificate.pem, key.pem), as information systems have; its PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(Encoding.PEM)
    write_private(folder / "key.pem", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "certificate.pem").write_bytes(pem)
    return pem
