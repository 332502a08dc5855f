"""Administrative units with the periods in which their codes applied; read whole into memory (about 15,000 rows)."""

from __future__ import annotations

from datetime import date
from typing import Literal

import asyncpg
import msgspec

from .people import Place

Level = Literal["province", "district", "commune"]


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

    @classmethod
    async def read(cls, pool: asyncpg.Pool) -> Units:
        """Read the whole table (without successors, which no answer needs)."""
        rows = await pool.fetch(
            "SELECT code, valid_from, valid_until, level, name, parent_code, parent_valid_from FROM administrative_unit"
        )
        return cls([UnitRow(**dict(row)) for row in rows])

    def line(self, place: Place) -> dict[Level, UnitRow]:
        """The unit of `place` and those above it, by level; empty when the place names none that is known."""
        found: dict[Level, UnitRow] = {}
        key = (place.unit_code, place.unit_valid_from)
        while None not in key and (row := self._rows.get(key)) is not None and row.level not in found:  # type: ignore[arg-type]
            found[row.level] = row
            key = (row.parent_code, row.parent_valid_from)
        return found
