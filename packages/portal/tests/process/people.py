"""One actor of every office, in the area of Thái Nguyên (H55) and elsewhere."""

from __future__ import annotations

from ketnoi_portal.process.case import Case, Confirmation, Outcome, Stage
from ketnoi_portal.process.charts import Level
from ketnoi_portal.process.roles import SYSTEM_ACTOR, Actor, DeskKind, Role
from ketnoi_protocol.services import Environment, Platform, Service, System


def at(desk: DeskKind, role: Role, organisation: str, area: str = "", level: int = 0) -> Actor:
    """An actor."""
    return Actor(f"{role}@{desk}:{organisation}:{level}", desk, organisation, frozenset({role}), area, level)


DESKS = (
    at(DeskKind.PC06, Role.HANDLER, "G01.PC06.H55", "H55"),
    at(DeskKind.C06, Role.HANDLER, "G01.C06"),
    at(DeskKind.A05, Role.ASSESSOR, "G01.A05"),
    at(DeskKind.A06, Role.ASSESSOR, "G01.A06"),
    at(DeskKind.LEADERSHIP, Role.LEADER, "G01", level=1),
    at(DeskKind.LEADERSHIP, Role.LEADER, "G01", level=2),
    at(DeskKind.VDXP_OPERATOR, Role.OPERATOR, "G22"),
    at(DeskKind.NDXP_OPERATOR, Role.OPERATOR, "G14"),
    at(DeskKind.NDOP_OPERATOR, Role.OPERATOR, "G01.C12"),
)


def insiders(applicant: str) -> tuple[Actor, ...]:
    """Everybody who has a part in an application: its representative, every desk, the system."""
    return (at(DeskKind.AGENCY, Role.REPRESENTATIVE, applicant), *DESKS, SYSTEM_ACTOR)


def begun(system: System, applicant: str, level: Level, platform: Platform, chart: str = "chart_2022") -> Case:
    """A draft for one service."""
    service = Service.LOOK_UP_CITIZEN if platform is Platform.VDXP else Service.VERIFY_CITIZEN
    return Case(system, applicant, level, chart, frozenset({service}), frozenset({platform}))


def almost(case: Case) -> Case:
    """Tested and confirmed, with an empty dossier: from here the papers can be explored alone."""
    (service,) = case.services
    return case.but(
        stage=Stage.TESTED,
        registered=frozenset((platform, each) for platform in case.platforms for each in Environment),
        accounts_taken=frozenset({Environment.TEST}),
        connection_checked=True,
        calls=frozenset((service, outcome) for outcome in Outcome),
        test_confirmed=True,
        survey_sent=True,
        confirmations=((DeskKind.A05, Confirmation.VALID), (DeskKind.A06, Confirmation.VALID)),
    )
