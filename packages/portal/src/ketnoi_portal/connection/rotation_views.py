"""The page of a server's certificates: the one in use, the next one with its check, and all that have been."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.connection import rotation
from ketnoi_portal.connection.forms import NextCertificateForm
from ketnoi_portal.connection.models import RotationCheck
from ketnoi_portal.connection.pages import shown_items
from ketnoi_portal.onboarding import removing, rotating
from ketnoi_portal.onboarding.actions import Changed
from ketnoi_portal.onboarding.certificate_models import CertificateSpan, NextCertificate, end_of, fingerprint
from ketnoi_portal.onboarding.models import Application, PlatformRegistration
from ketnoi_portal.onboarding.sections import Page, Section, page_for, register, words_for
from ketnoi_portal.onboarding.seeing import office_needed, seen
from ketnoi_portal.onboarding.views.answers import refused
from ketnoi_portal.onboarding.words import ENVIRONMENTS
from ketnoi_portal.process.case import Case
from ketnoi_portal.process.roles import PLATFORM_OF, Actor, DeskKind, Role
from ketnoi_portal.process.rules import StepRefused, can_step, is_possible
from ketnoi_portal.process.step import RUNNING
from ketnoi_portal.process.workflow import STEP
from ketnoi_portal.publication import rotation as rotation_acts
from ketnoi_portal.publication.admin_client import AdminError
from ketnoi_portal.site.numbers import sent_number
from ketnoi_portal.site.refusing import tell
from ketnoi_portal.site.words import say
from ketnoi_protocol.services import Environment

OFFER, NAME = "offer_certificate", "name_certificate"
LONGEST_REASON = 4000
_READERS = frozenset({DeskKind.AGENCY, DeskKind.C06, DeskKind.PC06, *PLATFORM_OF})


@dataclass(frozen=True, slots=True)
class Held:
    """One server: its certificate, the other one, the checks of that one, what the reader may do.

    `removed`: the platform's operator took it off, and it waits for another certificate.
    """

    registration: PlatformRegistration
    environment: Text
    removed: bool
    fingerprint: str
    ends: datetime | None
    coming: NextCertificate | None
    checks: list[tuple[RotationCheck, list[Any]]]
    running: bool
    may_offer: bool
    may_name: bool
    may_give_up: bool
    may_check: bool

    @property
    def unit(self) -> str:
        """As the process names its place."""
        return f"{self.registration.platform}/{self.registration.environment}"


def sees(actor: Actor) -> bool:
    """Whose certificates concern somebody who may see the application."""
    return actor.desk in _READERS or Role.AUDITOR in actor.roles


@office_needed
@require_http_methods(["GET", "HEAD", "POST"])
def certificates(request: HttpRequest, key: UUID) -> HttpResponse:
    """Every server of an application; the agency hands in the next certificate of one (`?unit=VDXP/production`).

    Of one that was removed it names another certificate.
    """
    actor: Actor = request.actor  # type: ignore[attr-defined]
    application = seen(actor, key)
    if not sees(actor):
        raise Http404
    unit = request.POST.get("unit") or request.GET.get("unit", "")
    case = application.case()
    form = NextCertificateForm(request.POST, request.FILES) if request.method == "POST" else NextCertificateForm()
    if request.method == "POST" and form.is_valid():
        try:
            revision = sent_number(request.POST.get("revision", ""))
            _hand_in(request, actor, application, unit, form, revision)
            return redirect("connection:certificates", key)
        except StepRefused as error:
            return refused(request, error, application)
        except Changed:
            messages.error(request, say("Có người vừa thay đổi hồ sơ này.", "Somebody has just changed this."))
            return redirect("connection:certificates", key)
    held = list(_held(application, case, actor))
    told_page = {
        "application": application,
        "held": held,
        "chosen": next((each for each in held if each.unit == unit and (each.may_offer or each.may_name)), None),
        "form": form,
        "history": _history(application),
        "now": clock.now(),
    }
    return render(request, "connection/certificates.html", told_page, status=422 if form.errors else 200)


def _hand_in(
    request: HttpRequest,
    actor: Actor,
    application: Application,
    unit: str,
    form: NextCertificateForm,
    revision: int | None,
) -> None:
    made = form.cleaned_data["certificate"]
    if is_possible(STEP[NAME], application.case(), unit):
        removing.name_certificate(actor, application, unit, made, revision=revision)
        told = say(
            "Đã nêu chứng thư mới; chờ đơn vị vận hành đăng ký, rồi kiểm tra kết nối.",
            "Named; the operator registers it, then the connection is checked.",
        )
        messages.success(request, told)
        return
    compromised = form.cleaned_data["compromised"]
    after = rotating.offer(actor, application, unit, made, compromised=compromised, revision=revision)
    told = say("Đã nộp chứng thư kế tiếp; chờ đơn vị vận hành đăng ký.", "Handed in; the operator registers it.")
    messages.success(request, told)
    coming = rotating.next_of(after, unit)
    if coming is not None and coming.ends_earlier:
        told = say("Chứng thư này hết hạn trước chứng thư cũ.", "This certificate ends before the old one.")
        messages.warning(request, told)


@office_needed
@require_POST
def give_up(request: HttpRequest, key: UUID) -> HttpResponse:
    """The agency takes its next certificate back."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    application = seen(actor, key)
    if not sees(actor):
        raise Http404
    unit, reason = request.POST.get("unit", ""), request.POST.get("reason", "")[:LONGEST_REASON]
    try:
        if not is_possible(STEP[rotation_acts.GIVE_UP], application.case(), unit):
            raise Http404
        revision = sent_number(request.POST.get("revision", ""))
        rotation_acts.give_up(actor, application, unit, reason, revision=revision)
        messages.success(request, say("Đã rút chứng thư kế tiếp.", "The next certificate is given up."))
    except StepRefused as error:
        return refused(request, error, application)
    except Changed:
        messages.error(request, say("Có người vừa thay đổi hồ sơ này.", "Somebody has just changed this."))
    except AdminError as error:
        messages.error(request, say(f"Nền tảng chưa nhận: {error}", f"The platform did not take it: {error}"))
    return redirect("connection:certificates", key)


