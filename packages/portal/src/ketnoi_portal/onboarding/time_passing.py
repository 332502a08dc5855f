"""What time alone does: a confirmation lapses, an approved time ends."""

from __future__ import annotations

from datetime import datetime

from ketnoi_pages import clock
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.models import Application, Assessment
from ketnoi_portal.process.case import Confirmation
from ketnoi_portal.process.roles import SYSTEM_ACTOR
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.process.step import BEFORE_PRODUCTION, RUNNING


def run(at: datetime | None = None) -> int:
    """Take every step that is the clock's to take at a moment (by default the present); how many were taken."""
    today = (at or clock.now()).astimezone(clock.HANOI).date()
    lapsed = Assessment.objects.filter(
        current=True,
        said=Confirmation.VALID,
        valid_until__lt=today,
        application__stage__in=BEFORE_PRODUCTION | RUNNING,
    ).select_related("application")
    ended = Application.objects.filter(stage__in=RUNNING, valid_until__lt=today)
    taken = sum(_take(each.application, "lapse_confirmation", each.assessor) for each in lapsed.order_by("pk"))
    return taken + sum(_take(each, "reach_end_date", "") for each in ended.order_by("pk"))


def _take(application: Application, step: str, unit: str) -> bool:
    try:
        actions.take(SYSTEM_ACTOR, application, step, unit)
    except StepRefused:
        # Somebody acted in between; the next run looks again.
        return False
    return True
