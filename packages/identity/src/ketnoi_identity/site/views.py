"""The start page, the health page, and the page for a form that was too old."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ketnoi_identity.consent import family
from ketnoi_pages import clock


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this is, and the way in; whoever has signed in sees what there is for them."""
    told: dict[str, int] = {}
    account = getattr(request, "account", None)
    if account is not None and account.level == 2:
        with connection.cursor() as cursor:
            everybody = family.of(cursor, account, clock.now())
        told = {"all": everybody.every, "waiting": everybody.waiting}
    return render(request, "site/home.html", told)


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Whether pages can be had: the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


def page_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The CSRF check failed; nothing was done."""
    return render(request, "403_csrf.html", status=403)
