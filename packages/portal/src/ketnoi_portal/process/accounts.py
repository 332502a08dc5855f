"""Who may do what with an account, now. The tables are account_steps.py, unit_commitments.py and
account_requirements.py.

Pages, actions and the exploration call these functions and no others, as they do rules.py for applications.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from ketnoi_pages.text import Text
from ketnoi_portal.process.account_case import AccountCase, UnitCase
from ketnoi_portal.process.account_requirements import ACCOUNT_REQUIREMENTS, AccountRequirement, missing_for
from ketnoi_portal.process.account_step import AccountStep, H
from ketnoi_portal.process.account_steps import ACCOUNT_STEPS
from ketnoi_portal.process.roles import DESK_TITLES, ROLES, Actor, DeskKind, Role
from ketnoi_portal.process.rules import Reason, StepRefused
from ketnoi_portal.process.unit_commitments import UNIT_STEPS
from ketnoi_protocol.identifiers import OrganisationCode


def check_account_step(
    step: AccountStep[H],
    case: H,
    unit: str,
    actor: Actor,
    requirements: Iterable[AccountRequirement] = ACCOUNT_REQUIREMENTS,
) -> None:
    """Raises StepRefused unless this actor may take this step now."""
    if not is_possible(step, case, unit):
        raise StepRefused([_WRONG_STATE])
    if (objection := _objection(step, case, unit, actor)) is not None:
        raise StepRefused([objection])
    if step.gate is not None and isinstance(case, AccountCase):
        gaps = missing_for(case, step.gate, requirements)
        if gaps:
            raise StepRefused(
                Reason(f"missing:{each.requirement.key}", each.requirement.title, each.requirement.mend)
                for each in gaps
            )


def can_account_step(
    step: AccountStep[H],
    case: H,
    unit: str,
    actor: Actor,
    requirements: Iterable[AccountRequirement] = ACCOUNT_REQUIREMENTS,
) -> bool:
    """Whether check_account_step would let it pass."""
    return bool(account_takers(step, case, unit, (actor,), requirements))


def account_takers(
    step: AccountStep[H],
    case: H,
    unit: str,
    actors: Iterable[Actor],
    requirements: Iterable[AccountRequirement] = ACCOUNT_REQUIREMENTS,
) -> list[Actor]:
    """Those of `actors` whom check_account_step would let take this step now."""
    if not is_possible(step, case, unit):
        return []
    theirs = [each for each in actors if _objection(step, case, unit, each) is None]
    lacks = (
        theirs
        and step.gate is not None
        and isinstance(case, AccountCase)
        and missing_for(case, step.gate, requirements)
    )
    return [] if lacks else theirs


def is_possible(step: AccountStep[H], case: H, unit: str) -> bool:
    """Whether the table has this step here at all, whoever takes it."""
    return case.state in step.sources and step.when(case) and (step.names_unit or unit in set(step.units(case)))


def is_theirs(step: AccountStep[H], case: H, unit: str, actor: Actor) -> bool:
    """Whether it is this actor's act, whatever may still be missing."""
    return is_possible(step, case, unit) and _objection(step, case, unit, actor) is None


def apply_account_step(step: AccountStep[H], case: H, unit: str) -> H:
    """The case after a step that was allowed."""
    changed: Any = step.effect(case, unit)
    return changed if step.target is None else changed.but(state=step.target)  # type: ignore[no-any-return]


def account_steps_for(case: AccountCase, actor: Actor) -> list[tuple[AccountStep[AccountCase], str]]:
    """Every step of an account that is this actor's, in the table's order."""
    return [(step, unit) for step in ACCOUNT_STEPS for unit in step.units(case) if is_theirs(step, case, unit, actor)]


def unit_steps_for(case: UnitCase, actor: Actor) -> list[AccountStep[UnitCase]]:
    """Every step of a unit's commitment that is this actor's."""
    return [step for step in UNIT_STEPS if is_theirs(step, case, "", actor)]


