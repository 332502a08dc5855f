"""What a passkey or a device key signs: once, within minutes, asked of one browser, about one thing."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from .records import Cursor

LASTS: Final = timedelta(minutes=10)
"""As long as somebody may take to read what they agree to [OC]."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What is to be proved: for which purpose, and about what. `about` is the octets of what was shown.

    The value that is signed is SHA-256 over purpose, nonce and SHA-256 of `about`, so that a signature speaks of
    nothing else.
    """

    purpose: str
    about: bytes = b""

    @property
    def about_sha256(self) -> bytes:
        """The digest of what was shown."""
        return hashlib.sha256(self.about).digest()

    def value(self, nonce: bytes) -> bytes:
        """The 32 octets to be signed."""
        return hashlib.sha256(b"ketnoi-identity\0" + self.purpose.encode() + b"\0" + nonce + self.about_sha256).digest()


def issue(cursor: Cursor, binding: str, challenge: Challenge, at: datetime) -> bytes:
    """A new value for the browser with this secret; those that ran out are thrown away."""
    nonce = secrets.token_bytes(32)
    value = challenge.value(nonce)
    cursor.execute("DELETE FROM challenge WHERE until <= %s", [at])
    cursor.execute(
        "INSERT INTO challenge (value, bound_to, purpose, nonce, until) VALUES (%s, %s, %s, %s, %s)",
        [value, _digest(binding), challenge.purpose, nonce, at + LASTS],
    )
    return value


def take(cursor: Cursor, binding: str, challenge: Challenge, value: bytes, at: datetime) -> bytes | None:
    """Use a value up; its nonce. None unless it was issued to this browser for just this, lately, and not yet used.

    Whoever calls commits before the signature is judged, so that a value is tried once.
    """
    cursor.execute(
        "DELETE FROM challenge WHERE value = %s AND bound_to = %s RETURNING nonce, until", [value, _digest(binding)]
    )
    row = cursor.fetchone()
    if row is None:
        return None
    nonce = bytes(row[0])
    return nonce if row[1] > at and challenge.value(nonce) == value else None


def _digest(binding: str) -> bytes:
    return hashlib.sha256(binding.encode()).digest()
