"""Pages of the day: the queue, search, figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ketnoi_pages import clock
from ketnoi_portal.day.figures import (
    ENDING_DAYS,
    SPAN_DAYS,
    durations,
    ending,
    platform_certificates,
    standings,
)
from ketnoi_portal.day.models import Waiting
from ketnoi_portal.day.panels import panels
from ketnoi_portal.day.plain import plain
from ketnoi_portal.day.traffic import traffic
from ketnoi_portal.onboarding.models import SYSTEM_TITLES
from ketnoi_portal.onboarding.seeing import office_needed, visible_to
from ketnoi_portal.onboarding.views.begin import may_begin
from ketnoi_portal.process.case import STAGE_TITLES, Stage
from ketnoi_portal.process.deadlines import REMIND_BEFORE_DAYS
from ketnoi_portal.process.roles import Actor, DeskKind, Role
from ketnoi_portal.process.step import Step
from ketnoi_portal.process.workflow import STEP
from ketnoi_protocol.services import System

PER_PAGE = 25


@dataclass(frozen=True, slots=True)
class Item:
    """One row of a queue."""

    waiting: Waiting
    step: Step
    late: bool
    soon: bool


@office_needed
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """What waits for this office: late first, then by what is due first."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    now = clock.now()
    mine = Waiting.objects.filter(office=request.hat)  # type: ignore[attr-defined]
    if actor.desk is DeskKind.LEADERSHIP:
        mine = mine.filter(level__in=(0, actor.leadership_level))
    counted = mine.aggregate(
        every=Count("pk"),
        late=Count("pk", filter=Q(due_at__lt=now)),
        soon=Count("pk", filter=Q(due_at__gte=now, due_at__lt=now + timedelta(days=REMIND_BEFORE_DAYS))),
    )
    chosen = _narrowed(mine, request)
    if request.GET.get("late"):
        chosen = chosen.filter(due_at__lt=now)
    ordered = chosen.select_related("application__organisation").order_by(F("due_at").asc(nulls_last=True), "since")
    page = _page(ordered, request)
    soon = now + timedelta(days=REMIND_BEFORE_DAYS)
    items = [
        Item(
            each,
            STEP[each.step],
            each.due_at is not None and each.due_at < now,
            each.due_at is not None and now <= each.due_at < soon,
        )
        for each in page
    ]
    told = {
        "page": page,
        "items": items,
        "counted": counted,
        "filters": _filters(request),
        "query": _query(request),
        "panels": panels(request),
        "may_begin": may_begin(actor),
        "own": _own(actor),
    }
    return render(request, "day/queue.html", told)


def _own(actor: Actor) -> list[Any] | None:
    """An agency's latest applications, also those that wait for somebody else."""
    if actor.desk is not DeskKind.AGENCY:
        return None
    return list(visible_to(actor).select_related("organisation").defer("form").order_by("-began_at")[:10])


@office_needed
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Find an application by number, organisation code or name (accents do not matter), system and stage."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    found = visible_to(actor)
    for word in plain(request.GET.get("q", "")[:200]).split()[:8]:
        found = found.filter(search_text__text__contains=word)
    if (system := request.GET.get("system")) in set(System):
        found = found.filter(system=system)
    if (stage := request.GET.get("stage")) in set(Stage):
        found = found.filter(stage=stage)
    ordered = found.select_related("organisation").defer("form").order_by("-began_at")
    told = {"page": _page(ordered, request), "filters": _filters(request), "query": _query(request)}
    return render(request, "day/search.html", told)


@office_needed
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """Where applications stand, how long stages take, which certificates end soon: for C06, PC06 and auditors."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not sees_figures(actor):
        raise Http404
    seen = visible_to(actor)
    told = {
        "standings": standings(seen),
        "durations": durations(actor.area),
        "ending": ending(seen),
        "approved_ending": platform_certificates() if not actor.area else None,
        "traffic": traffic(actor),
        "ending_days": ENDING_DAYS,
        "span_days": SPAN_DAYS,
        "now": clock.now(),
    }
    return render(request, "day/figures.html", told)


def sees_figures(actor: Actor | None) -> bool:
    """Whose figures these are."""
    return actor is not None and (actor.desk in (DeskKind.C06, DeskKind.PC06) or Role.AUDITOR in actor.roles)


def _narrowed(mine: QuerySet[Waiting], request: HttpRequest) -> QuerySet[Waiting]:
    if (system := request.GET.get("system")) in set(System):
        mine = mine.filter(application__system=system)
    if (stage := request.GET.get("stage")) in set(Stage):
        mine = mine.filter(application__stage=stage)
    for word in plain(request.GET.get("q", "")[:200]).split()[:8]:
        mine = mine.filter(application__search_text__text__contains=word)
    return mine


def _page(rows: QuerySet[Any], request: HttpRequest) -> Page[Any]:
    return Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))


def _filters(request: HttpRequest) -> dict[str, Any]:
    return {
        "q": request.GET.get("q", ""),
        "system": request.GET.get("system", ""),
        "stage": request.GET.get("stage", ""),
        "late": request.GET.get("late", ""),
        "systems": [(str(each), SYSTEM_TITLES[each]) for each in System],
        "stages": [(str(each), STAGE_TITLES[each]) for each in Stage],
    }


def _query(request: HttpRequest) -> str:
    """What was chosen, for the links to other pages of the list."""
    kept = {name: request.GET[name] for name in ("q", "system", "stage", "late") if request.GET.get(name)}
    return urlencode(kept)
