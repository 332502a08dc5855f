"""Sessions of accounts: begun by signing in, listed, ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from . import enrolment
from .records import COLUMNS, Account, Cursor, tell

LONGEST: Final = timedelta(hours=12)
"""A session ends after this long, whatever happens in it [OC]."""

LONGEST_IDLE: Final = timedelta(hours=1)
"""A session nobody uses ends after this long [OC]."""

OPEN: Final = "(account.state = 'active' OR account.locked_until <= %s)"
"""Which accounts' sessions count, at a moment: `rules.is_open`, for a statement."""

_SEEN_AGAIN: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Session:
    """One session, as its account's holder sees it."""

    id: UUID
    began_at: datetime
    last_seen_at: datetime
    device: str
    entered_by: str


def begin(cursor: Cursor, account: UUID, at: datetime, *, device: str, entered_by: str, credential: str) -> UUID:
    """A new session of an account whose holder has just proved who they are; its id."""
    session = uuid4()
    cursor.execute(
        "INSERT INTO account_session (id, account, began_at, last_seen_at, device, entered_by, credential)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [str(session), str(account), at, at, device, entered_by, credential],
    )
    tell(cursor, account, at, "signed_in", account, by=entered_by, credential=credential, device=device)
    return session


def of(cursor: Cursor, session: str, at: datetime, *, in_use: bool = True) -> Account | None:
    """The account whose session this is; None once it is over. Notes that it was used, by somebody `in_use` of it."""
    cursor.execute(
        f"SELECT {COLUMNS}, s.last_seen_at FROM account_session s JOIN account ON account.id = s.account"  # noqa: S608
        f" WHERE s.id = %s AND s.ended_at IS NULL AND {OPEN}"
        " AND s.began_at > %s AND s.last_seen_at > %s AND s.began_at >= account.sessions_after",
        [session, at, at - LONGEST, at - LONGEST_IDLE],
    )
    row = cursor.fetchone()
    if row is None:
        return None
    *columns, seen = row
    if in_use and at - seen >= _SEEN_AGAIN:
        cursor.execute("UPDATE account_session SET last_seen_at = %s WHERE id = %s", [at, session])
    return Account(*columns)


def all_of(cursor: Cursor, account: UUID, at: datetime) -> list[Session]:
    """The sessions of an account that are not over, the latest first."""
    cursor.execute(
        "SELECT s.id, s.began_at, s.last_seen_at, s.device, s.entered_by FROM account_session s"
        " JOIN account ON account.id = s.account WHERE s.account = %s AND s.ended_at IS NULL"
        " AND s.began_at > %s AND s.last_seen_at > %s AND s.began_at >= account.sessions_after"
        " ORDER BY s.last_seen_at DESC, s.id",
        [str(account), at - LONGEST, at - LONGEST_IDLE],
    )
    return [Session(*row) for row in cursor.fetchall()]


def end(cursor: Cursor, account: UUID, session: str, at: datetime, by_whom: UUID | str) -> bool:
    """End one session of this account; False when it has none such."""
    cursor.execute(
        "UPDATE account_session SET ended_at = %s WHERE id = %s AND account = %s AND ended_at IS NULL",
        [at, session, str(account)],
    )
    if cursor.rowcount != 1:
        return False
    tell(cursor, account, at, "session_ended", by_whom, session=session)
    return True


def end_all(cursor: Cursor, account: UUID, at: datetime, *, but: str | None = None) -> None:
    """End every session of this account, except one when it is named; and void what they had begun to let in: codes."""
    enrolment.void(cursor, account, at)
    cursor.execute("DELETE FROM presence_code WHERE account = %s", [str(account)])
    cursor.execute(
        "UPDATE account_session SET ended_at = %s WHERE account = %s AND ended_at IS NULL AND id::text <> %s",
        [at, str(account), but or ""],
    )
    if but is None:
        cursor.execute("UPDATE account SET sessions_after = %s WHERE id = %s", [at, str(account)])
