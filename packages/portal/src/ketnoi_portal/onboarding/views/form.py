"""Edit the registration form, and see everything that is wrong with it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.difference import KINDS, difference
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.onboarding.registration import Defect, defects
from ketnoi_portal.onboarding.registration_page import RegistrationPage, anchor
from ketnoi_portal.onboarding.seeing import office_needed, seen
from ketnoi_portal.onboarding.step_forms import StepForm
from ketnoi_portal.onboarding.uploads import say
from ketnoi_portal.onboarding.views.answers import refused
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.process.rules import StepRefused, can_step, is_theirs
from ketnoi_portal.process.workflow import STEP
from ketnoi_portal.settings import current
from ketnoi_portal.site.numbers import whole
from ketnoi_protocol.services import System


def found_defects(application: Application) -> list[tuple[Defect, str]]:
    """Every defect of the form, with the id of its field on the page."""
    form, system = application.registration, System(application.system)
    wrong = defects(
        form, system, application.organisation_id, application.profile, clock.now(), rehearsal=current().rehearsal
    )
    return [(each, anchor(each, form)) for each in wrong]


@office_needed
@require_http_methods(["GET", "HEAD", "POST"])
def form(request: HttpRequest, key: UUID) -> HttpResponse:
    """The form in sections. Saving never asks for more than can be kept; the pre-check says what is missing."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    application = seen(actor, key)
    if not actions.may_write(actor, application):
        return redirect("onboarding:application", application.pk)
    if request.method != "POST":
        return render(request, "onboarding/form.html", _told(application, RegistrationPage(application)))
    page = RegistrationPage(application, request.POST, request.FILES)
    revision = whole(request.POST.get("revision", ""))
    if not page.is_valid() or revision is None:
        return render(request, "onboarding/form.html", _told(application, page), status=422)
    try:
        actions.save_form(actor, application, page.registration(), revision=revision)
    except StepRefused as error:
        return refused(request, error, application)
    except actions.Changed:
        fresh = seen(actor, key)
        return render(request, "onboarding/form.html", _told(fresh, page) | {"changed": True}, status=409)
    if "check" in request.POST:
        return redirect("onboarding:precheck", application.pk)
    messages.success(request, say(Text("Đã lưu bản nháp.", "The draft is saved.")))
    return redirect("onboarding:form", application.pk)


def _told(application: Application, page: RegistrationPage) -> dict[str, object]:
    wrong = found_defects(application)
    return {
        "application": application,
        "page": page,
        "mistaken": [form for form in page.forms if form.errors],
        "defects": sum(not defect.warning for defect, _ in wrong),
    }


@office_needed
@require_POST
def servers(request: HttpRequest, key: UUID) -> HttpResponse:
    """The servers that the services ticked so far need, for htmx; nothing is saved."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    application = seen(actor, key)
    page = RegistrationPage(application, request.POST)
    return render(request, "onboarding/servers.html", {"application": application, "page": page})


@office_needed
@require_safe
def precheck(request: HttpRequest, key: UUID) -> HttpResponse:
    """All defects, each with its rule, its mend and its field; and sending, once there are none."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    application = seen(actor, key)
    case, step = application.case(), STEP["submit"]
    wrong = found_defects(application)
    told = {
        "application": application,
        "mistakes": [(each, at) for each, at in wrong if not each.warning],
        "warnings": [(each, at) for each, at in wrong if each.warning],
        "editable": actions.may_write(actor, application),
        "sends": is_theirs(step, case, "", actor),
        "can_send": can_step(step, case, "", actor),
        "step": step,
        "step_form": StepForm(step, initial={"revision": application.revision}),
        "changes": _changes(application),
        "kinds": KINDS,
    }
    return render(request, "onboarding/precheck.html", told)


def _changes(application: Application) -> list[object]:
    before = application.supersedes
    if before is None:
        return []
    return list(difference(before.registration, application.registration, System(application.system)))
