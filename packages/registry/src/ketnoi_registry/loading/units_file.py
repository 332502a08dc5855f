"""Administrative units from a CSV file: a whole map, or a reform as one act, all or none.

A reform is told by its units: those that end have `until` and `successor`, those that begin have `from`. People keep
the unit that was recorded with them; look-ups follow the successors. So nothing about anybody is rewritten, and a code
of before can be read for ever.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final, get_args

import asyncpg
import msgspec

from ..store.units import REFORM, Level, UnitRow, Units
from .csv_input import BROKEN, CsvInput, InputError
from .rows import load_units

COLUMNS: Final = ("code", "name", "level", "parent", "from", "until", "successor")
LAST_DAY_OF_DISTRICTS: Final = REFORM - timedelta(1)
"""Resolution 203/2025/QH15 and law 72/2025/QH15: two levels since 2025-07-01."""

_DIGITS: Final[dict[str, int]] = {"province": 2, "district": 3, "commune": 5}
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TOLD = 20


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file; parent and successors are codes, whose period follows from the unit's own."""

    number: int
    unit: UnitRow
    parent: str | None
    successors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """How many lines were taken, how many units of each level are in force on the last day on which any begins, and
    how many that ended were divided, so that look-ups answer the unit above."""

    loaded: int
    in_force: dict[str, int]
    divided: int


def read_units(file: Path) -> list[Line]:
    """The file's lines. Raises InputError, which names every line (up to 20) that cannot be read, and OSError."""
    CsvInput.open(file, COLUMNS, COLUMNS)
    found: list[Line] = []
    problems: list[tuple[int, str]] = []
    with (
        gzip.open(file, "rt", encoding="utf-8-sig") if file.suffix == ".gz" else file.open(encoding="utf-8-sig") as text
    ):
        try:
            lines = csv.DictReader(text, strict=True)
            for row in lines:
                try:
                    found.append(_line(lines.line_num, row))
                except ValueError as error:
                    problems.append((lines.line_num, str(error)))
        except (csv.Error, UnicodeDecodeError, *BROKEN):
            raise InputError(f"{file}: không phải CSV UTF-8 đúng cách · not well-formed CSV in UTF-8") from None
    if problems:
        raise InputError(_told(str(file), problems))
    return found


async def take_units(pool: asyncpg.Pool, lines: list[Line]) -> Taken:
    """Put the lines into the table, in place of units with the same code and first day; all or none.

    The map that comes of it, whatever was there before, must hold together. Raises InputError, which says where not.
    """
    there = (await Units.read(pool)).all()
    units = _join(there, lines)
    await load_units(pool, units[len(there) :])
    whole = {(unit.code, unit.valid_from): unit for unit in units}
    day = max((unit.valid_from for unit in whole.values()), default=date.min)
    in_force = Counter(unit.level for unit in whole.values() if _holds(unit, day))
    divided = sum(1 for unit in whole.values() if len(unit.successors) > 1)
    return Taken(len(lines), {level: in_force[level] for level in get_args(Level)}, divided)


def _line(number: int, row: dict[str | None, str | None]) -> Line:
    """Raises ValueError with what is wrong, in words that quote nothing."""
    if None in row or None in row.values():
        raise ValueError("số cột khác với dòng tiêu đề · not as many columns as the header")
    told = {str(name): str(value).strip() for name, value in row.items()}
    level, code = told["level"], told["code"]
    if level not in _DIGITS:
        raise ValueError("level phải là province, district hoặc commune · level is none of the three")
    if not re.fullmatch(f"[0-9]{{{_DIGITS[level]}}}", code):
        raise ValueError("mã không đúng số chữ số của cấp · the code has not the level's number of digits")
    if not 1 <= len(told["name"]) <= 100:
        raise ValueError("tên trống hoặc dài quá 100 ký tự · the name is empty or longer than 100 characters")
    if not told["name"].isprintable():
        raise ValueError("tên có ký tự điều khiển hoặc không hiện · the name holds a sign that is not shown")
    since, until = _day(told["from"]), _day(told["until"]) if told["until"] else None
    if until is not None and until < since:
        raise ValueError("until trước from · until is before from")
    successors = tuple(dict.fromkeys(filter(None, (each.strip() for each in told["successor"].split(";")))))
    if successors and until is None:
        raise ValueError("có successor mà không có until · a successor without until")
    if until == date.max:
        raise ValueError("until để trống nếu còn hiệu lực · until is empty for what is in force")
    if (level == "province") != (told["parent"] == ""):
        raise ValueError("chỉ tỉnh không có parent · a province, and only a province, has no parent")
    if level == "district" and (until is None or until > LAST_DAY_OF_DISTRICTS):
        raise ValueError("từ 2025-07-01 không còn cấp huyện · there are no districts since 2025-07-01")
    unit = UnitRow(code=code, valid_from=since, valid_until=until, level=level, name=told["name"])  # type: ignore[arg-type]
    return Line(number, unit, told["parent"] or None, successors)


def _day(text: str) -> date:
    if not _DAY.fullmatch(text):
        raise ValueError("ngày phải là yyyy-mm-dd · a day is written yyyy-mm-dd")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("không có ngày này · there is no such day") from None


def _join(there: list[UnitRow], lines: list[Line]) -> list[UnitRow]:
    """All that was there, then the lines with their parents and successors found. Raises InputError."""
    problems: list[tuple[int, str]] = []
    own = {(line.unit.code, line.unit.valid_from): line for line in lines}
    problems += [
        (line.number, "mã và ngày đã có ở dòng khác · code and first day stand in another line too")
        for line in lines
        if own[line.unit.code, line.unit.valid_from] is not line
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
        if line.parent and (parent is None or _DIGITS[parent.level] >= _DIGITS[unit.level]):
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
        numbers = {(line.unit.code, line.unit.valid_from): line.number for line in lines}
        problems = list(_orphans([*there, *joined], numbers))
    if problems:
        raise InputError(_told("đơn vị hành chính · administrative units", problems))
    return [*there, *joined]


def _orphans(units: Iterable[UnitRow], numbers: dict[tuple[str, date], int]) -> Iterator[tuple[int, str]]:
    """Units that outlive the one above them; line 0 for those that were there before."""
    whole = {(unit.code, unit.valid_from): unit for unit in units}
    for key, unit in whole.items():
        above = whole.get((unit.parent_code, unit.parent_valid_from))  # type: ignore[arg-type]
        if above is not None and (unit.valid_until or date.max) > (above.valid_until or date.max):
            yield numbers.get(key, 0), f"{unit.code} còn hiệu lực sau khi parent hết · outlives its parent"


def _holds(unit: UnitRow, day: date) -> bool:
    return unit.valid_from <= day and (unit.valid_until is None or day <= unit.valid_until)


def _overlap(one: UnitRow, other: UnitRow) -> bool:
    return one.valid_from <= (other.valid_until or date.max) and other.valid_from <= (one.valid_until or date.max)


def _told(where: str, problems: list[tuple[int, str]]) -> str:
    lines = [f"  dòng · line {number}: {what}" for number, what in sorted(problems)[:_TOLD]]
    more = len(problems) - _TOLD
    return "\n".join([f"{where}: không nạp gì · nothing was loaded", *lines, *([f"  … +{more}"] if more > 0 else [])])
