"""What happens to an application that is in production, and how one ends."""

from __future__ import annotations

from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.requirements import L761, TT46, Gate
from ketnoi_portal.process.roles import DeskKind, Role
from ketnoi_portal.process.step import BEFORE_PRODUCTION, RUNNING, Step, stages

PRODUCTION_STEPS: Final[tuple[Step, ...]] = (
    Step(
        "suspend",
        Text("Tạm dừng", "Suspend"),
        Role.HANDLER,
        DeskKind.C06,
        stages(Stage.LIVE),
        Stage.SUSPENDED,
        ("2.2/0",),
        TT46,
        needs_reason=True,
    ),
    Step(
        "resume",
        Text("Mở lại", "Resume"),
        Role.HANDLER,
        DeskKind.C06,
        stages(Stage.SUSPENDED),
        Stage.LIVE,
        ("2.2/0",),
        TT46,
        gate=Gate.GO_LIVE,
        decides=True,
        needs_reason=True,
    ),
    Step(
        "revoke",
        Text("Thu hồi", "Revoke"),
        Role.HANDLER,
        DeskKind.C06,
        RUNNING | stages(Stage.APPROVED),
        Stage.REVOKED,
        ("2.2/0",),
        TT46,
        needs_reason=True,
    ),
    Step(
        "reach_end_date",
        Text("Hết thời hạn được duyệt", "The approved time ends"),
        Role.SYSTEM,
        None,
        RUNNING,
        Stage.EXPIRED,
        ("2.2/0",),
        TT46,
        when=lambda case: case.expired,
        desk_of=lambda case, unit: DeskKind.AGENCY,
    ),
    Step(
        "supersede",
        Text("Thay bằng đăng ký mới đã chạy chính thức", "Replace by the newer application that went live"),
        Role.SYSTEM,
        None,
        RUNNING,
        Stage.SUPERSEDED,
        ("2.2/1",),
        L761,
        desk_of=lambda case, unit: DeskKind.AGENCY,
    ),
    Step(
        "withdraw",
        Text("Rút đăng ký", "Withdraw"),
        Role.REPRESENTATIVE,
        DeskKind.AGENCY,
        stages(Stage.DRAFT, Stage.SUBMITTED, Stage.RETURNED) | BEFORE_PRODUCTION,
        Stage.WITHDRAWN,
        ("2.1/1",),
        TT46,
        needs_reason=True,
    ),
)
