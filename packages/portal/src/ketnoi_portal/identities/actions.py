"""How C06 and the agency answer an objection: once each, in words that the citizen reads."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.audit.models import record
from ketnoi_portal.identities.models import Objection, ObjectionAnswer
from ketnoi_portal.process.roles import Actor, DeskKind, Role
from ketnoi_portal.process.rules import Reason, StepRefused
from ketnoi_protocol.citizens import LONGEST_ANSWER
from ketnoi_protocol.personal_number import holds_personal_number

_NOT_YOURS: Final = Reason(
    "not_your_role",
    Text("Chỉ cán bộ xử lý của C06 và người đại diện cơ quan trả lời", "Only C06's handlers and the representative"),
    Text("Báo người đại diện", "Tell the representative"),
)
_NO_WORDS: Final = Reason(
    "no_words",
    Text("Thiếu câu trả lời, hoặc quá dài", "The answer is missing or too long"),
    Text(f"Viết không quá {LONGEST_ANSWER} ký tự", f"Write {LONGEST_ANSWER} characters at most"),
)
_NUMBER: Final = Reason(
    "personal_number",
    Text("Câu trả lời có số định danh cá nhân", "The answer holds a personal number"),
    Text("Bỏ số đó đi", "Take it out"),
)
_DONE: Final = Reason(
    "answered_already",
    Text("Phản ánh này đã được trả lời", "This objection has been answered"),
    Text("Tải lại trang", "Load the page again"),
)


def visible_to(actor: Actor) -> QuerySet[Objection]:
    """The objections that somebody may read: C06's handlers and auditors all, an agency's people its own."""
    if actor.desk is DeskKind.C06 and actor.roles & {Role.HANDLER, Role.AUDITOR}:
        return Objection.objects.all()
    if actor.desk is DeskKind.AGENCY and actor.roles & {Role.REPRESENTATIVE, Role.CLERK}:
        return Objection.objects.filter(organisation=actor.organisation)
    return Objection.objects.none()


def sees_objections(actor: Actor | None) -> bool:
    """Whether somebody has anything to do with objections."""
    if actor is None:
        return False
    if actor.desk is DeskKind.C06:
        return bool(actor.roles & {Role.HANDLER, Role.AUDITOR})
    return actor.desk is DeskKind.AGENCY and bool(actor.roles & {Role.REPRESENTATIVE, Role.CLERK})


def side_of(actor: Actor) -> str:
    """For whom somebody answers; empty for nobody."""
    if actor.desk is DeskKind.C06 and Role.HANDLER in actor.roles:
        return ObjectionAnswer.C06
    if actor.desk is DeskKind.AGENCY and Role.REPRESENTATIVE in actor.roles:
        return ObjectionAnswer.AGENCY
    return ""


def answer(actor: Actor, objection: Objection, words: str) -> ObjectionAnswer:
    """Answer for one's side; the worker hands it over. Raises StepRefused."""
    side = side_of(actor)
    if not side or not visible_to(actor).filter(pk=objection.pk).exists():
        raise StepRefused([_NOT_YOURS])
    if not 0 < len(words.strip()) <= LONGEST_ANSWER:
        raise StepRefused([_NO_WORDS])
    if holds_personal_number(words):
        raise StepRefused([_NUMBER])
    try:
        with transaction.atomic():
            given = ObjectionAnswer.objects.create(
                objection=objection, by=side, words=words.strip(), person=actor.person, at=clock.now()
            )
            told = {"source": objection.source, "number": objection.number, "by": side}
            record(actor, "answer_objection", "objection", objection.pk, after=told)
    except IntegrityError:
        raise StepRefused([_DONE]) from None
    return given


def is_late(objection: Objection, sides: set[str], at: datetime) -> bool:
    """Whether its deadline is over while somebody has not answered; `sides` are those who have."""
    return at > objection.due_at and sides != {ObjectionAnswer.C06, ObjectionAnswer.AGENCY}
