"""Applications of a crowd, at every stage, and what the day's pages read of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Final

import msgspec

from ketnoi_pages import clock
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.day.keeping import due_of, office_of, search_text_of, turns_of
from ketnoi_portal.day.models import SearchText, StageSpan, Waiting
from ketnoi_portal.onboarding.actions import next_numbers
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.onboarding.registration import Registration, ServiceEntry
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.deadlines import DAYS
from ketnoi_portal.process.roles import Actor, DeskKind
from ketnoi_portal.process.turns import Turn
from ketnoi_portal.rehearsal.copying import copy_in
from ketnoi_portal.settings import Settings
from ketnoi_protocol.services import Service, System

_TO_LIVE: Final = (
    Stage.DRAFT, Stage.SUBMITTED, Stage.OPENING, Stage.TESTING, Stage.TESTED, Stage.WITH_PC06, Stage.WITH_C06,
    Stage.WITH_LEADERSHIP, Stage.APPROVED, Stage.LIVE,
)  # fmt: skip
WAYS: Final = (
    *(_TO_LIVE[: length + 1] for length in range(len(_TO_LIVE))),
    (Stage.DRAFT, Stage.SUBMITTED, Stage.RETURNED),
    (Stage.DRAFT, Stage.SUBMITTED, Stage.REFUSED),
    (Stage.DRAFT, Stage.WITHDRAWN),
    (*_TO_LIVE, Stage.SUSPENDED),
    (*_TO_LIVE, Stage.REVOKED),
)
"""The stages that applications of a crowd have passed, each way as often as the others."""

_PROVINCES_OWN = 10


def add_applications(
    actor: Actor, settings: Settings, places: Sequence[tuple[Organisation, Organisation]]
) -> list[Application]:
    """One application for each unit, given with its province; every tenth is the province's own instead."""
    numbers = next_numbers(clock.now().year, len(places))
    provinces = list({province.pk: province for _, province in places}.values())
    applications, spans = [], []
    for index, (number, (unit, _)) in enumerate(zip(numbers, places, strict=True)):
        own, rest = index // _PROVINCES_OWN, index % _PROVINCES_OWN
        applicant = unit if rest else provinces[own % len(provinces)]
        application, passed = _application(actor, settings, number, applicant, index)
        applications.append(application)
        spans += passed
    copy_in(applications)
    copy_in(spans)
    copy_in([SearchText(application=each, text=search_text_of(each)) for each in applications])
    copy_in(_waiting(applications))
    return applications


def _application(
    actor: Actor, settings: Settings, number: str, applicant: Organisation, index: int
) -> tuple[Application, list[StageSpan]]:
    # Another way for every fifteen, so that each system and each province goes each way.
    way = WAYS[(index + index // len(WAYS)) % len(WAYS)]
    system = System.IDENTITY if index % 3 == 0 else System.POPULATION
    service = Service.VERIFY_CITIZEN if system is System.IDENTITY else Service.LOOK_UP_CITIZEN
    stage, since = way[-1], clock.now() - timedelta(days=index % 30, minutes=index % 1_440)
    begins = [since]
    for position in range(len(way) - 1):
        begins.append(begins[-1] - timedelta(days=1 + (index + 3 * position) % 9))
    begins.reverse()
    was_live = Stage.LIVE in way
    application = Application(
        number=number,
        system=system,
        organisation=applicant,
        level=applicant.level,
        chart=settings.chart,
        profile=settings.profile,
        stage=stage,
        stage_since=since,
        due_at=since + timedelta(days=DAYS[stage]) if stage in DAYS else None,
        form=msgspec.to_builtins(Registration(services=(ServiceEntry(service=service),))),
        revision=len(way) - 1,
        began_at=begins[0],
        began_by=actor.person,
        valid_from=since.date() if was_live else None,
        valid_until=since.date() + timedelta(days=365) if was_live else None,
        connection_checked=Stage.TESTING in way,
        test_confirmed=Stage.TESTED in way,
        survey_sent=Stage.TESTED in way,
    )
    passed = [
        StageSpan(application=application, stage=each, began_at=began, ended_at=ended)
        for each, (began, ended) in zip(way, pairwise([*begins, None]), strict=True)
    ]
    return application, passed


def _waiting(applications: Sequence[Application]) -> list[Waiting]:
    """Whom they wait for, by the process: those that are alike in what a rule asks about wait for the same acts."""
    alike: dict[tuple[str, ...], list[Turn]] = {}
    desks: dict[tuple[DeskKind, str], str] = {}
    rows = []
    for each in applications:
        likeness = (each.system, each.stage, each.level)
        if likeness not in alike:
            alike[likeness] = turns_of(each)
        for turn in alike[likeness]:
            if turn.desk is DeskKind.AGENCY:
                office = office_of(turn, each.organisation_id)
            else:
                # No desk's area is a unit of the crowd: the province says who is in charge.
                province = each.organisation_id.partition(".")[0]
                if (turn.desk, province) not in desks:
                    desks[turn.desk, province] = office_of(turn, province)
                office = desks[turn.desk, province]
            row = Waiting(
                application=each,
                office=office,
                step=turn.step,
                unit=turn.unit,
                level=int(turn.unit) if turn.step == "decide" else 0,
                since=each.stage_since,
                due_at=due_of(turn, each, each.stage_since),
            )
            rows.append(row)
    return rows
