"""One partition a day for records and for bodies, made ahead, so that no message has to wait for one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

DAYS_AHEAD = 3
_TABLES = ("record", "message_body")


def _name(table: str, day: date) -> str:
    return f"{table}_{day:%Y_%m_%d}"


async def make_partitions(connection: Any, day: date) -> None:
    """Make the partitions of `day` (UTC), unless they are there. Other nodes may do the same at the same time."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('message log partitions'))")
        for table in _TABLES:
            name = _name(table, day)
            if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", name):
                continue
            # Attaching takes a weaker lock on the table than CREATE … PARTITION OF, so that writers go on.
            await connection.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
            await connection.execute(
                f"ALTER TABLE {table} ATTACH PARTITION {name}"
                f" FOR VALUES FROM ('{day.isoformat()}') TO ('{(day + timedelta(days=1)).isoformat()}')"
            )


async def make_partitions_ahead(connection: Any, today: date) -> None:
    """Make the partitions of `today` and of the next days."""
    for ahead in range(DAYS_AHEAD + 1):
        await make_partitions(connection, today + timedelta(days=ahead))


async def drop_bodies_of(connection: Any, day: date) -> bool:
    """Delete all bodies of one day at once; the records stay. False when there was nothing to delete."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('message log partitions'))")
        name = _name("message_body", day)
        if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", name):
            return False
        await connection.execute(f"TRUNCATE {name}")
    return True
