"""Pages for the desk of a platform's operator: what it is asked to register, and what is there already."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from ketnoi_pages.text import Text
from ketnoi_portal.onboarding import rotating
from ketnoi_portal.onboarding.actions import Changed
from ketnoi_portal.onboarding.certificate_models import NextCertificate, end_of, fingerprint
from ketnoi_portal.onboarding.models import PlatformRegistration
from ketnoi_portal.onboarding.removing import is_refused
from ketnoi_portal.process.case import OVER
from ketnoi_portal.process.charts import CHARTS
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.process.rules import StepRefused, can_step, is_theirs
from ketnoi_portal.process.workflow import STEP
from ketnoi_portal.publication import registrar, rotation
from ketnoi_portal.publication.admin_client import AdminError
from ketnoi_portal.publication.exchange import Present
from ketnoi_portal.publication.forms import Why, said
from ketnoi_portal.site.numbers import sent_number
from ketnoi_protocol.services import Platform

MOST = 200
PARTS = (
    ("member", Text("Thành viên", "Member")),
    ("subsystem", Text("Hệ thống thông tin", "Information system")),
    ("server", Text("Máy chủ bảo mật", "Security server")),
    ("address", Text("Địa chỉ máy chủ", "Its address")),
    ("certificate", Text("Chứng thư xác thực", "Authentication certificate")),
    ("client", Text("Hệ thống đăng ký tại máy chủ", "Registered at the server")),
)

ROTATION = {
    "beside": (rotation.BESIDE, rotation.register_beside),
    "retire": (rotation.RETIRE, rotation.retire),
    "drop": (rotation.DROP, rotation.drop),
}


def operates(actor: Actor | None) -> list[Platform]:
    """The platforms on which somebody's desk decides anything, under any chart."""
    if actor is None:
        return []
    desks = {
        (platform, desk)
        for chart in CHARTS.values()
        for platform, operator in chart.operators.items()
        for desk in (operator.desk, chart.substitutes.get(operator.desk))
    }
    return sorted({platform for platform, desk in desks if desk is actor.desk})


@require_safe
@login_required
def registrations(request: HttpRequest) -> HttpResponse:
    """What this desk is asked to register, and what it has registered."""
    actor: Actor | None = request.actor  # type: ignore[attr-defined]
    platforms = operates(actor)
    if actor is None or not platforms:
        raise Http404
    known = (
        PlatformRegistration.objects.filter(platform__in=platforms)
        .exclude(application__stage="draft")
        .select_related("application__organisation")
        .order_by("-asked_at")
    )
    mine = [each for each in known[: 5 * MOST] if _is_mine(actor, each)][:MOST]
    waiting = [each for each in mine if each.state == PlatformRegistration.ASKED and each.application.stage not in OVER]
    decided = [each for each in mine if each.state != PlatformRegistration.ASKED]
    coming = NextCertificate.objects.filter(
        state__in=NextCertificate.STANDING, application__in={each.application_id for each in decided}
    ).order_by("offered_at")
    places = {(each.application_id, each.platform, each.environment): each for each in decided}
    changing = [(each, places.get((each.application_id, each.platform, each.environment))) for each in coming]
    told = {"waiting": waiting, "decided": decided, "changing": [pair for pair in changing if pair[1] is not None]}
    return render(request, "publication/registrations.html", told)


@require_safe
@login_required
def of_application(request: HttpRequest, key: UUID) -> HttpResponse:
    """From an application's page (`?unit=VDXP/test`) to its registration there."""
    platform, _, environment = request.GET.get("unit", "").partition("/")
    actor: Actor | None = request.actor  # type: ignore[attr-defined]
    asked = PlatformRegistration.objects.select_related("application__organisation")
    found = get_object_or_404(asked, application=key, platform=platform, environment=environment)
    if actor is None or not _is_mine(actor, found):
        raise Http404
    return redirect("publication:registration", found.pk)


