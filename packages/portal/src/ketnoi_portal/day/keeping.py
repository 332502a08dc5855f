"""Keeps what the day's pages read in step with the process, in the transaction of each step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography import x509
from django.db import transaction
from django.db.models import Exists, OuterRef

from ketnoi_pages import clock
from ketnoi_portal.agencies.models import Desk
from ketnoi_portal.day.models import CertificateEnd, SearchText, StageSpan, Waiting
from ketnoi_portal.day.plain import plain
from ketnoi_portal.onboarding.acts import asked_of
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.process.deadlines import TURN_DAYS
from ketnoi_portal.process.roles import Actor, DeskKind
from ketnoi_portal.process.turns import Turn, turns

Told = Callable[[Waiting, Actor | None], None]
_TOLD: list[Told] = []

_OF_CERTIFICATES = frozenset(
    {"submit", "replace_certificate", "retire_certificate", "follow_certificate", "name_certificate"}
)


def after_new_turn(call: Told) -> Told:
    """Have `call(waiting, actor)` run when an application begins to wait for an office, within the step."""
    _TOLD.append(call)
    return call


def after_step(application: Application, step_name: str, unit: str, actor: Actor) -> None:
    """The hook of every step."""
    _keep_span(application)
    if step_name in _OF_CERTIFICATES:
        _keep_certificates(application)
    for each in refresh(application):
        for call in _TOLD:
            call(each, actor)


def after_begin(application: Application) -> None:
    """The hook of every new draft, and of a server that is named later."""
    _keep_span(application)
    _keep_certificates(application)
    SearchText.objects.update_or_create(application=application, defaults={"text": search_text_of(application)})
    for each in refresh(application):
        # Whoever begins a draft knows that they have.
        if each.office.startswith("desk:"):
            for call in _TOLD:
                call(each, None)


def refresh(application: Application) -> list[Waiting]:
    """Whom it waits for now; the rows that are new."""
    known = {each.office: each for each in application.waiting.all()}
    wanted = [(office_of(each, application.organisation_id), each) for each in turns_of(application)]
    fresh = []
    for office, turn in wanted:
        before = known.get(office)
        if before is not None and (before.step, before.unit) == (turn.step, turn.unit):
            continue
        since = clock.now()
        row, _ = Waiting.objects.update_or_create(
            application=application,
            office=office,
            defaults={
                "step": turn.step,
                "unit": turn.unit,
                "level": int(turn.unit) if turn.step == "decide" else 0,
                "since": since,
                "due_at": due_of(turn, application, since),
                "reminded_at": None,
                "escalated_at": None,
            },
        )
        fresh.append(row)
    gone = known.keys() - {office for office, _ in wanted}
    if gone:
        application.waiting.filter(office__in=gone).delete()
    return fresh


def turns_of(application: Application) -> list[Turn]:
    """Whose turn it is, by the process."""
    if application.is_over:
        return []
    return turns(application.case(), asked_of(application))


def due_of(turn: Turn, application: Application, since: datetime) -> datetime | None:
    """Until when a turn that began `since` is to be taken."""
    days = TURN_DAYS.get(turn.step)
    return application.due_at if days is None else since + timedelta(days=days)


def office_of(turn: Turn, applicant: str) -> str:
    """The key of the office whose turn it is; empty where no desk is in charge of the applicant."""
    if turn.desk is DeskKind.AGENCY:
        return f"agency:{applicant}"
    desk = Desk.responsible(turn.desk, applicant)
    return f"desk:{desk.pk}" if desk is not None else ""


def search_text_of(application: Application) -> str:
    """What it is found by."""
    organisation = application.organisation
    return plain(f"{application.number} {organisation.code} {organisation.name}")


def _keep_span(application: Application) -> None:
    last = application.stage_spans.filter(ended_at=None).first()
    if last is None:
        last = StageSpan.objects.create(application=application, stage="draft", began_at=application.began_at)
    if last.stage != application.stage:
        last.ended_at = application.stage_since
        last.save(update_fields=["ended_at"])
        StageSpan.objects.create(application=application, stage=application.stage, began_at=application.stage_since)


def _keep_certificates(application: Application) -> None:
    for registration in application.platform_registrations.all():
        if registration.certificate:
            ends = x509.load_der_x509_certificate(bytes(registration.certificate)).not_valid_after_utc
            row, _ = CertificateEnd.objects.get_or_create(registration=registration, defaults={"at": ends})
            if row.at != ends:
                row.at, row.reminded = ends, None
                row.save()


def mend() -> int:
    """Find a desk again for what waits where no desk is (any more); how many applications were looked at."""
    closed = [f"desk:{slug}" for slug in Desk.objects.exclude(closed_on=None).values_list("slug", flat=True)]
    stranded = Waiting.objects.filter(application=OuterRef("pk"), office__in=["", *closed])
    keys = list(Application.objects.filter(Exists(stranded)).values_list("pk", flat=True))
    for key in keys:
        with transaction.atomic():
            for row in refresh(Application.objects.select_for_update().get(pk=key)):
                for call in _TOLD:
                    call(row, None)
    return len(keys)
