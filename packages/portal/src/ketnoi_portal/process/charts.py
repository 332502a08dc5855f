"""Who receives what: the hierarchy as dated data.

`chart_2022` is the guidance's. `chart_2025` is what public sources tell of the time after 1 July 2025 (no district
police, 34 provinces, other operators); that commune police take the district team's place is our choice. An
application keeps the chart under which it was begun, so that a change of chart moves nothing that is under way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.process.roles import Actor, DeskKind
from ketnoi_protocol.identifiers import OrganisationCode
from ketnoi_protocol.services import Platform


class Level(StrEnum):
    """Where an organisation stands in the state."""

    MINISTRY = "ministry"
    PROVINCE = "province"
    DEPARTMENT = "department"
    DISTRICT = "district"
    COMMUNE = "commune"

    @property
    def is_local(self) -> bool:
        """Whether its dossiers go through PC06."""
        return self is not Level.MINISTRY


LEVEL_TITLES: Final = {
    Level.MINISTRY: Text("Bộ, cơ quan ngang Bộ, cơ quan thuộc Chính phủ", "Ministry or agency of the Government"),
    Level.PROVINCE: Text("Tỉnh, thành phố trực thuộc Trung ương", "Province"),
    Level.DEPARTMENT: Text("Sở, ngành cấp tỉnh", "Provincial department"),
    Level.DISTRICT: Text("Đơn vị cấp huyện", "District unit"),
    Level.COMMUNE: Text("Đơn vị cấp xã", "Commune unit"),
}


@dataclass(frozen=True, slots=True)
class LeadershipLevel:
    """One decision that leadership takes, in order."""

    title: Text


@dataclass(frozen=True, slots=True)
class Operator:
    """Who governs a platform: its organisation code and its desk."""

    organisation: str
    title: Text
    desk: DeskKind


@dataclass(frozen=True, slots=True)
class Chart:
    """The hierarchy from a day on.

    `dossier_routes` and `account_routes` name, by the applicant's level, the desks in order; leadership follows the
    last desk of a dossier. `substitutes` decide where the first desk would decide its own request. `last_instance` are
    desks above which nobody stands, each with the body for which it decides although that is its own. `keeper` is the
    body that keeps both registers: it does not apply to itself, so nobody decides for it.
    """

    name: str
    title: Text
    valid_from: date
    provinces: int
    dossier_routes: dict[Level, tuple[DeskKind, ...]]
    account_routes: dict[Level, tuple[DeskKind, ...]]
    leadership: tuple[LeadershipLevel, ...]
    operators: dict[Platform, Operator]
    last_instance: dict[DeskKind, str]
    keeper: str

    @property
    def substitutes(self) -> dict[DeskKind, DeskKind]:
        """Who decides where a desk would decide for its own body: C06 for a platform's operator. Our choice."""
        return {operator.desk: DeskKind.C06 for operator in self.operators.values()}

    def registration_desk(self, platform: Platform, applicant: str) -> DeskKind:
        """Whose desk decides a registration on a platform: the operator's, or its substitute for its own request."""
        operator = self.operators[platform]
        return self.substitutes[operator.desk] if _covers(operator.organisation, applicant) else operator.desk

    def is_keepers(self, applicant: str) -> bool:
        """Whether a request would be the keeper's own, which cannot be made here."""
        return _covers(self.keeper, applicant)

    def is_own(self, actor: Actor, applicant: str) -> bool:
        """Whether a request is of the desk's own body, so that this desk must not decide it."""
        if not actor.owns(applicant):
            return False
        body = self.last_instance.get(actor.desk, "")
        return not body or not _covers(body, applicant) or self.is_keepers(applicant)


def _covers(body: str, applicant: str) -> bool:
    return OrganisationCode.parse(body).covers(OrganisationCode.parse(applicant))


_TO_C06 = (DeskKind.C06,)
_BY_PC06 = (DeskKind.PC06, DeskKind.C06)
_BY_DISTRICT = (DeskKind.DISTRICT_POLICE, DeskKind.PC06, DeskKind.C06)
_BY_COMMUNE = (DeskKind.COMMUNE_POLICE, DeskKind.PC06, DeskKind.C06)
_DOSSIERS = {level: _BY_PC06 if level.is_local else _TO_C06 for level in Level}
# Two levels: our choice; the guidance says "các cấp Lãnh đạo" without naming them.
_LEADERSHIP = (
    LeadershipLevel(Text("Lãnh đạo Cục C06", "Leader of C06")),
    LeadershipLevel(Text("Lãnh đạo Bộ Công an", "Leader of the Ministry of Public Security")),
)
# Both registers are the ministry's own: nobody above its leadership could agree for its units instead. Our choice.
_LAST_INSTANCE = {DeskKind.LEADERSHIP: "G01"}
# C06 uses what it keeps without the platforms and without this portal. Our choice.
_KEEPER = "G01.C06"
_VPCP = Operator("G22", Text("Văn phòng Chính phủ", "Office of the Government"), DeskKind.VDXP_OPERATOR)

CHART_2022: Final = Chart(
    "chart_2022",
    Text("Theo hướng dẫn năm 2022", "As the guidance of 2022 has it"),
    date(2022, 1, 29),
    63,
    _DOSSIERS,
    {
        Level.MINISTRY: _TO_C06,
        Level.PROVINCE: _BY_PC06,
        Level.DEPARTMENT: _BY_PC06,
        Level.DISTRICT: _BY_DISTRICT,
        Level.COMMUNE: _BY_DISTRICT,
    },
    _LEADERSHIP,
    {
        Platform.VDXP: _VPCP,
        Platform.NDXP: Operator(
            "G14",
            Text("Bộ Thông tin và Truyền thông", "Ministry of Information and Communications"),
            DeskKind.NDXP_OPERATOR,
        ),
    },
    _LAST_INSTANCE,
    _KEEPER,
)

CHART_2025: Final = Chart(
    "chart_2025",
    Text("Sau ngày 01/7/2025: không còn cấp huyện", "After 1 July 2025: no district tier"),
    date(2025, 7, 1),
    34,
    {level: route for level, route in _DOSSIERS.items() if level is not Level.DISTRICT},
    {
        Level.MINISTRY: _TO_C06,
        Level.PROVINCE: _BY_PC06,
        Level.DEPARTMENT: _BY_PC06,
        Level.COMMUNE: _BY_COMMUNE,
    },
    _LEADERSHIP,
    {
        Platform.VDXP: _VPCP,
        Platform.NDXP: Operator(
            "G06", Text("Bộ Khoa học và Công nghệ", "Ministry of Science and Technology"), DeskKind.NDXP_OPERATOR
        ),
        # NĐ 278/2025/NĐ-CP. The centre's organisation code was not found: our choice.
        Platform.NDOP: Operator(
            "G01.C12", Text("Trung tâm Dữ liệu quốc gia", "National Data Centre"), DeskKind.NDOP_OPERATOR
        ),
    },
    _LAST_INSTANCE,
    _KEEPER,
)

CHARTS: Final = {chart.name: chart for chart in (CHART_2022, CHART_2025)}
DEFAULT_CHART: Final = CHART_2022.name
