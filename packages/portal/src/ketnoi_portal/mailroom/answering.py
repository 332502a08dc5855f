"""Answers to letters: what is missing and where to go on; no data, no word of the letter itself, and not too many."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import connection
from django.urls import reverse

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.mailroom.form_rows import titles
from ketnoi_portal.mailroom.models import Answer, Mail
from ketnoi_portal.notices.addresses import is_refused
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.onboarding.registration import Defect, Registration, defects
from ketnoi_portal.process.rules import Reason
from ketnoi_portal.settings import current
from ketnoi_protocol.services import System

_MOST_LINES: Final = 40
_LOCK: Final = 8_202_613
_DAY: Final = timedelta(days=1)
_OTHER_FIELDS: Final = {
    "services": Text("Dịch vụ", "Services"),
    "servers": Text("Máy chủ bảo mật (SS)", "Security servers"),
}
_FOOT: Final = (
    "Thư này không kèm dữ liệu; hãy đăng nhập cổng để xem và làm tiếp. Không trả lời thư này.\n"
    "This letter carries no data; please sign in to the portal to go on. Do not answer it.\n"
)


def may_be_answered(address: str) -> bool:
    """Whether anything may be written to an address now: no loop, none of the guidance's mailboxes, not too often."""
    own = current()
    boxes = {box.address.casefold() for box in own.mailboxes} | {own.mail.sender.casefold()}
    if not address or address.casefold() in boxes or is_refused(address, own.mail.allowed_domains):
        return False
    with connection.cursor() as cursor:
        # Whoever counts at the same time waits, so that the measure holds.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    lately = Answer.objects.filter(written_at__gt=clock.now() - _DAY)
    if lately.count() >= own.mailroom.most_answers_a_day:
        return False
    return lately.filter(address=address.casefold()).count() < own.mailroom.most_answers_to_one


def answer_draft(mail: Mail, application: Application, *, automatic: bool) -> None:
    """To the sender and to the organisation's registered contact: the draft's number, what is missing, the link."""
    link = _link(reverse("onboarding:application", args=[application.pk]))
    vi = [
        f"Cổng đăng ký kết nối đã nhận một thư đăng ký và lập bản nháp {application.number}.",
        "Bản nháp chưa thuộc về ai: người đại diện đã xác minh của cơ quan đăng nhập và nhận tại:",
        link,
        *_missing(application.registration, application, "vi"),
        *_problems(mail.reasons, "vi"),
    ]
    en = [
        f"The connection portal has received a registration by e-mail and opened draft {application.number}.",
        "It is nobody's yet: a verified representative of the organisation signs in and claims it at the address "
        "above.",
        *_missing(application.registration, application, "en"),
        *_problems(mail.reasons, "en"),
    ]
    subject = f"[{application.number}] Đã nhận thư đăng ký · registration received"
    contact = application.organisation.email
    _write(contact, subject, vi, en, key=f"mail:{mail.pk}:{application.number}")
    if not automatic and mail.sender.casefold() != contact.casefold():
        _write(mail.sender, subject, vi, en, key=f"mail:{mail.pk}:{application.number}")


def answer_waiting(mail: Mail) -> None:
    """To the sender alone: it is not clear whose letter this is; C06's officer will see to it."""
    vi = [
        "Cổng đăng ký kết nối đã nhận thư của bạn. Cán bộ C06 sẽ xác định cơ quan đăng ký.",
        "Nhanh hơn: người đại diện của cơ quan đăng nhập và điền phiếu tại:",
        _link(reverse("home")),
        *_problems(mail.reasons, "vi"),
    ]
    en = [
        "The connection portal has received your letter. C06's officer will find out which organisation it is for.",
        "Faster: the organisation's representative signs in at the address above and fills in the form.",
        *_problems(mail.reasons, "en"),
    ]
    _write(mail.sender, "Đã nhận thư đăng ký · registration received", vi, en, key=f"mail:{mail.pk}")


def answer_refused(mail: Mail) -> None:
    """To the sender alone: that the letter was not taken, why, and how to mend it."""
    vi = ["Cổng đăng ký kết nối không tiếp nhận thư của bạn.", *_problems(mail.reasons, "vi")]
    vi += ["Mẫu phiếu và hướng dẫn:", _link(reverse("public:connect"))]
    en = ["The connection portal has not taken your letter.", *_problems(mail.reasons, "en")]
    en += ["The form and how to send it: at the address above."]
    _write(mail.sender, "Thư không được tiếp nhận · letter not taken", vi, en, key=f"mail:{mail.pk}:refused")


def _write(address: str, subject: str, vi: list[str], en: list[str], *, key: str) -> None:
    if not may_be_answered(address):
        return
    body = "\n".join(vi) + "\n\n" + "\n".join(en) + "\n\n" + _FOOT
    if Letter.write(address, subject, body, key=key) is not None:
        Answer.objects.create(address=address.casefold(), written_at=clock.now())


def _missing(form: Registration, application: Application, language: str) -> list[str]:
    """Fields and mends of the pre-check. Its rules are left out: they quote what stands in the form."""
    system = System(application.system)
    found = defects(
        form, system, application.organisation_id, application.profile, clock.now(), rehearsal=current().rehearsal
    )
    if not found:
        return [Text("Phiếu không còn lỗi.", "The form has no defects.").in_(language)]
    lines = [Text("Còn phải hoàn thiện:", "To be completed:").in_(language)]
    for each in found[:_MOST_LINES]:
        lines.append(f"- {field_title(each, form, system, application.profile).in_(language)}: {_mend(each, language)}")
    return lines


def _mend(defect: Defect, language: str) -> str:
    return defect.mend.in_(language)


def field_title(defect: Defect, form: Registration, system: System, profile: str) -> Text:
    """The box of the form that a defect speaks of, by number and name."""
    rows, path = titles(system, profile), defect.field.split(".")
    if path[0] == "services" and len(path) > 1:
        path[1] = str(form.services[int(path[1])].service)
        path += ["chosen"] * (len(path) == 2)
    if path[0] == "servers" and len(path) == 3:
        path.append("server")
    row = rows.get(".".join(path))
    if row is not None:
        return Text(f"[{row.number}] {row.title.vi}", f"[{row.number}] {row.title.en}")
    return _OTHER_FIELDS.get(path[0], Text("Phiếu", "Form"))


def _problems(reasons: list[Reason], language: str) -> list[str]:
    return [f"- {each.title.in_(language)}. {each.mend.in_(language)}." for each in reasons]


def _link(path: str) -> str:
    return current().public(path)
