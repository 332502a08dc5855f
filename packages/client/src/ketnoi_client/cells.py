"""What a cell of a list means in its column, and what probably went wrong with one that means nothing.

A spreadsheet that takes a number of a person for a number to reckon with drops the zeros that it begins with, and every
personal number that was ever issued begins with one. A cell that holds a number therefore gets them back where no other
number can be meant; a text is taken as it stands. All of it is our choice.
"""

from __future__ import annotations

import re
from typing import Final

from ketnoi_protocol.places import place_of

NUMBER, OLD_NUMBER, NAME, BIRTH, ISSUE = "SoDinhDanh", "SoCMND", "HoVaTen", "NgayThangNamSinh", "MaHoSo"
COLUMNS: Final = (NUMBER, OLD_NUMBER, NAME, BIRTH, ISSUE)

Cell = str | int
"""A cell as it was read: a text, or a whole number from a spreadsheet."""

_DIGITS: Final = {NUMBER: 12, OLD_NUMBER: 9}
_SHORTEST: Final = {NUMBER: 10, OLD_NUMBER: 8}
"""Digits left of a number that lost its zeros: places begin at 001, prefixes of old numbers at 01."""

_BIRTH = re.compile("[0-9]{4}(-[0-9]{2}-[0-9]{2})?")
_COMPACT_BIRTH = re.compile("([0-9]{4})([0-9]{2})([0-9]{2})")
_ISSUE = re.compile("[!-~](?:[ -~]{0,253}[!-~])?")
_ROUNDED = re.compile(r"[0-9]([.,][0-9]+)?E\+?[0-9]+", re.IGNORECASE)


def text_of(column: str, cell: Cell) -> str:
    """The cell as a question has it: a number with its zeros, a birth date `yyyymmdd` with its hyphens."""
    if isinstance(cell, int) and column in _DIGITS:
        return _completed(column, str(cell))
    text = str(cell)
    found = _COMPACT_BIRTH.fullmatch(text) if column == BIRTH else None
    return "-".join(found.groups()) if found else text


def _completed(column: str, digits: str) -> str:
    if not digits.isdecimal() or len(digits) < _SHORTEST[column]:
        return digits
    whole = digits.zfill(_DIGITS[column])
    return whole if column != NUMBER or place_of(whole[:3]) is not None else digits


def remark(column: str, text: str) -> str:
    """What somebody who filled in this cell should know when its line is refused for its form; empty for nothing.

    Vietnamese first. Nothing of the cell is quoted.
    """
    if column == BIRTH and text and not _BIRTH.fullmatch(text):
        return f"{BIRTH}: viết yyyy-mm-dd, yyyymmdd hoặc yyyy · is written yyyy-mm-dd, yyyymmdd or yyyy"
    if column == ISSUE and text and not _ISSUE.fullmatch(text):
        return f"{ISSUE}: chữ không dấu (ASCII), tối đa 255 ký tự · in ASCII, 255 characters at most"
    if column not in _DIGITS:
        return ""
    if _ROUNDED.fullmatch(text):
        return (
            f"{column}: bảng tính đã làm tròn số này; định dạng cột là văn bản (Text) rồi nhập lại · "
            "a spreadsheet has rounded this number: format the column as text and type it again"
        )
    found, wanted = len(text), _DIGITS[column]
    if not text.isdecimal() or found == wanted:
        return ""
    if column == OLD_NUMBER and found == _DIGITS[NUMBER]:
        return f"{column}: số 12 chữ số ghi vào cột {NUMBER} · a number of 12 digits belongs into the column {NUMBER}"
    if found > wanted:
        return f"{column}: {found} chữ số thay vì {wanted} · {found} digits instead of {wanted}"
    return (
        f"{column}: {found} chữ số thay vì {wanted}; bảng tính có thể đã bỏ số 0 ở đầu: định dạng cột là văn bản "
        f"(Text) rồi nhập lại · {found} digits instead of {wanted}; a spreadsheet may have dropped zeros at the "
        "beginning: format the column as text and type it again"
    )
