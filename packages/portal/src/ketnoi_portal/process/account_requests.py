"""From a request to an account that C06 has created: the guidance's "Phân cấp quản lý tài khoản"."""

from __future__ import annotations

from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.process.account_case import AccountCase, AccountState
from ketnoi_portal.process.account_requirements import AccountGate
from ketnoi_portal.process.account_step import (
    BY_LEVEL,
    OPEN,
    AccountStep,
    agency,
    holder,
    returned,
)
from ketnoi_portal.process.case import PaperState
from ketnoi_portal.process.requirements import L761, TT46
from ketnoi_portal.process.roles import DeskKind, Role

S = AccountState


def _hand_over(first: DeskKind, seed: str, title: Text) -> AccountStep[AccountCase]:
    return AccountStep(
        f"hand_over_to_{first}",
        title,
        Role.REPRESENTATIVE,
        agency,
        OPEN,
        S.WITH_DESK,
        (seed,),
        L761,
        gate=AccountGate.HAND_OVER,
        effect=lambda case, unit: case.but(position=0),
        when=lambda case: case.route[0] is first,
    )


REQUEST: Final[AccountStep[AccountCase]] = AccountStep(
    "request",
    Text("Lập đề nghị cấp tài khoản", "Prepare a request"),
    Role.CLERK,
    agency,
    OPEN,
    None,
    ("2.2/2", "2.2/12"),
    L761,
    gate=AccountGate.REQUEST,
)

REQUEST_STEPS: Final[tuple[AccountStep[AccountCase], ...]] = (
    REQUEST,
    AccountStep(
        "file_commitment",
        Text("Nộp bản cam kết của cá nhân", "Hand in the personal commitment"),
        Role.CLERK,
        agency,
        OPEN | {S.SUSPENDED, S.EXPIRED},
        None,
        ("2.2/4",),
        f"{L761}; {TT46}",
        effect=lambda case, unit: case.but(commitment=PaperState.FILED),
    ),
    _hand_over(DeskKind.C06, "2.2/9", Text("Gửi C06", "Send to C06")),
    _hand_over(DeskKind.PC06, "2.2/10", Text("Gửi PC06", "Send to PC06")),
    _hand_over(DeskKind.DISTRICT_POLICE, "2.2/11", Text("Gửi Đội QLHC về TTXH", "Send to the district police team")),
    _hand_over(DeskKind.COMMUNE_POLICE, "2.2/11", Text("Gửi Công an cấp xã", "Send to the commune police")),
    AccountStep(
        "accept_commitment",
        Text("Chấp nhận bản cam kết", "Accept the commitment"),
        Role.HANDLER,
        holder,
        frozenset({S.WITH_DESK, S.SUSPENDED, S.EXPIRED}),
        None,
        ("2.2/4", *BY_LEVEL),
        f"{L761}; {TT46}",
        effect=lambda case, unit: case.but(commitment=PaperState.ACCEPTED),
        when=lambda case: case.commitment is PaperState.FILED,
        decides=True,
    ),
    AccountStep(
        "reject_commitment",
        Text("Không chấp nhận bản cam kết", "Reject the commitment"),
        Role.HANDLER,
        holder,
        frozenset({S.SUSPENDED, S.EXPIRED}),
        None,
        ("2.2/4",),
        f"{L761}; {TT46}",
        effect=lambda case, unit: case.but(commitment=None),
        when=lambda case: case.commitment is PaperState.FILED,
        decides=True,
        needs_reason=True,
    ),
    AccountStep(
        "forward",
        Text("Chuyển cấp trên", "Forward"),
        Role.HANDLER,
        holder,
        frozenset({S.WITH_DESK}),
        None,
        ("2.2/10", "2.2/11"),
        L761,
        gate=AccountGate.FORWARD,
        effect=lambda case, unit: case.but(position=case.position + 1),
        when=lambda case: not case.is_last,
        decides=True,
    ),
    AccountStep(
        "return_request",
        Text("Trả lại", "Return"),
        Role.HANDLER,
        holder,
        frozenset({S.WITH_DESK}),
        S.RETURNED,
        BY_LEVEL,
        L761,
        effect=returned,
        decides=True,
        needs_reason=True,
    ),
    AccountStep(
        "create",
        Text("Tạo tài khoản", "Create the account"),
        Role.HANDLER,
        lambda case, unit: (DeskKind.C06,),
        frozenset({S.WITH_DESK}),
        S.CREATED,
        BY_LEVEL,
        L761,
        gate=AccountGate.CREATE,
        effect=lambda case, unit: case.but(position=0, activated=False, suspended_by=None, reviewed=True, ended=False),
        when=lambda case: case.is_last,
        decides=True,
    ),
    AccountStep(
        "activate",
        Text("Kích hoạt tài khoản của tôi", "Activate my account"),
        Role.OFFICER,
        agency,
        frozenset({S.CREATED}),
        S.ACTIVE,
        ("2.2/11",),
        L761,
        gate=AccountGate.ACTIVATE,
        effect=lambda case, unit: case.but(activated=True),
        own=True,
    ),
)
