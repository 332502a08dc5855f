"""How people come in: invitations that work once, and an agency's first representative by a signed letter."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse

from ketnoi_pages import clock
from ketnoi_portal.agencies.models import Desk, Organisation
from ketnoi_portal.audit.checking import first_broken
from ketnoi_portal.audit.models import Event
from ketnoi_portal.files.models import Blob
from ketnoi_portal.files.uploads import Upload
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.process.roles import Role
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.staff import inviting, places
from ketnoi_portal.staff.inviting import AskedFor, Invited
from ketnoi_portal.staff.models import Admission, Assignment, Invitation, Person, hats_of

from .browsing import as_person
from .offices import at_agency, at_desk, found
from .pages import PDF
from .test_papers_uploads import action, png, with_catalog

pytestmark = pytest.mark.django_db

PASSWORD = "một mật khẩu thật dài 91"
NEW = {"full_name": "Nguyễn Thị Mới", "password": PASSWORD, "again": PASSWORD}
LETTER = PDF


@pytest.fixture(autouse=True)
def _offices() -> None:
    cache.clear()
    found()


def link_in_letter(address: str) -> str:
    letter = Letter.objects.filter(address=address).latest("pk")
    link = re.search(r"http://testserver(/\S+)", letter.body)
    assert link is not None
    return link[1]


def test_somebody_new_sets_a_password_and_then_a_second_factor(client: Client) -> None:
    rep = at_agency("H55")
    inviting.invite(rep, Organisation.objects.get(pk="H55"), Invited("moi@example.vn", "Mới", Role.CLERK))
    link = link_in_letter("moi@example.vn")
    assert "Cán bộ đầu mối" in client.get(link).content.decode()
    weak = client.post(link, {**NEW, "password": "12345678", "again": "12345679"})
    assert weak.status_code == 200
    assert "không giống nhau" in weak.content.decode()
    answer = client.post(link, NEW)
    assert answer.headers["Location"] == reverse("mfa_index")
    person = Person.objects.get(email="moi@example.vn")
    assert person.check_password(PASSWORD)
    assert set(hats_of(person)) == {"agency:H55"}
    assert client.get(reverse("staff:people")).headers["Location"] == reverse("mfa_index")
    assert Client().post(link, NEW).status_code == 410
    assert first_broken() is None


def test_a_link_is_kept_as_a_hash_and_ends_after_a_week(client: Client) -> None:
    rep = at_agency("H55")
    secret = inviting.invite(rep, Organisation.objects.get(pk="H55"), Invited("moi@example.vn", "Mới", Role.CLERK))
    invitation = Invitation.objects.get()
    assert secret not in str(vars(invitation))
    assert secret not in "".join(str(event.after) for event in Event.objects.all())
    invitation.expires_at = clock.now() - timedelta(seconds=1)
    invitation.save()
    address = reverse("staff:invitation", args=[secret])
    assert client.get(address).status_code == 410
    assert client.post(address, NEW).status_code == 410
    assert client.get(reverse("staff:invitation", args=["x" * 43])).status_code == 404
    assert not Person.objects.filter(email="moi@example.vn").exists()


def test_a_withdrawn_invitation_is_over(client: Client) -> None:
    rep = at_agency("H55")
    secret = inviting.invite(rep, Organisation.objects.get(pk="H55"), Invited("moi@example.vn", "Mới", Role.CLERK))
    stranger = at_agency("H38")
    with pytest.raises(StepRefused, match="not_yours_to_manage"):
        inviting.withdraw_invitation(stranger, Invitation.objects.get())
    inviting.withdraw_invitation(rep, Invitation.objects.get())
    assert client.post(reverse("staff:invitation", args=[secret]), NEW).status_code == 410


def test_somebody_known_accepts_as_themselves_and_nobody_else_can(client: Client) -> None:
    rep, other = at_agency("H55"), at_agency("H38")
    department = Organisation.objects.get(pk="H55.02")
    head = at_agency("H55.02")
    known = Person.objects.get(pk=rep.person)
    secret = inviting.invite(head, department, Invited(known.email.upper(), "x", Role.OFFICER))
    address = reverse("staff:invitation", args=[secret])
    assert "Đăng nhập rồi bạn được đưa trở lại đây" in client.get(address).content.decode()
    client.post(address, NEW)
    assert not Person.objects.get(pk=known.pk).check_password(PASSWORD)
    thief = as_person(other)
    assert "một tài khoản khác" in thief.post(address, NEW).content.decode()
    assert "agency:H55.02" not in hats_of(known)
    as_person(rep).post(address)
    assert set(hats_of(known)) == {"agency:H55", "agency:H55.02"}


@pytest.mark.parametrize("role", [Role.CLERK, Role.OFFICER])
def test_only_a_representative_invites(role: Role) -> None:
    actor, organisation = at_agency("H55", role), Organisation.objects.get(pk="H55")
    with pytest.raises(StepRefused, match="not_yours_to_give"):
        inviting.invite(actor, organisation, Invited("moi@example.vn", "Mới", Role.CLERK))
    browser = as_person(actor)
    assert browser.get(reverse("staff:invite")).status_code == 404
    assert browser.post(reverse("staff:invite"), {"email": "a@example.vn"}).status_code == 404


def test_nobody_invites_into_another_place_or_a_role_that_is_not_there() -> None:
    rep = at_agency("H55")
    for where in (
        Organisation.objects.get(pk="H38"),
        Organisation.objects.get(pk="H55.02"),
        Desk.objects.get(pk="c06"),
    ):
        for role in Role:
            with pytest.raises(StepRefused, match="not_yours_to_give"):
                inviting.invite(rep, where, Invited("moi@example.vn", "Mới", role))
    for role in (Role.HANDLER, Role.PUBLISHER, Role.SYSTEM):
        with pytest.raises(StepRefused, match="not_yours_to_give"):
            inviting.invite(rep, Organisation.objects.get(pk="H55"), Invited("moi@example.vn", "Mới", role))


def test_a_handler_does_not_make_server_officers() -> None:
    handler, publisher = at_desk("c06", Role.HANDLER), at_desk("c06", Role.PUBLISHER)
    desk = Desk.objects.get(pk="c06")
    with pytest.raises(StepRefused, match="not_yours_to_give"):
        inviting.invite(handler, desk, Invited("moi@example.vn", "Mới", Role.PUBLISHER))
    inviting.invite(publisher, desk, Invited("moi@example.vn", "Mới", Role.PUBLISHER))


def test_c06_names_the_first_person_of_a_desk_and_no_second() -> None:
    publisher, desk = at_desk("c06", Role.PUBLISHER), Desk.objects.get(pk="lanh-dao")
    inviting.invite(publisher, desk, Invited("lanhdao@example.vn", "Lãnh đạo", Role.LEADER, level=1))
    at_desk("lanh-dao", Role.LEADER, level=1)
    with pytest.raises(StepRefused, match="not_yours_to_give"):
        inviting.invite(publisher, desk, Invited("them@example.vn", "Thêm", Role.LEADER, level=2))


def test_one_person_does_not_work_at_two_desks_of_a_route() -> None:
    pc06 = at_desk("pc06-h55", Role.HANDLER)
    taken = Person.objects.get(pk=at_desk("a05", Role.ASSESSOR).person)
    with pytest.raises(StepRefused, match="separate_desks"):
        inviting.invite(pc06, Desk.objects.get(pk="pc06-h55"), Invited(taken.email, "x", Role.HANDLER))
    agency = Person.objects.get(pk=at_agency("H55").person)
    with pytest.raises(StepRefused, match="separate_desks"):
        inviting.invite(pc06, Desk.objects.get(pk="pc06-h55"), Invited(agency.email, "x", Role.HANDLER))


def test_nobody_invites_themselves() -> None:
    rep = at_agency("H55")
    own = Person.objects.get(pk=rep.person).email
    with pytest.raises(StepRefused, match="yourself"):
        inviting.invite(rep, Organisation.objects.get(pk="H55"), Invited(own, "x", Role.CLERK))


def ask(client: Client, code: str = "H55.02", **changes: object) -> object:
    given = {
        "organisation": code,
        "full_name": "Trần Văn Đại",
        "position": "Giám đốc",
        "email": "daidien@example.vn",
        "letter_number": "12/CV",
        "letter_date": "2026-01-05",
        "letter": SimpleUploadedFile("cong-van.pdf", LETTER),
    }
    return client.post(reverse("staff:admission"), given | changes)


def test_the_first_representative_is_let_in_by_the_desk_of_the_route(client: Client) -> None:
    pc06, c06, elsewhere = (at_desk(slug, Role.HANDLER) for slug in ("pc06-h55", "c06", "pc06-h38"))
    sent = ask(client, "000.00.02.H55").content.decode()  # type: ignore[attr-defined]
    assert "pc06-h55" in sent
    admission = Admission.objects.get()
    page = reverse("staff:judge", args=[admission.pk])
    for other in (c06, elsewhere):
        browser = as_person(other)
        for address in (page, reverse("staff:letter", args=[admission.pk])):
            assert browser.get(address).status_code == 404
        assert browser.post(page, {"admit": "1"}).status_code == 404
        with pytest.raises(StepRefused, match="not_yours_to_manage"):
            inviting.admit(other, admission)
    browser = as_person(pc06)
    assert "Trần Văn Đại" in browser.get(reverse("staff:admissions")).content.decode()
    letter = browser.get(reverse("staff:letter", args=[admission.pk]))
    assert letter.content == LETTER
    assert letter.headers["Content-Disposition"].startswith("attachment")
    browser.post(page, {"admit": "1"})
    client.post(link_in_letter("daidien@example.vn"), NEW)
    person = Person.objects.get(email="daidien@example.vn")
    assert hats_of(person)["agency:H55.02"].roles == {Role.REPRESENTATIVE}
    browser.post(page, {"admit": "1"})
    assert Invitation.objects.count() == 1


def test_a_ministry_is_let_in_by_c06_and_a_refusal_says_why(client: Client) -> None:
    c06 = at_desk("c06", Role.HANDLER)
    ask(client, "G15")
    admission = Admission.objects.get()
    browser = as_person(c06)
    page = reverse("staff:judge", args=[admission.pk])
    assert "Trường này là bắt buộc" in browser.post(page, {"refuse": "1", "reason": " "}).content.decode()
    browser.post(page, {"refuse": "1", "reason": "Công văn chưa có chữ ký số"})
    admission.refresh_from_db()
    assert admission.admitted is False
    assert "Công văn chưa có chữ ký số" in Letter.objects.get(address="daidien@example.vn").body
    assert not Invitation.objects.exists()
    with pytest.raises(StepRefused, match="already_decided"):
        inviting.admit(c06, admission)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"letter": SimpleUploadedFile("cong-van.pdf", b"MZ\x90 not a PDF")}, "không phải tệp PDF"),
        ({"letter_date": "2999-01-01"}, "chưa đến"),
        ({"organisation": "H55.99"}, "chưa có cơ quan này"),
        ({"organisation": "<b>"}, "không phải mã định danh"),
        ({"email": "no"}, "email"),
    ],
)
def test_all_that_is_wrong_with_a_request_is_said(client: Client, changes: dict[str, object], said: str) -> None:
    text = ask(client, **changes).content.decode()  # type: ignore[attr-defined]
    assert said in text
    assert 'class="error"' in text
    assert not Admission.objects.exists()


def test_a_large_letter_is_refused_and_names_of_files_lead_nowhere(client: Client) -> None:
    large = SimpleUploadedFile("a.pdf", LETTER + b"x" * 10 * 1024 * 1024)
    assert "lớn hơn 10 MB" in ask(client, letter=large).content.decode()  # type: ignore[attr-defined]
    ask(client, letter=SimpleUploadedFile("../../etc/passwd.pdf", LETTER))
    assert "/" not in Admission.objects.get().file_name


def test_a_letter_is_examined_before_anybody_opens_it(client: Client) -> None:
    """What a stranger sends goes through the same bounded examination as every paper."""
    opens = with_catalog(OpenAction=action("Launch"))
    for name, data, said in (
        ("cong-van.pdf", opens, "tự mở hoặc gửi thứ khác"),
        ("cong-van.pdf", LETTER + b"PK\x03\x04", "dữ liệu thừa"),
        ("cong-van.pdf", b"%PDF-1.7 nothing\n%%EOF", "Không đọc được"),
        ("cong-van.pdf.exe", LETTER, "đuôi của chương trình"),
        ("cong-van.png", png(), "không phải tệp PDF"),
    ):
        text = ask(client, letter=SimpleUploadedFile(name, data)).content.decode()  # type: ignore[attr-defined]
        assert said in text, name
    assert not Admission.objects.exists()
    assert not Blob.objects.exists()


def test_a_body_without_a_desk_or_that_has_closed_is_told_so(client: Client) -> None:
    Desk.objects.filter(pk="pc06-h38").delete()
    assert "Chưa có bộ phận nào tiếp nhận" in ask(client, "H38").content.decode()  # type: ignore[attr-defined]
    Organisation.objects.filter(pk="G15").update(closed_on=date(2025, 3, 1))
    assert "đã giải thể" in ask(client, "G15").content.decode()  # type: ignore[attr-defined]
    assert not Admission.objects.exists()


def test_strangers_cannot_flood_the_desks(client: Client) -> None:
    statuses = [ask(client, "G15").status_code for _ in range(11)]  # type: ignore[attr-defined]
    assert statuses == [200] * 10 + [429]
    assert Admission.objects.count() == 10


def test_somebody_who_had_left_comes_back_as_the_same_person(client: Client) -> None:
    rep = at_agency("H55")
    gone = Person.objects.create_user("cu@example.vn", full_name="Người cũ", is_active=False)
    inviting.invite(rep, Organisation.objects.get(pk="H55"), Invited(gone.email, "Người cũ", Role.CLERK))
    client.post(link_in_letter(gone.email), NEW)
    gone.refresh_from_db()
    assert gone.is_active
    assert set(hats_of(gone)) == {"agency:H55"}


def test_the_console_invites_the_first_person_of_all(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("invite", "dau@example.vn", "Người đầu", "--role", "publisher", "--desk", "c06")
    link = capsys.readouterr().out.strip().removeprefix("http://testserver")
    client.post(link, NEW)
    assert Assignment.objects.get().role == Role.PUBLISHER
    assert places.colleagues(Desk.objects.get(pk="c06")).count() == 1
    for wrong in (["--role", "leader", "--desk", "c06"], ["--role", "clerk", "--organisation", "H99"]):
        with pytest.raises(CommandError):
            call_command("invite", "x@example.vn", "X", *wrong)


def test_asking_needs_what_the_form_asks() -> None:
    asked = AskedFor("a", "b", "c@example.vn", "", "1", date(2026, 1, 1))
    stranger = at_agency("H38")
    admission = inviting.ask_for_admission(
        stranger, Organisation.objects.get(pk="G15"), asked, Upload("a.pdf", "application/pdf", LETTER)
    )
    assert admission.letter.content == LETTER
    assert Event.objects.filter(act="ask_for_admission").count() == 1
