"""Loading people (by COPY) and administrative units, each call in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any

import asyncpg

from ..store.people import PERSON_COLUMNS, PersonRow, person_record
from ..store.units import UnitRow

BATCH = 5_000


async def load_people(pool: asyncpg.Pool, rows: Iterable[PersonRow]) -> int:
    """Add `rows` to the people and their old numbers to the old-number keyspace; all or none. Returns how many.

    `rows` is read once, 5,000 at a time, so a generator of millions is welcome.

    Raises asyncpg.IntegrityConstraintViolationError when a number is there already or a value breaks a rule of the
    table.
    """
    count = 0
    async with pool.acquire() as connection, connection.transaction():
        for batch in _batches(rows):
            await connection.copy_records_to_table(
                "person", columns=PERSON_COLUMNS, records=[person_record(row) for row in batch]
            )
            await connection.copy_records_to_table("old_id_number", records=list(_old_numbers(batch)))
            count += len(batch)
    if count:
        await pool.execute("ANALYZE person, old_id_number")
    return count


_UNIT = """
INSERT INTO administrative_unit (code, valid_from, valid_until, level, name, parent_code, parent_valid_from)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (code, valid_from) DO UPDATE SET valid_until = excluded.valid_until, level = excluded.level,
    name = excluded.name, parent_code = excluded.parent_code, parent_valid_from = excluded.parent_valid_from
"""
_FORGET = "DELETE FROM administrative_unit_successor WHERE code = $1 AND valid_from = $2"
_REMOVE = "DELETE FROM administrative_unit WHERE code = $1 AND valid_from = $2"
_SUCCESSOR = "INSERT INTO administrative_unit_successor VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"


async def load_units(pool: asyncpg.Pool, rows: Iterable[UnitRow]) -> int:
    """Add administrative units, or replace those with the same code and first day, successors too; all or none.

    Returns how many.

    Raises asyncpg.IntegrityConstraintViolationError when a value breaks a rule of the table.
    """
    units = list(rows)
    async with pool.acquire() as connection, connection.transaction():
        await put_units(connection, units)
    return len(units)


async def put_units(connection: asyncpg.Connection, units: Sequence[UnitRow]) -> None:
    """The same within the connection's transaction."""
    await connection.executemany(
        _UNIT,
        [(u.code, u.valid_from, u.valid_until, u.level, u.name, u.parent_code, u.parent_valid_from) for u in units],
    )
    await connection.executemany(_FORGET, [(u.code, u.valid_from) for u in units])
    await connection.executemany(
        _SUCCESSOR, [(u.code, u.valid_from, *successor) for u in units for successor in u.successors]
    )


async def remove_units(connection: asyncpg.Connection, keys: Collection[tuple[str, date]]) -> None:
    """Take these units (code and first day) away, within the connection's transaction. Whether anything still refers
    to them is not asked."""
    await connection.executemany(_FORGET, list(keys))
    await connection.executemany(_REMOVE, list(keys))


def _batches(rows: Iterable[PersonRow]) -> Iterator[list[PersonRow]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH)):
        yield batch


def _old_numbers(rows: Iterable[PersonRow]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        for old in row.old_id_numbers:
            yield old.number, row.personal_number, old.valid_from, old.valid_until
