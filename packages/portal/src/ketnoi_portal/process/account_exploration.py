"""Every state that an account can reach, by every step, while what it rests on comes and goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from ketnoi_portal.process.account_case import AccountCase, AccountState
from ketnoi_portal.process.account_requirements import ACCOUNT_REQUIREMENTS, AccountRequirement
from ketnoi_portal.process.account_step import KNOWN, AccountStep
from ketnoi_portal.process.account_steps import ACCOUNT_STEP, ACCOUNT_STEPS
from ketnoi_portal.process.accounts import account_takers, apply_account_step
from ketnoi_portal.process.case import PaperState
from ketnoi_portal.process.exploration import Explored, Move, walk
from ketnoi_portal.process.roles import Actor
from ketnoi_protocol.services import Service


@dataclass(frozen=True, slots=True)
class AccountTaken:
    """One step that somebody was allowed to take."""

    before: AccountCase
    step: AccountStep[AccountCase]
    unit: str
    actor: Actor
    after: AccountCase


AccountJudge = Callable[[AccountTaken], str | None]
_SERVICES: Final = (Service.LOOK_UP_CITIZEN, Service.VERIFY_HOUSEHOLD)
_CHOICES: Final = (frozenset[Service](), frozenset({_SERVICES[0]}), frozenset(_SERVICES))


def explore_accounts(
    begin: AccountCase,
    actors: Sequence[Actor],
    judge: AccountJudge,
    requirements: Iterable[AccountRequirement] = ACCOUNT_REQUIREMENTS,
) -> Explored:
    """Walk an account from `begin` by every step, or until `judge` objects to one.

    Between steps the surroundings change as they may: services of a draft are chosen, the organisation's application
    is granted, suspended and ended, the unit's commitment is accepted or withdrawn (which suspends at once), an end
    date passes.
    """
    rows = tuple(requirements)

    def moves(case: AccountCase) -> Iterator[Move[AccountCase]]:
        yield from _surroundings(case)
        for step in ACCOUNT_STEPS:
            for unit in step.units(case):
                if able := account_takers(step, case, unit, actors, rows):
                    after = apply_account_step(step, case, unit)
                    for actor in able:
                        taken = AccountTaken(case, step, unit, actor, after)
                        yield f"{step.name} {unit}".strip(), after, judge(taken)

    return walk(begin, moves)


def _surroundings(case: AccountCase) -> Iterator[Move[AccountCase]]:
    if case.state in (AccountState.DRAFT, AccountState.RETURNED):
        for chosen in _CHOICES:
            yield "choose", case.but(services=chosen), None
    for granted, live in product(_CHOICES, _CHOICES):
        if live <= granted:
            yield "application", case.but(granted=granted, live=live), None
    if case.state in KNOWN:
        yield "time passes", case.but(ended=True), None
    yield "unit_accepted", case.but(unit_commitment=PaperState.ACCEPTED), None
    gone = case.but(unit_commitment=None)
    suspend = ACCOUNT_STEP["suspend_for_unit"]
    yield "unit_withdrawn", apply_account_step(suspend, gone, "") if case.state in suspend.sources else gone, None
