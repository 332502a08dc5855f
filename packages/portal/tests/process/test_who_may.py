"""Every act × every role × own and other organisation: who may, said here once more by hand, and nobody else."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import pytest

from ketnoi_portal.process.case import Case, PaperState, Stage
from ketnoi_portal.process.charts import CHARTS, Level
from ketnoi_portal.process.roles import ROLES, SYSTEM_ACTOR, Actor, DeskKind, Role
from ketnoi_portal.process.rules import StepRefused, apply, can_step, check_step
from ketnoi_portal.process.workflow import STEP, STEPS
from ketnoi_protocol.services import Platform, System

from .people import almost, at, begun, insiders

AGENCY, C06 = (DeskKind.AGENCY, Role.REPRESENTATIVE), (DeskKind.C06, Role.HANDLER)
CLERK = (DeskKind.AGENCY, Role.CLERK)
SYSTEM = (None, Role.SYSTEM)

# Who takes each step on the application of a province; what depends on its unit or stage is resolved in `owners`.
OWNERS = {
    "claim": {AGENCY},
    "discard": {C06},
    "submit": {AGENCY},
    "register_on_platform": {"platform"},
    "remove_from_platform": {"platform"},
    "return_registration": {C06},
    "refuse": {C06},
    "accept": {C06},
    "take_account": {AGENCY},
    "pass_connection_check": {SYSTEM},
    "fail_connection_check": {SYSTEM},
    "record_test_call": {SYSTEM},
    "confirm_test": {AGENCY},
    "complete_test": {C06},
    "reopen_test": {C06},
    "send_survey": {AGENCY},
    "ask_agency": {"assessor"},
    "answer_assessor": {AGENCY},
    "confirm_security": {"assessor"},
    "deny_security": {"assessor"},
    "declare_change": {AGENCY},
    "lapse_confirmation": {SYSTEM},
    "replace_certificate": {AGENCY},
    "file_paper": {AGENCY},
    "list_account": {AGENCY, CLERK},
    "unlist_account": {AGENCY, CLERK},
    "accept_paper": {"dossier"},
    "reject_paper": {"dossier"},
    "withdraw_commitment": {AGENCY},
    "hand_in_to_pc06": {AGENCY},
    "hand_in_to_c06": {AGENCY},
    "forward": {(DeskKind.PC06, Role.HANDLER)},
    "return_dossier": {"dossier"},
    "submit_to_leadership": {C06},
    "decide": {"level"},
    "decline": {"level"},
    "go_live": {C06},
    "suspend": {C06},
    "resume": {C06},
    "revoke": {C06},
    "reach_end_date": {SYSTEM},
    "supersede": {SYSTEM},
    "withdraw": {AGENCY},
    "offer_certificate": {AGENCY},
    "register_beside": {"platform"},
    "drop_certificate": {"platform"},
    "pass_rotation_check": {SYSTEM},
    "fail_rotation_check": {SYSTEM},
    "retire_certificate": {"platform"},
    "follow_certificate": {SYSTEM},
    "give_up_certificate": {AGENCY},
    "name_certificate": {AGENCY},
    "pass_check_after_removal": {SYSTEM},
}


def owners(case: Case, step: str, unit: str) -> set[tuple[DeskKind | None, Role]]:
    """The table's row for one case and unit."""
    found: set[tuple[DeskKind | None, Role]] = set()
    for owner in OWNERS[step]:
        if owner == "platform":
            operator = DeskKind.VDXP_OPERATOR if unit.startswith("VDXP") else DeskKind.NDXP_OPERATOR
            found.add((operator, Role.OPERATOR))
        elif owner == "assessor":
            found.add((DeskKind(unit), Role.ASSESSOR))
        elif owner == "dossier":
            found.add((DeskKind.PC06 if case.stage is Stage.WITH_PC06 else DeskKind.C06, Role.HANDLER))
        elif owner == "level":
            found.add((DeskKind.LEADERSHIP, Role.LEADER))
        else:
            assert isinstance(owner, tuple)
            found.add(owner)
    return found


