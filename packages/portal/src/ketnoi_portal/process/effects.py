"""What steps can be taken for, what they change in a case, and whose act they are: pure functions for the table."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from ketnoi_portal.process.case import ASSESSORS, Case, Confirmation, Outcome, PaperState, Rotation, Stage
from ketnoi_portal.process.roles import DeskKind
from ketnoi_portal.process.step import BEFORE_PRODUCTION, RUNNING, Effect, Units
from ketnoi_protocol.services import Environment, Platform, Service, System

# Units


def each_platform(case: Case) -> Iterable[str]:
    """Each platform in each environment."""
    return (f"{platform}/{environment}" for platform in sorted(case.platforms) for environment in Environment)


@lru_cache(maxsize=64)
def platform_of(unit: str) -> tuple[Platform, Environment]:
    """What a unit of `register_on_platform` names: `VDXP/test`."""
    platform, _, environment = unit.partition("/")
    return Platform(platform), Environment(environment)


def registered(case: Case) -> Iterable[str]:
    """Where its servers are registered."""
    return (unit for unit in each_platform(case) if platform_of(unit) in case.registered)


def unregistered(case: Case) -> Iterable[str]:
    """Where they are not."""
    return (unit for unit in each_platform(case) if platform_of(unit) not in case.registered)


def registrable(case: Case) -> Iterable[str]:
    """Where an operator may register them: in production only what was named after a removal."""
    found = unregistered(case)
    if case.stage in RUNNING:
        return (unit for unit in found if case.rotation(platform_of(unit)) is Rotation.NAMED)
    return found


def each_call(case: Case) -> Iterable[str]:
    """Each service, answered and refused."""
    return (f"{service}/{outcome}" for service in sorted(case.services) for outcome in Outcome)


def call_of(unit: str) -> tuple[Service, Outcome]:
    """What a unit of `record_test_call` names: `look_up_citizen/answered`."""
    service, _, outcome = unit.partition("/")
    return Service(service), Outcome(outcome)


def each_paper(case: Case) -> Iterable[str]:
    """Every paper that the dossier of this system has, number 5 apart, which the assessors give."""
    if case.system is System.IDENTITY:
        return ("1",)
    return ("1", "2", "3", *(f"4/{account}" for account in sorted(case.listed)))


def paper_of(unit: str) -> tuple[int, str]:
    """What a unit of the paper steps names: `3`, or `4/<account>`."""
    number, _, account = unit.partition("/")
    return int(number), account


def papers_in(*states: PaperState) -> Units:
    """The papers in one of these states."""
    return lambda case: (unit for unit in each_paper(case) if case.paper(*paper_of(unit)) in states)


def each_assessor(case: Case) -> Iterable[str]:
    """A05 and A06."""
    return ASSESSORS


def next_level(case: Case) -> Iterable[str]:
    """Leadership decides in order: only the next level can."""
    levels = len(case.chart.leadership)
    return (str(case.decisions + 1),) if case.decisions < levels else ()


# Effects


def register(case: Case, unit: str) -> Case:
    place = platform_of(unit)
    more = case.but(registered=case.registered | {place})
    return more.with_rotation(place, Rotation.ALONE) if case.rotation(place) is Rotation.NAMED else more


def deregister(case: Case, unit: str) -> Case:
    platform, environment = platform_of(unit)
    place = (platform, environment)
    less = case.but(registered=case.registered - {place}).with_rotation(place, None)
    return untested(less) if environment is Environment.TEST else less


def take_account(case: Case, unit: str) -> Case:
    return case.but(accounts_taken=case.accounts_taken | {Environment(unit)})


def check_passed(case: Case, unit: str) -> Case:
    stage = Stage.TESTING if case.stage is Stage.OPENING else case.stage
    return case.but(connection_checked=True, stage=stage)


def check_failed(case: Case, unit: str) -> Case:
    return case.but(connection_checked=False)


def record_call(case: Case, unit: str) -> Case:
    return case.but(calls=case.calls | {call_of(unit)})


def untested(case: Case) -> Case:
    """What the test has shown counts for one certificate; nothing of it is left for another."""
    if case.stage not in BEFORE_PRODUCTION:
        return case
    stage = Stage.OPENING if case.stage is Stage.OPENING else Stage.TESTING
    return case.but(stage=stage, connection_checked=False, calls=frozenset(), test_confirmed=False, decisions=0)


def ask(case: Case, unit: str) -> Case:
    return case.but(open_questions=case.open_questions | {DeskKind(unit)})


def answer(case: Case, unit: str) -> Case:
    return case.but(open_questions=case.open_questions - {DeskKind(unit)})


def says(said: Confirmation) -> Effect:
    def effect(case: Case, unit: str) -> Case:
        assessor = DeskKind(unit)
        return case.with_confirmation(assessor, said).but(open_questions=case.open_questions - {assessor})

    return effect


def all_stale(case: Case, unit: str) -> Case:
    for assessor, said in case.confirmations:
        if said is Confirmation.VALID:
            case = case.with_confirmation(assessor, Confirmation.STALE)
    return case


def file_paper(case: Case, unit: str) -> Case:
    return case.with_paper(paper_of(unit), PaperState.FILED)


def accept_paper(case: Case, unit: str) -> Case:
    return case.with_paper(paper_of(unit), PaperState.ACCEPTED)


def remove_paper(case: Case, unit: str) -> Case:
    return case.with_paper(paper_of(unit), None)


def no_decisions(case: Case, unit: str) -> Case:
    return case.but(decisions=0)


def decide(case: Case, unit: str) -> Case:
    decisions = case.decisions + 1
    stage = Stage.APPROVED if decisions == len(case.chart.leadership) else case.stage
    return case.but(decisions=decisions, stage=stage)


def where_the_dossier_is(case: Case, unit: str) -> DeskKind:
    return DeskKind.PC06 if case.stage is Stage.WITH_PC06 else DeskKind.C06


def registrar(case: Case, unit: str) -> DeskKind:
    return case.chart.registration_desk(platform_of(unit)[0], case.applicant)


def assessor_of(case: Case, unit: str) -> DeskKind:
    return DeskKind(unit)


def said_by(*states: Confirmation) -> Units:
    """The assessors who have said one of these."""
    return lambda case: (each for each in ASSESSORS if case.confirmation(each) in states)