def sees(unit: str, route: tuple[DeskKind, ...], actor: Actor) -> bool:
    """Whether an account of `unit` is this actor's to look at: of their own organisation, or of their area."""
    if actor.desk is DeskKind.AGENCY:
        return acts_for(actor, unit)
    return actor.desk in route and bool(actor.roles & {Role.HANDLER, Role.AUDITOR}) and actor.manages(unit)


def acts_for(actor: Actor, unit: str) -> bool:
    """Whether somebody at an agency works for `unit`: their own organisation, or one beneath it."""
    preparing = actor.roles & {Role.REPRESENTATIVE, Role.CLERK}
    return actor.desk is DeskKind.AGENCY and bool(preparing) and _covers(actor.organisation, unit)


def _objection(step: AccountStep[H], case: H, unit: str, actor: Actor) -> Reason | None:
    """Why it is not this actor's act, or None."""
    if step.role is Role.SYSTEM:
        return None if Role.SYSTEM in actor.roles else _SYSTEM_ONLY
    if actor.desk not in step.desks(case, unit) or not _has(step.role, actor):
        return _not_your_role(step.role, tuple(step.desks(case, unit)))
    if actor.desk is DeskKind.AGENCY:
        if step.own:
            return None if case.person and actor.person == case.person else _NOT_YOUR_ACCOUNT
        return None if _covers(actor.organisation, case.unit) else _NOT_YOURS
    if not actor.manages(case.unit):
        return _OTHER_AREA
    if step.decides and (actor.owns(case.unit) or (case.person and actor.person == case.person)):
        return _OWN_REQUEST
    return None


def _has(role: Role, actor: Actor) -> bool:
    """A representative may do all that a clerk may."""
    return role in actor.roles or (role is Role.CLERK and Role.REPRESENTATIVE in actor.roles)


def _covers(organisation: str, unit: str) -> bool:
    return bool(organisation) and OrganisationCode.parse(organisation).covers(OrganisationCode.parse(unit))


@cache
def _not_your_role(role: Role, desks: tuple[DeskKind, ...]) -> Reason:
    return Reason(
        "not_your_role",
        Text(
            f"Việc này của {ROLES[role].title.vi}, {', '.join(DESK_TITLES[desk].vi for desk in desks)}",
            f"This is for: {ROLES[role].title.en}, {', '.join(DESK_TITLES[desk].en for desk in desks)}",
        ),
        Text("Chuyển cho đúng người có thẩm quyền", "Leave it to whoever is in charge"),
    )


_WRONG_STATE = Reason(
    "wrong_stage",
    Text("Việc này không làm được ở trạng thái hiện tại", "This cannot be done in the present state"),
    Text("Tải lại trang để xem tài khoản đang ở đâu", "Load the page again to see where the account stands"),
)
_SYSTEM_ONLY = Reason(
    "system_only",
    Text("Chỉ hệ thống ghi nhận việc này", "Only the system records this"),
    Text("Hệ thống tự làm khi đến lúc", "The system does it when it is time"),
)
_NOT_YOURS = Reason(
    "not_your_organisation",
    Text("Tài khoản này của cơ quan khác", "This account is another organisation's"),
    Text("Chỉ đơn vị của cán bộ làm được việc này", "Only the officer's own unit can do this"),
)
_NOT_YOUR_ACCOUNT = Reason(
    "not_your_account",
    Text("Chỉ chính cán bộ có tài khoản làm được việc này", "Only the officer whose account it is can do this"),
    Text("Cán bộ đăng nhập bằng địa chỉ thư đã đăng ký", "Let the officer sign in with the registered address"),
)
_OTHER_AREA = Reason(
    "not_your_area",
    Text("Đơn vị này không thuộc địa bàn của bạn", "This unit is not in your area"),
    Text("Bộ phận quản lý địa bàn đó xử lý", "The desk that manages that area handles it"),
)
_OWN_REQUEST = Reason(
    "own_request",
    Text("Không ai tự quyết định tài khoản của cơ quan mình", "Nobody decides an account of their own body"),
    Text("Cơ quan khác trong tuyến quyết định việc này", "Another body of the route decides it"),
)
