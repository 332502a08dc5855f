"""One partition a day for records and for bodies, made ahead, so that no message has to wait for one."""

from __future__ import annotations

from datetime import date, datetime, timedelta
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
            if table == "record":
                await connection.execute(
                    f"CREATE TRIGGER is_never_emptied BEFORE TRUNCATE ON {name}"
                    " FOR EACH STATEMENT EXECUTE FUNCTION insert_only()"
                )
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


async def days_of(connection: Any, table: str) -> list[date]:
    """The days that a table has partitions for, in order."""
    rows = await connection.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::text::regclass", table
    )
    return sorted(datetime.strptime(row["name"][-10:], "%Y_%m_%d").date() for row in rows)  # noqa: DTZ007


async def drop_day(connection: Any, day: date) -> bool:
    """Delete records and bodies of one day for good, if every record of it is in an archive; False when not.

    Raises asyncpg.LockNotAvailableError when writers are too busy to be stopped for a moment.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('message log partitions'))")
        waits = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM record r WHERE r.day = $1 AND r.sequence > coalesce("
            " (SELECT max(a.last_sequence) FROM archive a WHERE a.node_id = r.node_id), 0))",
            day,
        )
        if waits:
            return False
        # Dropping a partition stops writers; a second is what they may be made to wait.
        await connection.execute("SET LOCAL lock_timeout = '1s'")
        for table in _TABLES:
            await connection.execute(f"DROP TABLE IF EXISTS {_name(table, day)}")
    return True
