"""Organisations are imported from tables as people make them; what cannot be taken is told line by line."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import reverse

from ketnoi_portal.agencies.actions import import_organisations, make_offices
from ketnoi_portal.agencies.models import Desk, FormerCode, Import, Organisation
from ketnoi_portal.agencies.table import UnreadableTable, read
from ketnoi_portal.audit.models import Event
from ketnoi_portal.process.charts import CHARTS
from ketnoi_portal.process.roles import SYSTEM_ACTOR, DeskKind, Role
from ketnoi_portal.process.rules import StepRefused

from .browsing import as_person
from .offices import at_agency, at_desk, found

pytestmark = pytest.mark.django_db

HEAD = "code,name,level,parent,former_codes,closed_on,successor\n"


def take(text: str) -> Import:
    return import_organisations(SYSTEM_ACTOR, "a.csv", text.encode())


def reasons(text: str) -> dict[int, str]:
    return {each.line: each.reason.en for each in read((HEAD + text).encode()).rejects}


def test_codes_of_the_old_standard_are_the_codes_that_they_are_now() -> None:
    take(
        HEAD
        + "000.00.00.G22,Văn phòng Chính phủ,,,,,\n000.00.00.H55,Thái Nguyên,,,,,\n000.00.02.H55,Sở Tư pháp,sở,,,,\n"
    )
    assert set(Organisation.objects.values_list("code", "level", "parent")) == {
        ("G22", "ministry", None),
        ("H55", "province", None),
        ("H55.02", "department", "H55"),
    }
    assert Organisation.find("000.00.02.H55") == Organisation.objects.get(pk="H55.02")


def test_former_and_closed_bodies_stay_readable() -> None:
    take(HEAD + "G06,Bộ Khoa học và Công nghệ,,,G07,,\n" + "G14,Bộ Thông tin và Truyền thông,,,,01/03/2025,G06\n")
    closed = Organisation.objects.get(pk="G14")
    assert str(closed.closed_on) == "2025-03-01"
    assert closed.successor_id == "G06"
    assert Organisation.find("G07") == Organisation.objects.get(pk="G06")
    again = take(HEAD + "G07,Bộ nào đó,,,,,\nG06,Bộ Khoa học và Công nghệ,,,G14,,\n")
    assert (again.added, again.rejected) == (0, 2)
    assert FormerCode.objects.get().code == "G07"


def test_a_second_time_changes_nothing_and_nothing_is_ever_deleted() -> None:
    text = HEAD + "G15,Bộ Tư pháp,,,,,\nH55,Thái Nguyên,,,,,\n"
    first, second = take(text), take(text)
    assert (first.added, first.changed, first.same) == (2, 0, 0)
    assert (second.added, second.changed, second.same) == (0, 0, 2)
    third = take(HEAD + "G15,Bộ Tư pháp mới,,,,,\n")
    assert (third.changed, Organisation.objects.count()) == (1, 2)
    assert Event.objects.filter(act="import_organisations").count() == 3


def test_units_may_stand_before_their_parents() -> None:
    done = take(HEAD + "H55.30.12,Phường,xã,,,,\nH55.30,Thành phố,huyện,H55,,,\nH55,Thái Nguyên,,,,,\n")
    assert (done.added, done.rejected) == (3, 0)
    assert Organisation.objects.get(pk="H55.30.12").parent_id == "H55.30"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("X1,Tên,,,,,", "no organisation code"),
        ("G22,,,,,,", "name is missing"),
        ("H55.02,Sở,,,,,", "must name its level"),
        ("H55,Tỉnh,bộ,,,,", "does not fit the code"),
        ("G22,Bộ,tỉnh,,,,", "does not fit the code"),
        ("H55.02,Sở,province,,,,", "does not fit the code"),
        ("H55.02,Sở,planet,,,,", "unknown level"),
        ("H55.02,Sở,sở,H38,,,", "no unit of H38"),
        ("G22,Bộ,,,,30/02/2025,", "A date is"),
        ("G22,Bộ,,,G22,,", "former code is the present one"),
        ("G22,Bộ,,,,,G22", "succeeds itself"),
        ("G22,Bộ,,", "4 cells, 7 needed"),
        (f"G22,{'x' * 301},,,,,", "more than 300"),
    ],
)
def test_a_line_that_is_wrong_is_rejected_with_its_reason(line: str, said: str) -> None:
    told = reasons(line + "\n")
    assert list(told) == [2]
    assert said in told[2]


def test_the_same_code_twice_names_the_line_before() -> None:
    assert reasons("G22,A,,,,,\n\nG15,B,,,,,\n000.00.00.G22,C,,,,,\n") == {5: "The code stands in line 2 already"}


def test_what_only_the_database_knows_is_rejected_too() -> None:
    done = take(HEAD + "H55.30.12,Phường,xã,H55.30,,,\nG15,Bộ Tư pháp,,,,,G99\n")
    assert done.rejects is not None
    rows = list(csv.reader(io.StringIO(done.rejects.content.decode("utf-8-sig"))))
    assert rows[1][:3] == ["2", "Chưa có cơ quan cấp trên H55.30", "There is no parent H55.30"]
    assert rows[2][0] == "3"
    assert "there is no successor G99" in rows[2][2]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_come_in_many_forms(delimiter: str, end: str, encoding: str) -> None:
    lines = [["Mã định danh", "Tên", "Cấp"], ["G15", "Bộ Tư pháp", "bộ"], ["H55", "Tỉnh Thái Nguyên", ""]]
    text = end.join(delimiter.join(line) for line in lines)
    assert [row.name for row in read(text.encode(encoding)).rows] == ["Bộ Tư pháp", "Tỉnh Thái Nguyên"]


def test_line_ends_may_be_mixed_and_cells_quoted() -> None:
    table = read('code,name\r\nG15,"Bộ Tư pháp, cơ quan\nngang Bộ"\rG22,Văn phòng\n'.encode())
    assert [(row.code, row.line) for row in table.rows] == [("G15", 2), ("G22", 4)]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        ("code,name\nG22,Van phong".encode("utf-16-le"), "NUL"),
        ("code,name\nG22,Văn phòng".encode("cp1258", "replace").replace(b"?", b"\xd2"), "not UTF-8"),
        (b"PK\x03\x04 an Excel file", "Excel"),
        (b"code,title\nG22,x", "unknown columns: title"),
        (b"name\nx", "missing columns: mã định danh"),
        (b"code,code,name\nG22,G22,x", "repeated columns"),
        (b'code,name\nG22,"x\n', "Line"),
        (b"code,name\n" + b"x" * (8 * 1024 * 1024), "larger than 8 MB"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(data: bytes, said: str) -> None:
    with pytest.raises(UnreadableTable) as unreadable:
        read(data)
    assert said in unreadable.value.text.en


def test_rejects_cannot_become_formulas() -> None:
    done = take("code,name\n=cmd|calc,x\n")
    assert done.rejects is not None
    assert "'=cmd" in done.rejects.content.decode()


def test_the_command_writes_the_rejects(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, rejects = tmp_path / "a.csv", tmp_path / "rejects.csv"
    table.write_text("code,name\nG15,Bộ Tư pháp\nX,y\n", encoding="utf-8")
    call_command("import_organisations", str(table), "--rejects", str(rejects))
    assert "new 1" in capsys.readouterr().out
    assert rejects.read_text(encoding="utf-8-sig").splitlines()[1].startswith("3,")
    for wrong in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(CommandError):
            call_command("import_organisations", str(wrong), "--rejects", str(rejects))


def test_c06_s_server_officer_imports_by_the_page_and_nobody_else() -> None:
    found()
    publisher = at_desk("c06", Role.PUBLISHER)
    file = "code,name\nG03,Bộ Giáo dục\nX,y\n".encode()
    for other in (at_desk("c06", Role.HANDLER), at_agency("H55"), at_desk("pc06-h55", Role.HANDLER)):
        browser = as_person(other)
        answer = browser.post(reverse("agencies:import"), {"file": SimpleUploadedFile("a.csv", file)})
        assert answer.status_code == 404
        with pytest.raises(StepRefused):
            import_organisations(other, "a.csv", file)
    assert not Organisation.objects.filter(pk="G03").exists()
    browser = as_person(publisher)
    page = browser.post(reverse("agencies:import"), {"file": SimpleUploadedFile("a.csv", file)}, follow=True)
    assert "Tải các dòng không nhận" in page.content.decode()
    rejects = browser.get(reverse("agencies:rejects", args=[Import.objects.get().pk]))
    assert rejects.content.decode("utf-8-sig").splitlines()[1].startswith("3,")
    bad = browser.post(reverse("agencies:import"), {"file": SimpleUploadedFile("a.csv", b"\xff\xff")})
    assert "không phải UTF-8" in bad.content.decode()


def test_everybody_sees_their_own_part_of_the_country() -> None:
    found()
    seen = {
        at_desk("c06", Role.HANDLER): {"G15": 200, "H55": 200, "H38": 200},
        at_desk("pc06-h55", Role.HANDLER): {"G15": 404, "H55": 200, "H55.30.12": 200, "H38": 404},
        at_agency("H55.30"): {"H55": 404, "H55.30": 200, "H55.30.12": 200, "H38": 404},
    }
    for actor, codes in seen.items():
        browser = as_person(actor)
        text = browser.get(reverse("agencies:list")).content.decode()
        for code, status in codes.items():
            assert browser.get(reverse("agencies:page", args=[code])).status_code == status, (actor.desk, code)
            assert (f"<code>{code}</code>" in text) is (status == 200), (actor.desk, code)


def test_a_former_code_leads_to_the_present_page() -> None:
    found()
    FormerCode.objects.create(code="H99", organisation_id="H55")
    answer = as_person(at_desk("c06", Role.HANDLER)).get(reverse("agencies:page", args=["H99"]))
    assert answer.headers["Location"] == reverse("agencies:page", args=["H55"])


@pytest.mark.parametrize("chart", CHARTS.values(), ids=str)
def test_the_offices_of_a_chart_are_made_once(chart: object) -> None:
    take(
        HEAD
        + "H55,Thái Nguyên,,,,,\nH38,Lào Cai,,,,,\nH30,Hậu Giang,,,,01/07/2025,\n"
        + "H55.30,TP,huyện,,,,\nH55.31,Xã,xã,,,,\n"
    )
    made = make_offices(SYSTEM_ACTOR, chart)  # type: ignore[arg-type]
    kinds = [DeskKind(desk.kind) for desk in made]
    assert kinds.count(DeskKind.PC06) == 2
    old = chart is CHARTS["chart_2022"]
    assert kinds.count(DeskKind.DISTRICT_POLICE) == (1 if old else 0)
    assert kinds.count(DeskKind.COMMUNE_POLICE) == (0 if old else 1)
    for kind in (
        DeskKind.C06,
        DeskKind.A05,
        DeskKind.A06,
        DeskKind.LEADERSHIP,
        DeskKind.VDXP_OPERATOR,
        DeskKind.NDXP_OPERATOR,
    ):
        assert kinds.count(kind) == 1
    assert kinds.count(DeskKind.NDOP_OPERATOR) == (0 if old else 1)
    assert make_offices(SYSTEM_ACTOR, chart) == []  # type: ignore[arg-type]
    ndxp = Desk.objects.get(kind=DeskKind.NDXP_OPERATOR)
    assert ndxp.organisation == ("G14" if old else "G06")
    assert "G30" not in ndxp.title


def test_desks_are_opened_changed_and_closed_by_c06_s_server_officer() -> None:
    found()
    publisher, handler = at_desk("c06", Role.PUBLISHER), at_desk("c06", Role.HANDLER)
    given = {
        "kind": "pc06",
        "title": "PC06 mới",
        "slug": "pc06-moi",
        "organisation": "G01.PC06",
        "area": "000.00.00.H30",
    }
    for address in (reverse("agencies:desks"), reverse("agencies:new_desk"), reverse("agencies:desk", args=["c06"])):
        assert as_person(handler).get(address).status_code == 404
    assert as_person(handler).post(reverse("agencies:new_desk"), given).status_code == 404
    browser = as_person(publisher)
    browser.post(reverse("agencies:new_desk"), given)
    assert Desk.objects.get(pk="pc06-moi").area == "H30"
    assert "Đã có bộ phận" in browser.post(reverse("agencies:new_desk"), given).content.decode()
    wrong = browser.post(reverse("agencies:new_desk"), given | {"slug": "khac", "area": "nowhere"})
    assert "Không phải mã định danh" in wrong.content.decode()
    browser.post(reverse("agencies:desk", args=["pc06-moi"]), {"title": "PC06 Hậu Giang", "email": "a@example.vn"})
    assert Desk.objects.get(pk="pc06-moi").title == "PC06 Hậu Giang"
    assert "Mời người đầu tiên" in browser.get(reverse("agencies:desks")).content.decode()
    browser.post(reverse("agencies:close_desk", args=["pc06-moi"]))
    assert Desk.objects.get(pk="pc06-moi").closed_on is not None
    still = browser.post(reverse("agencies:close_desk", args=["c06"]), follow=True)
    assert "còn người làm việc" in still.content.decode()
    assert [event.act for event in Event.objects.filter(kind="desk")] == ["open_desk", "change_desk", "close_desk"]
