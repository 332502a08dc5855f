"""Keys and certificates as files.

    pin                              optional: one line, the pass phrase that the private keys are encrypted with
    authentication/<name>/           key.pem, certificate.pem (the certificate first, then those above it),
                                     request.der (what a certificate was asked for with)
    signing/<name>/                  the same, and `member`: whose key it is, in colon form
    internal/                        key.pem, certificate.pem: towards information systems and for the admin API
    messagelog/<id>.key              keys of message bodies (messagelog/encryption.py)

Private keys and the pin are readable by their owner alone.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from ketnoi_protocol.identifiers import InvalidIdentifier, MemberId, SecurityServerId

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
KeyType = Literal["p256", "rsa2048"]
Kind = Literal["authentication", "signing"]

KEY = "key.pem"
CERTIFICATE = "certificate.pem"
MEMBER = "member"
REQUEST = "request.der"
MESSAGE_LOG = "messagelog"
INTERNAL_CERTIFICATE_DAYS = 20 * 365


class KeyStoreError(Exception):
    """The keys' folder cannot be used as it is; the text says what to mend and quotes no secret."""


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A private key in its folder, with its certificate once there is one. `member` is None for authentication."""

    kind: Kind
    folder: Path
    key: PrivateKey = field(repr=False)
    member: MemberId | None
    certificates: tuple[x509.Certificate, ...] = field(repr=False)

    @property
    def certificate(self) -> x509.Certificate | None:
        """The key's own certificate."""
        return self.certificates[0] if self.certificates else None

    @property
    def id(self) -> str:
        """A name that cannot be another key's: 40 hexadecimal digits of the public key's SHA-256."""
        public = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(public).hexdigest()[:40]

    @property
    def request(self) -> bytes | None:
        """The certificate request (DER) that was made last, None before the first."""
        path = self.folder / REQUEST
        return path.read_bytes() if path.exists() else None


