"""The papers' pages: who sees and does what, what they say, and that nothing is done by reading."""

from __future__ import annotations

import zipfile
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from ketnoi_portal.onboarding.models import Paper
from ketnoi_portal.papers import actions
from ketnoi_portal.process.roles import Role
from ketnoi_protocol.services import System

from .browsing import as_person
from .dossiers import Dossier, a_dossier
from .offices import at_agency, at_desk
from .test_papers_acts import handed_in, rehearsal, signed
from .test_papers_uploads import png

__all__ = ["rehearsal"]
pytestmark = pytest.mark.django_db

POSTS = (
    "upload",
    "sign",
    "accept",
    "accept_scan",
    "reject",
    "withdraw",
    "list_account",
    "unlist_account",
    "export",
)


def page(dossier: Dossier, name: str = "dossier", *more: object, unit: str = "") -> str:
    found = reverse(f"papers:{name}", args=[dossier.application.pk, *more])
    return f"{found}?unit={unit}" if unit else found


def post(client: Client, dossier: Dossier, name: str, **fields: Any) -> Any:
    return client.post(page(dossier, name), {"revision": dossier.again().revision, **fields})


def test_the_agency_makes_signs_outside_and_hands_in(rehearsal: bytes) -> None:
    dossier = a_dossier()
    client = as_person(dossier.representative)
    text = client.get(page(dossier)).content.decode()
    assert "(3) Cam kết của tổ chức" in text
    assert "(4) Cam kết của cá nhân: Nguyễn Thị Thủy" in text
    made = client.get(page(dossier, "made", unit="3"))
    assert made["Content-Type"] == "application/pdf"
    assert made["Content-Disposition"].startswith("attachment;")
    file = SimpleUploadedFile("../ký.pdf", signed(dossier, "3", rehearsal).data, "text/html")
    done = post(client, dossier, "upload", unit="3", file=file)
    assert done.status_code == 302
    text = client.get(done["Location"]).content.decode()
    assert "Chữ ký hợp lệ, của Trần Thị Hường (UBND)" in text
    assert "Đã nộp, chờ kiểm tra" in text
    kept = Paper.objects.get()
    assert kept.file_name == "ký.pdf"
    back = client.get(page(dossier, "file", kept.pk))
    assert back.content == signed_bytes(kept)
    assert back["Content-Type"] == "application/pdf"


def signed_bytes(paper: Paper) -> bytes:
    return paper.file.content


def test_a_refused_upload_says_why_and_how_to_mend_it(rehearsal: bytes) -> None:
    dossier = a_dossier()
    client = as_person(dossier.representative)
    refused = post(client, dossier, "upload", unit="1", file=SimpleUploadedFile("a.pdf", b"MZ exe"))
    assert refused.status_code == 422
    text = refused.content.decode()
    assert "Chỉ nhận tệp PDF, PNG hoặc JPEG" in text
    assert "Lưu giấy tờ thành PDF rồi tải lên" in text
    assert "Chưa chọn tệp" in post(client, dossier, "upload", unit="1").content.decode()
    wrong = SimpleUploadedFile("a.pdf", signed(dossier, "3", rehearsal).data)
    assert (
        "không phải giấy tờ 1 của hồ sơ này" in post(client, dossier, "upload", unit="1", file=wrong).content.decode()
    )
    assert not Paper.objects.exists()


def test_the_desk_accepts_rejects_and_takes_a_scan_on_its_word(rehearsal: bytes) -> None:
    dossier = a_dossier()
    for unit in ("1", "2", "4/TK1"):
        actions.sign_here(dossier.representative, dossier.again(), unit)
    agency = as_person(dossier.representative)
    post(agency, dossier, "upload", unit="3", file=SimpleUploadedFile("s.png", png()))
    from ketnoi_portal.onboarding.actions import take

    take(dossier.representative, dossier.again(), "hand_in_to_pc06")
    desk = as_person(dossier.pc06)
    text = desk.get(page(dossier, unit="3")).content.decode()
    assert "Bản quét, không có chữ ký số" in text
    assert "Chấp nhận bản quét" in text
    assert reverse("papers:accept", args=[dossier.application.pk]) + '"' not in text
    assert "Người ký khác" not in desk.get(page(dossier, unit="4/TK1")).content.decode()
    assert post(desk, dossier, "accept_scan", unit="3", reason="").status_code == 422
    assert post(desk, dossier, "accept_scan", unit="3", reason="đã xem bản giấy").status_code == 302
    assert post(desk, dossier, "accept", unit="1").status_code == 302
    assert post(desk, dossier, "reject", unit="2", reason="thiếu người").status_code == 302
    states = dict(dossier.again().case().papers)
    assert {key[0]: str(state) for key, state in states.items()} == {1: "accepted", 3: "accepted", 4: "filed"}
    text = agency.get(page(dossier)).content.decode()
    assert "Trả lại vì: thiếu người" in text
    assert "bản quét" in text
    stale = desk.post(page(dossier, "accept"), {"unit": "4/TK1", "revision": 1})
    assert stale.status_code == 422
    assert "Người khác vừa xử lý hồ sơ này" in stale.content.decode()


def test_identity_says_why_it_has_no_further_papers(rehearsal: bytes) -> None:
    dossier = a_dossier(System.IDENTITY)
    text = as_person(dossier.representative).get(page(dossier)).content.decode()
    assert "điều khoản sử dụng tài khoản đó" in text
    assert "(1) Đăng ký sử dụng dịch vụ" in text
    assert "(3) Cam kết của tổ chức" not in text
    assert as_person(dossier.representative).get(page(dossier, "made", unit="3")).status_code == 404


