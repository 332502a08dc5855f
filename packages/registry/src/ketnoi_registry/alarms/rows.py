"""Alarms as they are kept, and as watchers read them. They tell who asked, never about whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import asyncpg
import msgspec

from .sights import Officer, Sight

MOST: int = 500
"""So many alarms are told at a time."""


class Kind(StrEnum):
    """What is conspicuous."""

    ENUMERATION = "enumeration"
    ENUMERATION_BY_MANY = "enumeration_by_many"
    LOW_HIT_RATE = "low_hit_rate"
    ODD_HOURS = "odd_hours"
    CANARY = "canary"


@dataclass(frozen=True, slots=True)
class Raised:
    """An alarm that may be new: there is one of each kind, officer and hour. `anew`: it is new only where none of its
    kind tells of calls since `since`."""

    kind: Kind
    officer: Officer
    hour: datetime
    since: datetime
    calls: int
    last: Sight
    anew: bool = False


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm. `count` is of calls, for those of enumeration of persons, each taken at its last call; `since` is the
    first of these moments, `last_at` and `message_id` tell the last one before it was raised. `officer` is empty where
    no officer was named, and for `enumeration_by_many`, which is about the organisation."""

    id: int
    kind: Kind
    raised_at: datetime
    organisation: str
    officer: str
    instance: str
    account: str
    unit: str
    procedure: str
    count: int
    since: datetime
    last_at: datetime
    message_id: str


class Alarms(msgspec.Struct, frozen=True, kw_only=True):
    """The next alarms in the order of their ids; `more`: there are others behind them."""

    alarms: list[Alarm]
    more: bool


# The lock makes ids become visible in their order, so that nobody who reads on from the last one misses any; and of two
# nodes that count at the same time the later one sees what the other has added.
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('ketnoi_registry alarms'))"
_BEGIN = "SELECT setval('alarm_id_seq', greatest(last_value, $1)) FROM alarm_id_seq"
_RAISE = """
INSERT INTO alarm (kind, organisation, officer, hour, raised_at, instance, account, unit, procedure, count, since,
    last_at, message_id)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
WHERE NOT $14 OR NOT EXISTS (
    SELECT FROM alarm WHERE kind = $1 AND organisation = $2 AND officer = $3 AND last_at >= $11)
ON CONFLICT (kind, organisation, officer, hour) DO NOTHING
"""
_LIST = """
SELECT id, kind, raised_at, organisation, officer, instance, account, unit, procedure, count, since, last_at, message_id
FROM alarm WHERE id > $1 ORDER BY id LIMIT $2
"""


async def alone(connection: asyncpg.Connection) -> None:
    """Wait until no other node counts or raises, and keep others waiting until this transaction ends."""
    await connection.execute(_LOCK)


async def keep(connection: asyncpg.Connection, raised: Sequence[Raised], at: datetime) -> None:
    """Keep what is new of these, within the connection's transaction."""
    if not raised:
        return
    await alone(connection)
    await connection.executemany(
        _RAISE,
        [
            (
                each.kind.value, each.officer.organisation, each.officer.code, each.hour, at, each.last.instance,
                each.last.account, each.last.unit, each.last.procedure, each.calls, each.since, each.last.at,
                each.last.message_id, each.anew,
            )
            for each in raised
        ],
    )  # fmt: skip


async def begin(connection: asyncpg.Connection, at: datetime) -> None:
    """Let ids go on from this moment (milliseconds) at least.

    So whoever has read alarms of a database that was set up anew or restored since reads the new ones too.
    """
    async with connection.transaction():
        await connection.execute(_LOCK)
        await connection.execute(_BEGIN, int(at.timestamp() * 1000))


async def after(pool: asyncpg.Pool, last: int) -> Alarms:
    """The alarms behind the one of this id (0: from the first). Raises what a database raises."""
    rows = await pool.fetch(_LIST, last, MOST + 1)
    alarms = [Alarm(**{**row, "kind": Kind(row["kind"])}) for row in rows[:MOST]]
    return Alarms(alarms=alarms, more=len(rows) > MOST)
