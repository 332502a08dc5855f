"""The notices of an office."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.notices.models import Notice, Read
from ketnoi_portal.notices.telling import page_of, words_of
from ketnoi_portal.onboarding.seeing import office_needed, visible_to

_LATEST = 5


def latest(request: HttpRequest) -> dict[str, object]:
    """For the day's page: the last few, and how many are new to this person."""
    rows = list(_mine(request)[:_LATEST])
    until = _read_until(request)
    return {"notices": [_told(each, until) for each in rows], "some": bool(rows)}


def _mine(request: HttpRequest):
    actor, hat = request.actor, request.hat  # type: ignore[attr-defined]
    seen = visible_to(actor)
    return (
        Notice.objects.filter(office=hat, application__in=seen)
        .select_related("application__organisation")
        .defer("application__form")
        .order_by("-at", "-pk")
    )


def _read_until(request: HttpRequest):
    found = Read.objects.filter(person=request.user.pk, office=request.hat)  # type: ignore[attr-defined]
    return found.values_list("until", flat=True).first()


def _told(notice: Notice, until: object) -> tuple[Notice, Text, bool, str]:
    fresh = until is None or notice.at > until  # type: ignore[operator]
    return notice, words_of(notice.act), fresh, page_of(notice.application, notice.act)


@office_needed
@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """All of them, the new ones marked."""
    page = Paginator(_mine(request), 30).get_page(request.GET.get("page"))
    until = _read_until(request)
    told = {"page": page, "notices": [_told(each, until) for each in page], "query": ""}
    return render(request, "notices/notices.html", told)


@office_needed
@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """This person has read the notices of this office."""
    Read.objects.update_or_create(
        person=request.user,
        office=request.hat,  # type: ignore[attr-defined]
        defaults={"until": clock.now()},
    )
    return redirect("notices")
