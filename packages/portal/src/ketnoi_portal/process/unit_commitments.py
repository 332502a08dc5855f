"""The commitment that a unit hands to the desk that manages it, before any of its people gets an account."""

from __future__ import annotations

from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.process.account_case import UnitCase, UnitCommitmentState
from ketnoi_portal.process.account_step import (
    BY_LEVEL,
    AccountStep,
    agency,
    holder,
)
from ketnoi_portal.process.requirements import L761, TT46
from ketnoi_portal.process.roles import Role

U = UnitCommitmentState
UNIT_STEPS: Final[tuple[AccountStep[UnitCase], ...]] = (
    AccountStep(
        "file_unit_commitment",
        Text("Nộp bản cam kết của tổ chức", "Hand in the unit's commitment"),
        Role.REPRESENTATIVE,
        agency,
        frozenset({None, U.FILED, U.REJECTED, U.WITHDRAWN}),
        U.FILED,
        ("2.2/3", *BY_LEVEL),
        f"{L761}; {TT46}",
    ),
    AccountStep(
        "accept_unit_commitment",
        Text("Tiếp nhận bản cam kết của tổ chức", "Accept the unit's commitment"),
        Role.HANDLER,
        holder,
        frozenset({U.FILED}),
        U.ACCEPTED,
        ("2.2/3", *BY_LEVEL),
        f"{L761}; {TT46}",
        decides=True,
    ),
    AccountStep(
        "reject_unit_commitment",
        Text("Không chấp nhận", "Reject"),
        Role.HANDLER,
        holder,
        frozenset({U.FILED}),
        U.REJECTED,
        ("2.2/3",),
        f"{L761}; {TT46}",
        decides=True,
        needs_reason=True,
    ),
    AccountStep(
        "withdraw_unit_commitment",
        Text("Rút bản cam kết của tổ chức", "Withdraw the unit's commitment"),
        Role.REPRESENTATIVE,
        agency,
        frozenset({U.FILED, U.ACCEPTED}),
        U.WITHDRAWN,
        ("2.2/3",),
        f"{L761}; {TT46}",
        needs_reason=True,
    ),
)


UNIT_STEP: Final = {step.name: step for step in UNIT_STEPS}
