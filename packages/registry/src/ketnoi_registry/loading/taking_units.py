"""Taking a file of administrative units over: the map that comes of it holds together, or nothing is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, get_args

import asyncpg
import msgspec

from ..store.units import Level, UnitRow, Units
from . import runs
from .csv_input import InputError
from .rows import put_units, remove_units
from .units_file import DIGITS, Key, Line, UnitsFile, Withdrawal, told

_WHERE: Final = "đơn vị hành chính · administrative units"

_RECORDED: Final = """
SELECT (told.place).unit_code AS code, (told.place).unit_valid_from AS since, count(*) AS places
FROM person,
    LATERAL (VALUES (birth_registration), (hometown), (permanent_residence), (current_residence)) AS told (place)
WHERE (told.place).unit_code = any($1) AND (told.place).unit_valid_from IS NOT NULL GROUP BY 1, 2
"""
"""Where people are recorded under some codes; it reads everybody."""


@dataclass(frozen=True, slots=True)
class Taken:
    """How many units were taken, how many units of each level are in force on the last day on which any begins, and
    how many that ended were divided, so that look-ups answer the unit above; `withdrawn` units never were."""

    loaded: int
    in_force: dict[str, int]
    divided: int
    withdrawn: int = 0


async def take_units(pool: asyncpg.Pool, file: UnitsFile) -> Taken:
    """Put the file's units into the table, in place of those with the same code and first day, and take away what it
    withdraws; all or none.

    The map that comes of it, whatever was there before, must hold together, and nobody may be recorded with a unit
    that is no more. Raises InputError, which says where not, or that another load is running.
    """
    async with pool.acquire() as connection, connection.transaction():
        await runs.hold_for_transaction(connection)
        before = (await Units.read(connection)).all()
        gone = {each.key: each.number for each in file.withdrawals}
        there = [unit for unit in before if (unit.code, unit.valid_from) not in gone]
        joined = _join(there, file, list(_strangers(gone, _by_key(before))))
        whole = _by_key([*there, *joined])
        if gone:
            await _nobody_is_recorded(connection, Units(before), Units(list(whole.values())), gone)
            await remove_units(connection, gone)
        await put_units(connection, joined)
    day = max((unit.valid_from for unit in whole.values()), default=date.min)
    in_force = Counter(unit.level for unit in whole.values() if _holds(unit, day))
    divided = sum(1 for unit in whole.values() if len(unit.successors) > 1)
    return Taken(len(joined), {level: in_force[level] for level in get_args(Level)}, divided, len(gone))


async def _nobody_is_recorded(
    connection: asyncpg.Connection, before: Units, after: Units, gone: Mapping[Key, int]
) -> None:
    """Raises InputError where people are recorded with a withdrawn unit and no other has its code on their day.

    Until the transaction ends nobody else writes people.
    """
    await connection.execute("LOCK TABLE person IN SHARE MODE")
    places: Counter[Key] = Counter()
    for row in await connection.fetch(_RECORDED, list({code for code, _ in gone})):
        meant = before.meant(row["code"], row["since"])
        if meant is not None and (key := (meant.code, meant.valid_from)) in gone:
            places[key] += row["places"] if after.meant(row["code"], row["since"]) is None else 0
    problems = [
        (gone[key], f"còn {count} nơi ghi cho công dân mang đơn vị này · places of people are recorded with it")
        for key, count in places.items()
        if count
    ]
    if problems:
        raise InputError(told(_WHERE, problems))


def _strangers(gone: Mapping[Key, int], there: Mapping[Key, UnitRow]) -> Iterator[tuple[int, str]]:
    """Withdrawn units that are not there."""
    for key, number in gone.items():
        if key not in there:
            yield number, "không có đơn vị với mã và ngày này · there is no unit with this code and first day"


def _join(there: list[UnitRow], file: UnitsFile, problems: list[tuple[int, str]]) -> list[UnitRow]:
    """The lines' units, with their parents and successors found; the map `there` has none that is withdrawn.

    Raises InputError with these problems and its own.
    """
    lines = file.lines
    told_of: list[Line | Withdrawal] = [*lines, *file.withdrawals]
    own = {each.key: each for each in told_of}
    problems += [
        (each.number, "mã và ngày đã có ở dòng khác · code and first day stand in another line too")
        for each in told_of
        if own[each.key] is not each
    ]
    periods: dict[str, list[UnitRow]] = {}
    for unit in (*(each for each in there if (each.code, each.valid_from) not in own), *(line.unit for line in lines)):
        periods.setdefault(unit.code, []).append(unit)

    def on(code: str, day: date) -> UnitRow | None:
        return next((unit for unit in periods.get(code, ()) if _holds(unit, day)), None)

    joined = []
    for line in lines:
        unit = line.unit
        others = [each for each in periods[unit.code] if each is not unit and each.valid_from != unit.valid_from]
        if any(_overlap(unit, each) for each in others):
            problems.append((line.number, "mã đang dùng cho đơn vị khác · the code is another unit's at that time"))
        parent = on(line.parent, unit.valid_from) if line.parent else None
        if line.parent and (parent is None or DIGITS[parent.level] >= DIGITS[unit.level]):
            problems.append((line.number, "không có parent vào ngày from · there is no such parent on the day from"))
            parent = None
        after = unit.valid_until + timedelta(1) if unit.valid_until and line.successors else None
        found = [on(code, after) for code in line.successors] if after else []
        if None in found:
            problems.append(
                (line.number, "không có successor sau ngày until · no such successor on the day after until")
            )
        joined.append(
            msgspec.structs.replace(
                unit,
                parent_code=parent.code if parent else None,
                parent_valid_from=parent.valid_from if parent else None,
                successors=tuple((each.code, each.valid_from) for each in found if each is not None),
            )
        )
    if not problems:
        whole = _by_key([*there, *joined])
        problems = [
            *_orphans(whole, {line.key: line.number for line in lines}),
            *_still_named(whole, {each.key: each.number for each in file.withdrawals}),
        ]
    if problems:
        raise InputError(told(_WHERE, problems))
    return joined


def _orphans(whole: Mapping[Key, UnitRow], numbers: Mapping[Key, int]) -> Iterator[tuple[int, str]]:
    """Units that outlive the one above them; line 0 for those that were there before."""
    for key, unit in whole.items():
        above = whole.get((unit.parent_code, unit.parent_valid_from))  # type: ignore[arg-type]
        if above is not None and (unit.valid_until or date.max) > (above.valid_until or date.max):
            yield numbers.get(key, 0), f"{unit.code} còn hiệu lực sau khi parent hết · outlives its parent"


def _still_named(whole: Mapping[Key, UnitRow], gone: Mapping[Key, int]) -> Iterator[tuple[int, str]]:
    """Withdrawn units that another one has above it, or as its successor."""
    for unit in whole.values():
        for code, since in {(unit.parent_code, unit.parent_valid_from), *unit.successors}:
            if code is not None and since is not None and (code, since) in gone:
                named = f"{unit.code} ({unit.valid_from})"
                yield gone[code, since], f"{named} còn dẫn tới đơn vị này · still refers to it, as parent or successor"


def _by_key(units: Iterable[UnitRow]) -> dict[Key, UnitRow]:
    """The last one of each key."""
    return {(unit.code, unit.valid_from): unit for unit in units}


def _holds(unit: UnitRow, day: date) -> bool:
    return unit.valid_from <= day and (unit.valid_until is None or day <= unit.valid_until)


def _overlap(one: UnitRow, other: UnitRow) -> bool:
    return one.valid_from <= (other.valid_until or date.max) and other.valid_from <= (one.valid_until or date.max)
