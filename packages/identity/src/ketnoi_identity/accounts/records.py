"""Accounts as rows of the database, read and written over a cursor (DB-API, `%s`)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Protocol
from uuid import UUID

State = Literal["active", "locked", "closed"]
SYSTEM: Final = "system"


class Cursor(Protocol):
    """What the domain needs of a database: psycopg's cursor, or Django's around it."""

    @property
    def rowcount(self) -> int:
        """How many rows the last statement concerned."""

    def execute(self, query: Any, params: Any = None, /) -> Any:
        """Run one statement."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All rows."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account. `repr` shows no personal number."""

    id: UUID
    personal_number: str | None
    full_name: str | None
    birth_text: str | None
    level: int
    state: State
    has_passcode: bool
    wrong_attempts: int
    locked_until: datetime | None
    sessions_after: datetime
    created_at: datetime

    def __repr__(self) -> str:
        return f"Account({self.id}, level {self.level}, {self.state})"


COLUMNS: Final = (
    "account.id, account.personal_number, account.full_name, account.birth_text, account.level, account.state, "
    "account.passcode_hash IS NOT NULL, account.wrong_attempts, account.locked_until, account.sessions_after, "
    "account.created_at"
)
"""The columns of an Account, in its order."""


def by_id(cursor: Cursor, account: UUID | str, *, for_update: bool = False) -> Account | None:
    """The account of this id."""
    lock = " FOR UPDATE" if for_update else ""
    cursor.execute(f"SELECT {COLUMNS} FROM account WHERE id = %s{lock}", [str(account)])  # noqa: S608
    row = cursor.fetchone()
    return Account(*row) if row else None


def by_number(cursor: Cursor, personal_number: str) -> Account | None:
    """The account of this person, unless it was closed."""
    cursor.execute(f"SELECT {COLUMNS} FROM account WHERE personal_number = %s", [personal_number])  # noqa: S608
    row = cursor.fetchone()
    return Account(*row) if row else None


def tell(cursor: Cursor, account: UUID, at: datetime, kind: str, by_whom: UUID | str, **detail: Any) -> None:
    """Write an event of an account: what happened, who did it. `detail` holds no personal number."""
    cursor.execute(
        "INSERT INTO account_event (account, at, kind, by_whom, detail) VALUES (%s, %s, %s, %s, %s::jsonb)",
        [str(account), at, kind, str(by_whom), json.dumps(detail, ensure_ascii=False)],
    )