@office_needed
@require_POST
def check(request: HttpRequest, key: UUID) -> HttpResponse:
    """Ask for the connection check under a next certificate."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    application = seen(actor, key)
    if not sees(actor):
        raise Http404
    unit = request.POST.get("unit", "")
    if unit not in {f"{each.platform}/{each.environment}" for each in application.platform_registrations.all()}:
        raise Http404
    try:
        rotation.ask(actor, application, unit)
        messages.success(request, say("Đang kiểm tra kết nối.", "The connection is being checked."))
    except StepRefused as error:
        tell(request, error)
    return redirect(f"{reverse('connection:certificates', args=[key])}#server-{unit.replace('/', '-')}")


def _held(application: Application, case: Case, actor: Actor) -> Iterator[Held]:
    rows = application.platform_registrations.order_by("-environment", "platform")
    removed = frozenset(STEP[NAME].units(case)) if case.stage in RUNNING else frozenset()
    for each in rows:
        unit = f"{each.platform}/{each.environment}"
        if each.state != PlatformRegistration.REGISTERED and unit not in removed:
            continue
        coming = rotating.next_of(application, unit)
        recent = list(coming.checks.order_by("-pk")[:3]) if coming is not None else []
        running = any(one.ended_at is None for one in recent)
        yield Held(
            each,
            ENVIRONMENTS[Environment(each.environment)],
            unit in removed,
            fingerprint(each.certificate),
            end_of(each.certificate) if each.certificate else None,
            coming,
            [(one, shown_items(one)) for one in recent if one.ended_at is not None],
            running,
            can_step(STEP[OFFER], case, unit, actor),
            can_step(STEP[NAME], case, unit, actor),
            can_step(STEP[rotation_acts.GIVE_UP], case, unit, actor),
            rotation.may_ask(actor, application, coming) and not running,
        )


def _history(application: Application) -> list[tuple[CertificateSpan, Text]]:
    spans = application.certificate_spans.order_by("platform", "environment", "-began_at", "-pk")
    return [(each, ENVIRONMENTS[Environment(each.environment)]) for each in spans]


def _visible(page: Page) -> bool:
    return sees(page.actor)


def _section(page: Page) -> Mapping[str, Any]:
    return {
        "held": list(_held(page.application, page.case, page.actor)),
        "history": _history(page.application),
        "now": clock.now(),
    }


def install() -> None:
    """The section of an application's page, and the page of the agency's act."""
    title = Text("Chứng thư máy chủ bảo mật", "Certificates of the security servers")
    register(Section("certificates", title, "connection/certificates_section.html", _section, _visible, order=62))
    for step in (OFFER, NAME, rotation_acts.GIVE_UP):
        page_for(step, "connection:certificates")
    words_for(
        "ask_rotation_check",
        Text("Yêu cầu kiểm tra dưới chứng thư kế tiếp", "Ask for a check under the next certificate"),
    )