@login_required
def registration(request: HttpRequest, number: int) -> HttpResponse:
    """One registration: what the platform has already; register it, or remove it again."""
    actor: Actor | None = request.actor  # type: ignore[attr-defined]
    found = get_object_or_404(PlatformRegistration.objects.select_related("application__organisation"), pk=number)
    if actor is None or not _is_mine(actor, found):
        raise Http404
    form = Why(request.POST or None)
    form.fields["reason"].required = bool({"remove", "drop"} & set(request.POST))
    if request.method == "POST" and form.is_valid() and _decide(request, actor, found, form.cleaned_data["reason"]):
        return redirect("publication:registration", found.pk)
    there, trouble = _present(found)
    told: dict[str, Any] = {
        "registration": found,
        "application": found.application,
        "parts": [(title, getattr(there, name)) for name, title in PARTS] if there is not None else [],
        "complete": there is not None and there.is_complete,
        "trouble": trouble,
        "form": form,
    }
    unit, case = f"{found.platform}/{found.environment}", found.application.case()
    coming = rotating.next_of(found.application, unit)
    told["coming"] = coming if coming is not None and coming.state in NextCertificate.STANDING else None
    told["named"] = coming if told["coming"] is None else None
    told["refused"] = found.state != PlatformRegistration.REGISTERED and is_refused(found)
    # Beside the other form on the page: their fields have names of their own there.
    told["rotation_form"] = Why(request.POST or None, auto_id="id_next_%s")
    told["present"] = (fingerprint(found.certificate), end_of(found.certificate)) if found.certificate else None
    told["rotation"] = [
        (name, STEP[step].title, name == "drop")
        for name, (step, _) in ROTATION.items()
        if can_step(STEP[step], case, unit, actor)
    ]
    told["can_register"] = not told["refused"] and can_step(STEP[registrar.REGISTER], case, unit, actor)
    told["can_remove"] = can_step(STEP[registrar.REMOVE], case, unit, actor)
    return render(request, "publication/registration.html", told)


def _is_mine(actor: Actor, found: PlatformRegistration) -> bool:
    """Whether this desk decides it, now or (where there is nothing to decide now) in principle."""
    unit, case = f"{found.platform}/{found.environment}", found.application.case()
    if any(is_theirs(STEP[name], case, unit, actor) for name in (registrar.REGISTER, registrar.REMOVE)):
        return True
    desk = case.chart.registration_desk(Platform(found.platform), case.applicant)
    return desk is actor.desk and not case.chart.is_own(actor, case.applicant)


def _decide(request: HttpRequest, actor: Actor, found: PlatformRegistration, reason: str) -> bool:
    acts = {"remove": registrar.remove} | {name: act for name, (_, act) in ROTATION.items()}
    act = next((each for name, each in acts.items() if name in request.POST), registrar.register)
    seen = request.POST.get("revision", "")
    try:
        unit, revision = f"{found.platform}/{found.environment}", sent_number(seen)
        act(actor, found.application, unit, reason, revision=revision)
    except StepRefused as refused:
        for each in refused.reasons:
            messages.error(request, said(f"{each.title.vi}. {each.mend.vi}.", f"{each.title.en}. {each.mend.en}."))
        return False
    except Changed:
        messages.error(request, said("Có người vừa thay đổi hồ sơ này.", "Somebody has just changed this application."))
        return True
    except AdminError as error:
        messages.error(
            request, said(f"Nền tảng chưa nhận: {error.told.vi}", f"The platform did not take it: {error.told.en}")
        )
        return False
    messages.success(request, said("Đã ghi nhận.", "Noted."))
    return True


def _present(found: PlatformRegistration) -> tuple[Present | None, str]:
    try:
        return registrar.present(found), ""
    except AdminError as error:
        vi, en = error.told
        return None, said(f"Không hỏi được nền tảng ({vi})", f"The platform could not be asked ({en})")
    except StepRefused as refused:
        return None, said(refused.reasons[0].title.vi, refused.reasons[0].title.en)
