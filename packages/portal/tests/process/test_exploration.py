"""Every state an application can reach, and what must hold in each: said again here, from the guidance.

The expectations read the case's own facts; they share no line with the requirements that they judge.
"""

from __future__ import annotations

import pytest

from ketnoi_portal.process.case import Case, Confirmation, Outcome, PaperState, Rotation, Stage, opened
from ketnoi_portal.process.charts import Level
from ketnoi_portal.process.effects import platform_of
from ketnoi_portal.process.exploration import Explored, Taken, explore
from ketnoi_portal.process.removal import REMOVAL_STEPS
from ketnoi_portal.process.requirements import REQUIREMENTS, Requirement
from ketnoi_portal.process.roles import PLATFORM_OF, DeskKind
from ketnoi_portal.process.rotation import ROTATION_STEPS
from ketnoi_portal.process.step import BEFORE_PRODUCTION, Step
from ketnoi_protocol.services import Environment, Platform, Service, System

from .people import almost, begun, insiders

# Questions and refusals of assessors only multiply the states: they are walked for the identity system, which has
# fewer papers. Removal from a platform likewise.
ASIDE = frozenset({"ask_agency", "answer_assessor", "deny_security", "remove_from_platform"})

# The next certificate of each server likewise: it is walked in a path of its own, with everything that is not aside.
ROTATION = frozenset(step.name for step in ROTATION_STEPS)

# What follows a removal in production has a path of its own as well: from an application that runs.
REMOVAL = frozenset(step.name for step in REMOVAL_STEPS)

# Ways back multiply the states of two services on two platforms: the other paths walk them.
BACK = frozenset(
    {
        "declare_change", "lapse_confirmation", "replace_certificate", "reopen_test", "reject_paper", "unlist_account",
        "withdraw_commitment", "return_registration", "return_dossier", "suspend", "withdraw",
    }
)  # fmt: skip

OPERATORS = frozenset(PLATFORM_OF)

PATHS = {
    "province": begun(System.POPULATION, "H55", Level.PROVINCE, Platform.VDXP),
    "ministry": begun(System.IDENTITY, "G15", Level.MINISTRY, Platform.NDXP),
    "public security": begun(System.IDENTITY, "G01", Level.MINISTRY, Platform.NDXP),
    "both platforms": begun(System.POPULATION, "G15", Level.MINISTRY, Platform.VDXP).but(
        services=frozenset({Service.LOOK_UP_CITIZEN, Service.VERIFY_CITIZEN}),
        platforms=frozenset({Platform.VDXP, Platform.NDXP}),
    ),
}


def is_tested(case: Case) -> bool:
    """Account taken, connection checked, survey sent, each service answered and refused once, confirmed."""
    calls = {(service, outcome) for service in case.services for outcome in (Outcome.ANSWERED, Outcome.REFUSED)}
    return (
        case.connection_checked
        and case.test_confirmed
        and case.survey_sent
        and Environment.TEST in case.accounts_taken
        and calls <= case.calls
    )


def confirmed(case: Case) -> bool:
    """A05 and A06 have confirmed, and neither confirmation is stale."""
    return dict(case.confirmations) == {DeskKind.A05: Confirmation.VALID, DeskKind.A06: Confirmation.VALID}


def papers_are_there(case: Case) -> bool:
    """Papers 1 to 4 for population, paper 1 alone for identity; all accepted, one commitment for each account."""
    accepted = {key for key, state in case.papers if state is PaperState.ACCEPTED}
    if case.system is System.IDENTITY:
        return (1, "") in accepted
    commitments = {account for number, account in accepted if number == 4}
    return {(1, ""), (2, ""), (3, "")} <= accepted and bool(case.listed) and case.listed <= commitments


