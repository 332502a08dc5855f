"""Reminds an office before an application's time runs out, and tells it and C06 when it has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from ketnoi_pages import clock
from ketnoi_portal.day.models import Waiting
from ketnoi_portal.notices.telling import office_of, tell
from ketnoi_portal.process.deadlines import ESCALATE_AFTER_DAYS, REMIND_BEFORE_DAYS
from ketnoi_portal.process.roles import DeskKind


def run(at: datetime | None = None) -> int:
    """Remind and escalate what is due at a moment (by default the present one); how many offices were told.

    Each mark is written in the transaction of its notice and letter: killed anywhere, nothing is told twice or never.
    """
    moment = at or clock.now()
    late = Q(escalated_at=None, due_at__lte=moment - timedelta(days=ESCALATE_AFTER_DAYS))
    soon = Q(reminded_at=None, due_at__lte=moment + timedelta(days=REMIND_BEFORE_DAYS)) & Q(due_at__gt=moment)
    return _each(late, moment, _escalate) + _each(soon, moment, _remind)


def _each(which: Q, moment: datetime, act: Callable[[Waiting, datetime], None]) -> int:
    told = 0
    for key in Waiting.objects.filter(which).order_by("due_at").values_list("pk", flat=True):
        with transaction.atomic():
            rows = Waiting.objects.select_for_update(of=("self",)).select_related("application__organisation")
            row = rows.filter(which, pk=key).first()
            if row is not None:
                act(row, moment)
                told += 1
    return told


def _remind(row: Waiting, moment: datetime) -> None:
    if row.office:
        tell(row.office, row.application, f"soon:{row.step}", row.unit)
    row.reminded_at = moment
    row.save(update_fields=["reminded_at"])


def _escalate(row: Waiting, moment: datetime) -> None:
    for office in dict.fromkeys((row.office, office_of(DeskKind.C06, row.application))):
        if office:
            tell(office, row.application, f"late:{row.step}", row.unit)
    row.escalated_at = moment
    row.save(update_fields=["escalated_at"])
