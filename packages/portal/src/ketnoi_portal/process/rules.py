"""Who may do what, now: `check_step` raises with every reason, `takers` and `can_step` ask whether it would, `apply`
says what comes of a step.

Pages, actions and the exploration call these functions and no others, so that a button and its guard cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.process.case import Case
from ketnoi_portal.process.requirements import REQUIREMENTS, Requirement, missing
from ketnoi_portal.process.roles import DESK_TITLES, ROLES, Actor, DeskKind, Role
from ketnoi_portal.process.step import Step
from ketnoi_portal.process.workflow import STEPS


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a step cannot be taken: a code, what is wrong, and how to mend it."""

    code: str
    title: Text
    mend: Text


class StepRefused(Exception):  # noqa: N818
    """A step cannot be taken; `reasons` has all of them."""

    def __init__(self, reasons: Iterable[Reason]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(", ".join(reason.code for reason in self.reasons))


def desk_of(step: Step, case: Case, unit: str) -> DeskKind:
    """Whose act a step is, for this case and unit."""
    if step.desk is not None:
        return step.desk
    assert step.desk_of is not None, step.name
    return step.desk_of(case, unit)


def is_possible(step: Step, case: Case, unit: str) -> bool:
    """Whether the table has this step here at all, whoever takes it."""
    return case.stage in step.sources and step.when(case) and (step.names_unit or unit in set(step.units(case)))


def check_step(
    step: Step, case: Case, unit: str, actor: Actor, requirements: Iterable[Requirement] = REQUIREMENTS
) -> None:
    """Raises StepRefused unless this actor may take this step on this case now."""
    if not is_possible(step, case, unit):
        raise StepRefused([_WRONG_STAGE])
    if (objection := _objection(step, desk_of(step, case, unit), case, unit, actor)) is not None:
        raise StepRefused([objection])
    if step.gate is not None and (gaps := missing(case, step.gate, requirements)):
        raise StepRefused(
            Reason(f"missing:{each.requirement.key}", _named(each.requirement.title, each.items), each.requirement.mend)
            for each in gaps
        )


def can_step(
    step: Step, case: Case, unit: str, actor: Actor, requirements: Iterable[Requirement] = REQUIREMENTS
) -> bool:
    """Whether check_step would let it pass."""
    return bool(takers(step, case, unit, (actor,), requirements))


def takers(
    step: Step, case: Case, unit: str, actors: Iterable[Actor], requirements: Iterable[Requirement] = REQUIREMENTS
) -> list[Actor]:
    """Those of `actors` whom check_step would let take this step on this case now."""
    if not is_possible(step, case, unit):
        return []
    desk = desk_of(step, case, unit)
    theirs = [
        each
        for each in actors
        # Whose desk it is not has an objection in any case; the exploration asks for everybody millions of times.
        if (each.desk is desk or step.role is Role.SYSTEM) and _objection(step, desk, case, unit, each) is None
    ]
    return [] if theirs and step.gate is not None and missing(case, step.gate, requirements) else theirs


def is_theirs(step: Step, case: Case, unit: str, actor: Actor) -> bool:
    """Whether this actor is one whose act it is, whatever may still be missing: the page then shows what is."""
    return is_possible(step, case, unit) and _objection(step, desk_of(step, case, unit), case, unit, actor) is None


def apply(step: Step, case: Case, unit: str) -> Case:
    """The case after a step that was allowed."""
    changed = step.effect(case, unit)
    return changed if step.target is None else changed.but(stage=step.target)


def steps_for(case: Case, actor: Actor) -> list[tuple[Step, str]]:
    """Every step that is this actor's to take or to wait for, in the table's order."""
    return [
        (step, unit)
        for step in STEPS
        if case.stage in step.sources and step.when(case)
        for unit in step.units(case)
        if is_theirs(step, case, unit, actor)
    ]


def _objection(step: Step, desk: DeskKind, case: Case, unit: str, actor: Actor) -> Reason | None:
    """Why it is not this actor's act, or None; `desk` is whose act the step is."""
    if step.role is Role.SYSTEM:
        return None if Role.SYSTEM in actor.roles else _SYSTEM_ONLY
    # Where a substitute stands in for an operator, its own handlers decide.
    role = Role.HANDLER if step.role is Role.OPERATOR and desk is DeskKind.C06 else step.role
    if actor.desk is not desk or not _has(role, actor):
        return _not_your_role(role, desk)
    if desk is DeskKind.AGENCY:
        return None if actor.organisation == case.applicant else _NOT_YOURS
    if not actor.manages(case.applicant):
        return _OTHER_AREA
    if step.decides and case.chart.is_own(actor, case.applicant):
        return _own_request(case)
    if step.role is Role.LEADER and str(actor.leadership_level) != unit:
        return _OTHER_LEVEL
    return None


@cache
def _not_your_role(role: Role, desk: DeskKind) -> Reason:
    return Reason(
        "not_your_role",
        Text(
            f"Việc này của {ROLES[role].title.vi}, {DESK_TITLES[desk].vi}",
            f"This is for: {ROLES[role].title.en}, {DESK_TITLES[desk].en}",
        ),
        Text("Chuyển cho đúng người có thẩm quyền", "Leave it to whoever is in charge"),
    )


def _own_request(case: Case) -> Reason:
    return KEEPERS_REQUEST if case.chart.is_keepers(case.applicant) else _OWN_REQUEST


def _has(role: Role, actor: Actor) -> bool:
    """A representative may do all that a clerk may."""
    return role in actor.roles or (role is Role.CLERK and Role.REPRESENTATIVE in actor.roles)


def _named(title: Text, items: tuple[str, ...]) -> Text:
    told = ", ".join(items)
    return Text(f"{title.vi} (còn thiếu: {told})", f"{title.en} (missing: {told})")


_WRONG_STAGE = Reason(
    "wrong_stage",
    Text("Việc này không làm được ở giai đoạn hiện tại", "This cannot be done at the present stage"),
    Text("Tải lại trang để xem hồ sơ đang ở đâu", "Load the page again to see where the application stands"),
)
_SYSTEM_ONLY = Reason(
    "system_only",
    Text("Chỉ hệ thống ghi nhận việc này", "Only the system records this"),
    Text("Chạy kiểm tra để hệ thống ghi kết quả", "Run the check; the system records its result"),
)
_NOT_YOURS = Reason(
    "not_your_organisation",
    Text("Hồ sơ này của cơ quan khác", "This application is another organisation's"),
    Text("Chỉ cơ quan đăng ký làm được việc này", "Only the organisation that applies can do this"),
)
_OTHER_AREA = Reason(
    "not_your_area",
    Text("Cơ quan này không thuộc địa bàn của bạn", "This organisation is not in your area"),
    Text("Bộ phận quản lý địa bàn đó xử lý", "The desk that manages that area handles it"),
)
_OWN = Text("Không ai tự quyết định đề nghị của cơ quan mình", "Nobody decides a request of their own body")
_OWN_REQUEST = Reason(
    "own_request",
    _OWN,
    Text(
        "Không có bộ phận nào thay thế trên cổng: việc này quyết định bằng văn bản giữa hai cơ quan",
        "No desk of the portal substitutes: this is decided by letter between the two bodies",
    ),
)
KEEPERS_REQUEST: Final = Reason(
    "own_request",
    _OWN,
    Text(
        "C06 không đăng ký với chính mình; đơn vị khác của Bộ đăng ký bằng mã của đơn vị đó",
        "C06 does not apply to itself; another unit of the ministry applies under its own code",
    ),
)
_OTHER_LEVEL = Reason(
    "not_your_level",
    Text("Chưa đến lượt cấp lãnh đạo này", "It is another level's turn"),
    Text("Các cấp quyết định lần lượt", "The levels decide in order"),
)
