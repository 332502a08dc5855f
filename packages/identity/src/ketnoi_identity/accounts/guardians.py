"""Accounts of children: made by a parent or representative whom the register names, kept until the child is 14."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, Literal
from uuid import UUID

from ketnoi_pages.text import Text
from ketnoi_protocol.birth_date import BirthDate
from ketnoi_protocol.citizens import Record

from . import records, rules
from .records import COLUMNS, Account, Cursor, tell

Relation = Literal["father", "mother", "representative"]
RELATIONS: Final[dict[Relation, Text]] = {
    "father": Text("cha", "father"),
    "mother": Text("mẹ", "mother"),
    "representative": Text("người đại diện", "representative"),
}


def relation(record: Record, personal_number: str) -> Relation | None:
    """What the register names this person as for the child; None where it does not."""
    citizen = record.citizen.citizen()
    named = zip(RELATIONS, (citizen.father, citizen.mother, citizen.representative), strict=True)
    for each, relative in named:
        if relative is not None and relative.personal_number == personal_number:
            return each
    return None


def name(cursor: Cursor, account: UUID, guardian: UUID, at: datetime) -> None:
    """Keep who answers for a child's account."""
    cursor.execute(
        "INSERT INTO guardian (account, guardian, since) VALUES (%s, %s, %s)", [str(account), str(guardian), at]
    )
    tell(cursor, account, at, "guardian_named", guardian, guardian=str(guardian))


def children_of(cursor: Cursor, guardian: UUID, today: date) -> list[Account]:
    """The accounts that somebody answers for: of children under 14; closed ones are nobody's."""
    cursor.execute(
        f"SELECT {COLUMNS} FROM guardian JOIN account ON account.id = guardian.account"  # noqa: S608
        " WHERE guardian.guardian = %s AND account.state <> 'closed' ORDER BY account.created_at",
        [str(guardian)],
    )
    found = [Account(*row) for row in cursor.fetchall()]
    return [each for each in found if rules.needs_guardian(_age(each, today))]


def has_outgrown(cursor: Cursor, account: Account, today: date) -> bool:
    """Whether an account was made by a guardian and is its holder's alone by now: keys of before may be others'."""
    cursor.execute("SELECT since FROM guardian WHERE account = %s", [str(account.id)])
    return cursor.fetchone() is not None and not rules.needs_guardian(_age(account, today))


def may_have_level_2(cursor: Cursor, account: Account, today: date) -> bool:
    """Whether an account may be raised: by age, and under 14 only while its guardian's is at level 2."""
    years = _age(account, today)
    if rules.highest_level(years) < 2:
        return False
    if not rules.needs_guardian(years):
        return True
    cursor.execute("SELECT guardian FROM guardian WHERE account = %s", [str(account.id)])
    row = cursor.fetchone()
    guardian = records.by_id(cursor, row[0]) if row else None
    return guardian is not None and guardian.level == 2 and guardian.state != "closed"


def _age(account: Account, today: date) -> int:
    assert account.birth_text is not None
    return rules.age(BirthDate.parse(account.birth_text), today)
