"""An application as the rules see it: one value that holds everything a rule may ask about."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import msgspec

from ketnoi_pages.text import Text
from ketnoi_portal.process.charts import CHARTS, Chart, Level
from ketnoi_portal.process.roles import DeskKind
from ketnoi_protocol.services import Environment, Platform, Service, System


class Stage(StrEnum):
    """Where an application stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    OPENING = "opening"
    TESTING = "testing"
    TESTED = "tested"
    WITH_PC06 = "with_pc06"
    WITH_C06 = "with_c06"
    WITH_LEADERSHIP = "with_leadership"
    APPROVED = "approved"
    LIVE = "live"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


STAGE_TITLES: Final = {
    Stage.DRAFT: Text("Đang soạn", "Draft"),
    Stage.SUBMITTED: Text("Chờ C06 tiếp nhận", "Waiting for C06"),
    Stage.RETURNED: Text("Trả lại để hoàn thiện", "Returned"),
    Stage.OPENING: Text("Đang mở kết nối thử nghiệm", "Test connection being opened"),
    Stage.TESTING: Text("Đang thử nghiệm", "Testing"),
    Stage.TESTED: Text("Hoàn thiện hồ sơ", "Tested; completing the dossier"),
    Stage.WITH_PC06: Text("PC06 kiểm tra hồ sơ", "With PC06"),
    Stage.WITH_C06: Text("C06 thẩm định hồ sơ", "With C06"),
    Stage.WITH_LEADERSHIP: Text("Trình lãnh đạo", "With leadership"),
    Stage.APPROVED: Text("Lãnh đạo đã đồng ý", "Approved"),
    Stage.LIVE: Text("Chạy chính thức", "In production"),
    Stage.SUSPENDED: Text("Tạm dừng", "Suspended"),
    Stage.REVOKED: Text("Đã thu hồi", "Revoked"),
    Stage.EXPIRED: Text("Hết hạn", "Expired"),
    Stage.SUPERSEDED: Text("Đã thay bằng đăng ký mới", "Replaced by a newer application"),
    Stage.REFUSED: Text("Không tiếp nhận", "Refused"),
    Stage.WITHDRAWN: Text("Đã rút", "Withdrawn"),
}

OVER: Final = frozenset({Stage.REVOKED, Stage.EXPIRED, Stage.SUPERSEDED, Stage.REFUSED, Stage.WITHDRAWN})


class Outcome(StrEnum):
    """How a test call ended: each service is tried both ways before production."""

    ANSWERED = "answered"
    REFUSED = "refused"


class Confirmation(StrEnum):
    """What one assessor has said of the information system's security."""

    NONE = "none"
    VALID = "valid"
    STALE = "stale"
    DENIED = "denied"


class PaperState(StrEnum):
    """One paper of the dossier: handed over by the agency, then accepted by the desk that checks it."""

    FILED = "filed"
    ACCEPTED = "accepted"


class Rotation(StrEnum):
    """How far a server's other certificate has come.

    Of a server that stays registered: handed in, registered beside the old one, checked. Of one that the platform's
    operator took off while the application runs: named, then registered alone, and not checked yet.
    """

    OFFERED = "offered"
    BESIDE = "beside"
    CHECKED = "checked"
    NAMED = "named"
    ALONE = "alone"


ASSESSORS: Final = (DeskKind.A05, DeskKind.A06)
WHOLE: Final = ""
"""The unit of a paper that stands once in a dossier."""

PaperKey = tuple[int, str]
"""A paper's number in the guidance (1 to 4), and the account that it is for, or WHOLE."""

Place = tuple[Platform, Environment]
"""Where a security server is registered."""