def lawful(taken: Taken) -> str | None:
    """What is wrong with a step that the rules let somebody take."""
    before, after, step, actor = taken.before, taken.after, taken.step, taken.actor
    newly_opened = opened(after) - opened(before)
    if newly_opened and after.stage is before.stage:
        # What is being tested, and is open but for its platform: the platform's own desk brings it back. What runs is
        # opened by nobody: after the desk's registration under another certificate a check must have passed.
        place = platform_of(taken.unit)
        if after.stage in (Stage.LIVE, Stage.SUSPENDED):
            if step.name != "pass_check_after_removal" or before.rotation(place) is not Rotation.ALONE:
                return "what runs is opened again without a check under another certificate"
        elif step.name != "register_on_platform" or actor.desk not in OPERATORS:
            return "something is opened without a decision"
    elif Environment.PRODUCTION in newly_opened:
        if actor.desk is not DeskKind.C06 or before.stage not in (Stage.APPROVED, Stage.SUSPENDED):
            return "production is opened by another than C06, or from another stage"
        for name, holds in (
            ("tested", is_tested(before)),
            ("confirmed by A05 and A06", confirmed(before)),
            ("papers", papers_are_there(before)),
            ("leadership", before.decisions == 2),
            ("platform", all((each, Environment.PRODUCTION) in before.registered for each in before.platforms)),
            ("time", not before.expired),
        ):
            if not holds:
                return f"production without: {name}"
    elif Environment.TEST in newly_opened and (
        before.stage not in (Stage.SUBMITTED, Stage.SUSPENDED) or actor.desk is not DeskKind.C06 or before.defects
    ):
        return "the test environment is opened otherwise than by C06"
    if Stage.SUBMITTED is before.stage and after.stage is Stage.OPENING and not opened(after):
        return "what no platform has registered is accepted"
    if after.stage is Stage.LIVE and before.stage is not Stage.LIVE and Environment.PRODUCTION not in opened(after):
        return "an application goes live, and nothing is opened"
    if (
        before.stage in (Stage.LIVE, Stage.SUSPENDED)
        and step.name == "register_on_platform"
        and before.rotation(platform_of(taken.unit)) is not Rotation.NAMED
    ):
        return "what was removed is registered again as it was"
    if step.name == "name_certificate" and (actor.desk, actor.organisation) != (DeskKind.AGENCY, before.applicant):
        return "another than the applicant names its certificate"
    if step.name in ROTATION and (wrong := unlawful_rotation(taken)):
        return wrong
    if step.name == "submit" and before.defects:
        return "a form with defects is sent"
    if not before.claimed and (
        after.stage not in (Stage.DRAFT, Stage.WITHDRAWN)
        or (after.claimed and (actor.desk, actor.organisation) != (DeskKind.AGENCY, before.applicant))
    ):
        return "what came by e-mail goes on without a representative of the applicant"
    if after.decisions > before.decisions and (
        actor.desk is not DeskKind.LEADERSHIP or actor.leadership_level != after.decisions
    ):
        return "a decision out of order, or by somebody else"
    beneath = f"{before.applicant}.".startswith(f"{actor.organisation}.")
    if step.decides and beneath and (actor.desk is not DeskKind.LEADERSHIP or actor.organisation != "G01"):
        return "a desk decides its own request"
    if (
        before.stage is Stage.SUBMITTED
        and after.stage is not Stage.SUBMITTED
        and actor.desk
        not in (
            DeskKind.C06,
            DeskKind.AGENCY,
        )
    ):
        return "somebody else moves what waits for C06"
    if after.stage is Stage.WITH_C06 and before.stage is Stage.TESTED and before.level.is_local:
        return "a locality's dossier passes PC06 by"
    if after.stage is Stage.TESTED and before.stage is Stage.TESTING and not is_tested(before):
        return "the test ends without its proofs"
    if (
        after.stage is Stage.WITH_LEADERSHIP
        and before.stage is not Stage.WITH_LEADERSHIP
        and not (is_tested(before) and confirmed(before) and papers_are_there(before))
    ):
        return "leadership is given an incomplete dossier"
    handed_in = before.stage is Stage.TESTED and after.stage in (Stage.WITH_PC06, Stage.WITH_C06)
    if handed_in and not (confirmed(before) and before.survey_sent and filed(before)):
        return "an incomplete dossier is handed in"
    return None


def unlawful_rotation(taken: Taken) -> str | None:
    """What is wrong with a step of a server's next certificate."""
    before, after, step = taken.before, taken.after, taken.step
    place = platform_of(taken.unit)
    if opened(after) != opened(before) and after.stage in (Stage.LIVE, Stage.SUSPENDED):
        return "another certificate opens or closes something in production"
    if after.registered != before.registered or after.confirmations != before.confirmations:
        return "another certificate changes what was registered or confirmed"
    changed = step.name in ("retire_certificate", "follow_certificate")
    if step.name == "retire_certificate" and before.rotation(place) is not Rotation.CHECKED:
        return "a certificate is retired without a check that passed under the next one"
    if step.name in ("register_beside", "retire_certificate") and taken.actor.desk not in OPERATORS:
        return "another than the platform's operator registers or retires a certificate"
    if changed and place[1] is Environment.TEST and after.stage in BEFORE_PRODUCTION and is_tested(after):
        return "a test counts for a certificate that it was not made under"
    if not changed and after.but(rotations=()) != before.but(rotations=()):
        return "a certificate that is not in use yet changes the application"
    return None


