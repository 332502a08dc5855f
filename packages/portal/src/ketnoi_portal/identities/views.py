"""The page of objections: C06 sees all, an agency its own; each side answers once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from ketnoi_pages import clock
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.identities.actions import answer, is_late, sees_objections, side_of, visible_to
from ketnoi_portal.identities.models import IdentitySource, Objection, ObjectionAnswer
from ketnoi_portal.onboarding.seeing import office_needed
from ketnoi_portal.onboarding.words import ENVIRONMENTS, service_title
from ketnoi_portal.process.roles import Actor, DeskKind
from ketnoi_portal.process.rules import Reason, StepRefused
from ketnoi_portal.publication.forms import said
from ketnoi_portal.settings import current
from ketnoi_portal.site.refusing import tell
from ketnoi_portal.staff.places import names_of
from ketnoi_protocol.citizens import LONGEST_ANSWER
from ketnoi_protocol.services import Service, System

PER_PAGE = 20
SIDES = (ObjectionAnswer.C06, ObjectionAnswer.AGENCY)


def waiting_for(actor: Actor) -> QuerySet[Objection]:
    """Those that wait for this side's answer; for who only reads, those that wait for anybody's."""
    seen, side = visible_to(actor), side_of(actor)
    if side:
        return seen.filter(~Exists(ObjectionAnswer.objects.filter(objection=OuterRef("pk"), by=side)))
    answered = (Exists(ObjectionAnswer.objects.filter(objection=OuterRef("pk"), by=each)) for each in SIDES)
    return seen.exclude(*answered)


@require_safe
@office_needed
def objections(request: HttpRequest) -> HttpResponse:
    """What waits first, by deadline; with `?tat-ca=1` everything, the newest first."""
    return _page(request, _reader(request))


@require_http_methods(["GET", "HEAD", "POST"])
@office_needed
def answered(request: HttpRequest, number: int) -> HttpResponse:
    """Somebody answers for their side. What is refused stands in its form again, and is loaded anew as the list."""
    actor = _reader(request)
    objection = get_object_or_404(visible_to(actor), pk=number)
    if request.method != "POST":
        return redirect("identities:list")
    words = request.POST.get("words", "")
    try:
        answer(actor, objection, words)
    except StepRefused as refused:
        return _page(request, actor, unsent=Unsent(objection.pk, words, refused.reasons))
    messages.success(request, said("Đã trả lời; công dân đọc được ngay.", "Answered; the citizen reads it soon."))
    return redirect("identities:list")


class Unsent(NamedTuple):
    """An answer that was refused: to which objection, its words, and why."""

    objection: int
    words: str
    reasons: Sequence[Reason]


def _page(request: HttpRequest, actor: Actor, unsent: Unsent | None = None) -> HttpResponse:
    everything = "tat-ca" in request.GET
    found = visible_to(actor).order_by("-made_at", "-pk") if everything else waiting_for(actor).order_by("due_at", "pk")
    page = Paginator(found.prefetch_related("answers"), PER_PAGE).get_page(request.GET.get("page"))
    organisations = Organisation.objects.in_bulk({code for each in page for code in (each.organisation, each.unit)})
    names = names_of(given.person for each in page for given in each.answers.all())
    sources = IdentitySource.objects.in_bulk()
    rows = [_row(each, organisations, names, side_of(actor)) for each in page]
    if unsent is not None and not any(row["answers_now"] and row["objection"].pk == unsent.objection for row in rows):
        # Somebody of the same side was faster: there is no form any more in which it could stand.
        tell(request, StepRefused(list(unsent.reasons)))
        unsent = None
    told = {
        "page": page,
        "rows": rows,
        "everything": everything,
        "longest": LONGEST_ANSWER,
        "sources": [(ENVIRONMENTS[each.environment], sources.get(each.name)) for each in current().identities]
        if actor.desk is DeskKind.C06
        else [],
        "unsent": unsent,
        "query": request.GET.urlencode(),
    }
    return render(request, "identities/objections.html", told, status=200 if unsent is None else 422)


def _reader(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not sees_objections(actor):
        raise Http404
    return actor


def _row(each: Objection, organisations: dict[str, Organisation], names: dict[str, str], side: str) -> dict[str, Any]:
    given = list(each.answers.all())
    sides = {known.by for known in given}
    return {
        "objection": each,
        "organisation": organisations.get(each.organisation),
        "unit": organisations.get(each.unit),
        "service": service_title(Service(each.service), System(each.system)),
        "answers": [(known, names.get(known.person, "")) for known in given],
        "answers_now": bool(side) and side not in sides,
        "late": is_late(each, sides, clock.now()),
    }
