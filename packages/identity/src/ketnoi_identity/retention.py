"""What is evidence of citizens and agencies is kept for a time after its end, and then dropped, in batches.

A consent goes as a whole: its uses and attempts, what a police desk wrote down about it, and its row. A receipt that
the citizen keeps says everything itself, and the keys that sign receipts are published for ever: it stays verifiable.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import psycopg

from .accounts.records import Cursor
from .settings import Retention

AT_ONCE: Final = 500
"""Rows of one kind that go in one transaction, with all that hangs on them [our choice]: locks are short, and whoever
kills the command loses one batch of work."""

# Within the transaction alone: the triggers of insert-only tables look at it.
_DROPPING: Final = "SELECT set_config('ketnoi_identity.retention', 'on', true)"

# An objection to a look keeps what the look stood on, answered or not: it goes first, by its own period.
_MAY_GO: Final = """
NOT EXISTS (SELECT FROM consent_use u WHERE u.consent = c.id AND u.at >= %(before)s)
AND NOT EXISTS (
    SELECT FROM consent_use u JOIN objection o ON o.organisation = u.organisation AND o.message_id = u.message_id
    WHERE u.consent = c.id
) AND NOT EXISTS (
    SELECT FROM objection o WHERE o.organisation = c.organisation AND o.message_id = c.message_id
)
"""
# Conditions, and moments in the words of the indexes of migration 0006.
_AGREED: Final = ("c.agreed IS TRUE", "coalesce(c.revoked_at, c.valid_until)")
_NEVER_AGREED: Final = ("c.agreed IS NOT TRUE", "coalesce(c.decided_at, c.answer_by)")
# Whoever is being judged under a consent just now holds it; it is left for the next time.
_HOLD: Final = """
SELECT c.id FROM consent c WHERE {which} AND {end} < %(before)s AND {may_go}
ORDER BY {end} LIMIT %(most)s FOR UPDATE OF c SKIP LOCKED
"""
# Once they are held no use comes under them: what came between finding and holding them is seen by this statement.
_STILL: Final = f"SELECT c.id FROM consent c WHERE c.id = ANY(%(held)s) AND {_MAY_GO}"  # noqa: S608
# Looked up row by row: joined with all consents there are, each batch would read the whole table.
_ATTEMPTS: Final = """
DELETE FROM consent_use WHERE (organisation, message_id) IN (
    SELECT u.organisation, u.message_id FROM consent_use u WHERE u.code = '50' AND u.at < %(before)s
    AND (SELECT true FROM consent c WHERE c.id = u.consent) IS NULL
    AND (SELECT true FROM objection o WHERE o.organisation = u.organisation AND o.message_id = u.message_id LIMIT 1)
        IS NULL
    ORDER BY u.at LIMIT %(most)s FOR UPDATE SKIP LOCKED)
"""
_ANSWERED: Final = """
SELECT o.id FROM objection o JOIN objection_answer first ON first.objection = o.id AND first.by_whom = 'c06'
JOIN objection_answer second ON second.objection = o.id AND second.by_whom = 'agency'
WHERE first.at < %(before)s AND second.at < %(before)s ORDER BY o.id LIMIT %(most)s FOR UPDATE OF o SKIP LOCKED
"""
_CARDS: Final = """
DELETE FROM officer_token WHERE jti IN (
    SELECT jti FROM officer_token WHERE at < %(before)s ORDER BY at LIMIT %(most)s FOR UPDATE SKIP LOCKED)
"""


class Dropped(NamedTuple):
    """How many rows went: `consents` that had been agreed to, `requests` to which nobody agreed, the `uses` of both
    with attempts that named no consent, `objections` with their answers, `cards` of officers."""

    consents: int
    requests: int
    uses: int
    objections: int
    cards: int


def drop(connection: psycopg.Connection[Any], periods: Retention, at: datetime, at_once: int = AT_ONCE) -> Dropped:
    """Drop everything whose period is over at this moment; what went.

    `connection` is in no transaction: each batch is one of its own, so that several that run beside each other, or one
    that is killed, do no harm. Raises psycopg.Error.
    """

    def batches(days: int, one: Callable[[Cursor, dict[str, Any]], tuple[int, ...]]) -> tuple[int, ...]:
        told: dict[str, Any] = {"before": at - timedelta(days=days), "most": at_once}
        sums: tuple[int, ...] = (0, 0)
        while True:
            with connection.transaction(), connection.cursor() as cursor:
                cursor.execute(_DROPPING)
                gone = one(cursor, told)
            sums = tuple(map(sum, zip(sums, gone, strict=True)))
            if not any(gone):
                return sums

    objections, _ = batches(periods.objections_days, _objections)
    consents, used = batches(periods.consents_days, _consents(*_AGREED))
    requests, tried = batches(periods.requests_days, _consents(*_NEVER_AGREED))
    attempts, _ = batches(periods.requests_days, _rows(_ATTEMPTS))
    cards, _ = batches(periods.cards_days, _rows(_CARDS))
    return Dropped(consents, requests, used + tried + attempts, objections, cards)


def _consents(which: str, end: str) -> Callable[[Cursor, dict[str, Any]], tuple[int, int]]:
    hold = _HOLD.format(which=which, end=end, may_go=_MAY_GO)

    def one(cursor: Cursor, told: dict[str, Any]) -> tuple[int, int]:
        cursor.execute(hold, told)
        cursor.execute(_STILL, told | {"held": [code for (code,) in cursor.fetchall()]})
        codes = [code for (code,) in cursor.fetchall()]
        cursor.execute("DELETE FROM consent_use WHERE consent = ANY(%s)", [codes])
        uses = cursor.rowcount
        cursor.execute("DELETE FROM desk_act WHERE consent = ANY(%s)", [codes])
        cursor.execute("DELETE FROM consent WHERE id = ANY(%s)", [codes])
        return cursor.rowcount, uses

    return one


def _objections(cursor: Cursor, told: dict[str, Any]) -> tuple[int, int]:
    cursor.execute(_ANSWERED, told)
    numbers = [number for (number,) in cursor.fetchall()]
    cursor.execute("DELETE FROM objection_answer WHERE objection = ANY(%s)", [numbers])
    cursor.execute("DELETE FROM objection WHERE id = ANY(%s)", [numbers])
    return cursor.rowcount, 0


def _rows(statement: str) -> Callable[[Cursor, dict[str, Any]], tuple[int, int]]:
    def one(cursor: Cursor, told: dict[str, Any]) -> tuple[int, int]:
        cursor.execute(statement, told)
        return cursor.rowcount, 0

    return one
