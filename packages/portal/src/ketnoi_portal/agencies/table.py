"""A table of organisations (CSV) read without the database: good lines, and lines that are rejected with a reason.

Columns may be named in English or Vietnamese, be separated by commas, semicolons or tabs, and end in any way. Codes of
QCVN 102 are read as the codes that they are now.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from ketnoi_pages.text import Text
from ketnoi_portal.process.charts import LEVEL_TITLES, Level
from ketnoi_protocol.identifiers import InvalidIdentifier, OrganisationCode

LARGEST: Final = 8 * 1024 * 1024
MOST_LINES: Final = 100_000
COLUMNS: Final = {
    "code": ("code", "mã định danh", "mã"),
    "name": ("name", "tên", "tên cơ quan"),
    "level": ("level", "cấp"),
    "parent": ("parent", "mã cấp trên", "cấp trên"),
    "address": ("address", "địa chỉ"),
    "email": ("email", "thư điện tử"),
    "opened_on": ("opened_on", "ngày thành lập"),
    "closed_on": ("closed_on", "ngày giải thể"),
    "successor": ("successor", "mã kế thừa", "kế thừa"),
    "former_codes": ("former_codes", "mã cũ"),
}
_LEVELS: Final = {
    **{level.value: level for level in Level},
    **{title.vi.casefold(): level for level, title in LEVEL_TITLES.items()},
    "bộ": Level.MINISTRY,
    "tỉnh": Level.PROVINCE,
    "sở": Level.DEPARTMENT,
    "huyện": Level.DISTRICT,
    "xã": Level.COMMUNE,
}
_LENGTHS: Final = {"name": 300, "address": 300, "email": 254}


class UnreadableTable(Exception):  # noqa: N818
    """The file as a whole cannot be read; `text` says why and what to do."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


@dataclass(frozen=True, slots=True)
class Reject:
    """A line (numbered from 1, the header being 1) that is not taken, and why."""

    line: int
    text: str
    reason: Text


@dataclass(frozen=True, slots=True)
class Row:
    """A line that can be taken. Empty cells are None: they change nothing."""

    line: int
    text: str
    code: str
    name: str
    level: Level
    parent: str | None = None
    address: str | None = None
    email: str | None = None
    opened_on: date | None = None
    closed_on: date | None = None
    successor: str | None = None
    former_codes: tuple[str, ...] = ()


@dataclass(slots=True)
class Table:
    """What a file holds."""

    rows: list[Row] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


class _Wrong(Exception):  # noqa: N818
    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.reason = Text(vi, en)


def read(data: bytes) -> Table:
    """Read a whole file. Raises UnreadableTable."""
    lines = _lines(_decoded(data))
    header = next(lines, None)
    if header is None:
        raise UnreadableTable(Text("Tệp trống.", "The file is empty."))
    names = _header(header[1])
    table, seen = Table(), dict[str, int]()
    for number, cells in lines:
        text = ";".join(cells)[:500]
        if not any(cell.strip() for cell in cells):
            continue
        if len(table.rows) + len(table.rejects) >= MOST_LINES:
            raise UnreadableTable(
                Text(f"Quá {MOST_LINES} dòng; hãy chia tệp.", f"More than {MOST_LINES} lines; divide the file.")
            )
        try:
            row = _row(number, text, names, cells)
            if row.code in seen:
                raise _Wrong(f"Mã đã có ở dòng {seen[row.code]}", f"The code stands in line {seen[row.code]} already")
        except _Wrong as wrong:
            table.rejects.append(Reject(number, text, wrong.reason))
        else:
            seen[row.code] = number
            table.rows.append(row)
    return table


def written(rejects: list[Reject]) -> bytes:
    """The rejects as a CSV file that spreadsheets open: line, reason in both languages, what stood there."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["line", "reason_vi", "reason_en", "text"])
    for each in rejects:
        writer.writerow([each.line, each.reason.vi, each.reason.en, _harmless(each.text)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _harmless(cell: str) -> str:
    """What a spreadsheet would take for a formula is text again."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t")) else cell


def _decoded(data: bytes) -> str:
    if len(data) > LARGEST:
        raise UnreadableTable(Text("Tệp lớn hơn 8 MB.", "The file is larger than 8 MB."))
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise UnreadableTable(
            Text("Đây là tệp Excel; hãy lưu thành «CSV UTF-8».", "This is an Excel file; save it as “CSV UTF-8”.")
        )
    try:
        text = data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise UnreadableTable(
            Text(
                f"Tệp không phải UTF-8 (byte thứ {wrong.start + 1}); hãy lưu thành «CSV UTF-8».",
                f"The file is not UTF-8 (byte {wrong.start + 1}); save it as “CSV UTF-8”.",
            )
        ) from wrong
    if "\0" in text:
        raise UnreadableTable(Text("Tệp có ký tự NUL, không phải CSV.", "The file holds NUL characters; it is no CSV."))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    before = 0
    try:
        for cells in reader:
            yield before + 1, cells
            before = reader.line_num
    except csv.Error as wrong:
        raise UnreadableTable(
            Text(f"Dòng {reader.line_num}: dấu ngoặc kép không khớp.", f"Line {reader.line_num}: {wrong}.")
        ) from wrong


