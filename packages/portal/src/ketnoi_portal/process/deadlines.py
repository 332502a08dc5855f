"""How long a stage of an application, or the turn of an account, may last, in days.

Our choice, but for the 30 days of NĐ 69/2024 (article 18) for appraising.
"""

from __future__ import annotations

from typing import Final

from ketnoi_portal.process.account_case import AccountCase, AccountState
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.roles import DeskKind

DAYS: Final[dict[Stage, int]] = {
    Stage.SUBMITTED: 5,
    Stage.RETURNED: 30,
    Stage.OPENING: 5,
    Stage.TESTING: 90,
    Stage.TESTED: 60,
    Stage.WITH_PC06: 5,
    Stage.WITH_C06: 10,
    Stage.WITH_LEADERSHIP: 10,
    Stage.APPROVED: 5,
}

REMIND_BEFORE_DAYS: Final = 2
ESCALATE_AFTER_DAYS: Final = 1

TURN_DAYS: Final[dict[str, int]] = {
    "confirm_security": 30,
    "register_on_platform": 5,
    "answer_assessor": 10,
    "name_certificate": 14,
    "pass_check_after_removal": 14,
    "register_beside": 5,
    "pass_rotation_check": 14,
    "retire_certificate": 5,
}
"""How long an act may be awaited that is not the stage's own, in days."""

ACCOUNT_DAYS: Final[dict[AccountState, int]] = {
    AccountState.WITH_DESK: 5,
    AccountState.RETURNED: 30,
    AccountState.CREATED: 30,
}
"""How long an account may wait in a state, and at each desk anew; where there is no row, nobody is waited for."""

EXPIRY_NOTICE_DAYS: Final = 30
"""How long before an account's end date its officer, its unit and its desk are told."""

LONGEST_ACCOUNT_DAYS: Final = 5 * 365
"""How far away an account's end date may lie."""


def waited_for(case: AccountCase) -> DeskKind | None:
    """The kind of office that an account waits for: the desk that has it, its agency, or nobody."""
    if case.state not in ACCOUNT_DAYS:
        return None
    return case.desk if case.state is AccountState.WITH_DESK else DeskKind.AGENCY


def told_when_late(case: AccountCase) -> tuple[DeskKind, ...]:
    """Who is told that an account waits too long: whoever keeps it waiting, and the next desk upwards on its route.

    Above an agency is the desk that manages it. Above C06 nobody works on accounts.
    """
    waited = waited_for(case)
    if waited is None:
        return ()
    if waited is DeskKind.AGENCY:
        return (waited, case.route[0])
    return case.route[case.position : case.position + 2]
