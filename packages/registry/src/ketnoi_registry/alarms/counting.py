"""Counting over all nodes, in the database: what a node adds, it gets back as the sum of all, and judges that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import groupby, takewhile
from operator import itemgetter
from typing import Any

import asyncpg

from . import rows
from .rows import Kind, Raised
from .settings import Alarming
from .sights import Asked, InHour, InStep, Officer, Sight, Tally, hour_of

WITHIN = timedelta(days=1)
"""How long it is remembered who asked for which block of numbers, and how much a step had [our choice]."""

_VIETNAM = timezone(timedelta(hours=7))

# In the order of the key, so that two nodes never wait for each other crosswise.
_ADD_CALLS = """
INSERT INTO alarm_count AS old (organisation, officer, begins_at, calls, found, since)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::bigint[], $5::bigint[], $6::timestamptz[])
    AS told (organisation, officer, begins_at, calls, found, since)
ORDER BY organisation, officer, begins_at
ON CONFLICT (organisation, officer, begins_at) DO UPDATE SET
    (calls, found, since) =
    (old.calls + excluded.calls, old.found + excluded.found, least(old.since, excluded.since))
"""

_HOUR = timedelta(hours=1)
_OF_HOURS = """
SELECT organisation, officer, told.step, begins_at, calls, found, since
FROM alarm_count JOIN unnest($1::text[], $2::text[], $3::timestamptz[]) AS told (organisation, officer, step)
    USING (organisation, officer)
WHERE begins_at BETWEEN told.step - $4::interval AND told.step + $4::interval
ORDER BY organisation, officer, told.step, begins_at DESC
"""
"""The steps within an hour of each of these, the newest first: another node may have counted later ones before."""

_ADD_ASKED = """
INSERT INTO alarm_asked AS old (organisation, officer, block, person, asked_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::timestamptz[])
    AS told (organisation, officer, block, person, asked_at)
ORDER BY organisation, officer, block, person
ON CONFLICT (organisation, officer, block, person) DO UPDATE SET
    asked_at = greatest(old.asked_at, excluded.asked_at)
"""

_OF_BLOCKS = """
SELECT organisation, officer, block, count(*) AS persons, min(asked_at) AS since
FROM alarm_asked
JOIN (SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::bytea[]) AS told (organisation, officer, block)) AS told
    USING (organisation, officer, block)
WHERE asked_at > $4
GROUP BY organisation, officer, block HAVING count(*) >= $5
"""

_OF_BLOCKS_TOGETHER = """
SELECT organisation, block, count(DISTINCT person) AS persons, min(asked_at) AS since
FROM alarm_asked
JOIN (SELECT DISTINCT * FROM unnest($1::text[], $2::bytea[]) AS told (organisation, block)) AS told
    USING (organisation, block)
WHERE asked_at > $3
GROUP BY organisation, block HAVING count(DISTINCT person) >= $4 AND min(officer) <> max(officer)
"""

_AT_ONCE = 5_000
_FORGET = """
DELETE FROM {table} WHERE ctid = any(array(
    SELECT ctid FROM {table} WHERE {age} <= $1 LIMIT {most} FOR UPDATE SKIP LOCKED))
