"""What a row of the accounts' tables is, whose act a row is, and what rows change: pure functions for the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from ketnoi_pages.text import Text
from ketnoi_portal.process.account_case import AccountCase, AccountState
from ketnoi_portal.process.account_requirements import AccountGate
from ketnoi_portal.process.case import WHOLE, PaperState
from ketnoi_portal.process.charts import Level
from ketnoi_portal.process.roles import DeskKind, Role


class Held(Protocol):
    """What both tables are about: something of a unit, on the unit's route."""

    @property
    def unit(self) -> str: ...
    @property
    def person(self) -> str: ...
    @property
    def state(self) -> Any: ...
    @property
    def route(self) -> tuple[DeskKind, ...]: ...
    @property
    def desk(self) -> DeskKind: ...


H = TypeVar("H", bound=Held)


@dataclass(frozen=True, slots=True)
class AccountStep(Generic[H]):
    """One row. `desks` are those whose act it is; `own`: only the officer whose account it is may take it.

    `units`, `names_unit`, `target`, `when`, `needs_reason` and `decides` mean what they mean in step.Step.
    """

    name: str
    title: Text
    role: Role
    desks: Callable[[H, str], Iterable[DeskKind]]
    sources: frozenset[Any]
    target: Any
    seed: tuple[str, ...]
    legal: str
    gate: AccountGate | None = None
    effect: Callable[[H, str], H] = lambda case, unit: case
    units: Callable[[H], Iterable[str]] = lambda case: (WHOLE,)
    names_unit: bool = False
    when: Callable[[H], bool] = lambda case: True
    own: bool = False
    decides: bool = False
    needs_reason: bool = False


S = AccountState
MADE = frozenset({S.CREATED, S.ACTIVE})
KNOWN = MADE | {S.SUSPENDED, S.EXPIRED}
OPEN = frozenset({S.DRAFT, S.RETURNED})
BY_LEVEL: Final = ("2.2/9", "2.2/10", "2.2/11")


def agency(case: Held, unit: str) -> Iterable[DeskKind]:
    return (DeskKind.AGENCY,)


def holder(case: Held, unit: str) -> Iterable[DeskKind]:
    return (case.desk,)


def on_route(case: Held, unit: str) -> Iterable[DeskKind]:
    return case.route


def named(case: Held, unit: str) -> Iterable[DeskKind]:
    return (DeskKind(unit),)


def suspending(case: AccountCase) -> tuple[DeskKind, ...]:
    """Desks that may suspend: all of the route, or those above whoever has suspended it already."""
    if case.state is not S.SUSPENDED or case.suspended_by not in case.route:
        return case.route
    return case.route[case.route.index(case.suspended_by) + 1 :]


def resuming(case: AccountCase, unit: str) -> tuple[DeskKind, ...]:
    """A lower desk does not lift what a higher one has ordered."""
    return case.route[case.route.index(case.suspended_by) :] if case.suspended_by in case.route else case.route


def returned(case: AccountCase, unit: str) -> AccountCase:
    # What comes again is read again.
    return case.but(position=0, commitment=PaperState.FILED if case.commitment is not None else None)


def without_commitment(case: AccountCase, unit: str) -> AccountCase:
    state = S.SUSPENDED if case.state in MADE else S.RETURNED if case.state is S.WITH_DESK else case.state
    return case.but(commitment=None, position=0, state=state)


def asked_again(case: AccountCase, unit: str) -> AccountCase:
    return returned(case, unit).but(suspended_by=None, activated=False, reviewed=True, ended=False)


def transferred(case: AccountCase, unit: str) -> AccountCase:
    code, level = place_of(unit)
    # What the new unit has is looked up anew; here nothing of it is known.
    return asked_again(case, unit).but(
        unit=code, level=level, granted=frozenset(), live=frozenset(), unit_commitment=None
    )


def renewed(case: AccountCase, unit: str) -> AccountCase:
    # Whatever suspended it before still does.
    if case.state is S.EXPIRED:
        case = case.but(state=S.ACTIVE if case.activated else S.CREATED)
    return case.but(ended=False)


def place_of(unit: str) -> tuple[str, Level]:
    """What a unit of `transfer` names: `H55.02/department`."""
    code, _, level = unit.partition("/")
    return code, Level(level)
