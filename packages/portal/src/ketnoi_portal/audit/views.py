"""The page of the audit log, for those who check and for the desks' own acts."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ketnoi_portal.audit.models import Event
from ketnoi_portal.onboarding.seeing import office_needed
from ketnoi_portal.process.roles import Actor, DeskKind, Role
from ketnoi_portal.staff.places import names_of

PER_PAGE = 50


def visible_to(actor: Actor) -> QuerySet[Event]:
    """An auditor sees everything, everybody else what was done in their own office. Raises Http404 for an officer."""
    if Role.AUDITOR in actor.roles:
        return Event.objects.all()
    if actor.desk is DeskKind.AGENCY and not actor.roles & {Role.REPRESENTATIVE, Role.CLERK}:
        raise Http404
    return Event.objects.filter(desk=f"{actor.desk}:{actor.organisation}")


@office_needed
@require_safe
def log(request: HttpRequest) -> HttpResponse:
    """Newest first, narrowed by words of the act, the person or the subject."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    events = visible_to(actor).order_by("-id")
    wanted = request.GET.get("q", "").strip()[:100]
    if wanted:
        events = events.filter(Q(act=wanted) | Q(subject=wanted) | Q(person=wanted) | Q(kind=wanted))
    page = Paginator(events, PER_PAGE).get_page(request.GET.get("page"))
    names = names_of(event.person for event in page)
    rows = [(event, names.get(event.person, event.person), _changed(event)) for event in page]
    return render(request, "audit/log.html", {"page": page, "rows": rows, "wanted": wanted})


def _changed(event: Event) -> list[tuple[str, object, object]]:
    """What the act changed: name, before, after."""
    names = sorted({*event.before, *event.after})
    return [(name, _shown(event.before.get(name, "–")), _shown(event.after.get(name, "–"))) for name in names]


def _shown(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list) else value
