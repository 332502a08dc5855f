"""This room's sections of an application's page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from ketnoi_pages.text import Text
from ketnoi_portal.connection.forms import CallForm, CheckForm, ContainersForm
from ketnoi_portal.connection.models import AskedCheck, HandedIn, RotationCheck
from ketnoi_portal.connection.permission import HAND_IN, RUN_CHECK, is_allowed
from ketnoi_portal.onboarding.models import ConnectionCheck, TestCall
from ketnoi_portal.onboarding.sections import Page, Section, page_for, register, words_for
from ketnoi_portal.onboarding.words import ENVIRONMENTS, OUTCOMES, service_title
from ketnoi_portal.process.case import Outcome, Stage
from ketnoi_portal.process.roles import Actor, DeskKind, Role
from ketnoi_portal.process.rules import is_theirs
from ketnoi_portal.process.workflow import STEP
from ketnoi_protocol.services import Environment, Service

SHOWN_CHECKS, SHOWN_MESSAGES = 5, 10
_BEFORE = (Stage.DRAFT, Stage.SUBMITTED, Stage.RETURNED, Stage.REFUSED)


def is_shown_to(actor: Actor) -> bool:
    """Whether somebody sees how the connection stands: the agency and those who run it with them."""
    return actor.desk in (DeskKind.AGENCY, DeskKind.C06, DeskKind.PC06) or Role.AUDITOR in actor.roles


def _visible(page: Page) -> bool:
    return is_shown_to(page.actor) and page.case.stage not in _BEFORE


# The account


def _accounts(page: Page) -> Mapping[str, Any]:
    return {
        "rows": [
            (
                each,
                ENVIRONMENTS[Environment(each.environment)],
                fingerprint(each.public_key),
                is_theirs(STEP["take_account"], page.case, each.environment, page.actor),
            )
            for each in page.application.integration_accounts.order_by("-environment")
        ]
    }


def fingerprint(public_key: str) -> str:
    """The first octets of the key's SHA-256, by which two people compare it; empty where there is none."""
    try:
        key = load_pem_public_key(public_key.encode())
    except (ValueError, TypeError):
        return ""
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()[:10].hex(":")


# The check


@dataclass(frozen=True, slots=True)
class Shown:
    """One item of a check, in words."""

    name: Text
    passed: bool
    detail: Text
    mend: Text


def shown_items(check: ConnectionCheck | RotationCheck) -> list[tuple[str, list[Shown]]]:
    """What a check found, platform by platform."""
    found: dict[str, list[Shown]] = {}
    for each in check.items:
        item = Shown(
            Text(each["name_vi"], each["name_en"]),
            each["passed"],
            Text(each["detail_vi"], each["detail_en"]),
            Text(each["mend_vi"], each["mend_en"]),
        )
        found.setdefault(each["platform"], []).append(item)
    return list(found.items())


def _checks(page: Page) -> Mapping[str, Any]:
    recent = list(page.application.connection_checks.order_by("-pk")[:SHOWN_CHECKS])
    finished = [each for each in recent if each.ended_at is not None]
    asked = AskedCheck.objects.filter(check_run__application=page.application).order_by("-pk").first()
    allowed = is_allowed(page.actor, page.application, RUN_CHECK)
    running = next((each for each in recent if each.ended_at is None), None)
    return {
        "running": running,
        "checks": [(each, shown_items(each)) for each in finished],
        "form": (
            CheckForm(sorted(page.case.platforms), initial={} if asked is None else asked.messages)
            if allowed and running is None
            else None
        ),
    }


# The test calls


@dataclass(frozen=True, slots=True)
class Box:
    """One of a service's two boxes: answered, or refused; with the call that fills it, or the forms to do so."""

    outcome: Text
    refused: bool
    call: TestCall | None
    form: CallForm | None
    upload: ContainersForm | None


def _calls(page: Page) -> Mapping[str, Any]:
    application = page.application
    allowed = is_allowed(page.actor, application, HAND_IN)
    counted = {
        (each.service, each.outcome): each
        for each in application.test_calls.filter(counts=True).select_related("counted").order_by("pk")
    }
    services = [
        (
            service_title(service, application.system),
            [_box(service, outcome, counted.get((service, outcome)), allowed) for outcome in Outcome],
        )
        for service in sorted(page.case.services)
    ]
    recent = [
        (each, _unit_words(each, application.system)) for each in application.handed_in.order_by("-pk")[:SHOWN_MESSAGES]
    ]
    return {
        "services": services,
        "recent": recent,
        "waiting": any(each.passed is None for each, _ in recent),
        "replaced": application.test_calls.filter(counts=False).count(),
        "allowed": allowed,
        "missing": sum(box.call is None for _, boxes in services for box in boxes),
    }


def _box(service: Service, outcome: Outcome, call: TestCall | None, allowed: bool) -> Box:
    unit, refused = f"{service}/{outcome}", outcome is Outcome.REFUSED
    if call is not None or not allowed:
        return Box(OUTCOMES[outcome], refused, call, None, None)
    names = f"id_{service}-{outcome}-%s"
    return Box(
        OUTCOMES[outcome],
        refused,
        None,
        CallForm(initial={"unit": unit}, auto_id=names),
        ContainersForm(initial={"unit": unit}, auto_id=f"{names}-file"),
    )


def _unit_words(handed: HandedIn, system: str) -> Text:
    service, _, outcome = handed.unit.partition("/")
    title, ended = service_title(service, system), OUTCOMES[outcome]
    return Text(f"{title.vi}: {ended.vi}", f"{title.en}: {ended.en}")


def install() -> None:
    """Register them, the account's page, and the words of the acts."""
    register(
        Section(
            "integration_account",
            Text("Tài khoản tích hợp", "Integration account"),
            "connection/accounts.html",
            _accounts,
            _visible,
            order=48,
        )
    )
    register(
        Section(
            "connection",
            Text("Kiểm tra kết nối", "Connection check"),
            "connection/checks.html",
            _checks,
            _visible,
            order=50,
        )
    )
    register(Section("test_calls", Text("Gọi thử", "Test calls"), "connection/calls.html", _calls, _visible, order=52))
    page_for("take_account", "connection:account")
    words_for("ask_connection_check", Text("Yêu cầu kiểm tra kết nối", "Ask for a connection check"))
    words_for("hand_in_call", Text("Nộp lần gọi thử", "Hand in a test call"))
