"""Administrative units as a CSV file tells them: a whole map, a reform, or a mend of what was loaded wrongly.

A reform is told by its units: those that end have `until` and `successor`, those that begin have `from`. People keep
the unit that was recorded with them; look-ups follow the successors. So nothing about anybody is rewritten, and a code
of before can be read for ever. What never was such a unit is withdrawn by a line of its own.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from ..store.units import REFORM, UnitRow
from .csv_input import BROKEN, CsvInput, InputError, is_packed

COLUMNS: Final = ("code", "name", "level", "parent", "from", "until", "successor")
WITHDRAWN: Final = "withdrawn"
"""Stands in place of a level: there never was a unit with this code and first day."""
LAST_DAY_OF_DISTRICTS: Final = REFORM - timedelta(1)
"""Resolution 203/2025/QH15 and law 72/2025/QH15: two levels since 2025-07-01."""

DIGITS: Final[dict[str, int]] = {"province": 2, "district": 3, "commune": 5}
"""How many a code of each level has."""
_CODE = re.compile("[0-9]{2}|[0-9]{3}|[0-9]{5}")
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TOLD = 20

Key = tuple[str, date]
"""A unit: its code and first day."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file; parent and successors are codes, whose period follows from the unit's own."""

    number: int
    unit: UnitRow
    parent: str | None
    successors: tuple[str, ...]

    @property
    def key(self) -> Key:
        """Which unit it is about."""
        return self.unit.code, self.unit.valid_from


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A line that takes a unit back which never was."""

    number: int
    key: Key


@dataclass(frozen=True, slots=True)
class UnitsFile:
    """What a file says."""

    lines: list[Line]
    withdrawals: list[Withdrawal]


def read_units(file: Path) -> UnitsFile:
    """The file's lines. Raises InputError, which names every line (up to 20) that cannot be read, and OSError."""
    CsvInput.open(file, COLUMNS, COLUMNS)
    found: list[Line | Withdrawal] = []
    problems: list[tuple[int, str]] = []
    with gzip.open(file, "rt", encoding="utf-8-sig") if is_packed(file) else file.open(encoding="utf-8-sig") as text:
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
        raise InputError(told(str(file), problems))
    return UnitsFile(
        [each for each in found if isinstance(each, Line)], [each for each in found if isinstance(each, Withdrawal)]
    )


def _line(number: int, row: dict[str | None, str | None]) -> Line | Withdrawal:
    """Raises ValueError with what is wrong, in words that quote nothing."""
    if None in row or None in row.values():
        raise ValueError("số cột khác với dòng tiêu đề · not as many columns as the header")
    told = {str(name): str(value).strip() for name, value in row.items()}
    level, code = told["level"], told["code"]
    if level == WITHDRAWN:
        return _withdrawal(number, told)
    if level not in DIGITS:
        raise ValueError("level phải là province, district hoặc commune · level is none of the three")
    if not re.fullmatch(f"[0-9]{{{DIGITS[level]}}}", code):
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


def _withdrawal(number: int, told: dict[str, str]) -> Withdrawal:
    if any(told[name] for name in COLUMNS if name not in ("code", "level", "from")):
        raise ValueError("withdrawn: chỉ code và from được điền · a withdrawn unit has code and from alone")
    if not _CODE.fullmatch(told["code"]):
        raise ValueError("mã phải có 2, 3 hoặc 5 chữ số · the code has not 2, 3 or 5 digits")
    return Withdrawal(number, (told["code"], _day(told["from"])))


def _day(text: str) -> date:
    if not _DAY.fullmatch(text):
        raise ValueError("ngày phải là yyyy-mm-dd · a day is written yyyy-mm-dd")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("không có ngày này · there is no such day") from None


def told(where: str, problems: Iterable[tuple[int, str]]) -> str:
    """What an InputError says of lines, up to 20 of them; line 0 stands for what was there before the file."""
    problems = sorted(problems)
    lines = [f"  dòng · line {number}: {what}" for number, what in problems[:_TOLD]]
    more = len(problems) - _TOLD
    return "\n".join([f"{where}: không nạp gì · nothing was loaded", *lines, *([f"  … +{more}"] if more > 0 else [])])
