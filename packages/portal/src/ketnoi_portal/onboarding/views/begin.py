"""Begin an application, or one that takes a live one's place."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.renewing import renew
from ketnoi_portal.onboarding.seeing import office_needed, seen
from ketnoi_portal.onboarding.views.answers import refused
from ketnoi_portal.process.roles import Actor, DeskKind, Role
from ketnoi_portal.process.rules import StepRefused
from ketnoi_protocol.services import Catalogue, Environment, System


def may_begin(actor: Actor) -> bool:
    """Whether somebody is of an agency, and prepares for it."""
    return actor.desk is DeskKind.AGENCY and bool(actor.roles & {Role.REPRESENTATIVE, Role.CLERK})


@office_needed
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest) -> HttpResponse:
    """What the two systems are, and which of them this application is for."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    wrong = False
    if request.method == "POST":
        chosen = request.POST.get("system", "")
        if chosen in set(System):
            organisation = get_object_or_404(Organisation, pk=actor.organisation)
            try:
                application = actions.begin(actor, organisation, System(chosen))
            except StepRefused as error:
                return refused(request, error)
            return redirect("onboarding:form", application.pk)
        wrong = True
    services = [
        (system, [each for each in Catalogue.load() if (each.system, each.environment) == (system, Environment.TEST)])
        for system in System
    ]
    told = {"services": dict(services), "may_begin": may_begin(actor), "wrong": wrong}
    return render(request, "onboarding/begin.html", told, status=400 if wrong else 200)


@office_needed
@require_POST
def renewal(request: HttpRequest, key: UUID) -> HttpResponse:
    """Begin an application that renews, extends or changes a live one."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    live = seen(actor, key)
    try:
        application = renew(actor, live)
    except StepRefused as error:
        return refused(request, error, live)
    return redirect("onboarding:form", application.pk)
