"""The way from nothing to production, walked through the very tables that the portal works by.

Which steps lie on the straight way and in what order is named here; who takes them, for what, on what basis and with
which requirements comes from the rows. A walk that does not end in production is an error, so that the public page
cannot promise another process than the one there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.process.case import Case, Stage
from ketnoi_portal.process.charts import CHARTS, LEVEL_TITLES, Level
from ketnoi_portal.process.requirements import Requirement, asked_for
from ketnoi_portal.process.roles import DESK_TITLES, DeskKind
from ketnoi_portal.process.rules import apply, desk_of, is_possible
from ketnoi_portal.process.workflow import STEP
from ketnoi_protocol.services import Catalogue, Environment, System

# Chapters, and the steps of each in order; a step for which a chapter's case has no room is passed over.
_CHAPTERS: Final = (
    (
        Text("Đăng ký", "Registration"),
        Text(
            "Khai phiếu đăng ký (Phụ lục 2) ngay trên cổng, hoặc gửi phiếu đã điền bằng thư điện tử. Cổng kiểm tra "
            "trước và nêu mọi chỗ cần sửa.",
            "Fill the form in here, or send it by e-mail. The portal checks it and lists all that must be mended.",
        ),
        ("submit", "register_on_platform:test", "accept"),
    ),
    (
        Text("Kết nối và thử nghiệm", "Connection and test"),
        Text(
            "C06 mở cấu hình trên máy chủ bảo mật thử nghiệm và cấp tài khoản tích hợp. Mỗi dịch vụ phải có một lần "
            "gọi được trả lời và một lần bị từ chối đúng quy định, kèm bằng chứng.",
            "C06 opens the test security server and gives an integration account. Each service needs one answered and "
            "one rightly refused call, with evidence.",
        ),
        (
            "take_account",
            "pass_connection_check",
            "record_test_call",
            "send_survey",
            "confirm_security",
            "confirm_test",
            "complete_test",
        ),
    ),
    (
        Text("Hoàn thiện hồ sơ", "The dossier"),
        Text(
            "Cổng lập sẵn các giấy tờ từ dữ liệu đã khai; cơ quan ký rồi nộp.",
            "The portal makes the papers from what was filled in; the agency signs them and hands them in.",
        ),
        ("list_account", "file_paper", "hand_in_to_pc06", "hand_in_to_c06"),
    ),
    (
        Text("Thẩm định và phê duyệt", "Appraisal and approval"),
        Text(
            "Đơn vị tiếp nhận kiểm tra từng giấy tờ rồi trình các cấp lãnh đạo.",
            "The receiving desk checks every paper and submits the dossier to each level of leadership.",
        ),
        ("accept_paper", "forward", "submit_to_leadership", "decide"),
    ),
    (
        Text("Chạy chính thức", "Production"),
        Text(
            "Chỉ mở đúng các dịch vụ, thủ tục và trường thông tin đã được phê duyệt, có ngày hết hạn.",
            "Exactly the approved services, procedures and fields are opened, with an end date.",
        ),
        ("register_on_platform:production", "go_live"),
    ),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One act: what, whose, on what basis, with which papers, and what must be met before."""

    title: Text
    who: tuple[Text, ...]
    legal: str
    needs: tuple[Requirement, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the way."""

    title: Text
    lead: Text
    lines: tuple[Line, ...]


def beginning(system: System, level: Level, chart: str, profile: str) -> Case:
    """A case of a complete form for every service of a system, by a body of this level that does not exist."""
    entries = [
        each for each in Catalogue.load(profile) if each.system is system and each.environment is Environment.PRODUCTION
    ]
    return Case(
        system=system,
        applicant="H00" if level.is_local else "G00",
        level=level,
        chart_name=chart,
        services=frozenset(each.service for each in entries),
        platforms=frozenset(each.platform for each in entries),
    )


@cache
def chapters(system: System, level: Level, chart: str, profile: str) -> tuple[Chapter, ...]:
    """The whole way. Raises RuntimeError when it does not lead to production."""
    case = beginning(system, level, chart, profile)
    found = []
    for title, lead, names in _CHAPTERS:
        lines = []
        for name in names:
            line, case = _act(name, case)
            if line is not None:
                lines.append(line)
        found.append(Chapter(title, lead, tuple(lines)))
    if case.stage is not Stage.LIVE:
        raise RuntimeError(f"the straight way ends in {case.stage}")
    return tuple(found)


def _act(name: str, case: Case) -> tuple[Line | None, Case]:
    """One step for every unit that it has room for; None when it has none."""
    step_name, _, environment = name.partition(":")
    step, desks, asked = STEP[step_name], dict[DeskKind, None](), case
    for unit in _units(step_name, environment, case):
        desks[desk_of(step, case, unit)] = None
        case = apply(step, case, unit)
    if not desks:
        return None, case
    needs = () if step.gate is None else tuple(asked_for(asked, step.gate))
    return Line(step.title, tuple(DESK_TITLES[desk] for desk in desks), step.legal, needs), case


def _units(step_name: str, environment: str, case: Case) -> Iterator[str]:
    """The units, asked for anew after each, as one decision of leadership makes room for the next."""
    step, taken = STEP[step_name], set[str]()
    while True:
        open_ = [unit for unit in step.units(case) if unit not in taken and unit.endswith(environment)]
        if not open_ or not is_possible(step, case, open_[0]):
            return
        taken.add(open_[0])
        yield open_[0]
        case = apply(step, case, open_[0])


def levels(chart: str) -> list[tuple[Level, Text]]:
    """The levels that a chart knows."""
    return [(level, LEVEL_TITLES[level]) for level in CHARTS[chart].dossier_routes]