"""


async def count_calls(
    connection: asyncpg.Connection, tallies: Mapping[InStep, Tally], measures: Alarming
) -> list[Raised]:
    """Add one node's calls, within the connection's transaction; what is conspicuous in the sums."""
    await rows.alone(connection)
    organisations = [officer.organisation for officer, _ in tallies]
    codes = [officer.code for officer, _ in tallies]
    steps = [step for _, step in tallies]
    await connection.execute(
        _ADD_CALLS,
        organisations,
        codes,
        steps,
        [each.calls for each in tallies.values()],
        [each.found for each in tallies.values()],
        [each.since for each in tallies.values()],
    )
    found = await connection.fetch(_OF_HOURS, organisations, codes, steps, _HOUR)
    raised = []
    for (organisation, code, step), around in groupby(found, itemgetter("organisation", "officer", "step")):
        officer, near = Officer(organisation, code), list(around)
        for end in [each["begins_at"] for each in near if each["begins_at"] >= step]:
            hour = [each for each in near if end - _HOUR <= each["begins_at"] <= end]
            for kind, judged in (
                (Kind.LOW_HIT_RATE, _low_rate(hour, measures)),
                (Kind.ODD_HOURS, _odd_hours(hour, measures)),
            ):
                if judged is not None:
                    last = tallies[officer, step].last
                    raised.append(Raised(kind, officer, hour_of(end), judged.since, judged.calls, last, anew=True))
    return raised


@dataclass(slots=True)
class _Sum:
    """Calls of some steps."""

    since: datetime
    calls: int = 0
    found: int = 0

    def add(self, step: Mapping[str, Any]) -> None:
        self.calls += step["calls"]
        self.found += step["found"]
        self.since = min(self.since, step["since"])


def _low_rate(steps: Sequence[Mapping[str, Any]], measures: Alarming) -> _Sum | None:
    """The shortest stretch up to the newest step in which hardly anybody was found. Calls before it excuse nothing."""
    total = _Sum(steps[0]["since"])
    for step in steps:
        total.add(step)
        if total.calls >= measures.rate_calls and total.found * 100 < total.calls * measures.rate_percent:
            return total
    return None


def _odd_hours(steps: Sequence[Mapping[str, Any]], measures: Alarming) -> _Sum | None:
    """The shortest stretch up to the newest step with many calls at an odd time, without a step at another."""
    total = _Sum(steps[0]["since"])
    for step in takewhile(lambda each: measures.is_odd(each["begins_at"].astimezone(_VIETNAM).hour), steps):
        total.add(step)
        if total.calls >= measures.odd_calls:
            return total
    return None


async def count_asked(
    connection: asyncpg.Connection, asked: Mapping[Asked, Sight], measures: Alarming, hour: datetime, at: datetime
) -> list[Raised]:
    """Add whom one node's officers asked for, within the connection's transaction; who goes through numbers."""
    await rows.alone(connection)
    organisations = [officer.organisation for officer, _, _ in asked]
    officers = [officer.code for officer, _, _ in asked]
    blocks = [block for _, block, _ in asked]
    persons = [person for _, _, person in asked]
    moments = [sight.at for sight in asked.values()]
    await connection.execute(_ADD_ASKED, organisations, officers, blocks, persons, moments)
    since = at - WITHIN
    by_one = await connection.fetch(_OF_BLOCKS, organisations, officers, blocks, since, measures.block_persons)
    together = await connection.fetch(
        _OF_BLOCKS_TOGETHER, organisations, blocks, since, measures.block_persons_together
    )
    last: dict[tuple[Officer, bytes], Sight] = {}
    for (officer, block, _), sight in asked.items():
        for whose in (officer, Officer(officer.organisation, "")):
            last[whose, block] = max(last.get((whose, block), sight), sight, key=lambda each: each.at)
    raised: dict[tuple[Kind, Officer], Raised] = {}
    for kind, found in ((Kind.ENUMERATION, by_one), (Kind.ENUMERATION_BY_MANY, together)):
        for row in found:
            officer = Officer(row["organisation"], row["officer"] if kind is Kind.ENUMERATION else "")
            one = Raised(kind, officer, hour, row["since"], row["persons"], last[officer, bytes(row["block"])])
            if (kind, officer) not in raised or one.calls > raised[kind, officer].calls:
                raised[kind, officer] = one
    return list(raised.values())


def named(canaries: Mapping[InHour, Tally]) -> Iterable[Raised]:
    """The alarms of persons who are canaries."""
    for (officer, hour), tally in canaries.items():
        yield Raised(Kind.CANARY, officer, hour, tally.since, tally.calls, tally.last)


async def forget(connection: asyncpg.Connection, at: datetime) -> None:
    """Remove what is older than a day at this moment, in small steps."""
    for table, age in (("alarm_asked", "asked_at"), ("alarm_count", "begins_at")):
        removed = _AT_ONCE
        while removed == _AT_ONCE:
            told = await connection.execute(_FORGET.format(table=table, age=age, most=_AT_ONCE), at - WITHIN)
            removed = int(told.removeprefix("DELETE "))
