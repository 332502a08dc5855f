"""Lines that name an administrative unit of which the register's map says nothing.

They are taken: the map may yet come. But whoever made the file must know, since look-ups then tell no code. Where the
map has no district or no commune at all, that is said once, beside the header, and not of millions of lines.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import asyncpg

from ..store.units import Units
from .columns import PLACES

_TOLD: Final = " UNION ALL ".join(
    f"SELECT line, {place}_unit AS unit, {place}_unit_from AS since FROM staged WHERE {place}_unit IS NOT NULL"  # noqa: S608
    for place in PLACES
)
_UNITS: Final = f"SELECT DISTINCT unit, since FROM ({_TOLD}) told"  # noqa: S608
_LINES: Final = f"SELECT DISTINCT line FROM ({_TOLD}) told WHERE unit || since = any($1)"  # noqa: S608
_HEADER: Final = 1


class UnknownUnits:
    """Judges batches by the map as it was at the first one. Each unit is judged once, however many live there."""

    def __init__(self) -> None:
        self._units: Units | None = None
        self._digits: set[int] = set()
        self._known: dict[tuple[str, str], bool] = {}

    async def lines(self, connection: asyncpg.Connection) -> list[tuple[int, str]]:
        """(line, code) of each line of the staged batch with a unit that nobody knows."""
        if self._units is None:
            self._units = await Units.read(connection)
            self._digits = {len(unit.code) for unit in self._units.all()}
        unknown, missing = [], False
        for unit, since in await connection.fetch(_UNITS):
            known = self._known.get((unit, since))
            if known is None:
                known = self._known[unit, since] = self._units.meant(unit, date.fromisoformat(since)) is not None
            if not known and len(unit) in self._digits:
                unknown.append(unit + since)
            missing |= len(unit) not in self._digits
        found = [(row["line"], "unit_unknown") for row in await connection.fetch(_LINES, unknown)] if unknown else []
        return [(_HEADER, "units_missing"), *found] if missing else found
