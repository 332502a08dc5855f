"""Objections of citizens to looks at their data: made, answered by C06 and the agency, read by whoever made them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ketnoi_identity.accounts.records import Cursor
from ketnoi_protocol.citizens import CLAIMED_MEMBER, Look

MOST_A_DAY: Final = 20
"""Objections that one account makes within a day [OC]."""
MOST_SHOWN: Final = 200


class TooManyError(Exception):
    """The account has made as many objections as it may within a day."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What C06 or the agency said."""

    by_whom: str
    words: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Objection:
    """One objection, as whoever made it reads it."""

    id: int
    organisation: str
    message_id: str
    system: str
    service: str
    procedure: str | None
    looked_at: datetime
    reason: str
    made_at: datetime
    due_at: datetime
    answers: tuple[Answer, ...]

    def answer_of(self, by_whom: str) -> Answer | None:
        """What C06 (`c06`) or the agency (`agency`) answered."""
        return next((each for each in self.answers if each.by_whom == by_whom), None)

    @property
    def is_answered(self) -> bool:
        """Whether both have answered."""
        return len(self.answers) == 2


Key = tuple[str, str, datetime]
"""Which look: organisation, message, moment."""


def key_of(look: Look) -> Key:
    """By what an objection is found that was made to a look."""
    return look.organisation, look.message_id, look.at


def make(cursor: Cursor, account: UUID, look: Look, reason: str, at: datetime, due_at: datetime) -> bool:
    """Write an objection; False when this account has made one to this look before. Raises TooManyError.

    What was not told to the citizen is not written down either. To be called in a transaction.
    """
    cursor.execute("SELECT id FROM account WHERE id = %s FOR UPDATE", [str(account)])
    if key_of(look) in made_to(cursor, account, [look.message_id]):
        return False
    cursor.execute(
        "SELECT count(*) FROM objection WHERE account = %s AND made_at > %s", [str(account), at - timedelta(days=1)]
    )
    if cursor.fetchone()[0] >= MOST_A_DAY:
        raise TooManyError
    told = look.role != CLAIMED_MEMBER
    # Ids become visible in their order, so that whoever fetches on from the last one misses none.
    cursor.execute("SELECT pg_advisory_xact_lock(hashtext('ketnoi_identity objections'))")
    cursor.execute(
        "INSERT INTO objection (account, organisation, unit, message_id, system, service, procedure_code, looked_at,"
        " reason, made_at, due_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            str(account), look.organisation, look.unit if told else None, look.message_id, look.system.value,
            look.service.value, look.procedure if told else None, look.at, reason, at, due_at,
        ],
    )  # fmt: skip
    return True


def made_to(cursor: Cursor, account: UUID, messages: Collection[str]) -> set[Key]:
    """Of looks with these message ids, those that this account has objected to."""
    if not messages:
        return set()
    cursor.execute(
        "SELECT organisation, message_id, looked_at FROM objection WHERE account = %s AND message_id = ANY(%s)",
        [str(account), list(messages)],
    )
    return {(organisation, message, at) for organisation, message, at in cursor.fetchall()}


def mine(cursor: Cursor, account: UUID) -> list[Objection]:
    """The newest objections of an account, with what was answered."""
    cursor.execute(
        "SELECT id, organisation, message_id, system, service, procedure_code, looked_at, reason, made_at, due_at"
        " FROM objection WHERE account = %s ORDER BY id DESC LIMIT %s",
        [str(account), MOST_SHOWN],
    )
    rows = cursor.fetchall()
    answers: dict[int, list[Answer]] = {}
    if rows:
        cursor.execute(
            "SELECT objection, by_whom, words, at FROM objection_answer WHERE objection = ANY(%s) ORDER BY at",
            [[row[0] for row in rows]],
        )
        for objection, *answer in cursor.fetchall():
            answers.setdefault(objection, []).append(Answer(*answer))
    return [Objection(*row, answers=tuple(answers.get(row[0], ()))) for row in rows]
