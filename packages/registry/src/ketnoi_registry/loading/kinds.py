"""The three kinds of file about people, and what each does with a batch whose wrong lines have been taken out.

`replaces`: whether the same file, loaded again after another, leaves the register other than it found it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg

from . import statements
from .columns import COLUMNS, LIFE, REQUIRED, REQUIRED_OF_UPDATES
from .unknown_units import UnknownUnits


@dataclass
class Done:
    """What became of a batch: how many were added and changed, and (line, code) of lines that are remarked on."""

    added: int = 0
    changed: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)
    noticed: list[tuple[int, str]] = field(default_factory=list)


class AddPeople:
    """People who are not there yet. The first line about somebody counts, every later one is refused."""

    name = "people"
    replaces = False
    columns: Sequence[str] = COLUMNS
    required: Sequence[str] = REQUIRED
    wrong = statements.WRONG_PEOPLE

    def __init__(self) -> None:
        self._look_first = False
        self._unknown = UnknownUnits()

    async def apply(self, connection: asyncpg.Connection, _header: Sequence[str]) -> Done:
        """Take the batch over. Most batches meet nobody who is there: that is found out by trying."""
        done = Done()
        if not self._look_first:
            try:
                async with connection.transaction():
                    done.added = _count(await connection.execute(statements.ADD_PEOPLE))
            except asyncpg.UniqueViolationError:
                self._look_first = True
        if self._look_first:
            done.refused = await take_out(connection, statements.THERE, "already_there")
            self._look_first = bool(done.refused)
            done.added = _count(await connection.execute(statements.ADD_PEOPLE))
        done.noticed = await _shared(connection) + await self._unknown.lines(connection)
        done.noticed += await _of_lines(connection, statements.BEFORE_BIRTH, "dead_before_birth")
        try:
            async with connection.transaction():
                await connection.execute(statements.ADD_OLD)
        except asyncpg.UniqueViolationError:
            await connection.execute(statements.ADD_OLD_ONCE)
        return done


class UpdatePeople:
    """People who are there are changed in the columns that the file has; others are added."""

    name = "update"
    replaces = True
    columns: Sequence[str] = COLUMNS
    required: Sequence[str] = REQUIRED_OF_UPDATES
    wrong = statements.WRONG_PEOPLE

    def __init__(self) -> None:
        self._unknown = UnknownUnits()

    async def apply(self, connection: asyncpg.Connection, header: Sequence[str]) -> Done:
        """Take the batch over."""
        await take_out(connection, statements.EARLIER, "earlier")
        added, count = await connection.fetchrow(statements.update_people(header))
        noticed = await _shared(connection) + await self._unknown.lines(connection)
        noticed += await _of_lines(connection, statements.BEFORE_BIRTH_NOW, "dead_before_birth")
        if "old_id_numbers" in header:
            await connection.execute(statements.NEWEST)
            await connection.execute(statements.UPDATE_OLD)
        return Done(added, count - added, noticed=noticed)


class SetLife:
    """Who died, is missing, or was found alive."""

    name = "life_status"
    replaces = True
    columns: Sequence[str] = ("personal_number", *LIFE)
    required: Sequence[str] = columns
    wrong = statements.WRONG_LIFE

    async def apply(self, connection: asyncpg.Connection, _header: Sequence[str]) -> Done:
        """Take the batch over."""
        refused = await take_out(connection, statements.NOT_THERE, "not_there")
        await take_out(connection, statements.EARLIER, "earlier")
        changed = _count(await connection.execute(statements.SET_LIFE))
        noticed = await _of_lines(connection, statements.BEFORE_BIRTH_NOW, "dead_before_birth")
        return Done(changed=changed, refused=refused, noticed=noticed)


Kind = AddPeople | UpdatePeople | SetLife


async def take_out(
    connection: asyncpg.Connection, query: str, code: str | None = None, *values: object
) -> list[tuple[int, str]]:
    """Delete from the batch the lines that `query` gives; (line, code) of each."""
    found = await _of_lines(connection, query, code, *values)
    if found:
        await connection.execute("DELETE FROM staged WHERE line = any($1)", [line for line, _ in found])
    return found


async def _of_lines(
    connection: asyncpg.Connection, query: str, code: str | None, *values: object
) -> list[tuple[int, str]]:
    return [(row["line"], code or row["code"]) for row in await connection.fetch(query, *values)]


async def _shared(connection: asyncpg.Connection) -> list[tuple[int, str]]:
    return await _of_lines(connection, statements.SHARED, "old_number_shared")


def _count(status: str) -> int:
    return int(status.rpartition(" ")[2])
