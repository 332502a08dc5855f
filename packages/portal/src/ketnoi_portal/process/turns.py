"""Whose turn it is: for each desk the one act that an application waits for, derived from the tables.

A row names a step and, where the step is possible longer than it is awaited, when it is awaited. Earlier rows come
first: what an assessor asks is answered before papers are gathered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ketnoi_portal.process import effects
from ketnoi_portal.process.case import Case, Confirmation, Rotation, Stage
from ketnoi_portal.process.requirements import Gate, missing
from ketnoi_portal.process.roles import DeskKind
from ketnoi_portal.process.rules import desk_of
from ketnoi_portal.process.workflow import STEP
from ketnoi_protocol.services import Environment


@dataclass(frozen=True, slots=True)
class Turn:
    """One desk's next act."""

    desk: DeskKind
    step: str
    unit: str


@dataclass(frozen=True, slots=True)
class _Row:
    step: str
    awaited: Callable[[Case, str], bool] = lambda case, unit: True


def _account_untaken(case: Case, unit: str) -> bool:
    if Environment(unit) in case.accounts_taken:
        return False
    return Environment(unit) is Environment.PRODUCTION or case.stage in (Stage.OPENING, Stage.TESTING)


def _unassessed(case: Case, unit: str) -> bool:
    said = case.confirmation(DeskKind(unit))
    return said in (Confirmation.NONE, Confirmation.STALE) and DeskKind(unit) not in case.open_questions


def _paper_missing(case: Case, unit: str) -> bool:
    return case.stage is Stage.TESTED and case.paper(*effects.paper_of(unit)) is None


_ROWS: Final = (
    _Row("claim"),
    _Row("submit"),
    _Row("accept"),
    _Row("register_on_platform"),
    _Row("name_certificate", lambda case, unit: case.rotation(effects.platform_of(unit)) is not Rotation.NAMED),
    _Row("register_beside"),
    _Row("retire_certificate"),
    _Row("answer_assessor"),
    _Row("take_account", _account_untaken),
    _Row("pass_connection_check", lambda case, unit: not case.connection_checked),
    _Row("pass_check_after_removal"),
    _Row("pass_rotation_check"),
    _Row("complete_test", lambda case, unit: case.test_confirmed),
    _Row("record_test_call", lambda case, unit: effects.call_of(unit) not in case.calls),
    _Row("confirm_test", lambda case, unit: not missing(case.but(test_confirmed=True), Gate.CONFIRM_TEST)),
    _Row("send_survey", lambda case, unit: not case.survey_sent),
    _Row("confirm_security", _unassessed),
    _Row("file_paper", _paper_missing),
    _Row("list_account", lambda case, unit: case.stage is Stage.TESTED and not case.listed),
    _Row("hand_in_to_pc06"),
    _Row("hand_in_to_c06"),
    _Row("forward"),
    _Row("submit_to_leadership"),
    _Row("decide"),
    _Row("go_live"),
)


def awaited(case: Case, asked: frozenset[str]) -> list[Turn]:
    """Every act that is awaited now. `asked` are the registrations (`VDXP/test`) that were asked for."""
    found = []
    for row in _ROWS:
        step = STEP[row.step]
        if case.stage not in step.sources or not step.when(case):
            continue
        for unit in step.units(case):
            if (row.step != "register_on_platform" or unit in asked) and row.awaited(case, unit):
                found.append(Turn(desk_of(step, case, unit), row.step, "" if step.names_unit else unit))
    return found


def turns(case: Case, asked: frozenset[str]) -> list[Turn]:
    """Each desk's next act, at most one a desk: the first that is awaited of it."""
    first: dict[DeskKind, Turn] = {}
    for each in awaited(case, asked):
        first.setdefault(each.desk, each)
    return list(first.values())
