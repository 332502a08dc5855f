"""The table of accounts, walked exhaustively: what may never happen does not, and every requirement is needed."""

from __future__ import annotations

import pytest

from ketnoi_portal.process.account_case import AccountCase, AccountState, UnitCase, UnitCommitmentState
from ketnoi_portal.process.account_exploration import AccountTaken, explore_accounts
from ketnoi_portal.process.account_requirements import ACCOUNT_REQUIREMENTS
from ketnoi_portal.process.account_steps import ACCOUNT_STEP, ACCOUNT_STEPS
from ketnoi_portal.process.accounts import account_steps_for, can_account_step, check_account_step
from ketnoi_portal.process.case import PaperState
from ketnoi_portal.process.charts import CHARTS, Level
from ketnoi_portal.process.roles import SYSTEM_ACTOR, Actor, DeskKind, Role
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.process.seed import PASSAGE
from ketnoi_portal.process.unit_commitments import UNIT_STEP, UNIT_STEPS
from ketnoi_protocol.services import Service, System

UNITS = {
    Level.MINISTRY: "G15",
    Level.PROVINCE: "H55",
    Level.DEPARTMENT: "H55.02",
    Level.DISTRICT: "H55.30",
    Level.COMMUNE: "H55.30.12",
}
ROUTES = [(chart, level) for chart in CHARTS.values() for level in chart.account_routes]
HANDLERS = {
    DeskKind.C06: Actor("c06", DeskKind.C06, "G01.C06", frozenset({Role.HANDLER})),
    DeskKind.PC06: Actor("pc06", DeskKind.PC06, "G01.PC06.H55", frozenset({Role.HANDLER}), "H55"),
    DeskKind.DISTRICT_POLICE: Actor(
        "cah", DeskKind.DISTRICT_POLICE, "G01.CAH.H5530", frozenset({Role.HANDLER}), "H55.30"
    ),
    DeskKind.COMMUNE_POLICE: Actor(
        "cax", DeskKind.COMMUNE_POLICE, "G01.CAX.H553012", frozenset({Role.HANDLER}), "H55.30.12"
    ),
}


def people(unit: str) -> list[Actor]:
    rep = Actor("rep", DeskKind.AGENCY, unit, frozenset({Role.REPRESENTATIVE}))
    return [rep, Actor("cb", DeskKind.AGENCY, unit, frozenset({Role.OFFICER})), SYSTEM_ACTOR, *HANDLERS.values()]


def begun(level: Level, chart: str, system: System = System.POPULATION) -> AccountCase:
    return AccountCase(system, UNITS[level], level, chart, person="cb")


def judge(taken: AccountTaken) -> str | None:
    before, after = taken.before, taken.after
    opens = after.state in (AccountState.CREATED, AccountState.ACTIVE) and before.state is not after.state
    if opens or after.position > before.position or (taken.step.name == "forward"):
        if after.system is not System.POPULATION:
            return "the identity system has no accounts"
        if not after.services or not after.services <= after.granted:
            return "services that the organisation was not granted"
        if not after.services <= after.live:
            return "services that are not in production"
        if after.commitment is not PaperState.ACCEPTED:
            return "no accepted personal commitment"
        if after.unit_commitment is not PaperState.ACCEPTED:
            return "no accepted commitment of the unit"
        if after.ended and (before.state is AccountState.EXPIRED or after.state is AccountState.ACTIVE):
            return "opened after its end"
        if after.state is AccountState.ACTIVE and not after.reviewed:
            return "not confirmed in the review"
    if after.state is AccountState.WITH_DESK and before.state is not AccountState.WITH_DESK and not after.commitment:
        return "handed over without a commitment"
    created = after.state is AccountState.CREATED and before.state is AccountState.WITH_DESK
    if created and (taken.actor.desk is not DeskKind.C06 or before.position + 1 != len(before.route)):
        return "created before the route's end, or not by C06"
    if after.state is AccountState.ACTIVE and not before.activated and taken.actor.person != before.person:
        return "activated by somebody else"
    ordered = before.suspended_by if before.state is AccountState.SUSPENDED and opens else None
    if ordered is not None and before.route.index(taken.actor.desk) < before.route.index(ordered):
        return "a lower desk lifted what a higher one ordered"
    return None