def test_accounts_are_added_with_every_mistake_shown() -> None:
    dossier = a_dossier()
    client = as_person(dossier.representative)
    wrong = post(client, dossier, "list_account", full_name="A", position="B", email="x", unit="H38", services="no")
    assert wrong.status_code == 422
    assert wrong.content.decode().count('class="mistake"') == 3
    fields = {"full_name": "Lê Văn Ái", "position": "CV", "email": "ai@example.vn", "services": "look_up_citizen"}
    assert post(client, dossier, "list_account", unit="H55.02", **fields).status_code == 302
    again = post(client, dossier, "list_account", unit="H55.02", **fields)
    assert again.status_code == 422
    assert "Thư điện tử này đã có trong danh sách" in again.content.decode()
    assert post(client, dossier, "unlist_account", account="TK2").status_code == 302
    assert dossier.again().case().listed == {"TK1"}


def test_drafts_are_for_those_who_decide() -> None:
    dossier = a_dossier()
    a05 = as_person(at_desk("a05", Role.ASSESSOR, name="second-a05"))
    shown = a05.get(reverse("onboarding:application", args=[dossier.application.pk])).content.decode()
    assert page(dossier, "draft", "xac-nhan") in shown
    assert page(dossier, "draft", "phieu-trinh") not in shown
    assert a05.get(page(dossier, "draft", "xac-nhan")).content.startswith(b"%PDF-")
    assert a05.get(page(dossier, "draft", "phieu-trinh")).status_code == 404
    assert as_person(dossier.c06).get(page(dossier, "draft", "phieu-trinh")).content.startswith(b"%PDF-")
    agency = as_person(dossier.representative)
    assert agency.get(page(dossier, "draft", "phieu-khao-sat")).content.startswith(b"%PDF-")
    assert agency.get(page(dossier, "draft", "phieu-trinh")).status_code == 404


def test_whoever_may_not_see_it_finds_nothing(rehearsal: bytes) -> None:
    dossier = a_dossier()
    handed_in(dossier, rehearsal)
    paper = Paper.objects.first()
    assert paper is not None
    strangers = {
        "another agency": at_agency("H38"),
        "another area's PC06": at_desk("pc06-h38", Role.HANDLER),
        "an assessor": at_desk("a06", Role.ASSESSOR, name="second-a06"),
        "an operator": at_desk("vdxp", Role.OPERATOR, name="second-vdxp"),
        "an officer of the agency": at_agency("H55", Role.OFFICER),
    }
    for who, actor in strangers.items():
        client = as_person(actor)
        for address in (
            page(dossier),
            page(dossier, unit="1"),
            page(dossier, "made", unit="1"),
            page(dossier, "file", paper.pk),
        ):
            assert client.get(address).status_code == 404, (who, address)
        for name in POSTS:
            assert post(client, dossier, name, unit="1", reason="x").status_code == 404, (who, name)
    assert Client().get(page(dossier)).status_code == 302
    other = a_file_of_another(dossier)
    assert as_person(dossier.representative).get(page(dossier, "file", other)).status_code == 404


def a_file_of_another(dossier: Dossier) -> int:
    """A number of a paper that this application does not have."""
    return int(Paper.objects.latest("pk").pk) + 1


def test_reading_changes_nothing_and_forms_are_protected(rehearsal: bytes) -> None:
    dossier = a_dossier()
    client = as_person(dossier.representative)
    before = dossier.again().revision
    for name in POSTS:
        assert client.get(page(dossier, name)).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    assert strict.post(page(dossier, "sign"), {"unit": "1"}).status_code == 403
    assert dossier.again().revision == before


def test_the_pages_have_no_inline_code_and_english_too(rehearsal: bytes) -> None:
    dossier = a_dossier()
    actions.sign_here(dossier.representative, dossier.again(), "1")
    client = as_person(dossier.representative)
    for address in (page(dossier), page(dossier, unit="1"), page(dossier, unit="2")):
        text = client.get(address).content.decode()
        assert " style=" not in text
        assert " onclick=" not in text
        assert "\n<script>" not in text
    client.cookies["django_language"] = "en"
    text = client.get(page(dossier, unit="1")).content.decode()
    assert "Valid signature of Trần Thị Hường" in text
    assert "Hand in the signed paper" in text


def test_the_export_is_an_act_and_a_zip(rehearsal: bytes) -> None:
    dossier = a_dossier()
    handed_in(dossier, rehearsal)
    answer = post(as_person(dossier.pc06), dossier, "export")
    assert answer["Content-Type"] == "application/zip"
    with zipfile.ZipFile(BytesIO(answer.content)) as packed:
        assert "manifest.json" in packed.namelist()


def test_the_applications_page_has_the_papers(rehearsal: bytes) -> None:
    dossier = a_dossier()
    actions.sign_here(dossier.representative, dossier.again(), "1")
    text = as_person(dossier.representative).get(reverse("onboarding:application", args=[dossier.application.pk]))
    assert text.status_code == 200
    assert "Chữ ký hợp lệ, của Trần Thị Hường" in text.content.decode()


def test_a_request_that_never_ends_fills_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from ketnoi_portal.files import receiving

    monkeypatch.setattr(receiving, "MOST", 100_000)
    dossier = a_dossier()
    client = as_person(dossier.representative)
    huge = SimpleUploadedFile("a.pdf", b"%PDF-1.7\n" + b"\0" * 300_000)
    refused = post(client, dossier, "upload", unit="1", file=huge)
    assert refused.status_code in (404, 422)
    assert not Paper.objects.exists()
