"""This room's own sections of an application's page. Rooms that know more register a section of the same key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ketnoi_pages import clock
from ketnoi_pages.fields import FIELDS
from ketnoi_pages.text import Text
from ketnoi_portal.onboarding import renewing
from ketnoi_portal.onboarding.difference import KINDS, difference
from ketnoi_portal.onboarding.sections import Page, Section, page_for, register
from ketnoi_portal.onboarding.sign_in import thumbprint
from ketnoi_portal.onboarding.survey_actions import may_write
from ketnoi_portal.onboarding.words import ENVIRONMENTS, OUTCOMES, PAPERS, service_title
from ketnoi_portal.process.case import PaperState, Stage
from ketnoi_portal.process.roles import DESK_TITLES, DeskKind, Role
from ketnoi_portal.process.step import BEFORE_PRODUCTION, RUNNING
from ketnoi_protocol.services import Environment, System

_STATES = {
    "asked": Text("Chờ đơn vị vận hành", "Waiting for the operator"),
    "registered": Text("Đã đăng ký", "Registered"),
    "refused": Text("Không đăng ký", "Refused"),
    "removed": Text("Đã gỡ", "Removed"),
}


def _changes(page: Page) -> Mapping[str, Any]:
    before = page.application.supersedes
    if before is None:
        return {}
    found = difference(before.registration, page.application.registration, System(page.application.system))
    return {"before": before, "changes": [(KINDS[each.kind], each) for each in found]}


def _form(page: Page) -> Mapping[str, Any]:
    form, system = page.application.registration, page.application.system
    services = [
        (
            service_title(each.service, system),
            each,
            [FIELDS.get(name, Text(name, name)) for name in (*each.fields, *each.match_fields)],
        )
        for each in form.services
    ]
    servers = [(each, ENVIRONMENTS[each.environment]) for each in form.servers]
    sign_in = [(each, ENVIRONMENTS[each.environment], thumbprint(each.key)) for each in form.sign_in]
    return {"form": form, "services": services, "servers": servers, "sign_in": sign_in}


def _registrations(page: Page) -> Mapping[str, Any]:
    rows = page.application.platform_registrations.order_by("platform", "-environment")
    own = page.actor.desk is DeskKind.AGENCY and page.case.stage in BEFORE_PRODUCTION
    told = [(each, ENVIRONMENTS[Environment(each.environment)], _STATES[each.state]) for each in rows]
    return {"rows": told, "own": own}


def _connection(page: Page) -> Mapping[str, Any]:
    calls = page.application.test_calls.order_by("-pk")[:20]
    return {
        "accounts": [
            (each, ENVIRONMENTS[Environment(each.environment)])
            for each in page.application.integration_accounts.order_by("-environment")
        ],
        "checks": page.application.connection_checks.order_by("-pk")[:3],
        "calls": [
            (each, service_title(each.service, page.application.system), OUTCOMES[each.outcome]) for each in calls
        ],
    }


def _papers(page: Page) -> Mapping[str, Any]:
    rows = page.application.papers.filter(current=True).order_by("number", "unit")
    listed = page.application.listed_accounts.filter(removed_at=None).select_related("unit").order_by("key")
    return {
        "rows": [(each, PAPERS[each.number], each.state == PaperState.ACCEPTED) for each in rows],
        "listed": listed,
        "identity": page.case.system is System.IDENTITY,
    }


def _assessments(page: Page) -> Mapping[str, Any]:
    questions = page.application.questions.order_by("-pk")
    return {
        "assessments": page.application.assessments.order_by("-current", "assessor", "-said_at"),
        "questions": [(each, DESK_TITLES[DeskKind(each.assessor)]) for each in questions],
        "today": clock.today(),
    }


def _survey(page: Page) -> Mapping[str, Any]:
    return {"writes": may_write(page.actor, page.application), "sent": page.case.survey_sent}


def _concerns_survey(page: Page) -> bool:
    if page.actor.desk in (DeskKind.A05, DeskKind.A06):
        return True
    return page.actor.desk in (DeskKind.AGENCY, DeskKind.C06) and page.case.stage not in (
        Stage.DRAFT,
        Stage.RETURNED,
        Stage.SUBMITTED,
    )


def _decisions(page: Page) -> Mapping[str, Any]:
    return {"decisions": page.application.decisions.order_by("pk")}


def _renewal(page: Page) -> Mapping[str, Any]:
    return {"under_way": renewing.under_way(page.application)}


def _may_renew(page: Page) -> bool:
    own = page.actor.desk is DeskKind.AGENCY and bool(page.actor.roles & {Role.REPRESENTATIVE, Role.CLERK})
    return own and page.case.stage in RUNNING


def _of_the_connection(page: Page) -> bool:
    return page.actor.desk in (DeskKind.AGENCY, DeskKind.C06, DeskKind.PC06) or Role.AUDITOR in page.actor.roles


def install() -> None:
    """Register them, and the survey's page."""
    folder = "onboarding/facts"
    for section in (
        Section(
            "changes",
            Text("Thay đổi so với đăng ký đang chạy", "Changes against what is live"),
            f"{folder}/changes.html",
            _changes,
            order=10,
        ),
        Section(
            "renewal",
            Text("Gia hạn, thay đổi", "Renew, extend or change"),
            f"{folder}/renewal.html",
            _renewal,
            _may_renew,
            order=12,
        ),
        Section(
            "decisions",
            Text("Quyết định của lãnh đạo", "Leadership's decisions"),
            f"{folder}/decisions.html",
            _decisions,
            order=20,
        ),
        Section(
            "assessments",
            Text("Đánh giá của A05, A06", "Assessments of A05 and A06"),
            f"{folder}/assessments.html",
            _assessments,
            order=30,
        ),
        Section(
            "survey",
            Text("Phiếu khảo sát", "Survey form"),
            f"{folder}/survey.html",
            _survey,
            _concerns_survey,
            order=35,
        ),
        Section("papers", Text("Giấy tờ", "Papers"), f"{folder}/papers.html", _papers, order=40),
        Section(
            "connection",
            Text("Kết nối thử nghiệm", "Test connection"),
            f"{folder}/connection.html",
            _connection,
            _of_the_connection,
            order=50,
        ),
        Section(
            "registrations",
            Text("Đăng ký trên nền tảng", "Registrations on the platforms"),
            f"{folder}/registrations.html",
            _registrations,
            order=60,
        ),
        Section("form", Text("Phiếu đăng ký", "Registration form"), f"{folder}/form.html", _form, order=80),
    ):
        register(section)
    page_for("send_survey", "onboarding:survey")
    page_for("replace_certificate", "onboarding:servers_of")
