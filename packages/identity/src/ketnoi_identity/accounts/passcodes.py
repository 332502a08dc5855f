"""Passcodes, kept by scrypt. One opens nothing by itself: a device's key must have signed beside it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Final

_COST: Final = 15
_BLOCK: Final = 8
_MEMORY: Final = 64 * 1024 * 1024


def keep(passcode: str) -> str:
    """What is stored of a passcode."""
    salt = secrets.token_bytes(16)
    return f"scrypt${_COST}${_text(salt)}${_text(_derive(passcode, salt, _COST))}"


def agrees(passcode: str, kept: str | None) -> bool:
    """Whether this is the passcode of which that is stored; it takes as long when nothing is."""
    _, cost, salt, digest = (kept or f"scrypt${_COST}${_text(bytes(16))}${_text(bytes(32))}").split("$")
    found = _derive(passcode, base64.b64decode(salt), int(cost))
    return hmac.compare_digest(found, base64.b64decode(digest)) and kept is not None


def _derive(passcode: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(passcode.encode(), salt=salt, n=1 << cost, r=_BLOCK, p=1, maxmem=_MEMORY, dklen=32)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
