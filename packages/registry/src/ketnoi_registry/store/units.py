"""Administrative units with the periods in which their codes applied; read whole into memory (about 15,000 rows)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final, Literal

import asyncpg
import msgspec

from .people import Place

Level = Literal["province", "district", "commune"]

REFORM: Final = date(2025, 7, 1)
"""The first day of the map of 34 provinces without districts, on which codes changed their meaning."""


class UnitRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One unit in one period. Key: code and the day it began to apply; `valid_until` is the last day, inclusive.

    Codes: province two digits, district three, commune five. A commune's parent is a district until 2025-06-30 and
    a province since. `successors` are the keys of the units that took its place.
    """

    code: str
    valid_from: date
    valid_until: date | None = None
    level: Level
    name: str
    parent_code: str | None = None
    parent_valid_from: date | None = None
    successors: tuple[tuple[str, date], ...] = ()


class Units:
    """All administrative units of all periods, by key."""

    def __init__(self, rows: list[UnitRow]) -> None:
        self._rows = {(row.code, row.valid_from): row for row in rows}
        self._periods: dict[str, list[UnitRow]] = {}
        for row in sorted(rows, key=lambda row: row.valid_from):
            self._periods.setdefault(row.code, []).append(row)

    @classmethod
    async def read(cls, pool: asyncpg.Pool | asyncpg.Connection) -> Units:
        """Read the whole table with each unit's successors."""
        successors: dict[tuple[str, date], list[tuple[str, date]]] = {}
        for row in await pool.fetch("SELECT * FROM administrative_unit_successor"):
            key = (row["code"], row["valid_from"])
            successors.setdefault(key, []).append((row["successor_code"], row["successor_valid_from"]))
        rows = await pool.fetch(
            "SELECT code, valid_from, valid_until, level, name, parent_code, parent_valid_from FROM administrative_unit"
        )
        return cls(
            [
                UnitRow(**dict(row), successors=tuple(successors.get((row["code"], row["valid_from"]), ())))
                for row in rows
            ]
        )

    def all(self) -> list[UnitRow]:
        """Every unit of every period."""
        return list(self._rows.values())

    def meant(self, code: str, day: date) -> UnitRow | None:
        """The unit that had this code on `day`; None when none is known that had it then.

        A register's days are those on which units were established, often before the first list that the table has.
        A day before all periods of its code counts as the first one, where that is one of the map before the reform
        [our choice]: of the reform it is known that codes changed their meaning.
        """
        periods = self._periods.get(code, ())
        for unit in reversed(periods):
            if unit.valid_from <= day and (unit.valid_until is None or day <= unit.valid_until):
                return unit
        return periods[0] if periods and day < periods[0].valid_from < REFORM else None

    def line(self, place: Place) -> dict[Level, UnitRow]:
        """The unit of `place` and those above it, by level; empty when the place names none that is known."""
        if place.unit_code is None or place.unit_valid_from is None:
            return {}
        unit = self.meant(place.unit_code, place.unit_valid_from)
        return self._line((unit.code, unit.valid_from)) if unit is not None else {}

    def line_on(self, day: date, place: Place) -> dict[Level, UnitRow]:
        """The same on the map of `day`: a unit that has ended is replaced by its successor.

        A unit that was divided has several successors, and nobody can tell which is meant: then the unit above it
        is carried over instead, so that what is answered is less precise, never wrong.
        """
        for unit in self.line(place).values():
            current: UnitRow | None = unit
            while current is not None and current.valid_until is not None and current.valid_until < day:
                current = self._successor(current)
            if current is not None and current.valid_from <= day:
                return self._line((current.code, current.valid_from))
        return {}

    def names_on(self, day: date, codes: Iterable[str]) -> dict[str, str]:
        """How the units with these codes are called on the map of `day`; a code that no unit has then is left out."""
        units = {code: self.meant(code, day) for code in codes}
        return {code: unit.name for code, unit in units.items() if unit is not None}

    def _successor(self, unit: UnitRow) -> UnitRow | None:
        """The one unit that took the place of `unit`; later in time, whatever the table says."""
        found = self._rows.get(unit.successors[0]) if len(unit.successors) == 1 else None
        return found if found is not None and found.valid_from > unit.valid_from else None

    def _line(self, key: tuple[str | None, date | None]) -> dict[Level, UnitRow]:
        found: dict[Level, UnitRow] = {}
        while None not in key and (row := self._rows.get(key)) is not None and row.level not in found:  # type: ignore[arg-type]
            found[row.level] = row
            key = (row.parent_code, row.parent_valid_from)
        return found
