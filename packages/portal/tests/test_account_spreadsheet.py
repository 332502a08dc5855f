"""Requests from a spreadsheet: good lines are taken, every mistake of the others is told; nothing breaks the reader."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import Workbook, load_workbook

from ketnoi_portal.accounts.lines import judge, services_of
from ketnoi_portal.accounts.models import Account
from ketnoi_portal.accounts.spreadsheet import (
    COLUMNS,
    MOST_LINES,
    SAMPLE,
    SpreadsheetRefused,
    read,
    template_csv,
    template_xlsx,
)
from ketnoi_protocol.services import Service

from .applications import an_application
from .browsing import as_person
from .offices import at_agency, found

HEADER = [column.vi for column in COLUMNS]
COMMUNE = "H55.30.12"
NUMBER = "9" * 12


def workbook(*rows: list[object]) -> bytes:
    book = Workbook()
    for row in (HEADER, *rows):
        book.active.append(row)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def good(number: int) -> list[object]:
    return [f"Cán bộ {number}", "Chuyên viên", f"cb{number}@example.vn", COMMUNE, "3"]


def repacked(data: bytes, name: str, content: bytes) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        new.writestr(name, content)
    return kept.getvalue()


def upload(client: Client, data: bytes, name: str = "ds.xlsx") -> str:
    answer = client.post(reverse("accounts:spreadsheet"), {"file": SimpleUploadedFile(name, data)})
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.django_db
def test_a_tenth_of_the_lines_is_bad_and_the_rest_is_taken() -> None:
    found()
    an_application("H55")
    rows = [good(number) for number in range(100)]
    bad: dict[int, list[object]] = {
        5: ["", "Chuyên viên", "a5@example.vn", COMMUNE, "3"],
        14: ["Cán bộ", "Chuyên viên", "no address", COMMUNE, "3"],
        23: ["Cán bộ", "Chuyên viên", "a23@example.vn", "H38", "3"],
        32: ["Cán bộ", "Chuyên viên", "a32@example.vn", "H99.1", "3"],
        41: ["Cán bộ", "Chuyên viên", "a41@example.vn", COMMUNE, "1, 3"],
        50: ["Cán bộ", "Chuyên viên", "a50@example.vn", COMMUNE, "7"],
        59: ["Cán bộ", f"số {NUMBER}", "a59@example.vn", COMMUNE, "3"],
        68: ["@SUM(1)", "Chuyên viên", "a68@example.vn", COMMUNE, "3"],
        77: good(1),
        86: ["", "", "", "?", ""],
    }
    for place, row in bad.items():
        rows[place] = row
    told = upload(as_person(at_agency(COMMUNE)), workbook(*rows))
    assert Account.objects.count() == 90
    assert told.count('<th scope="row">') == 10
    for expected in (
        "Không phải địa chỉ thư điện tử",
        "không thuộc cơ quan của bạn",
        "Không có đơn vị mang mã này",
        "chưa được duyệt dịch vụ 1",
        "Không có dịch vụ 7",
        "giống số định danh cá nhân",
        "bắt đầu như công thức",
        "Trùng với một dòng ở trên",
    ):
        assert expected in told, expected
    # Every mistake of the last line, not the first one alone.
    last = told.rpartition('<th scope="row">')[2].partition("</tbody>")[0]
    assert last.count("<li>") == 5
    assert not Account.objects.filter(position__contains="999").exists()


@pytest.mark.django_db
def test_the_same_file_again_asks_for_nobody_twice() -> None:
    found()
    an_application("H55")
    client = as_person(at_agency(COMMUNE))
    data = workbook(*(good(number) for number in range(3)))
    upload(client, data)
    assert upload(client, data).count("đã có tài khoản hoặc đề nghị") == 3
    assert Account.objects.count() == 3


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow_with_the_lines(django_assert_max_num_queries: object) -> None:
    found()
    an_application("H55")
    actor = at_agency(COMMUNE)
    lines = read(workbook(*(good(number) for number in range(400))))
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        judged = judge(actor, lines)
    assert all(line.asked is not None for line in judged)


def test_the_templates_are_read_as_they_are() -> None:
    for data in (template_xlsx(), template_csv()):
        assert read(data) == [(2, SAMPLE)]
    assert load_workbook(io.BytesIO(template_xlsx())).active["A1"].value == "Họ và tên"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_as_different_programs_write_it(delimiter: str) -> None:
    row = ["Trần Thị Cúc", "CV", "cuc@example.vn", COMMUNE, "3"]
    text = "\r\n".join(delimiter.join(each) for each in (HEADER, row, [""] * 5, row))
    assert [number for number, _ in read(text.encode("utf-8-sig"))] == [2, 4]


def lying_about_its_size() -> bytes:
    data = repacked(workbook(good(1)), "xl/media/a.xml", b"\0" * 1000)
    return data.replace((1000).to_bytes(4, "little"), (10).to_bytes(4, "little"))


BROKEN = {
    "too_large": b"x" * (1024 * 1024 + 1),
    "empty": workbook(),
    "too_many_lines": workbook(*(good(number) for number in range(MOST_LINES + 1))),
    "other_columns": "Họ tên,Số định danh\nA,1".encode(),
    "not_utf_8": "Họ và tên".encode("utf-16"),
    "macros": repacked(workbook(good(1)), "xl/vbaProject.bin", b"x"),
}
BOMBS = {
    "zeros": repacked(workbook(good(1)), "xl/media/zeros.png", b"\0" * (17 * 1024 * 1024)),
    "many parts": b"",
    "entities": repacked(
        workbook(good(1)),
        "xl/sharedStrings.xml",
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><sst>&c;</sst>',
    ),
    "entities in UTF-16": repacked(
        workbook(good(1)), "xl/sharedStrings.xml", '<?xml version="1.0"?><!DOCTYPE a>'.encode("utf-16")
    ),
}
UNREADABLE = {
    "no workbook": repacked(b"PK\x05\x06" + b"\0" * 18, "a.txt", b"x"),
    "cut off": workbook(good(1))[:2000],
    "lies about its size": lying_about_its_size(),
    "an open quote": ",".join(HEADER).encode() + b'\n"A,B,C,D,E\n',
    "zero bytes": ",".join(HEADER).encode() + b"\n\0,,,,\n",
}


@pytest.mark.parametrize("code", BROKEN)
def test_what_is_wrong_with_the_whole_file_is_told(code: str) -> None:
    with pytest.raises(SpreadsheetRefused, match=f"^{code}$"):
        read(BROKEN[code])


@pytest.mark.parametrize("kind", BOMBS)
def test_bombs_are_refused_before_they_are_unpacked(kind: str) -> None:
    data = BOMBS[kind]
    if kind == "many parts":
        kept = io.BytesIO()
        with zipfile.ZipFile(kept, "w") as parts:
            for number in range(200):
                parts.writestr(f"{number}.xml", b"")
        data = kept.getvalue()
    with pytest.raises(SpreadsheetRefused, match="too_large_inside"):
        read(data)


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_cannot_be_read_is_refused(kind: str) -> None:
    with pytest.raises(SpreadsheetRefused, match="unreadable"):
        read(UNREADABLE[kind])


def test_a_line_far_below_is_too_many() -> None:
    book = Workbook()
    book.active.append(HEADER)
    for column, value in enumerate(good(1), 1):
        book.active.cell(row=1_000_000, column=column, value=value)
    kept = io.BytesIO()
    book.save(kept)
    with pytest.raises(SpreadsheetRefused, match="empty|too_many_lines"):
        read(kept.getvalue())


@pytest.mark.parametrize(
    ("text", "services", "unknown"),
    [
        ("1, 3", [Service.CONFIRM_IDENTITY_NUMBER, Service.LOOK_UP_CITIZEN], []),
        ("(2); (4)", [Service.VERIFY_HOUSEHOLD, Service.VERIFY_CITIZEN], []),
        ("look_up_citizen", [Service.LOOK_UP_CITIZEN], []),
        ("0 5 x", [], ["0", "5", "x"]),
        ("", [], []),
    ],
)
def test_services_are_read_from_their_numbers(text: str, services: list[Service], unknown: list[str]) -> None:
    assert services_of(text) == (services, unknown)
