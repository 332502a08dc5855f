"""Who may run the check and hand in test calls, and when: after the steps of the process that record the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.roles import Actor, DeskKind, Role
from ketnoi_portal.process.rules import Reason, StepRefused
from ketnoi_portal.process.workflow import STEP


@dataclass(frozen=True, slots=True)
class Permission:
    """One act beside the process: the step that records what comes of it, and whether C06 may do it too."""

    step: str
    also_c06: bool


RUN_CHECK: Final = Permission("fail_connection_check", also_c06=True)
HAND_IN: Final = Permission("record_test_call", also_c06=False)


def may(actor: Actor, application: Application, what: Permission) -> None:
    """Raises StepRefused unless this actor may do this now."""
    if not _is_theirs(actor, application, what):
        raise StepRefused([_NOT_YOURS])
    if Stage(application.stage) not in STEP[what.step].sources:
        raise StepRefused([_NOT_NOW])


def is_allowed(actor: Actor, application: Application, what: Permission) -> bool:
    """Whether `may` would let it pass."""
    try:
        may(actor, application, what)
    except StepRefused:
        return False
    return True


def _is_theirs(actor: Actor, application: Application, what: Permission) -> bool:
    if actor.desk is DeskKind.AGENCY:
        own = actor.organisation == application.organisation_id
        return own and bool(actor.roles & {Role.REPRESENTATIVE, Role.CLERK})
    handles = actor.desk is DeskKind.C06 and Role.HANDLER in actor.roles
    return what.also_c06 and handles and actor.manages(application.organisation_id)


_NOT_YOURS = Reason(
    "not_your_role",
    Text(
        "Việc này của người đại diện hoặc cán bộ đầu mối của cơ quan đăng ký",
        "This is for the representative or clerk of the organisation that applies",
    ),
    Text("Chuyển cho đúng người có thẩm quyền", "Leave it to whoever is in charge"),
)
_NOT_NOW = Reason(
    "wrong_stage",
    Text("Việc này không làm được ở giai đoạn hiện tại", "This cannot be done at the present stage"),
    Text("Tải lại trang để xem hồ sơ đang ở đâu", "Load the page again to see where the application stands"),
)