# The straight way of a province to production and to its end.
WAY = (
    "claim",
    "submit",
    "register_on_platform VDXP/test",
    "accept",
    "take_account test",
    "pass_connection_check",
    "record_test_call look_up_citizen/answered",
    "record_test_call look_up_citizen/refused",
    "send_survey",
    "ask_agency a05",
    "confirm_security a05",
    "confirm_security a06",
    "confirm_test",
    "complete_test",
    "list_account SAMPLE",
    "file_paper 1",
    "file_paper 2",
    "file_paper 3",
    "file_paper 4/SAMPLE",
    "hand_in_to_pc06",
    "accept_paper 1",
    "accept_paper 2",
    "accept_paper 3",
    "accept_paper 4/SAMPLE",
    "forward",
    "submit_to_leadership",
    "decide 1",
    "decide 2",
    "register_on_platform VDXP/production",
    "go_live",
    "offer_certificate VDXP/production",
    "register_beside VDXP/production",
    "pass_rotation_check VDXP/production",
    "remove_from_platform VDXP/production",
    "name_certificate VDXP/production",
    "register_on_platform VDXP/production",
    "pass_check_after_removal VDXP/production",
    "suspend",
    "(time passes)",
    "reach_end_date",
)


class Sample(NamedTuple):
    """A case in which somebody may take a step."""

    before: Case
    unit: str
    actor: Actor


@cache
def samples() -> dict[str, Sample]:
    """For each step one case in which somebody may take it, found along the way."""
    found: dict[str, Sample] = {}

    def look(case: Case) -> None:
        for step in STEPS:
            if case.stage in step.sources and step.when(case):
                for unit in step.units(case):
                    for actor in insiders(case.applicant):
                        if step.name not in found and can_step(step, case, unit, actor):
                            found[step.name] = Sample(case, unit, actor)

    case = begun(System.POPULATION, "H55", Level.PROVINCE, Platform.VDXP).but(claimed=False)
    for name, _, unit in (each.partition(" ") for each in WAY):
        look(case)
        if name == "(time":
            case = case.but(expired=True)
            continue
        assert any(can_step(STEP[name], case, unit, actor) for actor in insiders("H55")), name
        case = apply(STEP[name], case, unit)
    ministry = begun(System.IDENTITY, "G15", Level.MINISTRY, Platform.NDXP)
    look(almost(ministry).with_paper((1, ""), PaperState.FILED))
    return found


BODIES = {
    DeskKind.C06: "G01.C06",
    DeskKind.A05: "G01.A05",
    DeskKind.A06: "G01.A06",
    DeskKind.VDXP_OPERATOR: "G22",
    DeskKind.NDXP_OPERATOR: "G14",
    DeskKind.NDOP_OPERATOR: "G01.C12",
}


def everybody(case: Case) -> list[tuple[str, Actor]]:
    """Every role at every desk that has it: of the applicant, of another organisation, of the area, of another."""
    own, other = case.applicant, "H38"
    people = [("system", SYSTEM_ACTOR)]
    for role, row in ROLES.items():
        for desk in sorted(row.desks):
            if desk is DeskKind.AGENCY:
                people += [("own", at(desk, role, own)), ("other", at(desk, role, other))]
            elif desk in (DeskKind.PC06, DeskKind.DISTRICT_POLICE, DeskKind.COMMUNE_POLICE):
                people += [("area", at(desk, role, "G01.P1", own)), ("other area", at(desk, role, "G01.P2", other))]
            elif desk is DeskKind.LEADERSHIP:
                people += [(f"level {level}", at(desk, role, "G01", level=level)) for level in (1, 2)]
            else:
                people += [("desk", at(desk, role, BODIES[desk]))]
    return people


def test_every_step_is_in_the_table_and_can_be_reached() -> None:
    assert set(OWNERS) == set(STEP)
    assert set(samples()) == set(STEP)


@pytest.mark.parametrize("name", [step.name for step in STEPS])
def test_only_those_may_whose_act_it_is(name: str) -> None:
    sample = samples()[name]
    case, unit = sample.before, sample.unit
    allowed = owners(case, name, unit)
    seen = set()
    for place, actor in everybody(case):
        (role,) = actor.roles
        key = (None if role is Role.SYSTEM else actor.desk, role)
        may = key in allowed and place in ("system", "own", "area", "desk", f"level {unit}")
        try:
            check_step(STEP[name], case, unit, actor)
        except StepRefused as refused:
            assert not may, f"{place} {role}@{actor.desk}: {refused}"
            assert all(reason.title.vi and reason.title.en and reason.mend.vi for reason in refused.reasons)
        else:
            assert may, f"{place} {role}@{actor.desk} may {name}"
        seen.add(may)
    assert seen == {True, False}


