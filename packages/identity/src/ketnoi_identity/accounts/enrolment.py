"""One-time codes by which a phone is joined to an account: shown by a police desk or a guardian, typed on the phone."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from .records import Account, Cursor, by_id, tell

LASTS: Final = timedelta(minutes=15)
_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""None that are taken for another: 0 and O, 1, I and L."""
_LENGTH: Final = 12


def make(cursor: Cursor, account: UUID, at: datetime, by_whom: UUID | str) -> str:
    """A new code of an account, in groups of four; any earlier one is void."""
    void(cursor, account, at)
    code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    cursor.execute(
        "INSERT INTO enrolment_code (sha256, account, made_by, at, until) VALUES (%s, %s, %s, %s, %s)",
        [_digest(code), str(account), str(by_whom), at, at + LASTS],
    )
    tell(cursor, account, at, "enrolment_code_made", by_whom)
    return "-".join(code[start : start + 4] for start in range(0, _LENGTH, 4))


def void(cursor: Cursor, account: UUID, at: datetime) -> None:
    """No code of this account counts any more."""
    cursor.execute(
        "UPDATE enrolment_code SET until = %s WHERE account = %s AND used_at IS NULL AND until > %s",
        [at, str(account), at],
    )


def find(cursor: Cursor, code: str, at: datetime) -> Account | None:
    """Whose code this is, as long as it counts."""
    cursor.execute(
        "SELECT account FROM enrolment_code WHERE sha256 = %s AND used_at IS NULL AND until > %s", [_digest(code), at]
    )
    row = cursor.fetchone()
    return by_id(cursor, row[0]) if row else None


def use(cursor: Cursor, code: str, at: datetime) -> Account | None:
    """Use a code up; whose it was. None when it does not count any more."""
    cursor.execute(
        "UPDATE enrolment_code SET used_at = %s WHERE sha256 = %s AND used_at IS NULL AND until > %s RETURNING account",
        [at, _digest(code), at],
    )
    row = cursor.fetchone()
    return by_id(cursor, row[0], for_update=True) if row else None


def _digest(code: str) -> bytes:
    letters = "".join(each for each in code.upper() if each in _LETTERS)
    return hashlib.sha256(letters.encode()).digest()
