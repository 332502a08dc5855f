"""New consent codes (MaGiaoDichDongY)."""

from __future__ import annotations

import secrets
from typing import Final

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_LENGTH: Final = 26


def new_code() -> str:
    """130 random bits as 26 letters of base32: nobody guesses one."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
