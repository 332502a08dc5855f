"""Cells of a list: numbers that a spreadsheet took for numbers, dates in their kinds, and reasons that help."""

from __future__ import annotations

import io
import json
from datetime import date, datetime

import pytest
from openpyxl import Workbook
from stand_in import StandIn

COLUMNS = ["SoDinhDanh", "SoCMND", "HoVaTen", "NgayThangNamSinh", "MaHoSo"]
AN = "Nguyễn Văn An"

# With a place, since only such a number loses zeros, and a birth in the 24th century, so that they are nobody's.
HANOI = "001" + "889000001"
CAO_BANG = "004" + "990000001"
THAI_NGUYEN = "019" + "889000001"
OLD = "010000000"


def book(*rows: list[object], form: str = "") -> bytes:
    made = Workbook()
    sheet = made.active
    for row in (COLUMNS, *rows):
        sheet.append(row)
    if form:
        for cell in ("A2", "B2"):
            sheet[cell].number_format = form
    kept = io.BytesIO()
    made.save(kept)
    return kept.getvalue()


def asked(server: StandIn) -> list[tuple[str | None, str | None, str | None]]:
    told = [json.loads(each.body) for each in server.asked]
    return [(each.get("SoDinhDanh"), each.get("SoCMND"), each.get("NgayThangNamSinh")) for each in told]


@pytest.mark.parametrize("form", ["", "0" * 12])
@pytest.mark.parametrize("whole", [HANOI, CAO_BANG, THAI_NGUYEN])
def test_a_number_cell_gets_its_zeros_back(run, server: StandIn, whole: str, form: str) -> None:
    status, rows, said = run("look-up", book([int(whole), None, AN, "1989-04-17"], form=form), name="people.xlsx")
    assert (status, rows[2]["MaKetQua"]) == (0, "01")
    assert asked(server) == [(whole, None, "1989-04-17")]
    assert "in 1 lines a number cell got its leading zeros back" in said


def test_an_old_number_and_a_number_with_a_fraction_of_nothing(run, server: StandIn) -> None:
    rows = [[None, int(OLD), AN, "1989-04-17"], [float(HANOI), 900000000.0, AN, "1989-04-17"]]
    assert run("look-up", book(*rows), "--at-once", "1", name="people.xlsx")[0] == 0
    assert asked(server) == [(None, OLD, "1989-04-17"), (HANOI, "900000000", "1989-04-17")]


def test_whole_numbers_and_texts_stay_as_they_are(run, server: StandIn) -> None:
    rows = [[990089000001, None, AN, 1989], ["990089000002", OLD, AN, "1989"]]
    _, _, said = run("look-up", book(*rows), "--at-once", "1", name="people.xlsx")
    assert asked(server) == [("990089000001", None, "1989"), ("990089000002", OLD, "1989")]
    assert "zeros" not in said


NOT_CLEAR = {
    "a text": [HANOI[2:], None],
    "too few digits": [int(HANOI[3:]), None],
    "no place begins so": [3889000001, None],
    "no place begins so either": [99889000001, None],
    "an old number of seven": [None, 1000000],
    "an old number as a text": [None, OLD[1:]],
}
MEANT_OTHERWISE = {
    "nothing": [0, None],
    "less than nothing": [-1889000001, None],
    "a fraction": [1889000001.5, None],
    "yes": [True, None],
}


@pytest.mark.parametrize("cells", [*NOT_CLEAR.values(), *MEANT_OTHERWISE.values()], ids=[*NOT_CLEAR, *MEANT_OTHERWISE])
def test_what_is_not_clear_is_not_asked(run, server: StandIn, cells: list[object]) -> None:
    status, rows, _ = run("look-up", book([*cells, AN, "1989-04-17"]), name="people.xlsx")
    assert (status, server.asked) == (3, [])
    assert rows[2]["MaKetQua"] == "10"
    if cells in NOT_CLEAR.values():
        assert "a spreadsheet may have dropped zeros at the beginning: format the column as text" in rows[2]["LyDo"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f"{HANOI[2:]},,{AN},1989-04-17", "10 digits instead of 12; a spreadsheet may have dropped zeros"),
        (f",{OLD[1:]},{AN},1989-04-17", "8 digits instead of 9; a spreadsheet may have dropped zeros"),
        (f"9.90089E+11,,{AN},1989-04-17", "SoDinhDanh: bảng tính đã làm tròn"),
        (f",{HANOI},{AN},1989-04-17", "a number of 12 digits belongs into the column SoDinhDanh"),
        (f"9900890000011,,{AN},1989-04-17", "13 digits instead of 12"),
        (f"990089000001,,{AN},17/04/1989", "NgayThangNamSinh: viết yyyy-mm-dd"),
        (f"990089000001,,{AN},1989-04", "NgayThangNamSinh: viết yyyy-mm-dd"),
        (f"990089000001,,{AN},1989-04-17,Hồ sơ 12", "MaHoSo: chữ không dấu (ASCII)"),
        (f"990089000001,,{AN},1989-04-17,{'x' * 256}", "MaHoSo: chữ không dấu (ASCII)"),
    ],
)
def test_a_line_of_a_text_file_is_told_what_is_wrong(run, server: StandIn, line: str, told: str) -> None:
    status, rows, _ = run("look-up", f"{','.join(COLUMNS)}\r\n{line}\r\n")
    assert (status, server.asked) == (3, [])
    assert told in rows[2]["LyDo"]
    assert not any(cell in rows[2]["LyDo"] for cell in line.split(",") if cell)


@pytest.mark.parametrize(
    ("cell", "sent"),
    [
        (datetime(1989, 4, 17), "1989-04-17"),
        (datetime(1989, 4, 17, 23, 59, 59), "1989-04-17"),
        (date(1989, 4, 17), "1989-04-17"),
        ("1989-04-17", "1989-04-17"),
        ("19890417", "1989-04-17"),
        (19890417, "1989-04-17"),
        (1989, "1989"),
        (1989.0, "1989"),
    ],
)
def test_birth_dates_of_every_kind(run, server: StandIn, cell: object, sent: str) -> None:
    assert run("look-up", book([int(HANOI), None, AN, cell]), name="people.xlsx")[0] == 0
    assert asked(server) == [(HANOI, None, sent)]
