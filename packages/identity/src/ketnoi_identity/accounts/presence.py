"""Six digits on somebody's phone, typed by the desk before which they stand.

Whoever knows number, name and birth date can make an account at level 1. Before it is raised, the person at the desk
shows that the keys in it are theirs: else a stranger's keys would be raised with it. Who cannot is recovered first.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from .records import Cursor

LASTS: Final = timedelta(minutes=10)
_DIGITS: Final = 6


def show(cursor: Cursor, account: UUID, at: datetime) -> str:
    """A new code of this account; the one before is void."""
    code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"
    cursor.execute("DELETE FROM presence_code WHERE account = %s OR until <= %s", [str(account), at])
    cursor.execute(
        "INSERT INTO presence_code (sha256, account, until) VALUES (%s, %s, %s)",
        [_digest(account, code), str(account), at + LASTS],
    )
    return code


def check(cursor: Cursor, account: UUID, typed: str, at: datetime) -> bool:
    """Whether this is the code that the account's phone shows; it is used up by that."""
    code = "".join(each for each in typed if each.isascii() and each.isdigit())
    cursor.execute(
        "DELETE FROM presence_code WHERE sha256 = %s AND account = %s AND until > %s",
        [_digest(account, code), str(account), at],
    )
    return cursor.rowcount == 1


def _digest(account: UUID, code: str) -> bytes:
    return hashlib.sha256(account.bytes + code.encode()).digest()