def _header(cells: list[str]) -> list[str]:
    known = {alias: column for column, aliases in COLUMNS.items() for alias in aliases}
    given = [cell.strip().casefold() for cell in cells]
    unknown = [cell for cell in given if cell not in known]
    names = [known[cell] for cell in given if cell in known]
    missing = [COLUMNS[column][1] for column in ("code", "name") if column not in names]
    twice = {name for name in names if names.count(name) > 1}
    if not unknown and not missing and not twice:
        return names
    vi, en = [], []
    if missing:
        vi.append(f"thiếu cột: {', '.join(missing)}")
        en.append(f"missing columns: {', '.join(missing)}")
    if unknown:
        vi.append(f"cột không biết: {', '.join(unknown)}")
        en.append(f"unknown columns: {', '.join(unknown)}")
    if twice:
        vi.append(f"cột lặp: {', '.join(sorted(twice))}")
        en.append(f"repeated columns: {', '.join(sorted(twice))}")
    allowed = ", ".join(COLUMNS)
    raise UnreadableTable(
        Text(
            f"Dòng tiêu đề sai: {'; '.join(vi)}. Các cột: {allowed}.",
            f"Wrong header: {'; '.join(en)}. Columns: {allowed}.",
        )
    )


def _row(number: int, text: str, names: list[str], cells: list[str]) -> Row:
    if len(cells) != len(names):
        raise _Wrong(f"Có {len(cells)} ô, cần {len(names)}", f"{len(cells)} cells, {len(names)} needed")
    given = {name: cell.strip() for name, cell in zip(names, cells, strict=True)}
    code = _code(given["code"], "code")
    for name, longest in _LENGTHS.items():
        if len(given.get(name, "")) > longest:
            raise _Wrong(f"Ô {name} dài quá {longest} ký tự", f"{name} has more than {longest} characters")
    if not given["name"]:
        raise _Wrong("Thiếu tên cơ quan", "The name is missing")
    opened, closed = _day(given.get("opened_on", "")), _day(given.get("closed_on", ""))
    if opened and closed and closed < opened:
        raise _Wrong("Ngày giải thể trước ngày thành lập", "Closed before it was opened")
    parent = _code(given["parent"], "parent") if given.get("parent") else None
    if parent is not None and (parent == code or not OrganisationCode(parent).covers(OrganisationCode(code))):
        raise _Wrong(f"{code} không thuộc {parent} theo mã", f"by its code {code} is no unit of {parent}")
    successor = _code(given["successor"], "successor") if given.get("successor") else None
    if successor == code:
        raise _Wrong("Cơ quan kế thừa là chính nó", "It succeeds itself")
    former = tuple(
        dict.fromkeys(_code(each, "former_codes") for each in given.get("former_codes", "").replace("|", " ").split())
    )
    if code in former:
        raise _Wrong("Mã cũ trùng mã hiện tại", "A former code is the present one")
    return Row(
        line=number,
        text=text,
        code=code,
        name=given["name"],
        level=_level(given.get("level", ""), code),
        parent=parent,
        address=given.get("address") or None,
        email=_email(given.get("email", "")),
        opened_on=opened,
        closed_on=closed,
        successor=successor,
        former_codes=former,
    )


def _code(cell: str, column: str) -> str:
    try:
        return str(OrganisationCode.parse(cell.upper()))
    except InvalidIdentifier:
        raise _Wrong(
            f"Ô {column}: không phải mã định danh (dạng G22, H55.242, 000.00.00.G22)",
            f"{column}: no organisation code (such as G22, H55.242, 000.00.00.G22)",
        ) from None


def _level(cell: str, code: str) -> Level:
    if cell:
        found = _LEVELS.get(cell.casefold())
        if found is None:
            raise _Wrong(
                f"Cấp không biết: {cell[:40]} (bộ, tỉnh, sở, huyện, xã)",
                f"unknown level: {cell[:40]} ({', '.join(Level)})",
            )
    elif code.startswith("G"):
        return Level.MINISTRY
    elif "." not in code:
        return Level.PROVINCE
    else:
        raise _Wrong("Đơn vị địa phương phải ghi cấp", "A local unit must name its level")
    if found.is_local is not code.startswith("H") or ((found is Level.PROVINCE) is ("." in code) and found.is_local):
        raise _Wrong("Cấp không khớp với mã", "The level does not fit the code")
    return found


def _day(cell: str) -> date | None:
    if not cell:
        return None
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(cell, form).date()  # noqa: DTZ007
        except ValueError:
            continue
    raise _Wrong("Ngày phải có dạng 2025-07-01 hoặc 01/07/2025", "A date is 2025-07-01 or 01/07/2025")


def _email(cell: str) -> str | None:
    if not cell:
        return None
    try:
        validate_email(cell)
    except ValidationError:
        raise _Wrong("Thư điện tử sai", "This is no e-mail address") from None
    return cell.lower()
