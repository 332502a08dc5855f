"""The connection's sections and pages: what they show, to whom, and that nobody reaches another's evidence."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from ketnoi_pages import clock
from ketnoi_portal import connection
from ketnoi_portal.connection.forms import LARGEST_CONTAINER
from ketnoi_portal.connection.models import HandedIn
from ketnoi_portal.files.models import Blob
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.models import Application, ConnectionCheck
from ketnoi_portal.onboarding.writing import Given, ProvedCall
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.roles import SYSTEM_ACTOR

from .pages import Cast, Walk

pytestmark = pytest.mark.django_db
UNIT = "look_up_citizen/answered"


@pytest.fixture
def cast() -> Cast:
    return Cast()


@pytest.fixture
def testing(cast: Cast) -> Application:
    return Walk(cast).to(Stage.TESTING)


def recorded(application: Application) -> Application:
    proved = ProvedCall("VDXP-TEST-1", "00", clock.now(), Blob.keep(b"asked", "x/y"), Blob.keep(b"answered", "x/y"))
    return actions.take(SYSTEM_ACTOR, application, "record_test_call", UNIT, Given(evidence=proved))


def test_a_check_is_asked_for_and_shown(cast: Cast, testing: Application) -> None:
    rep = cast.client("rep")
    assert "Kiểm tra kết nối" in rep.get(f"/ho-so/{testing.pk}/").content.decode()
    answer = rep.post(f"/ket-noi/{testing.pk}/kiem-tra/", {"VDXP": "VDXP-TEST-1"})
    assert answer.headers["Location"] == f"/ho-so/{testing.pk}/#connection"
    check = ConnectionCheck.objects.get()
    assert check.asked.messages == {"VDXP": "VDXP-TEST-1"}
    shown = rep.get(f"/ho-so/{testing.pk}/").content.decode()
    assert "Đang kiểm tra cả hai chiều" in shown
    items = [
        {
            "item": "reachable", "platform": "VDXP", "name_vi": "Tới máy chủ", "name_en": "Reached", "passed": False,
            "detail_vi": "không <b>mở</b>", "detail_en": "closed", "mend_vi": "Mở cổng 5500", "mend_en": "Open 5500",
        }
    ]  # fmt: skip
    ConnectionCheck.objects.update(items=items, passed=False, ended_at=clock.now())
    for who in ("rep", "clerk", "c06", "pc06", "auditor"):
        shown = cast.client(who).get(f"/ho-so/{testing.pk}/").content.decode()
        assert "Mở cổng 5500" in shown
        assert "không &lt;b&gt;mở" in shown
    english = rep.get(f"/ho-so/{testing.pk}/", headers={"Accept-Language": "en"}, follow=True)
    assert english.status_code == 200


def test_the_agency_sees_which_calls_are_missing_and_how_to_make_them(cast: Cast, testing: Application) -> None:
    shown = cast.client("rep").get(f"/ho-so/{testing.pk}/").content.decode()
    assert "còn thiếu" in shown
    assert "--procedure KHONG-CO" in shown
    assert "attachment1 not present" in shown
    assert shown.count('name="message_id"') == 2
    recorded(testing)
    shown = cast.client("rep").get(f"/ho-so/{testing.pk}/").content.decode()
    assert shown.count('name="message_id"') == 1
    assert "có bằng chứng" in shown
    assert 'name="message_id"' not in cast.client("c06").get(f"/ho-so/{testing.pk}/").content.decode()


def test_a_message_is_handed_in(cast: Cast, testing: Application) -> None:
    rep = cast.client("rep")
    answer = rep.post(f"/ket-noi/{testing.pk}/goi-thu/", {"unit": UNIT, "message_id": " VDXP-TEST-1 "})
    assert answer.headers["Location"] == f"/ho-so/{testing.pk}/#test_calls"
    assert HandedIn.objects.get().message_id == "VDXP-TEST-1"
    assert "đang xác minh" in rep.get(f"/ho-so/{testing.pk}/").content.decode()
    wrong = rep.post(f"/ket-noi/{testing.pk}/goi-thu/", {"unit": UNIT, "message_id": ""}, follow=True)
    assert "Mã thông điệp (X-Road-Id)" in wrong.content.decode()
    assert HandedIn.objects.count() == 1


def test_uploads_that_are_too_large_or_no_containers_are_refused(cast: Cast, testing: Application) -> None:
    rep, address = cast.client("rep"), f"/ket-noi/{testing.pk}/goi-thu/tep/"

    def files(request: bytes, response: bytes) -> dict[str, object]:
        return {
            "unit": UNIT,
            "request": SimpleUploadedFile("../../x-request-1.asice", request),
            "response": SimpleUploadedFile("x-response-1.asice", response),
        }

    large = rep.post(address, files(b"x" * (LARGEST_CONTAINER + 1), b"y"), follow=True)
    assert "hơn 1 MB" in large.content.decode()
    assert not HandedIn.objects.exists()
    assert rep.post(address, {"unit": UNIT}, follow=True).status_code == 200
    junk = rep.post(address, files(b"junk", b"junk"), follow=True)
    assert junk.status_code == 200
    assert HandedIn.objects.get().passed is False
    assert not Blob.objects.filter(size=4).exists()


def test_kept_evidence_is_given_to_whom_it_concerns(cast: Cast, testing: Application) -> None:
    call = recorded(testing).test_calls.get()
    address = f"/ket-noi/{testing.pk}/goi-thu/{call.pk}"
    for who in ("rep", "clerk", "c06", "pc06", "auditor"):
        answer = cast.client(who).get(f"{address}/request/")
        assert (answer.status_code, answer.content) == (200, b"asked")
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert cast.client(who).get(f"{address}/response/").content == b"answered"
    for who in ("other_rep", "unit_rep", "officer", "other_pc06", "a05", "vdxp", "ndxp", "leader_1", "district"):
        assert cast.client(who).get(f"{address}/request/").status_code == 404
    assert cast.client("rep").get(f"{address}/everything/").status_code == 404
    assert cast.client("rep").post(f"{address}/request/").status_code == 405


def test_a_call_of_another_application_is_not_found_under_ones_own(cast: Cast, testing: Application) -> None:
    call = recorded(testing).test_calls.get()
    other = Walk(cast).to(Stage.TESTING)
    address = f"/ket-noi/{other.pk}/goi-thu/{call.pk}/request/"
    assert cast.client("rep").get(address).status_code == 404


@pytest.mark.parametrize("who", ["other_rep", "unit_rep", "officer", "a05", "ndxp", "other_pc06"])
@pytest.mark.parametrize("act", ["kiem-tra/", "goi-thu/", "goi-thu/tep/"])
def test_strangers_reach_nothing(cast: Cast, testing: Application, who: str, act: str) -> None:
    assert cast.client(who).post(f"/ket-noi/{testing.pk}/{act}", {"unit": UNIT, "message_id": "x"}).status_code == 404
    assert not HandedIn.objects.exists()
    assert not ConnectionCheck.objects.exists()


@pytest.mark.parametrize("act", ["kiem-tra/", "goi-thu/", "goi-thu/tep/"])
def test_acts_are_posts_by_people_who_have_signed_in(cast: Cast, testing: Application, act: str) -> None:
    address = f"/ket-noi/{testing.pk}/{act}"
    assert cast.client("rep").get(address).status_code == 405
    assert Client().post(address).status_code == 302
    strict = cast.client("rep")
    strict.handler.enforce_csrf_checks = True
    assert strict.post(address, {"unit": UNIT, "message_id": "x"}).status_code == 403


def test_no_template_carries_style_or_script() -> None:
    for file in Path(connection.__file__).parent.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        assert " style=" not in text
        assert "<script" not in text
        assert " onclick=" not in text
