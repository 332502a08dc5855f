"""Questions of a batch: the rows of a CSV file or a spreadsheet, one person each, under the official field names.

    SoDinhDanh,HoVaTen,NgayThangNamSinh,MaHoSo
    990089000123,Nguyễn Văn An,1989-04-17,HS-2026-0001

`SoDinhDanh` or `SoCMND`, `HoVaTen` and (but for service 1) `NgayThangNamSinh` are the question's; `MaHoSo`, which goes
into X-Road-Issue, may be left out. The order of columns is free; a column that is not known is refused, since somebody
meant something by it. All of it is our choice: no official form of a list was found. What a cell means stands in cells.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from ketnoi_client.agency import Person
from ketnoi_client.cells import BIRTH, COLUMNS, ISSUE, NAME, NUMBER, OLD_NUMBER, Cell, remark, text_of
from ketnoi_client.problems import UnusableInput

LARGEST = 64 * 1024 * 1024
"""Octets of a file, and of what a spreadsheet unpacks to, at most [our choice]."""

MOST = 1_000_000
"""Questions in one batch, at most [our choice]: what a spreadsheet holds."""


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """One question. `number` is its line in the file, counted from 2, as spreadsheets show it.

    `remarks` say what is probably wrong with it, should it be refused for its form. `completed` tells that a number got
    the zeros back that a spreadsheet had dropped.
    """

    number: int
    person: Person
    issue: str | None
    remarks: tuple[str, ...] = ()
    completed: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Questions:
    """All questions of one file; `digest` (SHA-256, hexadecimal) is that of the file."""

    rows: tuple[Row, ...]
    digest: str


def read(file: Path) -> Questions:
    """Read a list: a workbook by its ending `.xlsx`, anything else as CSV in UTF-8 (comma, semicolon or tab).

    Empty lines are passed over. Raises UnusableInput, which names the line and quotes nothing of it.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UnusableInput(f"{file}: không đọc được · cannot be read: {error.strerror}") from error
    if len(data) > LARGEST:
        raise UnusableInput(f"{file}: lớn hơn 64 MB · is larger than 64 MB")
    lines = _workbook(file, data) if file.suffix.lower() == ".xlsx" else _text(file, data)
    header = next(lines, None)
    if header is None:
        raise UnusableInput(f"{file}: không có dòng nào · holds no line")
    columns = _columns(file, [str(cell) for cell in header[1]])
    rows = tuple(_row(file, number, columns, cells) for number, cells in lines if _is_filled(cells))
    if not rows:
        raise UnusableInput(f"{file}: chỉ có dòng tiêu đề · holds nothing but its header")
    if len(rows) > MOST:
        raise UnusableInput(f"{file}: quá {MOST:,} dòng · more than {MOST:,} lines")
    return Questions(rows, hashlib.sha256(data).hexdigest())


def _columns(file: Path, header: list[str]) -> list[str]:
    known = {name.lower(): name for name in COLUMNS}
    columns = [known.get(cell.lower(), "") for cell in header]
    while columns and not header[len(columns) - 1]:
        columns.pop()
    wanted = ", ".join(COLUMNS)
    if "" in columns or len(set(columns)) != len(columns):
        number = columns.index("") + 1 if "" in columns else len(columns)
        raise UnusableInput(
            f"{file}: cột {number} không phải là cột đã biết, hoặc lặp lại; các cột: {wanted} · "
            f"column {number} is none of the known ones, or stands twice; they are: {wanted}"
        )
    if NAME not in columns or not {NUMBER, OLD_NUMBER}.intersection(columns):
        raise UnusableInput(
            f"{file}: cần cột {NAME} và {NUMBER} hoặc {OLD_NUMBER} · needs {NAME} and {NUMBER} or {OLD_NUMBER}"
        )
    return columns


def _is_filled(cells: list[Cell]) -> bool:
    return any(cell != "" for cell in cells)


def _row(file: Path, number: int, columns: list[str], cells: list[Cell]) -> Row:
    if _is_filled(cells[len(columns) :]):
        raise UnusableInput(f"{file}: dòng {number} dài hơn tiêu đề · line {number} is longer than the header")
    read = dict(zip(columns, cells, strict=False))
    said = {column: text_of(column, cell) for column, cell in read.items()}
    person = Person(said.get(NUMBER) or None, said.get(OLD_NUMBER) or None, said.get(NAME, ""), said.get(BIRTH) or None)
    remarks = tuple(filter(None, (remark(column, text) for column, text in said.items())))
    completed = any(said.get(column, "") != str(read.get(column, "")) for column in (NUMBER, OLD_NUMBER))
    return Row(number, person, said.get(ISSUE) or None, remarks, completed)


def _text(file: Path, data: bytes) -> Iterator[tuple[int, list[Cell]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnusableInput(f"{file}: không ở bảng mã UTF-8 · is not in UTF-8") from None
    if "\0" in text:
        raise UnusableInput(f"{file}: không phải CSV · is no CSV")
    header = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count), strict=True)
    try:
        for cells in reader:
            yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error:
        line = reader.line_num
        raise UnusableInput(f"{file}: dòng {line} không đọc được · line {line} cannot be read") from None


def _is_plain(part: bytes) -> bool:
    """Whether a part is XML in UTF-8 without a document type: in another encoding one would not be seen."""
    return b"<!" not in part and b"\0" not in part and part.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<"


def _workbook(file: Path, data: bytes) -> Iterator[tuple[int, list[Cell]]]:
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise UnusableInput("cần openpyxl · openpyxl is needed: pip install 'ketnoi-client[xlsx]'") from None
    unreadable = UnusableInput(f"{file}: không phải tệp .xlsx đọc được · is no workbook that can be read")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            if sum(part.file_size for part in parts.infolist()) > LARGEST:
                raise UnusableInput(f"{file}: bung ra quá lớn · unpacks to too much")
            for part in parts.infolist():
                # No more than the declared size is ever unpacked.
                if part.filename.lower().endswith((".xml", ".rels")) and not _is_plain(parts.read(part)):
                    raise unreadable
        sheet = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False).worksheets[0]
        # What the file says of its own size is not believed.
        sheet.reset_dimensions()
        lines = sheet.iter_rows(max_row=MOST + 2, max_col=len(COLUMNS) + 1, values_only=True)
        yield from ((number, [_cell(each) for each in cells]) for number, cells in enumerate(lines, 1))
    except UnusableInput:
        raise
    except Exception:
        # Whatever a broken workbook makes the reader raise; its text may quote a cell.
        raise unreadable from None


def _cell(value: object) -> Cell:
    if isinstance(value, datetime | date):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return "" if value is None else str(value).strip()