class KeyStore:
    """One server's folder of keys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def pin(self) -> bytes | None:
        """The pass phrase of the private keys, or None. Raises KeyStoreError when others may read the file."""
        path = self.folder / "pin"
        if not path.exists():
            return None
        _check_private(path)
        pin = path.read_bytes().strip()
        if not pin:
            raise KeyStoreError(f"{path}: is empty; write the pass phrase into it or remove it")
        return pin

    @property
    def message_log(self) -> Path:
        """The folder of the message log's keys."""
        return self.folder / MESSAGE_LOG

    @property
    def internal_files(self) -> tuple[Path, Path]:
        """Certificate and key that information systems see."""
        folder = self.folder / "internal"
        return folder / CERTIFICATE, folder / KEY

    def held(self) -> list[HeldKey]:
        """All keys of both kinds, by name. Raises KeyStoreError for one that cannot be read."""
        return self._held("authentication") + self._held("signing")

    def _held(self, kind: Kind) -> list[HeldKey]:
        folders = sorted((self.folder / kind).glob("*/"))
        # A key that is being made lies in a hidden folder until it is whole.
        return [self._read(kind, folder) for folder in folders if folder.is_dir() and folder.name[0] != "."]

    def _read(self, kind: Kind, folder: Path) -> HeldKey:
        path = folder / KEY
        try:
            _check_private(path)
            key = load_pem_private_key(path.read_bytes(), self.pin)
            certificate = folder / CERTIFICATE
            chain = x509.load_pem_x509_certificates(certificate.read_bytes()) if certificate.exists() else []
            member = MemberId.from_colon((folder / MEMBER).read_text().strip()) if kind == "signing" else None
        except (OSError, ValueError, TypeError, InvalidIdentifier) as error:
            # The libraries' texts may quote what they read.
            raise KeyStoreError(f"{folder}: the key or its certificate cannot be read") from error
        if not isinstance(key, PrivateKey):
            raise KeyStoreError(f"{path}: only RSA and EC keys are used")
        if chain and chain[0].public_key() != key.public_key():
            raise KeyStoreError(f"{folder}: the certificate belongs to another key")
        return HeldKey(kind, folder, key, member, tuple(chain))

    def make_authentication_key(self, *, key_type: KeyType = "p256") -> HeldKey:
        """A new key that proves this server to others."""
        return self._make("authentication", "tls", None, key_type)

    def make_signing_key(self, member: MemberId, *, key_type: KeyType = "p256") -> HeldKey:
        """A new key that signs for a member."""
        return self._make("signing", f"{member.member_class}-{member.member_code}", member, key_type)

    def _make(self, kind: Kind, name: str, member: MemberId | None, key_type: KeyType) -> HeldKey:
        key = _generate(key_type)
        parent = self.folder / kind
        parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        number = 1
        while (folder := parent / f"{name}-{number}").exists():
            number += 1
        unfinished = Path(tempfile.mkdtemp(prefix=".", dir=parent))
        try:
            if member is not None:
                (unfinished / MEMBER).write_text(f"{member}\n")
            self._write_key(unfinished / KEY, key)
            unfinished.rename(folder)
        except BaseException:
            shutil.rmtree(unfinished)
            raise
        return HeldKey(kind, folder, key, member, ())

    def remove(self, held: HeldKey) -> None:
        """Delete a key with everything beside it, for good."""
        shutil.rmtree(held.folder)

    def remove_certificate(self, held: HeldKey) -> None:
        """Delete a key's certificate; the key stays."""
        (held.folder / CERTIFICATE).unlink(missing_ok=True)

    def keep_request(self, held: HeldKey, request: bytes) -> None:
        """Keep a certificate request (DER) beside its key, in place of the one before."""
        _replace(held.folder / REQUEST, request)

    def _write_key(self, path: Path, key: PrivateKey) -> None:
        pin = self.pin
        how: KeySerializationEncryption = NoEncryption() if pin is None else BestAvailableEncryption(pin)
        data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)

    def import_certificate(self, data: bytes) -> HeldKey:
        """Put a certificate (DER, or PEM with those above it after it) beside the key that it belongs to.

        Raises KeyStoreError when it cannot be read or no key here is its own.
        """
        try:
            if b"-----BEGIN" in data:
                chain = x509.load_pem_x509_certificates(data)
            else:
                chain = [x509.load_der_x509_certificate(data)]
            public = chain[0].public_key()
        except (ValueError, TypeError) as error:
            raise KeyStoreError("the certificate cannot be read: give DER or PEM") from error
        for held in self.held():
            if held.key.public_key() == public:
                pem = b"".join(each.public_bytes(Encoding.PEM) for each in chain)
                _replace(held.folder / CERTIFICATE, pem)
                return HeldKey(held.kind, held.folder, held.key, held.member, tuple(chain))
        raise KeyStoreError("no key here belongs to this certificate")

    def make_internal_certificate(self, hosts: list[str], at: datetime, *, key_type: KeyType = "p256") -> Path:
        """A new self-signed certificate towards information systems; its path. Raises KeyStoreError if one is there."""
        certificate, key_file = self.internal_files
        if key_file.exists():
            raise KeyStoreError(f"{key_file}: is there already")
        certificate.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = _generate(key_type)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
        built = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(at - timedelta(days=1))
            .not_valid_after(at + timedelta(days=INTERNAL_CERTIFICATE_DAYS))
            .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
            .sign(key, hashes.SHA256())
        )
        self._write_key(key_file, key)
        certificate.write_bytes(built.public_bytes(Encoding.PEM))
        return certificate


def signing_request(held: HeldKey, server: SecurityServerId, organisation: str) -> bytes:
    """A certificate request (DER) for a signing key, with the subject of the profile FiVRK."""
    assert held.member is not None
    serial = f"{held.member.instance}/{server.server_code}/{held.member.member_class}"
    return _request(held.key, held.member.member_code, organisation, serial)


def authentication_request(held: HeldKey, server: SecurityServerId, organisation: str, host: str) -> bytes:
    """A certificate request (DER) for an authentication key; `host` is the server's name or address."""
    serial = f"{server.instance}/{server.server_code}/{server.member_class}"
    return _request(held.key, host, organisation, serial)


def _request(key: PrivateKey, common_name: str, organisation: str, serial: str) -> bytes:
    # The profile demands C=FI of everybody, servers in Viet Nam included (profiles.py of ketnoi_trust).
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FI"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, serial),
        ]
    )
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.DER)


def _generate(key_type: KeyType) -> PrivateKey:
    if key_type == "p256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_bytes(content)
    fresh.replace(path)


def _check_private(path: Path) -> None:
    if path.stat().st_mode & 0o077:
        raise KeyStoreError(f"{path}: others may read it; set its mode to 0600")
