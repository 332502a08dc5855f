"""The connection check under a server's next certificate: asked for, run, and told to the process.

One passed check is what a rotation asks [OC], and what opens again a server that was removed: C06's way to the server,
which must show the next certificate, and that registered, valid and with a good OCSP answer. A server calls out under
the certificate that it shows, so that the other way needs no message of its own. While the old certificate waits to be
retired, the check is run again every hour.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.audit.models import record
from ketnoi_portal.connection.findings import NOT_EXAMINED, ROTATION_ITEMS, Finding
from ketnoi_portal.connection.models import RotationCheck
from ketnoi_portal.connection.server_examination import ServerExamination
from ketnoi_portal.onboarding import actions, rotating
from ketnoi_portal.onboarding.certificate_models import NextCertificate
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.process.case import OVER, Rotation
from ketnoi_portal.process.roles import SYSTEM_ACTOR, Actor, DeskKind, Role
from ketnoi_portal.process.rules import Reason, StepRefused
from ketnoi_protocol.identifiers import SecurityServerId, SubsystemId
from ketnoi_protocol.services import Environment, Platform

AGAIN: Final = timedelta(hours=1)
_CAN_BE_CHECKED: Final = (Rotation.BESIDE, Rotation.CHECKED, Rotation.ALONE)
_MEANS: Final[dict[tuple[str, bool], str]] = {
    (Rotation.BESIDE, True): "pass_rotation_check",
    (Rotation.CHECKED, False): "fail_rotation_check",
    (Rotation.ALONE, True): "pass_check_after_removal",
}
_PREPARERS: Final = frozenset({Role.REPRESENTATIVE, Role.CLERK})


def may_ask(actor: Actor, application: Application, coming: NextCertificate | None) -> bool:
    """Whether this actor may have the check run: the agency's people and C06's handling officers."""
    if coming is None or coming.state not in _CAN_BE_CHECKED or application.is_over:
        return False
    if actor.desk is DeskKind.AGENCY:
        return actor.organisation == application.organisation_id and bool(actor.roles & _PREPARERS)
    return actor.desk is DeskKind.C06 and Role.HANDLER in actor.roles and actor.manages(application.organisation_id)


def ask(actor: Actor, application: Application, unit: str) -> RotationCheck:
    """Have the worker run the check in a place (`VDXP/production`). Raises StepRefused."""
    with transaction.atomic():
        locked = Application.objects.select_for_update().get(pk=application.pk)
        coming = rotating.next_of(locked, unit)
        if coming is None or not may_ask(actor, locked, coming):
            raise StepRefused([_NOT_NOW])
        if coming.checks.filter(ended_at=None).exists():
            raise StepRefused([_RUNNING])
        check = RotationCheck.objects.create(coming=coming, began_at=clock.now(), asked_by=actor.person)
        record(actor, "ask_rotation_check", "application", locked.pk, after={"check": check.pk, "unit": unit})
    return check


def run_waiting() -> None:
    """The worker's task: each check that waits, and those that are to be made again."""
    _ask_again()
    waiting = RotationCheck.objects.filter(ended_at=None).select_related("coming__application").order_by("pk")
    for check in waiting[:20]:
        try:
            run(check)
        except actions.Changed:
            # Somebody acted on the application meanwhile: it is run again.
            continue


def run(check: RotationCheck) -> RotationCheck:
    """Examine, keep what was found, and have the process know when it means something. Raises actions.Changed."""
    application = check.coming.application
    found = examine(check.coming)
    passed = all(each.passed for each in found)
    with transaction.atomic():
        locked = RotationCheck.objects.select_for_update().select_related("coming").get(pk=check.pk)
        locked.items, locked.passed, locked.ended_at = [each.written() for each in found], passed, clock.now()
        locked.save()
        # What changes nothing is no step: a check that fails before any has passed, or passes once more.
        step = _MEANS.get((locked.coming.state, passed))
        if step is not None:
            try:
                with transaction.atomic():
                    actions.take(SYSTEM_ACTOR, application, step, locked.coming.unit, revision=application.revision)
            except StepRefused:
                # The application has moved on meanwhile; the check itself stays on record.
                pass
    return locked


def examine(coming: NextCertificate) -> list[Finding]:
    """Every item, in order; what lies behind a failed one is told as not examined."""
    platform, environment = Platform(coming.platform), Environment(coming.environment)
    held = rotating.registration_of(coming.application, coming.unit)
    server, client = SecurityServerId.from_colon(held.server), SubsystemId.from_colon(held.subsystem)
    examination = ServerExamination(platform, environment, server, client, bytes(coming.certificate))
    found = {each.item: each for each in examination.findings()}
    return [found.get(item) or Finding(item, platform, passed=False, detail=NOT_EXAMINED) for item in ROTATION_ITEMS]


def _ask_again() -> None:
    before = clock.now() - AGAIN
    checked = NextCertificate.objects.filter(state=Rotation.CHECKED).exclude(application__stage__in=OVER)
    for coming in checked:
        if not coming.checks.filter(began_at__gt=before).exists():
            RotationCheck.objects.create(coming=coming, began_at=clock.now())


_NOT_NOW = Reason(
    "no_rotation_check",
    Text("Chưa có chứng thư kế tiếp nào để kiểm tra", "There is no next certificate to check, or it is not for you"),
    Text("Chờ đơn vị vận hành đăng ký chứng thư kế tiếp", "Wait until the operator has registered it"),
)
_RUNNING = Reason(
    "check_running",
    Text("Một lần kiểm tra đang chạy", "A check is running"),
    Text("Chờ kết quả, thường trong vòng một phút", "Wait for its result, mostly within a minute"),
)
