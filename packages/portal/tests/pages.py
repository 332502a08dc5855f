"""A cast of people, and applications that stand at a stage, for tests of pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import typst
from django.test import Client

from ketnoi_pages import clock
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.files.models import Blob
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.models import Application, ListedAccount
from ketnoi_portal.onboarding.writing import Given, ProvedCall
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.roles import SYSTEM_ACTOR, Actor, Role
from ketnoi_protocol.services import Service, System

from .browsing import as_person
from .forms import a_form
from .offices import at_agency, at_desk, found

SIGNED = {"state": "valid", "checked_at": "2026-01-01T00:00:00Z"}
PDF = typst.compile("Giấy tờ".encode())


class Cast:
    """One person of every kind, at their own office and at others."""

    def __init__(self) -> None:
        found()
        self.hats: dict[str, str] = {}
        self.actors: dict[str, Actor] = {}
        for name, code, role in (
            ("rep", "H55", Role.REPRESENTATIVE),
            ("clerk", "H55", Role.CLERK),
            ("officer", "H55", Role.OFFICER),
            ("other_rep", "H38", Role.REPRESENTATIVE),
            ("unit_rep", "H55.02", Role.REPRESENTATIVE),
            ("ministry_rep", "G15", Role.REPRESENTATIVE),
        ):
            self.actors[name], self.hats[name] = at_agency(code, role, name=name), f"agency:{code}"
        for name, slug, role, level in (
            ("c06", "c06", Role.HANDLER, 0),
            ("c06_publisher", "c06", Role.PUBLISHER, 0),
            ("auditor", "c06", Role.AUDITOR, 0),
            ("pc06", "pc06-h55", Role.HANDLER, 0),
            ("other_pc06", "pc06-h38", Role.HANDLER, 0),
            ("district", "doi-h55-30", Role.HANDLER, 0),
            ("a05", "a05", Role.ASSESSOR, 0),
            ("a06", "a06", Role.ASSESSOR, 0),
            ("leader_1", "lanh-dao", Role.LEADER, 1),
            ("leader_2", "lanh-dao", Role.LEADER, 2),
            ("vdxp", "vdxp", Role.OPERATOR, 0),
            ("ndxp", "ndxp", Role.OPERATOR, 0),
        ):
            self.actors[name], self.hats[name] = at_desk(slug, role, level=level, name=name), f"desk:{slug}"

    def client(self, name: str) -> Client:
        """The browser of one of them."""
        return as_person(self.actors[name], self.hats[name])

    def __getitem__(self, name: str) -> Actor:
        return self.actors[name]


class Walk:
    """One application, taken along as far as a test wants it."""

    def __init__(
        self, cast: Cast, system: System = System.POPULATION, *, supersedes: Application | None = None
    ) -> None:
        self.cast, self.system = cast, system
        organisation = Organisation.objects.get(pk="H55")
        self.operator = cast["vdxp" if system is System.POPULATION else "ndxp"]
        self.platform = "VDXP" if system is System.POPULATION else "NDXP"
        self.application = actions.begin(cast["rep"], organisation, system, supersedes=supersedes)

    def take(self, who: str | Actor, step: str, unit: str = "", given: Given | None = None) -> Application:
        """One step."""
        actor = self.cast[who] if isinstance(who, str) else who
        self.application = actions.take(actor, self.application, step, unit, given)
        return self.application

    def to(self, stage: Stage) -> Application:
        """As far as a stage of the main way."""
        onward: dict[str, Callable[[], object]] = {
            Stage.DRAFT: self.submitted,
            Stage.RETURNED: self.submitted,
            Stage.SUBMITTED: self.opening,
            Stage.OPENING: self.testing,
            Stage.TESTING: self.tested,
            Stage.TESTED: self.handed_in,
            Stage.WITH_PC06: self.forwarded,
            Stage.WITH_C06: lambda: self.take("c06", "submit_to_leadership"),
            Stage.WITH_LEADERSHIP: self.approved,
            Stage.APPROVED: self.live,
        }
        while self.application.stage != stage:
            onward[self.application.stage]()
        return self.application

    def submitted(self) -> None:
        """Filled in and sent."""
        service = Service.LOOK_UP_CITIZEN if self.system is System.POPULATION else Service.VERIFY_CITIZEN
        actions.save_form(self.cast["rep"], self.application, a_form(self.system, services=(service,)))
        self.take("rep", "submit")

    def opening(self) -> None:
        """Registered and accepted."""
        self.take(self.operator, "register_on_platform", f"{self.platform}/test")
        self.take("c06", "accept")

    def testing(self) -> None:
        """The account is taken, the connection checked."""
        self.take("rep", "take_account", "test", Given(public_key="PEM"))
        self.take(SYSTEM_ACTOR, "pass_connection_check")

    def tested(self) -> None:
        """Called, surveyed, assessed, confirmed."""
        proof = Blob.keep(b"proof", "application/zip")
        proved = ProvedCall("id", "00", datetime(2026, 1, 1, tzinfo=UTC), proof, proof)
        service = next(iter(self.application.services))
        for outcome in ("answered", "refused"):
            self.take(SYSTEM_ACTOR, "record_test_call", f"{service}/{outcome}", Given(evidence=proved))
        self.take("rep", "send_survey")
        until = clock.today() + timedelta(days=365)
        for assessor in ("a05", "a06"):
            given = Given(number="1/XN", dated=date(2026, 1, 1), scope="Toàn hệ thống", valid_until=until)
            self.take(assessor, "confirm_security", assessor, given)
        self.take("rep", "confirm_test")
        self.take("c06", "complete_test")

    def papers(self) -> list[str]:
        """The papers of this system that the agency files."""
        return ["1"] if self.system is System.IDENTITY else ["1", "2", "3", "4/TK1"]

    def handed_in(self) -> None:
        """The dossier is complete and with PC06."""
        blob = Blob.keep(PDF, "application/pdf")
        known = ListedAccount.objects.filter(application=self.application).exists()
        if self.system is System.POPULATION and not known:
            province = Organisation.objects.get(pk="H55")
            given = Given(full_name="Nguyễn Văn A", position="CV", email="a@example.vn", organisation=province)
            self.take("rep", "list_account", "TK1", given)
        for unit in self.papers():
            self.take("rep", "file_paper", unit, Given(file=blob, file_name="giay.pdf", verdict=SIGNED))
        self.take("rep", "hand_in_to_pc06")

    def forwarded(self) -> None:
        """Checked by PC06."""
        for unit in self.papers():
            self.take("pc06", "accept_paper", unit)
        self.take("pc06", "forward")

    def approved(self) -> None:
        """Both levels have agreed."""
        for level in ("1", "2"):
            self.take(f"leader_{level}", "decide", level, Given(number=f"{level}/QĐ", dated=date(2026, 1, 2)))

    def live(self) -> None:
        """In production."""
        self.take(self.operator, "register_on_platform", f"{self.platform}/production")
        self.take("c06", "go_live")
