"""What a session keeps of people's numbers and names: sealed, so that the database alone tells nothing."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


def seal(told: dict[str, Any]) -> str:
    """A text that only this site can open."""
    return _box().encrypt(json.dumps(told).encode()).decode()


def unseal(sealed: str | None) -> dict[str, Any] | None:
    """What was sealed; None for nothing, and for what another secret sealed."""
    if not sealed:
        return None
    try:
        told: dict[str, Any] = json.loads(_box().decrypt(sealed.encode()))
    except InvalidToken:
        return None
    return told


def _box() -> Fernet:
    key = hmac.digest(settings.SECRET_KEY.encode(), b"ketnoi identity sessions", "sha256")
    return Fernet(base64.urlsafe_b64encode(key))