@pytest.mark.parametrize(("chart", "level"), ROUTES, ids=lambda each: getattr(each, "name", str(each)))
def test_no_way_leads_around_a_requirement(chart: object, level: Level) -> None:
    name = chart.name  # type: ignore[attr-defined]
    found = explore_accounts(begun(level, name), people(UNITS[level]), judge)
    print(f"{name} {level}: {found.states} states, {found.steps} steps")
    assert found.wrong is None, found.way
    assert found.states > 1_000


def test_the_route_is_passed_desk_by_desk() -> None:
    seen = set()

    def watch(taken: AccountTaken) -> None:
        if taken.step.name in ("forward", "create"):
            seen.add((taken.before.position, taken.actor.desk, taken.step.name))

    explore_accounts(begun(Level.COMMUNE, "chart_2022"), people("H55.30.12"), watch)
    assert seen == {
        (0, DeskKind.DISTRICT_POLICE, "forward"),
        (1, DeskKind.PC06, "forward"),
        (2, DeskKind.C06, "create"),
    }


@pytest.mark.parametrize("row", ACCOUNT_REQUIREMENTS, ids=lambda row: row.key)
def test_every_requirement_is_needed(row: object) -> None:
    less = [each for each in ACCOUNT_REQUIREMENTS if each is not row]
    system = System.IDENTITY if row.key == "population_only" else System.POPULATION  # type: ignore[attr-defined]
    found = explore_accounts(begun(Level.MINISTRY, "chart_2022", system), people("G15"), judge, less)
    assert found.wrong is not None


def test_the_identity_system_gets_no_further_than_being_told() -> None:
    case = begun(Level.MINISTRY, "chart_2022", System.IDENTITY)
    rep = people("G15")[0]
    with pytest.raises(StepRefused, match="population_only") as refused:
        check_account_step(ACCOUNT_STEP["request"], case, "", rep)
    assert "định danh điện tử" in refused.value.reasons[0].title.vi


def ready(unit: str, level: Level, **more: object) -> AccountCase:
    services = frozenset({Service.LOOK_UP_CITIZEN})
    case = AccountCase(System.POPULATION, unit, level, "chart_2022", AccountState.WITH_DESK, services=services)
    return case.but(
        granted=services,
        live=services,
        commitment=PaperState.ACCEPTED,
        unit_commitment=PaperState.ACCEPTED,
        **more,
    )


def test_no_desk_decides_its_own_officers_request() -> None:
    c06 = HANDLERS[DeskKind.C06]
    for step in ACCOUNT_STEPS:
        for case in (ready("G01.C06.P1", Level.MINISTRY), ready("G01.C06", Level.MINISTRY)):
            if step.decides:
                assert not can_account_step(step, case, "", c06), step.name
    assert can_account_step(ACCOUNT_STEP["create"], ready("G15", Level.MINISTRY), "", c06)
    with pytest.raises(StepRefused, match="own_request"):
        check_account_step(ACCOUNT_STEP["create"], ready("G15", Level.MINISTRY, person="c06"), "", c06)


def test_a_desk_of_another_area_has_nothing_to_do_with_it() -> None:
    other = Actor("x", DeskKind.PC06, "G01.PC06.H38", frozenset({Role.HANDLER}), "H38")
    case = ready("H55.02", Level.DEPARTMENT)
    assert account_steps_for(case, other) == []
    assert {step.name for step, _ in account_steps_for(case, HANDLERS[DeskKind.PC06])} == {"forward", "return_request"}


def test_the_units_commitment_is_accepted_by_the_desk_that_manages_it() -> None:
    for chart, level in ROUTES:
        case = UnitCase(UNITS[level], level, chart.name, UnitCommitmentState.FILED)
        accept = UNIT_STEP["accept_unit_commitment"]
        allowed = {kind for kind, actor in HANDLERS.items() if can_account_step(accept, case, "", actor)}
        assert allowed == {chart.account_routes[level][0]}


def test_every_sentence_on_accounts_has_its_step() -> None:
    carried = {sentence for step in (*ACCOUNT_STEPS, *UNIT_STEPS) for sentence in step.seed}
    carried |= {row.seed for row in ACCOUNT_REQUIREMENTS}
    assert {"2.2/2", "2.2/3", "2.2/4", "2.2/9", "2.2/10", "2.2/11", "2.2/12"} <= carried
    assert carried <= set(PASSAGE)
