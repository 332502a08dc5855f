"""A spreadsheet of requests, as XLSX or CSV: its template, and its lines as plain text within bounds."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from typing import Final

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font

from ketnoi_pages.text import Text
from ketnoi_portal.process.rules import Reason

COLUMNS: Final = (
    Text("Họ và tên", "Full name"),
    Text("Chức vụ", "Position"),
    Text("Thư điện tử", "E-mail"),
    Text("Mã đơn vị", "Unit code"),
    Text("Dịch vụ", "Services"),
)
SAMPLE: Final = ("Nguyễn Văn Mẫu", "Chuyên viên", "mau@example.vn", "H55.30.12", "1, 3")
LARGEST: Final = 1024 * 1024
MOST_LINES: Final = 500
"""Our choices, as are the bounds of what a workbook may unpack to."""
_LARGEST_UNPACKED: Final = 16 * 1024 * 1024
_MOST_PARTS: Final = 100
_LONGEST_CELL: Final = 300


class SpreadsheetRefused(Exception):  # noqa: N818
    """The file as a whole is not taken; `reason` has code, what is wrong, and the mend."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason.code)


Lines = list[tuple[int, tuple[str, ...]]]
"""The number of a line as the spreadsheet counts, and the text of its cells."""


def read(data: bytes) -> Lines:
    """The lines beneath the header that hold anything. Raises SpreadsheetRefused for the file as a whole."""
    if len(data) > LARGEST:
        raise SpreadsheetRefused(TOO_LARGE)
    rows = _workbook(data) if data.startswith(b"PK") else _text(data)
    try:
        header = next(rows, ())
        if [_plain(each) for each in header[: len(COLUMNS)]] not in _HEADERS:
            raise SpreadsheetRefused(OTHER_COLUMNS)
        found: Lines = []
        for number, cells in enumerate(rows, 2):
            if any(cells):
                if len(found) == MOST_LINES or number > MOST_LINES * 4:
                    raise SpreadsheetRefused(TOO_MANY)
                found.append((number, (*cells, *[""] * len(COLUMNS))[: len(COLUMNS)]))
    except csv.Error:
        raise SpreadsheetRefused(UNREADABLE) from None
    if not found:
        raise SpreadsheetRefused(EMPTY)
    return found


def template_xlsx() -> bytes:
    """The template as a workbook."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Tài khoản"
    sheet.append([column.vi for column in COLUMNS])
    sheet.append(list(SAMPLE))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for letter, width in zip("ABCDE", (28, 24, 28, 18, 12), strict=True):
        sheet.column_dimensions[letter].width = width
        # As text: a list of services such as "1,3" is no number.
        for row in range(2, 52):
            sheet[f"{letter}{row}"].number_format = "@"
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def template_csv() -> bytes:
    """The template as CSV, with the mark by which Excel knows UTF-8."""
    kept = io.StringIO()
    writer = csv.writer(kept)
    writer.writerow([column.vi for column in COLUMNS])
    writer.writerow(SAMPLE)
    return kept.getvalue().encode("utf-8-sig")


def _workbook(data: bytes) -> Iterator[tuple[str, ...]]:
    try:
        _check_parts(data)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        # What the file says of its own size is not believed.
        sheet.reset_dimensions()
        rows = [
            tuple(_cell(each) for each in row)
            for row in sheet.iter_rows(max_row=MOST_LINES * 4 + 2, max_col=len(COLUMNS), values_only=True)
        ]
    except SpreadsheetRefused:
        raise
    except Exception:
        # Whatever a broken workbook makes the reader raise.
        raise SpreadsheetRefused(UNREADABLE) from None
    return iter(rows)


def _check_parts(data: bytes) -> None:
    """A workbook of a bounded size, without macros, secrets or entities of its own."""
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        listed = parts.infolist()
        if len(listed) > _MOST_PARTS or sum(part.file_size for part in listed) > _LARGEST_UNPACKED:
            raise SpreadsheetRefused(BOMB)
        for part in listed:
            if part.flag_bits & 1 or part.filename.lower().endswith((".bin", ".exe", ".dll")):
                raise SpreadsheetRefused(MACROS)
            # No more than the declared size is ever unpacked.
            content = parts.read(part)
            if part.filename.lower().endswith((".xml", ".rels")) and (
                b"<!DOCTYPE" in content or b"<!ENTITY" in content or b"\0" in content
            ):
                raise SpreadsheetRefused(BOMB)


def _text(data: bytes) -> Iterator[tuple[str, ...]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SpreadsheetRefused(NOT_UTF_8) from None
    if "\0" in text:
        raise SpreadsheetRefused(UNREADABLE)
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    rows = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    return (tuple(_cell(each) for each in row) for row in rows)


def _cell(value: object) -> str:
    if value is None:
        return ""
    # One service alone is read as the number 1.0 by some programs.
    told = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return " ".join(told.split())[:_LONGEST_CELL]


def _plain(header: str) -> str:
    return header.strip().rstrip(":*").strip().casefold()


_HEADERS = [[column.vi.casefold() for column in COLUMNS], [column.en.casefold() for column in COLUMNS]]

TOO_LARGE = Reason(
    "too_large",
    Text("Tệp lớn hơn 1 MB", "The file is larger than 1 MB"),
    Text("Chỉ giữ bảng danh sách, bỏ ảnh và định dạng", "Keep the list alone, without pictures"),
)
BOMB = Reason(
    "too_large_inside",
    Text("Tệp bung ra quá lớn hoặc có cấu trúc không an toàn", "The file unpacks to too much, or is unsafe"),
    Text("Chép danh sách vào tệp mẫu tải từ trang này", "Copy the list into the template of this page"),
)
MACROS = Reason(
    "macros",
    Text("Tệp có macro, mật khẩu hoặc đối tượng nhúng", "The file has macros, a password or embedded objects"),
    Text("Lưu dạng .xlsx không macro, không mật khẩu", "Save it as .xlsx without macros or a password"),
)
UNREADABLE = Reason(
    "unreadable",
    Text("Không đọc được tệp", "The file cannot be read"),
    Text("Dùng tệp mẫu, lưu dạng .xlsx hoặc .csv (UTF-8)", "Use the template; save as .xlsx or .csv (UTF-8)"),
)
NOT_UTF_8 = Reason(
    "not_utf_8",
    Text("Tệp CSV không ở bảng mã UTF-8, hoặc không phải bảng tính", "The CSV is not in UTF-8, or no spreadsheet"),
    Text("Lưu lại dạng “CSV UTF-8” hoặc .xlsx", "Save it as “CSV UTF-8”, or as .xlsx"),
)
OTHER_COLUMNS = Reason(
    "other_columns",
    Text("Dòng đầu không đúng các cột của mẫu", "The first line does not have the template's columns"),
    Text(
        f"Giữ nguyên dòng đầu: {', '.join(column.vi for column in COLUMNS)}",
        f"Keep the first line: {', '.join(column.en for column in COLUMNS)}",
    ),
)
TOO_MANY = Reason(
    "too_many_lines",
    Text(f"Nhiều hơn {MOST_LINES} dòng", f"More than {MOST_LINES} lines"),
    Text("Chia thành nhiều tệp", "Split it into several files"),
)
EMPTY = Reason(
    "empty",
    Text("Tệp không có dòng nào dưới dòng tiêu đề", "There is no line beneath the header"),
    Text("Điền mỗi cán bộ một dòng", "Give each officer a line"),
)
