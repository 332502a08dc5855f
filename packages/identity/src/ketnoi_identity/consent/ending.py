"""What becomes of a person's consents when their account is closed or loses level 2: none lasts."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from ..accounts.records import Cursor
from .representing import by_guardian

CLOSED: Final = "account_closed"
LOWERED: Final = "level_lowered"


def end_all(cursor: Cursor, personal_number: str, at: datetime) -> None:
    """The account is closed: refuse what waits for the person, and take back what they agreed to."""
    # First those that wait: one that is being agreed to just now is held until that is done, and then taken back.
    cursor.execute(
        "UPDATE consent SET decided_at = %s, agreed = false, decided_by = %s"
        " WHERE personal_number = %s AND agreed IS NULL AND answer_by > %s",
        [at, CLOSED, personal_number, at],
    )
    take_back_all(cursor, personal_number, at, CLOSED)


def take_back_all(cursor: Cursor, personal_number: str, at: datetime, by: str) -> None:
    """Take back what was agreed to in this person's name and still lasts."""
    cursor.execute(
        "UPDATE consent SET revoked_at = %s, revoked_by = %s WHERE personal_number = %s AND agreed"
        " AND revoked_at IS NULL AND valid_until > %s",
        [at, by, personal_number, at],
    )


def take_back_given(cursor: Cursor, guardian: UUID, at: datetime, by: str) -> None:
    """Take back what this guardian agreed to for children: nobody knows any more whether it was a representative."""
    cursor.execute(
        "UPDATE consent SET revoked_at = %s, revoked_by = %s WHERE personal_number IN (SELECT account.personal_number"
        " FROM guardian JOIN account ON account.id = guardian.account WHERE guardian.guardian = %s)"
        " AND decided_by = %s AND agreed AND revoked_at IS NULL AND valid_until > %s",
        [at, by, str(guardian), by_guardian(guardian), at],
    )
