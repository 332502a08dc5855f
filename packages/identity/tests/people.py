"""Somebody with a phone, or without one: what they would type, and the keys that their phone would make."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


@dataclass(frozen=True)
class Person:
    """Number, name and birth date, as typed."""

    number: str
    name: str
    birth: str


class Phone:
    """The key of one phone, as the site's script keeps it."""

    def __init__(self) -> None:
        self.id = str(uuid.uuid4())
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, value: bytes) -> bytes:
        """r and s."""
        r, s = decode_dss_signature(self._key.sign(value, ec.ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def text(value: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def octets(value: str) -> bytes:
    """The other way."""
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
