"""Who is an officer of a police desk: given and ended by the command `ketnoi-identity desk`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from ketnoi_identity.accounts import presence
from ketnoi_identity.accounts.records import SYSTEM, Cursor, tell


@dataclass(frozen=True, slots=True)
class DeskOfficer:
    """An account as an officer of a desk."""

    id: UUID
    account: UUID
    unit: str
    unit_name: str
    full_name: str = ""


class DeskError(Exception):
    """An officer who cannot be named; the text says why, and quotes no number."""


def active_officer(cursor: Cursor, account: UUID, at: datetime) -> DeskOfficer | None:
    """The desk at which this account's holder works now."""
    cursor.execute(
        "SELECT d.id, d.account, d.unit, d.unit_name, coalesce(account.full_name, '') FROM desk_officer d"
        " JOIN account ON account.id = d.account"
        " WHERE d.account = %s AND d.since <= %s AND (d.until IS NULL OR d.until > %s) AND account.state = 'active'"
        " AND account.level = 2 ORDER BY d.since DESC LIMIT 1",
        [str(account), at, at],
    )
    row = cursor.fetchone()
    return DeskOfficer(*row) if row else None


def add(cursor: Cursor, personal_number: str, code: str, unit: str, unit_name: str, at: datetime) -> UUID:
    """Name an account's holder an officer of a desk; the row's id. Raises DeskError: nothing is to be committed then.

    `code` is what the person's own phone shows just now (`accounts/presence.py`): whoever registered first in an
    officer's name does not become one. Who names officers answers for who they are: the account stands at level 2 from
    then on, as the first officers of all have no desk that could attest them [OC].
    """
    cursor.execute("SELECT id, level FROM account WHERE personal_number = %s FOR UPDATE", [personal_number])
    row = cursor.fetchone()
    if row is None:
        raise DeskError("người này chưa có tài khoản · this person has no account yet")
    account, level = row
    if active_officer(cursor, account, at) is not None:
        raise DeskError("người này đang ở một bàn tiếp dân · this person is at a desk already; end that first")
    if not presence.check(cursor, account, code, at):
        raise DeskError(
            "mã trên điện thoại của người này không đúng hoặc đã hết hạn · the code of this person's phone is wrong or"
            " too old"
        )
    officer = uuid4()
    cursor.execute(
        "INSERT INTO desk_officer (id, account, unit, unit_name, since) VALUES (%s, %s, %s, %s, %s)",
        [str(officer), str(account), unit, unit_name, at],
    )
    tell(cursor, account, at, "desk_officer_added", SYSTEM, unit=unit)
    if level < 2:
        cursor.execute("UPDATE account SET level = 2 WHERE id = %s", [str(account)])
        tell(cursor, account, at, "level_raised", SYSTEM, level=2, because="desk_officer")
    return officer


def end(cursor: Cursor, personal_number: str, at: datetime) -> None:
    """End an officer's work at a desk, at once. Raises DeskError."""
    cursor.execute(
        "UPDATE desk_officer SET until = %s FROM account WHERE account.id = desk_officer.account"
        " AND account.personal_number = %s AND (until IS NULL OR until > %s) RETURNING account.id",
        [at, personal_number, at],
    )
    row = cursor.fetchone()
    if row is None:
        raise DeskError("người này không ở bàn nào · this person is at no desk")
    tell(cursor, row[0], at, "desk_officer_ended", SYSTEM)
