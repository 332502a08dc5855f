"""Who may see which application; every page asks here, and what is not seen does not exist (404)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from ketnoi_portal.onboarding.models import Application, Decision, PlatformRegistration
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.roles import PLATFORM_OF, Actor, DeskKind, Role

View = Callable[..., HttpResponse]


def visible_to(actor: Actor) -> QuerySet[Application]:
    """The applications that an actor may see: the agency its own; a desk what has reached it, in its own area."""
    every = Application.objects.all()
    if actor.desk is DeskKind.AGENCY:
        if not actor.roles & {Role.REPRESENTATIVE, Role.CLERK}:
            return every.none()
        return every.filter(organisation=actor.organisation)
    sent = every.exclude(stage=Stage.DRAFT)
    if actor.area:
        sent = sent.filter(Q(organisation=actor.area) | Q(organisation__code__startswith=f"{actor.area}."))
    if actor.desk is DeskKind.C06 or (Role.AUDITOR in actor.roles and not actor.area):
        # What came by e-mail and is nobody's yet is C06's to look after.
        return every.filter(~Q(stage=Stage.DRAFT) | Q(claimed=False))
    if actor.desk is DeskKind.PC06 or Role.AUDITOR in actor.roles:
        return sent
    if actor.desk in (DeskKind.A05, DeskKind.A06):
        return sent.filter(survey_sent=True)
    if actor.desk is DeskKind.LEADERSHIP:
        decided = Decision.objects.filter(application=OuterRef("pk"))
        return sent.filter(Q(stage=Stage.WITH_LEADERSHIP) | Exists(decided))
    if actor.desk in PLATFORM_OF:
        asked = PlatformRegistration.objects.filter(application=OuterRef("pk"), platform=PLATFORM_OF[actor.desk])
        return sent.filter(Exists(asked))
    return every.none()


def seen(actor: Actor, key: UUID) -> Application:
    """One application that an actor may see. Raises Http404."""
    found = visible_to(actor).select_related("organisation", "supersedes").filter(pk=key).first()
    if found is None:
        raise Http404
    return found


def office_needed(view: View) -> View:
    """For whoever has signed in and holds an office; others learn that they have none."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if getattr(request, "actor", None) is None:
            return render(request, "onboarding/no_office.html", status=403)
        return view(request, *args, **kwargs)

    return guarded
