"""What an application's page shows: stages, checklist, sections, timeline, notes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from ketnoi_pages.text import Text
from ketnoi_portal.onboarding.actions import may_write
from ketnoi_portal.onboarding.acts import Act
from ketnoi_portal.onboarding.models import Note
from ketnoi_portal.onboarding.notes import NoteForm, desk_slug
from ketnoi_portal.onboarding.sections import Page, Section, sections
from ketnoi_portal.onboarding.timeline import timeline
from ketnoi_portal.onboarding.words import item_words
from ketnoi_portal.process.case import OVER, STAGE_TITLES, Case, Confirmation, Stage
from ketnoi_portal.process.requirements import GATE_TITLES, Gate, Requirement, asked_for
from ketnoi_portal.process.roles import DESK_TITLES, DeskKind
from ketnoi_portal.process.rules import Reason
from ketnoi_portal.process.workflow import STEPS
from ketnoi_portal.staff.places import names_of

_MAIN = (
    Stage.DRAFT,
    Stage.SUBMITTED,
    Stage.OPENING,
    Stage.TESTING,
    Stage.TESTED,
    Stage.WITH_PC06,
    Stage.WITH_C06,
    Stage.WITH_LEADERSHIP,
    Stage.APPROVED,
    Stage.LIVE,
)

_RECENT = 12


@dataclass(frozen=True, slots=True)
class Mark:
    """One stage in the strip; `state` is `done`, `now`, `stopped` or empty."""

    title: Text
    state: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the checklist; `items` is what of it is missing, where that says more than the row itself."""

    requirement: Requirement
    lacking: bool
    items: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class GateRows:
    """One gate of the checklist; `next` when a step of the present stage goes through it."""

    title: Text
    rows: tuple[Row, ...]
    next: bool

    @property
    def lacking(self) -> int:
        """How many rows are not met."""
        return sum(row.lacking for row in self.rows)


def strip(case: Case) -> list[Mark]:
    """The stages in order, and where this application stands."""
    order = [stage for stage in _MAIN if stage is not Stage.WITH_PC06 or DeskKind.PC06 in case.route]
    if case.stage in order:
        at = order.index(case.stage)
        states = ["done"] * at + ["now"] + [""] * (len(order) - at - 1)
        return [Mark(STAGE_TITLES[stage], state) for stage, state in zip(order, states, strict=True)]
    ended = Mark(STAGE_TITLES[case.stage], "now" if case.stage in (Stage.RETURNED, Stage.SUSPENDED) else "stopped")
    if case.stage is Stage.RETURNED:
        return [Mark(STAGE_TITLES[Stage.DRAFT], "done"), ended, *(Mark(STAGE_TITLES[each], "") for each in order[1:])]
    passed = order if case.decisions == len(case.chart.leadership) else order[:1]
    return [*(Mark(STAGE_TITLES[each], "done") for each in passed), ended]


def checklist(case: Case) -> list[GateRows]:
    """Every requirement by gate, from the present one on."""
    if case.stage in OVER:
        return []
    now = {step.gate for step in STEPS if step.gate and case.stage in step.sources and step.when(case)}
    gates = list(Gate)
    first = min((gates.index(gate) for gate in now), default=len(gates) - 1)
    return [
        GateRows(
            GATE_TITLES[gate],
            tuple(
                Row(row, bool(lacking := row.missing(case)), _words(row, lacking, case))
                for row in asked_for(case, gate)
            ),
            gate in now,
        )
        for gate in gates[first:]
    ]


def _words(row: Requirement, lacking: list[str], case: Case) -> tuple[Text, ...]:
    return tuple(item_words(item, case) for item in lacking if item != str(row.paper))


def stale(case: Case) -> list[Text]:
    """The assessors whose confirmation no longer counts: everybody is told."""
    return [DESK_TITLES[desk] for desk, said in case.confirmations if said is Confirmation.STALE]


def printed(page: Page, shown: Iterable[Section]) -> list[tuple[Section, SafeString]]:
    """Sections as HTML; one that has nothing to say is left out."""
    found = []
    for section in shown:
        told = {"page": page, "application": page.application, "case": page.case, "actor": page.actor}
        html = render_to_string(section.template, {**told, **section.context(page)}, request=page.request)
        if html.strip():
            found.append((section, html))
    return found


def everything(page: Page, acts: list[Act], reasons: tuple[Reason, ...]) -> dict[str, Any]:
    """The context of the page."""
    shown, events = printed(page, sections(page)), timeline(page)
    slug = desk_slug(page.request)
    return {
        "page": page,
        "application": page.application,
        "case": page.case,
        "stages": strip(page.case),
        "top": [each for each in shown if each[0].order < 10],
        "facts": [each for each in shown if 10 <= each[0].order < 90],
        "last": [each for each in shown if each[0].order >= 90],
        "acts": acts,
        "writes": may_write(page.actor, page.application),
        "reasons": reasons,
        "gates": checklist(page.case),
        "stale": stale(page.case),
        "events": events[:_RECENT],
        "earlier": events[_RECENT:],
        "notes": _notes(page, slug) if slug else None,
        "note_form": NoteForm() if slug else None,
    }


def _notes(page: Page, slug: str) -> list[tuple[Note, str]]:
    notes = list(page.application.notes.filter(desk=slug).order_by("-pk"))
    names = names_of(note.written_by for note in notes)
    return [(note, names.get(note.written_by, "")) for note in notes]
