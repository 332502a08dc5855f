"""What becomes of a person's consents when their account is closed: none lasts, none is left waiting."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ..accounts.records import Cursor

BY: Final = "account_closed"


def end_all(cursor: Cursor, personal_number: str, at: datetime) -> None:
    """Refuse what waits for the person, and take back what they agreed to and still lasts.

    In this order: what is agreed to in the same moment is waited for by the first statement and met by the second.
    """
    cursor.execute(
        "UPDATE consent SET decided_at = %s, agreed = false, decided_by = %s"
        " WHERE personal_number = %s AND agreed IS NULL AND answer_by > %s",
        [at, BY, personal_number, at],
    )
    cursor.execute(
        "UPDATE consent SET revoked_at = %s, revoked_by = %s WHERE personal_number = %s AND agreed"
        " AND revoked_at IS NULL AND valid_until > %s",
        [at, BY, personal_number, at],
    )