class Case(msgspec.Struct, frozen=True, cache_hash=True):
    """Everything a rule may ask about one application.

    `connection_checked`, `calls` and the confirmations of the test count for the present certificate only: a new one
    empties them. `defects` is how many defects the pre-check finds in the form. `papers` has the papers 1 to 4 that
    stand; number 5 is `confirmations`. `listed` are the accounts that paper 2 names. `decisions` is how many levels
    of leadership have agreed, in order. `expired`: the approved time is over. `claimed` is False for a draft that came
    by e-mail, until a representative of the applicant has taken it as their own: a sender's address proves nothing.
    `rotations` are the servers that are about to have another certificate.
    """

    system: System
    applicant: str
    level: Level
    chart_name: str
    services: frozenset[Service]
    platforms: frozenset[Platform]
    stage: Stage = Stage.DRAFT
    defects: int = 0
    registered: frozenset[Place] = frozenset()
    accounts_taken: frozenset[Environment] = frozenset()
    connection_checked: bool = False
    calls: frozenset[tuple[Service, Outcome]] = frozenset()
    test_confirmed: bool = False
    survey_sent: bool = False
    open_questions: frozenset[DeskKind] = frozenset()
    confirmations: tuple[tuple[DeskKind, Confirmation], ...] = ()
    papers: tuple[tuple[PaperKey, PaperState], ...] = ()
    listed: frozenset[str] = frozenset()
    decisions: int = 0
    expired: bool = False
    claimed: bool = True
    rotations: tuple[tuple[Place, Rotation], ...] = ()

    @property
    def chart(self) -> Chart:
        """The hierarchy under which this application was begun."""
        return CHARTS[self.chart_name]

    @property
    def route(self) -> tuple[DeskKind, ...]:
        """The desks that its dossier passes before leadership."""
        return self.chart.dossier_routes[self.level]

    def confirmation(self, assessor: DeskKind) -> Confirmation:
        """What an assessor has said."""
        return dict(self.confirmations).get(assessor, Confirmation.NONE)

    def paper(self, number: int, unit: str = WHOLE) -> PaperState | None:
        """The state of a paper, or None where there is none."""
        return dict(self.papers).get((number, unit))

    def but(self, **changes: Any) -> Case:
        """The same application with these changes."""
        return msgspec.structs.replace(self, **changes)

    def with_confirmation(self, assessor: DeskKind, said: Confirmation) -> Case:
        """An assessor says something else from now on."""
        return self.but(confirmations=tuple(sorted({**dict(self.confirmations), assessor: said}.items())))

    def with_paper(self, key: PaperKey, state: PaperState | None) -> Case:
        """A paper stands in this state, or not at all."""
        papers = {**dict(self.papers), key: state}
        return self.but(papers=tuple(sorted((each, known) for each, known in papers.items() if known is not None)))

    def rotation(self, place: Place) -> Rotation | None:
        """How far a server's next certificate has come, or None where there is none."""
        return dict(self.rotations).get(place)

    def with_rotation(self, place: Place, state: Rotation | None) -> Case:
        """A server's next certificate stands so, or there is none."""
        found = {**dict(self.rotations), place: state}
        return self.but(rotations=tuple(sorted((each, known) for each, known in found.items() if known is not None)))

    def waits_for(self) -> tuple[DeskKind, ...]:
        """Whose act this application waits for."""
        return _WAITS.get(self.stage, ())


_WAITS: Final = {
    Stage.DRAFT: (DeskKind.AGENCY,),
    Stage.SUBMITTED: (DeskKind.C06,),
    Stage.RETURNED: (DeskKind.AGENCY,),
    Stage.OPENING: (DeskKind.C06, DeskKind.AGENCY),
    Stage.TESTING: (DeskKind.AGENCY,),
    Stage.TESTED: (DeskKind.AGENCY,),
    Stage.WITH_PC06: (DeskKind.PC06,),
    Stage.WITH_C06: (DeskKind.C06,),
    Stage.WITH_LEADERSHIP: (DeskKind.LEADERSHIP,),
    Stage.APPROVED: (DeskKind.C06,),
}


def opened(case: Case) -> frozenset[Environment]:
    """In which environments C06's servers and registry answer this application: the one place that says so.

    Where a platform no longer registers a server that the application needs, nothing is open; nor where it registers
    it under another certificate, until the connection has been checked under that [OC].
    """
    environments = {Environment.TEST} if case.stage in _TEST_OPEN else set()
    if case.stage is Stage.LIVE and not case.expired:
        environments.add(Environment.PRODUCTION)
    return frozenset(
        environment
        for environment in environments
        if all(
            (platform, environment) in case.registered and case.rotation((platform, environment)) is not Rotation.ALONE
            for platform in case.platforms
        )
    )


# Testing goes on beside production; a suspended application is closed in both environments.
_TEST_OPEN: Final = frozenset(
    {
        Stage.OPENING,
        Stage.TESTING,
        Stage.TESTED,
        Stage.WITH_PC06,
        Stage.WITH_C06,
        Stage.WITH_LEADERSHIP,
        Stage.APPROVED,
        Stage.LIVE,
    }
)
