"""Runs the connection checks that were asked for, and has the process record what came of them."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.connection.examination import examine
from ketnoi_portal.connection.findings import Finding
from ketnoi_portal.connection.models import AskedCheck
from ketnoi_portal.connection.subject import subjects
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.models import Application, ConnectionCheck
from ketnoi_portal.process.roles import SYSTEM_ACTOR
from ketnoi_portal.process.rules import StepRefused
from ketnoi_protocol.services import Environment


def run_waiting() -> None:
    """Each check that waits, in order. One that was cut off in the middle is simply run again."""
    for check in ConnectionCheck.objects.filter(ended_at=None).select_related("application").order_by("pk")[:20]:
        try:
            run(check)
        except actions.Changed:
            # Somebody acted on the application meanwhile: what was found is of yesterday. It is run again.
            continue


def run(check: ConnectionCheck) -> ConnectionCheck:
    """Examine, keep what was found, and pass or fail the application's check by it. Raises actions.Changed."""
    application = check.application
    asked = AskedCheck.objects.filter(check_run=check).first()
    messages = {} if asked is None else asked.messages
    items: list[dict[str, Any]] = []
    # No transaction while others are asked: they may take their time, and the application stays free meanwhile.
    for subject in subjects(application):
        items += [found.written() for found in examine(subject, messages.get(str(subject.platform), ""))]
    items += _unregistered(application)
    passed = bool(items) and all(each["passed"] for each in items)
    with transaction.atomic():
        locked = ConnectionCheck.objects.select_for_update().get(pk=check.pk)
        locked.items, locked.passed, locked.ended_at = items, passed, clock.now()
        locked.save()
        try:
            with transaction.atomic():
                step = "pass_connection_check" if passed else "fail_connection_check"
                actions.take(SYSTEM_ACTOR, application, step, revision=application.revision)
        except StepRefused:
            # The application has moved on meanwhile; the check itself stays on record.
            pass
    return locked


def _unregistered(application: Application) -> list[dict[str, Any]]:
    """The platforms on which nobody has registered the agency yet."""
    case = application.case()
    return [
        Finding("registered", platform, passed=False, detail=Text("chưa đăng ký", "not registered yet")).written()
        for platform in sorted(case.platforms)
        if (platform, Environment.TEST) not in case.registered
    ]
