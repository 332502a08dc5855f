"""Counting over all nodes, in the database: what a node adds, it gets back as the sum of all, and judges that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone

import asyncpg

from .rows import Kind, Raised
from .settings import Alarming
from .sights import Asked, InHour, Officer, Sight, Tally

WITHIN = timedelta(days=1)
"""How long it is remembered who asked for which block of numbers, and how much an hour had [our choice]."""

_VIETNAM = timezone(timedelta(hours=7))

# In the order of the key, so that two nodes never wait for each other crosswise.
_ADD_CALLS = """
INSERT INTO alarm_count AS old (organisation, officer, hour, calls, found, since)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::bigint[], $5::bigint[], $6::timestamptz[])
    AS told (organisation, officer, hour, calls, found, since)
ORDER BY organisation, officer, hour
ON CONFLICT (organisation, officer, hour) DO UPDATE SET
    (calls, found, since) =
    (old.calls + excluded.calls, old.found + excluded.found, least(old.since, excluded.since))
RETURNING organisation, officer, hour, calls, found, since
"""

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

_AT_ONCE = 5_000
_FORGET = """
DELETE FROM {table} WHERE ctid = any(array(
    SELECT ctid FROM {table} WHERE {age} <= $1 LIMIT {most} FOR UPDATE SKIP LOCKED))
"""


async def count_calls(
    connection: asyncpg.Connection, tallies: Mapping[InHour, Tally], measures: Alarming
) -> list[Raised]:
    """Add one node's calls of an hour; what is conspicuous in the sums."""
    rows = await connection.fetch(
        _ADD_CALLS,
        [officer.organisation for officer, _ in tallies],
        [officer.code for officer, _ in tallies],
        [hour for _, hour in tallies],
        [each.calls for each in tallies.values()],
        [each.found for each in tallies.values()],
        [each.since for each in tallies.values()],
    )
    raised = []
    for row in rows:
        officer, hour = Officer(row["organisation"], row["officer"]), row["hour"]
        kinds = []
        if measures.is_odd(hour.astimezone(_VIETNAM).hour) and row["calls"] >= measures.odd_calls:
            kinds.append(Kind.ODD_HOURS)
        if row["calls"] >= measures.rate_calls and row["found"] * 100 < row["calls"] * measures.rate_percent:
            kinds.append(Kind.LOW_HIT_RATE)
        last = tallies[officer, hour].last
        raised += [Raised(kind, officer, hour, row["since"], row["calls"], last) for kind in kinds]
    return raised


async def count_asked(
    connection: asyncpg.Connection, asked: Mapping[Asked, Sight], measures: Alarming, hour: datetime, at: datetime
) -> list[Raised]:
    """Add whom one node's officers asked for; which of them go through numbers."""
    organisations = [officer.organisation for officer, _, _ in asked]
    officers = [officer.code for officer, _, _ in asked]
    blocks = [block for _, block, _ in asked]
    persons = [person for _, _, person in asked]
    moments = [sight.at for sight in asked.values()]
    await connection.execute(_ADD_ASKED, organisations, officers, blocks, persons, moments)
    rows = await connection.fetch(_OF_BLOCKS, organisations, officers, blocks, at - WITHIN, measures.block_persons)
    last: dict[tuple[Officer, bytes], Sight] = {}
    for (officer, block, _), sight in asked.items():
        last[officer, block] = max(last.get((officer, block), sight), sight, key=lambda each: each.at)
    raised: dict[Officer, Raised] = {}
    for row in rows:
        officer = Officer(row["organisation"], row["officer"])
        found = Raised(
            Kind.ENUMERATION, officer, hour, row["since"], row["persons"], last[officer, bytes(row["block"])]
        )
        if officer not in raised or found.calls > raised[officer].calls:
            raised[officer] = found
    return list(raised.values())


def named(canaries: Mapping[InHour, Tally]) -> Iterable[Raised]:
    """The alarms of persons who are canaries."""
    for (officer, hour), tally in canaries.items():
        yield Raised(Kind.CANARY, officer, hour, tally.since, tally.calls, tally.last)


async def forget(connection: asyncpg.Connection, at: datetime) -> None:
    """Remove what is older than a day at this moment, in small steps."""
    for table, age in (("alarm_asked", "asked_at"), ("alarm_count", "hour")):
        removed = _AT_ONCE
        while removed == _AT_ONCE:
            told = await connection.execute(_FORGET.format(table=table, age=age, most=_AT_ONCE), at - WITHIN)
            removed = int(told.removeprefix("DELETE "))
