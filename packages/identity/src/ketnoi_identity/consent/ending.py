"""What becomes of a person's consents when their account is closed: none lasts, none is left waiting."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ..accounts.records import Cursor

BY: Final = "account_closed"


def end_all(cursor: Cursor, personal_number: str, at: datetime) -> None:
    """Take back what the person agreed to and still lasts, and refuse what waits for them."""
    cursor.execute(
        "UPDATE consent SET revoked_at = %s, revoked_by = %s WHERE personal_number = %s AND agreed"
        " AND revoked_at IS NULL AND valid_until > %s",
        [at, BY, personal_number, at],
    )
    cursor.execute(
        "UPDATE consent SET decided_at = %s, agreed = false, decided_by = %s"
        " WHERE personal_number = %s AND agreed IS NULL AND answer_by > %s",
        [at, BY, personal_number, at],
    )
