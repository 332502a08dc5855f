"""What comes of a letter: a draft, a place at C06's desk, or a polite refusal; and what is answered to whom."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from ketnoi_pages import clock
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.audit.models import Event
from ketnoi_portal.day.models import Waiting
from ketnoi_portal.files.models import Blob
from ketnoi_portal.mailroom import actions as desk
from ketnoi_portal.mailroom.models import (
    AUTOMATIC,
    FORM,
    LETTER,
    OPENED,
    REFUSED,
    SCAN,
    WAITING,
    Mail,
    MailDraft,
)
from ketnoi_portal.mailroom.submission import Submission
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.roles import Role
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.settings import Mailroom
from ketnoi_protocol.services import System
from ketnoi_runtime.clock import AdjustableClock

from .forms import a_form
from .letters import PDF, POPULATION, SENDER, arrives, filled, letter, use, with_form
from .offices import at_agency, at_desk, found

pytestmark = pytest.mark.django_db
CONTACT = "hop-thu-chinh-thuc@thai-nguyen.example"


@pytest.fixture(autouse=True)
def _offices() -> None:
    found()
    Organisation.objects.filter(pk="H55").update(email=CONTACT)


def told() -> dict[str, str]:
    """The letters in the outbox by address."""
    return {each.address: f"{each.subject}\n{each.body}" for each in Letter.objects.all()}


def test_a_filled_form_becomes_a_draft_that_is_nobodys() -> None:
    raw = with_form().as_bytes()
    mail = arrives(raw)
    draft = MailDraft.objects.get()
    application = draft.application
    assert (mail.kind, mail.state, draft.mail) == (FORM, OPENED, mail)
    assert (application.organisation_id, application.stage, application.claimed) == ("H55", Stage.DRAFT, False)
    assert application.registration.information_system == "Cổng dịch vụ công"
    assert application.began_by == "mailroom"
    assert mail.original is not None
    assert mail.original.content == raw
    assert [each.name for each in mail.enclosures.all()] == ["phieu.docx"]
    assert set(Event.objects.values_list("act", "person")) >= {("begin", "mailroom"), ("register_mail", "mailroom")}
    assert Waiting.objects.get(application=application).step == "claim"


def test_answers_go_to_the_sender_and_to_the_registered_contact_and_carry_no_data() -> None:
    arrives(with_form(filled(information_system="Hệ thống Bí Mật", **{"servers.VDXP.test.server": "KHAC/GOV/H38/SS"})))
    letters = told()
    assert set(letters) == {SENDER, CONTACT}
    for text in letters.values():
        assert Application.objects.get().number in text
        assert reverse_of(Application.objects.get()) in text
        assert "[31a] Mã định danh máy chủ bảo mật" in text
        assert "Dùng mã do VDXP-TEST cấp" in text
        for data in ("Bí Mật", "KHAC", "H38", "Nguyễn Kỹ Thuật", "nhan@thai-nguyen.example", "Đăng ký kết nối\n"):
            assert data not in text, data
    # Who wrote the form has proved nothing: what it names as its address gets nothing.
    assert not Letter.objects.filter(address="nhan@thai-nguyen.example").exists()


def reverse_of(application: Application) -> str:
    return f"/ho-so/{application.pk}/"


def test_json_bare_or_with_whose_it_is_becomes_a_draft_too() -> None:
    bare = msgspec.json.encode(a_form())
    assert arrives(letter(("dk.json", bare, "application/json"), number="1")).state == OPENED
    named = msgspec.json.encode(Submission(organisation="H55.02", system=System.IDENTITY, form=a_form()))
    assert arrives(letter(("dk.json", named, "application/octet-stream"), number="2")).state == OPENED
    drafts = {(each.organisation_id, each.system) for each in Application.objects.all()}
    assert drafts == {("H55", System.POPULATION), ("H55.02", System.IDENTITY)}


def test_a_scan_and_a_free_letter_wait_for_c06() -> None:
    scan = arrives(letter(("Công văn đã ký.pdf", PDF_WHOLE, "application/pdf"), number="1"))
    free = arrives(letter(text="Sở Tư pháp muốn kết nối, xin hướng dẫn.", number="2"))
    assert [(each.kind, each.state) for each in (scan, free)] == [(SCAN, WAITING), (LETTER, WAITING)]
    assert [each.name for each in scan.enclosures.all()] == ["Công văn đã ký.pdf"]
    assert free.original is not None
    assert "organisation_unknown" in free.problems
    assert not Application.objects.exists()
    assert set(told()) == {SENDER}


def test_c06_names_the_organisation_and_completes_the_form_until_it_is_claimed() -> None:
    mail = arrives(letter(("cv.pdf", PDF_WHOLE, "application/pdf")))
    c06, rep = at_desk("c06", Role.HANDLER), at_agency("H55")
    with pytest.raises(StepRefused, match="not_your_role"):
        desk.assign(rep, mail, Organisation.objects.get(pk="H55"))
    application = desk.assign(c06, mail, Organisation.objects.get(pk="H55")).application
    assert CONTACT in told()
    with pytest.raises(StepRefused, match="mail_settled"):
        desk.assign(c06, mail, Organisation.objects.get(pk="H38"))
    application = actions.save_form(c06, application, a_form())
    for act in ("submit", "withdraw_commitment"):
        with pytest.raises(StepRefused):
            actions.take(rep, application, act)
    with pytest.raises(StepRefused, match="not_claimed"):
        actions.save_form(rep, application, a_form())
    actions.take(rep, application, "claim")
    with pytest.raises(StepRefused, match="not_your_organisation"):
        actions.save_form(c06, application, a_form())
    application = actions.take(rep, application, "submit")
    assert application.stage == Stage.SUBMITTED
    assert MailDraft.objects.get().claimed_by == rep.person


def test_only_a_representative_of_that_organisation_claims_and_nothing_goes_on_before() -> None:
    arrives(with_form())
    application = Application.objects.get()
    for stranger in (at_agency("H38"), at_agency("H55", Role.CLERK), at_desk("c06", Role.HANDLER), at_agency("H55.02")):
        with pytest.raises(StepRefused):
            actions.take(stranger, application, "claim")
    with pytest.raises(StepRefused, match="missing:claimed"):
        actions.take(at_agency("H55", name="rep2"), application, "submit")


def test_what_its_organisation_gives_up_or_c06_discards_lies_on_the_mail_desk_again() -> None:
    rep, c06 = at_agency("H55"), at_desk("c06", Role.HANDLER)
    for number, (actor, act) in enumerate(((rep, "withdraw"), (c06, "discard"))):
        mail = arrives(with_form(number=str(number)))
        draft = mail.draft()
        assert draft is not None
        actions.take(actor, draft.application, act, given=Given(reason="Không phải của chúng tôi"))
        mail.refresh_from_db()
        assert mail.state == WAITING
    again = desk.assign(c06, mail, Organisation.objects.get(pk="H38")).application
    assert (again.organisation_id, Application.objects.count()) == ("H38", 3)
    assert desk.dismiss(c06, Mail.objects.exclude(pk=mail.pk).get()).state == REFUSED


def test_the_same_letter_is_registered_once_and_another_one_with_its_id_is_another() -> None:
    raw = with_form().as_bytes()
    first = arrives(raw)
    assert arrives(b"Received: from elsewhere\r\n" + raw) == first
    assert arrives(with_form(filled(duties="Khác"))) != first
    assert Application.objects.count() == 2
    assert Letter.objects.filter(address=SENDER).count() == 2


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (letter(text=" \n"), "mail_empty"),
        (letter(("anh.exe", b"MZ\x90\0" * 50, "application/pdf"), text=""), "mail_empty"),
        (letter(X_Spam_Flag="YES"), "mail_junk"),
        (letter(text="-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----"), "mail_private_key"),
    ],
    ids=["empty", "program", "spam", "key"],
)
def test_junk_is_refused_counted_and_not_kept(message: object, code: str) -> None:
    mail = arrives(message)  # type: ignore[arg-type]
    assert (mail.state, mail.refusal, mail.original) == (REFUSED, code, None)
    assert all(reason.mend.vi for reason in mail.reasons)
    assert not Blob.objects.exists()
    # What a filter has marked is not answered at all: its sender is nobody, or somebody else.
    assert len(told()) == (0 if code == "mail_junk" else 1)


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"List_Id": "<tin.example>"},
        {"Return_Path": "<>"},
        {"sender": "MAILER-DAEMON@thai-nguyen.example"},
        {"sender": "no-reply@thai-nguyen.example"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_machines_are_counted_and_never_answered(headers: dict[str, str]) -> None:
    mail = arrives(letter(**headers))
    assert mail.state == AUTOMATIC
    assert told() == {}


def test_a_form_that_a_machine_sent_is_registered_and_its_organisation_alone_is_told() -> None:
    assert arrives(with_form(Auto_Submitted="auto-generated")).state == OPENED
    assert set(told()) == {CONTACT}


@pytest.mark.parametrize(
    "sender",
    [
        "ketnoidancu@gmail.com",
        "Ket.Noi.DinhDanh+a@googlemail.com",
        POPULATION,
        "ketnoi@localhost",
        "không phải địa chỉ",
        "",
    ],
)
def test_some_are_never_written_to(sender: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from .letters import BOX

    use(monkeypatch, mailboxes=(BOX,))
    raw = letter(text="Chúng tôi muốn kết nối.").as_bytes().replace(SENDER.encode(), sender.encode(), 1)
    mail = arrives(raw)
    assert mail.state == WAITING
    assert told() == {}


def test_what_a_letter_smuggles_into_its_header_does_not_come_back_out() -> None:
    raw = letter(text="Chúng tôi muốn kết nối.").as_bytes()
    raw = raw.replace(SENDER.encode(), b'"x\r\n Bcc: b@c.vn" <a@y.example>', 1)
    raw = raw.replace(b"Subject: ", b"Subject: =?utf-8?q?a=0D=0ABcc:_b@c.vn=0D=0A=0D=0Ahello?= ", 1)
    mail = arrives(raw)
    assert "\n" not in mail.subject + mail.sender_name
    assert set(told()) == {"a@y.example"}
    assert "Bcc" not in told()["a@y.example"]


def test_an_address_gets_only_so_many_answers_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, mailroom=Mailroom(most_answers_to_one=3, most_answers_a_day=5))
    for number in range(6):
        arrives(letter(number=str(number)))
    assert Letter.objects.filter(address=SENDER).count() == 3
    for number in range(6):
        arrives(letter(number=f"n{number}", sender=f"a{number}@thai-nguyen.example"))
    assert Letter.objects.count() == 5
    before = clock.use(AdjustableClock(timedelta(days=2)))
    try:
        arrives(letter(number="later"))
    finally:
        clock.use(before)
    assert Letter.objects.filter(address=SENDER).count() == 4


def test_an_organisation_is_not_flooded_with_drafts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ketnoi_portal.mailroom.registering.MOST_UNCLAIMED", 2)
    states = [arrives(with_form(number=str(number))).state for number in range(3)]
    assert states == [OPENED, OPENED, WAITING]
    assert "drafts_too_many" in Mail.objects.latest("pk").problems


@pytest.mark.parametrize(("code", "problem"), [("H99", "organisation_unknown"), ("???", "organisation_unknown")])
def test_a_code_that_nobody_has_waits_for_c06(code: str, problem: str) -> None:
    mail = arrives(with_form(filled(organisation=code)))
    assert (mail.state, problem in mail.problems, mail.claimed_code) == (WAITING, True, code)
    assert mail.registration.duties == "Giải quyết thủ tục hành chính"


def test_a_closed_organisation_gets_no_draft() -> None:
    Organisation.objects.filter(pk="H55").update(closed_on=clock.today())
    assert arrives(with_form()).problems == ["organisation_closed"]


def test_c06_gets_no_draft_for_itself_and_its_letter_waits() -> None:
    Organisation.objects.create(code="G01.C06", name="Cục C06", level="ministry")
    mail = arrives(with_form(filled(organisation="G01.C06")))
    assert (mail.state, mail.problems) == (WAITING, ["organisation_keeper"])
    assert not Application.objects.exists()


def test_a_personal_number_in_a_letter_is_not_shown() -> None:
    mail = arrives(letter(text="Công dân 901.099.012345 xin tra cứu.\nGọi 0208 123."))
    assert "012345" not in mail.text
    assert "Công dân •••" in mail.text
    assert "Gọi 0208 123" in mail.text


# A PDF that has nothing inside, made as a scanner would: one empty page.
PDF_WHOLE = (
    b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n"
    b"3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>\nendobj\nxref\n0 4\n0000000000 65535 f \n"
    b"0000000009 00000 n \n0000000054 00000 n \n0000000105 00000 n \ntrailer\n<</Size 4/Root 1 0 R>>\nstartxref\n173\n"
    b"%%EOF\n"
)


def test_a_pdf_with_a_program_inside_is_not_kept_beside_the_letter() -> None:
    evil = PDF_WHOLE.replace(b"/Catalog", b"/Catalog/OpenAction<</S/JavaScript/JS(x)>>")
    mail = arrives(letter(("cv.pdf", evil, "application/pdf"), ("cv.pdf.exe", PDF, "application/pdf")))
    assert (mail.state, mail.kind) == (WAITING, LETTER)
    assert "upload_dangerous_name" in mail.problems
    assert any(code.startswith("pdf_") for code in mail.problems)
    assert not mail.enclosures.exists()
