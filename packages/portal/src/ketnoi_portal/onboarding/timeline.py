"""An application's audit events as sentences: what was done, in which office, why; no raw data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.audit.models import Event
from ketnoi_portal.onboarding.sections import Page, act_words
from ketnoi_portal.onboarding.words import unit_words
from ketnoi_portal.process.case import STAGE_TITLES, Stage
from ketnoi_portal.process.roles import DESK_TITLES, DeskKind
from ketnoi_portal.process.workflow import STEP
from ketnoi_portal.staff.places import names_of

LONGEST: Final = 200
_GOOD: Final = {"accept", "confirm_security", "complete_test", "decide", "go_live", "resume", "pass_connection_check"}
_BAD: Final = {
    "refuse",
    "return_registration",
    "return_dossier",
    "reject_paper",
    "deny_security",
    "decline",
    "suspend",
    "revoke",
    "fail_connection_check",
    "reach_end_date",
    "lapse_confirmation",
    "withdraw",
    "remove_from_platform",
}
_OTHER_ACTS: Final = {
    "begin": Text("Lập đăng ký", "Application begun"),
    "renew": Text("Lập đăng ký gia hạn, thay đổi", "Renewal begun"),
    "save_form": Text("Sửa phiếu đăng ký", "Form edited"),
    "save_survey": Text("Sửa phiếu khảo sát", "Survey form edited"),
    "attach_to_survey": Text("Thêm tệp vào phiếu khảo sát", "File added to the survey form"),
    "name_server": Text("Nêu máy chủ bảo mật (SS)", "Security server named"),
}
_ANY_ACT: Final = Text("Ghi nhận khác", "Another record")
_SYSTEM: Final = Text("Hệ thống", "The system")


@dataclass(frozen=True, slots=True)
class Told:
    """One event as people read it. `who` is a person's name where the reader may know it."""

    at: datetime
    act: Text
    unit: Text | None
    office: Text
    who: str
    stage: Text | None
    note: str
    tone: str


def timeline(page: Page) -> list[Told]:
    """The events of one application, the latest first, at most LONGEST."""
    events = list(Event.objects.filter(kind="application", subject=str(page.application.pk)).order_by("-id")[:LONGEST])
    names = names_of(event.person for event in events)
    bodies = dict(
        Organisation.objects.filter(pk__in={event.desk.partition(":")[2] for event in events}).values_list("pk", "name")
    )
    return [_told(event, page, names, bodies) for event in _without_repeats(events)]


def _without_repeats(events: list[Event]) -> Iterable[Event]:
    """Of many savings in a row by the same person the last is told."""
    before: Event | None = None
    for event in events:
        same = before is not None and (event.act, event.person) == (before.act, before.person)
        if not (same and event.act in ("save_form", "save_survey")):
            yield event
        before = event


def _told(event: Event, page: Page, names: dict[str, str], bodies: dict[str, str]) -> Told:
    step = STEP.get(event.act)
    act = step.title if step else act_words(event.act) or _OTHER_ACTS.get(event.act, _ANY_ACT)
    kind, _, body = event.desk.partition(":")
    before, after = event.before.get("stage"), event.after.get("stage")
    # An agency sees by which office, not by which officer; its own people it knows.
    known = page.actor.desk is not DeskKind.AGENCY or page.actor.organisation == body
    return Told(
        event.at,
        act,
        unit_words(event.act, str(event.after.get("unit", "")), page.case) if step else None,
        _office(event, kind, bodies.get(body, "")),
        names.get(event.person, "") if known else "",
        STAGE_TITLES[Stage(after)] if step and after and after != before else None,
        event.note,
        "good" if event.act in _GOOD else "bad" if event.act in _BAD else "",
    )


def _office(event: Event, kind: str, body: str) -> Text:
    if event.person == "system":
        return _SYSTEM
    if kind == DeskKind.AGENCY:
        return Text(body, body) if body else DESK_TITLES[DeskKind.AGENCY]
    return DESK_TITLES[DeskKind(kind)] if kind in DESK_TITLES else Text(kind, kind)