@pytest.mark.parametrize("name", [step.name for step in STEPS if step.decides])
def test_no_desk_decides_on_its_own_body(name: str) -> None:
    sample = samples()[name]
    case = sample.before
    own = Actor(
        "somebody",
        sample.actor.desk,
        case.applicant,
        sample.actor.roles,
        sample.actor.area,
        sample.actor.leadership_level,
    )
    with pytest.raises(StepRefused, match="own_request"):
        check_step(STEP[name], case, sample.unit, own)


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("applicant", ["G01", "G01.C08"])
def test_the_ministry_of_public_security_and_its_units_reach_production(applicant: str, chart: str) -> None:
    case = begun(System.POPULATION, applicant, Level.MINISTRY, Platform.VDXP, chart).but(claimed=False)
    way = [each.replace("to_pc06", "to_c06") for each in WAY if each != "forward"]
    for name, _, unit in (each.partition(" ") for each in way[: way.index("go_live") + 1]):
        step = STEP[name]
        takers = {actor.organisation for actor in insiders(applicant) if can_step(step, case, unit, actor)}
        # Leadership alone decides for its own ministry.
        assert takers - {applicant} or not step.decides or step.role is Role.LEADER, name
        assert takers, name
        case = apply(step, case, unit)
    assert case.stage is Stage.LIVE


@pytest.mark.parametrize("applicant", ["G01.C06", "G01.C06.P1"])
def test_nobody_decides_for_c06_and_the_refusal_says_so(applicant: str) -> None:
    begin = begun(System.POPULATION, applicant, Level.MINISTRY, Platform.VDXP)
    for name, stage, unit, actor in (
        ("accept", Stage.SUBMITTED, "", at(DeskKind.C06, Role.HANDLER, "G01.C06")),
        ("decide", Stage.WITH_LEADERSHIP, "1", at(DeskKind.LEADERSHIP, Role.LEADER, "G01", level=1)),
    ):
        with pytest.raises(StepRefused, match="own_request") as refused:
            check_step(STEP[name], begin.but(stage=stage), unit, actor)
        assert "C06 không đăng ký với chính mình" in refused.value.reasons[0].mend.vi


def test_a_refusal_of_ones_own_request_names_no_desk_that_is_not_there() -> None:
    case = begun(System.POPULATION, "G01.A05", Level.MINISTRY, Platform.VDXP).but(stage=Stage.TESTED, survey_sent=True)
    with pytest.raises(StepRefused, match="own_request") as refused:
        check_step(STEP["confirm_security"], case, "a05", at(DeskKind.A05, Role.ASSESSOR, "G01.A05"))
    assert "Không có bộ phận nào thay thế" in refused.value.reasons[0].mend.vi


@pytest.mark.parametrize("applicant", ["G22", "G22.01"])
def test_an_operators_own_registration_is_decided_by_c06(applicant: str) -> None:
    case = begun(System.POPULATION, applicant, Level.MINISTRY, Platform.VDXP).but(stage=Stage.SUBMITTED)
    step = STEP["register_on_platform"]
    with pytest.raises(StepRefused):
        check_step(step, case, "VDXP/test", at(DeskKind.VDXP_OPERATOR, Role.OPERATOR, "G22"))
    check_step(step, case, "VDXP/test", at(DeskKind.C06, Role.HANDLER, "G01.C06"))


@pytest.mark.parametrize("stage", sorted(Stage))
def test_outside_its_stages_a_step_is_refused_whoever_asks(stage: Stage) -> None:
    case = almost(begun(System.POPULATION, "H55", Level.PROVINCE, Platform.VDXP)).but(stage=stage)
    for step in STEPS:
        if stage not in step.sources:
            for actor in insiders("H55"):
                with pytest.raises(StepRefused, match="wrong_stage"):
                    check_step(step, case, next(iter(step.units(case)), ""), actor)