def filed(case: Case) -> bool:
    """Every paper has been handed over, accepted or not."""
    there = {key for key, _ in case.papers}
    if case.system is System.IDENTITY:
        return (1, "") in there
    return {(1, ""), (2, ""), (3, "")} <= there and bool(case.listed) and {(4, each) for each in case.listed} <= there


def by_itself(case: Case) -> tuple[Case, ...]:
    """A form is edited, a certificate in it runs out; the approved time ends, whether or not anybody notices."""
    later = []
    if case.stage in (Stage.DRAFT, Stage.RETURNED) and case.defects:
        later.append(case.but(defects=0))
    if case.stage is Stage.SUBMITTED and not case.defects:
        later.append(case.but(defects=1))
    if case.stage in (Stage.LIVE, Stage.SUSPENDED) and not case.expired:
        later.append(case.but(expired=True))
    return tuple(later)


def running(case: Case) -> Case:
    """The same in production, with everything that going live asks for."""
    whole = almost(case).but(stage=Stage.LIVE, decisions=2)
    return whole.with_paper((1, ""), PaperState.ACCEPTED)


def walk(
    begin: Case, requirements: tuple[Requirement, ...] = REQUIREMENTS, *, leave: frozenset[str] = ASIDE | ROTATION
) -> Explored:
    """Explore from a case; `leave` are the steps that nobody takes."""

    def skip(step: Step) -> bool:
        return step.name in leave

    return explore(begin, insiders(begin.applicant), lawful, requirements, skip=skip, happens=by_itself)


def test_after_a_removal_what_runs_is_opened_by_a_check_alone(capsys: pytest.CaptureFixture[str]) -> None:
    found = walk(running(PATHS["ministry"]), leave=frozenset({"ask_agency", "answer_assessor", "deny_security"}))
    with capsys.disabled():
        print(f"\nremoved in production: {found.states:,} states, {found.steps:,} steps that somebody may take")
    assert found.wrong is None, f"{found.wrong}: {' → '.join(found.way)}"
    assert found.states > 500


@pytest.mark.parametrize(
    ("path", "leave", "least"),
    [
        ("province", ASIDE | ROTATION, 50_000),
        ("ministry", ROTATION, 20_000),
        ("ministry", ASIDE, 20_000),
        ("public security", ASIDE | ROTATION, 1_000),
        ("both platforms", ASIDE | ROTATION | BACK, 50_000),
    ],
    ids=["province", "ministry", "ministry, with other certificates", "public security", "both platforms"],
)
def test_no_way_leads_past_the_rules(
    path: str, leave: frozenset[str], least: int, capsys: pytest.CaptureFixture[str]
) -> None:
    begin = PATHS[path] if path == "both platforms" else PATHS[path].but(defects=1, claimed=False)
    found = walk(begin, leave=leave)
    with capsys.disabled():
        print(f"\n{path}: {found.states:,} states, {found.steps:,} steps that somebody may take")
    assert found.wrong is None, f"{found.wrong}: {' → '.join(found.way)}"
    assert found.states > least


# What is asked of both systems is looked for where there are fewer states; what concerns papers alone, from there on.
@pytest.mark.parametrize("row", REQUIREMENTS, ids=lambda row: row.key)
def test_without_any_one_requirement_a_way_is_found(row: Requirement) -> None:
    if row.key == "checked_after_removal":
        rest = tuple(each for each in REQUIREMENTS if each is not row)
        assert walk(running(PATHS["ministry"]), rest, leave=ASIDE - {"remove_from_platform"}).wrong is not None
        return
    begin = (
        PATHS["ministry"].but(defects=1, claimed=False) if System.IDENTITY in row.systems else almost(PATHS["province"])
    )
    found = walk(begin, tuple(each for each in REQUIREMENTS if each is not row))
    assert found.wrong is not None, f"nothing is lost without {row.key}"
