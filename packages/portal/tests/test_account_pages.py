"""The pages of accounts in a browser's place: a commune officer over three desks, uploads, who sees what."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from ketnoi_portal.accounts import list_actions
from ketnoi_portal.accounts.actions import request, take
from ketnoi_portal.accounts.models import Account, UnitCommitment
from ketnoi_portal.accounts.writing import AccountGiven
from ketnoi_portal.process.account_case import AccountState
from ketnoi_portal.process.roles import Role

from .account_helpers import ask, comes_in, commune_with_commitment, ready_to_hand_over
from .applications import an_application
from .browsing import as_person
from .offices import at_agency, at_desk, found

pytestmark = pytest.mark.django_db

COMMUNE = "H55.30.12"
PAGES = ["list", "new", "spreadsheet", "not_for_identity", "commitments", "review"]
DESK_PAGES = ["queue", "lists", "watch", "commitments", "begin_review"]


def pdf(name: str, application_form: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, application_form, "application/pdf")


def said(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined]


def post(client: Client, page: str, *args: object, follow: bool = True, **data: object) -> str:
    answer = client.post(reverse(f"accounts:{page}", args=args), data, follow=follow)
    assert answer.status_code == 200, (page, answer.status_code)
    return said(answer)


def test_a_commune_officer_over_three_desks() -> None:
    found()
    an_application("H55")
    rep_actor = at_agency(COMMUNE)
    rep = as_person(rep_actor)
    team, pc06, c06 = (as_person(at_desk(slug, Role.HANDLER)) for slug in ("doi-h55-30", "pc06-h55", "c06"))

    # The unit's own commitment: the form is made, signed on paper, scanned, and accepted by a named officer.
    form = rep.get(reverse("accounts:unit_form", args=[COMMUNE]))
    assert form.content.startswith(b"%PDF-")
    told = post(rep, "file_unit_commitment", COMMUNE, file=pdf("cam kết.pdf", form.content))
    assert "chưa được ký số" in told
    assert "không có chữ ký số hợp lệ" in post(team, "unit_step", COMMUNE, "accept_unit_commitment")
    why = {"scan": "on", "reason": "Đã xem bản giấy"}
    assert "Đã tiếp nhận" in post(team, "unit_step", COMMUNE, "accept_unit_commitment", **why)
    assert UnitCommitment.objects.get().scan

    # The request and the personal commitment.
    asked = {"unit": COMMUNE, "full_name": "Trần Thị Cúc", "position": "Tư pháp, hộ tịch", "email": "cuc@example.vn"}
    told = post(rep, "new", **asked, services=["look_up_citizen"])
    account = Account.objects.get()
    assert "Chưa có bản cam kết" in told
    own = rep.get(reverse("accounts:personal_form", args=[account.pk]))
    assert "Đã nộp bản cam kết" in post(rep, "file_commitment", account.pk, file=pdf("cuc.pdf", own.content))
    assert "Đã gửi 1 đề nghị" in post(rep, "hand_over", account=[account.pk])

    # Three desks.
    assert "Trần Thị Cúc" in said(team.get(reverse("accounts:queue")))
    assert "Trần Thị Cúc" not in said(pc06.get(reverse("accounts:queue")))
    assert "chữ ký số hợp lệ" in post(team, "act", account=[account.pk], act="accept_commitment")
    post(team, "step", account.pk, "accept_commitment", **why)
    for desk, act in ((team, "forward"), (pc06, "forward"), (c06, "create")):
        assert "Trần Thị Cúc" in said(desk.get(reverse("accounts:queue")))
        post(desk, "act", account=[account.pk], act=act)
        assert "Trần Thị Cúc" not in said(desk.get(reverse("accounts:queue")))
    account.refresh_from_db()
    assert (account.state, account.code) == (AccountState.CREATED, f"{COMMUNE}.CB.0001")
    assert "DS-" in said(pc06.get(reverse("accounts:lists")))
    number = pc06.get(reverse("accounts:lists")).context["page"].object_list[0].number
    assert "Trần Thị Cúc" in said(pc06.get(reverse("accounts:one_list", args=[number])))
    assert account.code in said(team.get(reverse("accounts:watch")))

    # The officer.
    officer = as_person(comes_in(account))
    assert "Kích hoạt" in said(officer.get(reverse("accounts:own")))
    assert "Đang hoạt động" in post(officer, "step", account.pk, "activate")
    account.refresh_from_db()
    assert account.state == AccountState.ACTIVE


def test_strangers_see_nothing() -> None:
    found()
    an_application("H55")
    rep, *_ = commune_with_commitment()
    account = ready_to_hand_over(rep, COMMUNE, "an")
    list_actions.hand_over(rep, [account])
    strangers = [
        as_person(at_agency("H38")),
        as_person(at_agency("G15")),
        as_person(at_agency(COMMUNE, Role.OFFICER)),
        as_person(at_desk("pc06-h38", Role.HANDLER)),
        as_person(at_desk("a05", Role.ASSESSOR)),
        as_person(at_desk("vdxp", Role.OPERATOR)),
    ]
    for client in strangers:
        for page in ("one", "change", "personal_form", "personal_file"):
            assert client.get(reverse(f"accounts:{page}", args=[account.pk])).status_code == 404, page
        for page in ("commitment", "unit_form", "unit_file"):
            assert client.get(reverse(f"accounts:{page}", args=[COMMUNE])).status_code == 404, page
        for page in ("step", "unit_step"):
            key = account.pk if page == "step" else COMMUNE
            for name in ("close", "withdraw_unit_commitment"):
                address = reverse(f"accounts:{page}", args=[key, name])
                assert client.post(address, {"reason": "x"}).status_code == 404
        client.post(reverse("accounts:act"), {"account": [account.pk], "act": "accept_commitment"})
        client.post(reverse("accounts:hand_over"), {"account": [account.pk]})
    account.refresh_from_db()
    assert account.state == AccountState.WITH_DESK
    assert account.commitments.get().state == "filed"
    assert Client().get(reverse("accounts:one", args=[account.pk])).status_code == 302
    assert strangers[0].get(reverse("accounts:one", args=[uuid4()])).status_code == 404


def test_the_agencys_pages_are_not_the_desks_and_the_reverse() -> None:
    found()
    rep, desk = as_person(at_agency(COMMUNE)), as_person(at_desk("pc06-h55", Role.HANDLER))
    for page in PAGES:
        assert rep.get(reverse(f"accounts:{page}")).status_code == 200, page
    for page in DESK_PAGES:
        assert desk.get(reverse(f"accounts:{page}")).status_code == 200, page
    for page in set(PAGES) - set(DESK_PAGES):
        assert desk.get(reverse(f"accounts:{page}")).status_code == 404, page
    for page in set(DESK_PAGES) - set(PAGES):
        assert rep.get(reverse(f"accounts:{page}")).status_code == 404, page


def test_every_page_has_one_heading_and_no_inline_code() -> None:
    found()
    an_application("H55")
    rep_actor, team_actor, *_ = commune_with_commitment()
    account = ready_to_hand_over(rep_actor, COMMUNE, "an")
    list_actions.hand_over(rep_actor, [account])
    rep, team = as_person(rep_actor), as_person(team_actor)
    addresses = [(rep, reverse(f"accounts:{page}")) for page in PAGES]
    addresses += [(team, reverse(f"accounts:{page}")) for page in DESK_PAGES]
    addresses += [(each, reverse("accounts:one", args=[account.pk])) for each in (rep, team)]
    addresses += [(each, reverse("accounts:commitment", args=[COMMUNE])) for each in (rep, team)]
    for client, address in addresses:
        for language in ("vi", "en"):
            client.cookies["django_language"] = language
            text = said(client.get(address))
            assert text.count("<h1") == 1, address
            for inline in (" style=", "<style", "onclick", "javascript:"):
                assert inline not in text, address


def test_a_wrong_file_is_told_and_nothing_is_kept() -> None:
    found()
    rep_actor = at_agency(COMMUNE)
    account = request(rep_actor, ask(COMMUNE, "an"))
    rep = as_person(rep_actor)
    for name, data in (("a.pdf", b"MZ\x90"), ("cam-ket.exe.pdf", b"%PDF-1.7\n%%EOF"), ("../../x.pdf", b"")):
        answer = rep.post(reverse("accounts:file_commitment", args=[account.pk]), {"file": pdf(name, data)})
        assert answer.status_code == 422, name
        assert 'class="mistake"' in said(answer)
    assert account.commitments.count() == 0


def test_a_request_form_tells_every_mistake() -> None:
    found()
    rep = as_person(at_agency(COMMUNE))
    told = post(rep, "new", unit="H38", full_name="9" * 12, position="", email="nobody")
    assert told.count('class="mistake"') >= 5
    assert "không thuộc cơ quan của bạn" in told
    assert "Không ghi số định danh" in told
    assert Account.objects.count() == 0


def test_the_identity_system_is_explained() -> None:
    found()
    told = said(as_person(at_agency("G15")).get(reverse("accounts:not_for_identity")))
    assert "tài khoản sử dụng dịch vụ là tài khoản định danh điện tử" in told


def test_the_page_that_is_too_old_changes_nothing() -> None:
    found()
    rep_actor = at_agency(COMMUNE)
    account = request(rep_actor, ask(COMMUNE, "an"))
    rep = as_person(rep_actor)
    told = post(rep, "step", account.pk, "close", reason="x", version=account.version + 1)
    assert "Người khác vừa thay đổi" in told
    account.refresh_from_db()
    assert account.state == AccountState.DRAFT


def test_the_yearly_review_is_answered_on_a_page() -> None:
    found()
    an_application("H55")
    rep_actor, team_actor, pc06, c06 = commune_with_commitment()
    account = ready_to_hand_over(rep_actor, COMMUNE, "an")
    list_actions.hand_over(rep_actor, [account])
    take(team_actor, account, "accept_commitment")
    for desk in (team_actor, pc06):
        list_actions.forward(desk, [account])
    take(c06, account, "create")
    team, rep = as_person(team_actor), as_person(rep_actor)
    assert "phải sau ít nhất" in post(team, "begin_review", due="2020-01-01")
    due = team.get(reverse("accounts:begin_review")).context["form"].fields["due"].initial
    assert "1 tài khoản chờ đơn vị xác nhận" in post(team, "begin_review", due=due.isoformat())
    assert "H55.30.12.CB.0001" in said(rep.get(reverse("accounts:review")))
    post(rep, "answer_review", account=[account.pk], answer="confirm")
    account.refresh_from_db()
    assert account.review_due is None


def test_the_day_names_what_waits() -> None:
    found()
    an_application("H55")
    rep, team, *_ = commune_with_commitment()
    account = ready_to_hand_over(rep, COMMUNE, "an")
    list_actions.hand_over(rep, [account])
    assert "1 tài khoản chờ xử lý" in said(as_person(team).get(reverse("day")))
    assert "bị trả lại" not in said(as_person(rep).get(reverse("day")))
    take(team, account, "return_request", given=AccountGiven(reason="sửa"))
    assert "1 đề nghị tài khoản bị trả lại" in said(as_person(rep).get(reverse("day")))
