"""The tables of accounts as a page of reference (Markdown): steps, requirements, who is waited for and how long."""

from __future__ import annotations

from typing import Any, Final

from ketnoi_pages.text import Text
from ketnoi_portal.process.account_case import ACCOUNT_STATE_TITLES, AccountState
from ketnoi_portal.process.account_requirements import ACCOUNT_REQUIREMENTS, AccountGate
from ketnoi_portal.process.account_step import agency, holder, named, on_route, resuming
from ketnoi_portal.process.account_steps import ACCOUNT_STEPS
from ketnoi_portal.process.case import STAGE_TITLES
from ketnoi_portal.process.deadlines import (
    ACCOUNT_DAYS,
    DAYS,
    ESCALATE_AFTER_DAYS,
    EXPIRY_NOTICE_DAYS,
    LONGEST_ACCOUNT_DAYS,
    REMIND_BEFORE_DAYS,
    TURN_DAYS,
)
from ketnoi_portal.process.drawing import both, table
from ketnoi_portal.process.roles import ROLES, Role
from ketnoi_portal.process.workflow import STEP

GATE_TITLES: Final = {
    AccountGate.REQUEST: Text("Lập đề nghị", "Request"),
    AccountGate.HAND_OVER: Text("Gửi đề nghị", "Hand over"),
    AccountGate.FORWARD: Text("Chuyển cấp trên", "Forward"),
    AccountGate.CREATE: Text("Tạo tài khoản", "Create"),
    AccountGate.ACTIVATE: Text("Kích hoạt", "Activate"),
    AccountGate.RESUME: Text("Mở lại", "Resume"),
    AccountGate.RENEW: Text("Gia hạn", "Renew"),
}
_WHOSE: Final[dict[Any, str]] = {
    agency: "đơn vị",
    holder: "bộ phận đang giữ hoặc quản lý",
    on_route: "mọi bộ phận trên tuyến",
    named: "bộ phận trên tuyến, nêu rõ",
    resuming: "bộ phận đã tạm khóa hoặc cấp trên",
}
_WAITED: Final = {
    AccountState.WITH_DESK: Text("bộ phận đang giữ", "the desk that has it"),
    AccountState.RETURNED: Text("đơn vị", "its unit"),
    AccountState.CREATED: Text("cán bộ có tài khoản", "its officer"),
}
_ABOVE: Final = {
    AccountState.WITH_DESK: Text("và bộ phận kế tiếp trên tuyến", "and the next desk of the route"),
    AccountState.RETURNED: Text("và bộ phận quản lý", "and the desk that manages it"),
    AccountState.CREATED: Text("đơn vị và bộ phận quản lý", "its unit and the desk that manages it"),
}


def steps() -> str:
    """Every step of an account."""
    rows = [
        (
            str(number),
            both(step.title),
            ROLES[step.role].title.vi + ("" if step.role is Role.SYSTEM else f"<br>{_WHOSE.get(step.desks, 'C06')}"),
            ", ".join(ACCOUNT_STATE_TITLES[state].vi for state in AccountState if state in step.sources),
            ACCOUNT_STATE_TITLES[step.target].vi if step.target else "–",
            GATE_TITLES[step.gate].vi if step.gate else "–",
            step.legal,
            ", ".join(step.seed),
        )
        for number, step in enumerate(ACCOUNT_STEPS, 1)
    ]
    head = ("số", "bước · step", "ai · who", "từ · from", "đến · to", "điều kiện · gate", "căn cứ", "hướng dẫn")
    return table(head, rows)


def requirements() -> str:
    """What each gate asks for."""
    rows = [
        (both(row.title), ", ".join(GATE_TITLES[gate].vi for gate in AccountGate if gate in row.gates), both(row.mend))
        for row in ACCOUNT_REQUIREMENTS
    ]
    return table(("yêu cầu · requirement", "khi · at", "cách xử lý · mend"), rows)


def waits() -> str:
    """Whom an account waits for, how long, and who hears of it when that is too long."""
    rows = [
        (both(ACCOUNT_STATE_TITLES[state]), both(_WAITED[state]), str(days), both(_ABOVE[state]))
        for state, days in ACCOUNT_DAYS.items()
    ]
    return table(
        ("trạng thái · state", "chờ ai · who is waited for", "ngày · days", "báo quá hạn · told when late"), rows
    )


def application_days() -> str:
    """How long each stage of an application may last, and acts that have a time of their own."""
    rows = [(both(STAGE_TITLES[stage]), str(days)) for stage, days in DAYS.items()]
    rows += [(both(STEP[name].title), str(days)) for name, days in TURN_DAYS.items()]
    return table(("giai đoạn hoặc việc · stage or act", "ngày · days"), rows)


def accounts_page(note: str) -> str:
    """The whole page of reference."""
    return f"""{note}
# Tài khoản cán bộ và thời hạn · Officers' accounts, and deadlines

Mọi bảng dưới đây in từ dữ liệu mà cổng dùng để quyết định. Every table here is printed from the data that the portal
decides by. Số ngày là lựa chọn của Ketnoi. The numbers of days are our choice, but for the 30 of NĐ 69/2024.

## Các bước của tài khoản · Steps of an account

{steps()}

## Yêu cầu · Requirements

{requirements()}

## Chờ ai, bao lâu · Who is waited for, and how long

{waits()}

Nhắc trước {REMIND_BEFORE_DAYS} ngày, báo quá hạn sau {ESCALATE_AFTER_DAYS} ngày; mỗi bộ phận tính lại từ đầu. Tài
khoản có thể có ngày hết hạn, xa nhất {LONGEST_ACCOUNT_DAYS} ngày; trước {EXPIRY_NOTICE_DAYS} ngày, cán bộ, đơn vị và
bộ phận quản lý được báo.

A reminder comes {REMIND_BEFORE_DAYS} days before, word upwards {ESCALATE_AFTER_DAYS} day after; each desk has its
time anew. An account may have an end date, at most {LONGEST_ACCOUNT_DAYS} days away; {EXPIRY_NOTICE_DAYS} days before
it, its officer, its unit and the desk that manages it are told.

## Thời hạn của đăng ký · Deadlines of applications

{application_days()}
"""
