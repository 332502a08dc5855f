"""The mail desk, an agency's drafts to claim, the letter as text, and the form for anybody: who sees what."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from ketnoi_pages import clock
from ketnoi_portal.mailroom.models import OPENED, REFUSED, WAITING, BoxHealth, Mail
from ketnoi_portal.onboarding.models import Application
from ketnoi_protocol.services import System

from .letters import PROFILE, arrives, letter, with_form
from .pages import Cast
from .test_mail_registered import PDF_WHOLE

pytestmark = pytest.mark.django_db
EVIL = "<script>alert(1)</script> Kính gửi C06, xem http://evil.example/x"


def test_each_page_is_for_its_own_people() -> None:
    cast = Cast()
    drafted = arrives(with_form(number="1"))
    waiting = arrives(letter(("cv.pdf", PDF_WHOLE, "application/pdf"), number="2"))
    desk = [reverse("mailroom:desk"), reverse("mailroom:counts"), reverse("mailroom:letter", args=[waiting.pk])]
    enclosure = waiting.enclosures.get()
    desk += [reverse("mailroom:original", args=[waiting.pk])]
    desk += [reverse("mailroom:enclosure", args=[waiting.pk, enclosure.pk])]
    own = [reverse("mailroom:letter", args=[drafted.pk]), reverse("mailroom:original", args=[drafted.pk])]
    own += [reverse("mailroom:enclosure", args=[drafted.pk, drafted.enclosures.get().pk])]
    claim = [reverse("mailroom:to_claim")]
    for name in cast.actors:
        client = cast.client(name)
        for addresses, allowed in (
            (desk, {"c06", "auditor"}),
            (own, {"c06", "auditor", "rep", "clerk"}),
            (claim, {"rep", "clerk", "other_rep", "unit_rep", "ministry_rep"}),
        ):
            for address in addresses:
                expected = 200 if name in allowed else 404
                assert client.get(address).status_code == expected, (name, address)
        for act in ("assign", "dismiss"):
            if name != "c06":
                answer = client.post(reverse(f"mailroom:{act}", args=[waiting.pk]), {"code": "H55"})
                assert answer.status_code == 404, (name, act)
    assert Client().get(desk[0]).status_code == 302
    # An enclosure is no key to another letter's.
    crossed = reverse("mailroom:enclosure", args=[drafted.pk, enclosure.pk])
    assert cast.client("rep").get(crossed).status_code == 404
    waiting.refresh_from_db()
    assert waiting.state == WAITING


def test_c06_names_the_organisation_of_a_letter_and_its_representative_claims_it() -> None:
    cast = Cast()
    mail = arrives(letter(text=EVIL))
    c06, rep, clerk = (cast.client(name) for name in ("c06", "rep", "clerk"))
    assert "1 thư chờ xác định cơ quan" in c06.get(reverse("day")).content.decode()
    page = c06.get(reverse("mailroom:letter", args=[mail.pk])).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert 'href="http://evil' not in page
    address = reverse("mailroom:assign", args=[mail.pk])
    for code, told in (("", "error"), ("H99", "Không có cơ quan nào mang mã này"), ("???", "Không có cơ quan")):
        answer = c06.post(address, {"code": code})
        assert answer.status_code == 422
        assert told in answer.content.decode()
    answer = c06.post(address, {"code": "h55"})
    application = Application.objects.get()
    assert answer.url == reverse("onboarding:application", args=[application.pk])
    assert c06.post(address, {"code": "H38"}).status_code == 409
    # C06 alone is offered the form now.
    for client, offered in ((c06, True), (rep, False)):
        shown = client.get(reverse("onboarding:application", args=[application.pk])).content.decode()
        assert ("Soạn phiếu đăng ký" in shown) is offered
    # C06 completes what it read from the letter, as long as nobody has claimed it.
    form = reverse("onboarding:form", args=[application.pk])
    assert c06.get(form).status_code == 200
    sent = {"revision": application.revision, "duties": "Giải quyết thủ tục", "security_level": "3"}
    assert c06.post(form, sent).status_code == 302
    assert rep.get(form).status_code == 302
    assert rep.post(form, sent).status_code == 302
    application.refresh_from_db()
    assert application.registration.duties == "Giải quyết thủ tục"
    claims = reverse("mailroom:to_claim")
    assert application.number in rep.get(claims).content.decode()
    assert application.number in rep.get(reverse("day")).content.decode()
    assert ">Nhận</button>" not in clerk.get(claims).content.decode()
    assert "Thư gốc" in rep.get(reverse("onboarding:application", args=[application.pk])).content.decode()
    step = reverse("onboarding:step", args=[application.pk, "claim"])
    assert clerk.post(step, {"revision": application.revision}).status_code == 403
    assert rep.post(step, {"revision": application.revision}).status_code == 302
    assert application.number not in rep.get(claims).content.decode()
    assert rep.get(form).status_code == 200
    # Once it is claimed it is the agency's alone until it is sent.
    assert c06.get(form).status_code == 404


def test_junk_is_refused_once_by_hand() -> None:
    cast = Cast()
    mail = arrives(letter(text="Bán hàng giá rẻ hôm nay."))
    c06 = cast.client("c06")
    assert c06.post(reverse("mailroom:dismiss", args=[mail.pk])).status_code == 302
    assert c06.post(reverse("mailroom:dismiss", args=[mail.pk])).status_code == 409
    mail.refresh_from_db()
    assert (mail.state, mail.refusal) == (REFUSED, "mail_dismissed")


def test_what_came_is_counted_by_day_mailbox_and_reason() -> None:
    cast = Cast()
    for number, message in enumerate((letter(text="", number="0"), letter(text="", number="1"), with_form(number="2"))):
        assert arrives(message).state == (OPENED if number == 2 else REFUSED)
    arrives(letter(number="3", Precedence="bulk"))
    BoxHealth.objects.create(address="a@c06.example", asked_at=clock.now(), trouble="no connection", failures=3)
    page = cast.client("auditor").get(reverse("mailroom:counts")).content.decode()
    row = page[page.index("ket-noi-dan-cu@c06.example") :]
    assert [cell.split("<")[0] for cell in row[: row.index("</tr>")].split("<td>")[1:]] == ["0", "1", "2", "1"]
    assert "Thư không có phiếu, bản quét hay nội dung" in page
    assert "no connection" in page
    assert "no connection" in cast.client("c06").get(reverse("mailroom:desk")).content.decode()


def test_what_was_sent_is_never_opened_as_a_page() -> None:
    cast = Cast()
    mail = arrives(letter(text=EVIL))
    answer = cast.client("c06").get(reverse("mailroom:original", args=[mail.pk]))
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "message/rfc822"


def test_anybody_downloads_the_form_from_the_public_page() -> None:
    page = Client().get(reverse("public:connect"), {"system": "identity"}).content.decode()
    for system in System:
        address = reverse("mailroom_form", args=[system])
        answer = Client().get(address)
        assert answer.content.startswith(b"PK")
        assert f"phieu-dang-ky-{system}.docx" in answer["Content-Disposition"]
        assert (address in page) == (system is System.IDENTITY)
        assert arrives(with_form(answer.content, number=system)).form
    assert Client().get("/ket-noi/mau-phieu/other.docx").status_code == 404
    assert PROFILE


def test_the_desk_reads_few_rows_however_many_there_are(django_assert_max_num_queries: object) -> None:
    cast = Cast()
    first = arrives(letter(number="0"))
    Mail.objects.bulk_create(
        Mail(
            mailbox=first.mailbox,
            system=first.system,
            message_id=str(number),
            digest="0" * 64,
            size=1,
            received_at=clock.now(),
            state=WAITING,
        )
        for number in range(300)
    )
    client = cast.client("c06")
    with django_assert_max_num_queries(15):  # type: ignore[operator]
        page = client.get(reverse("mailroom:desk")).content.decode()
    assert "(301)" in page
    assert "page=2" in page
