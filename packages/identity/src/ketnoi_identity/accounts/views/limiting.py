"""Limits of attempts, as pages apply them."""

from __future__ import annotations

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ketnoi_identity.accounts import limits
from ketnoi_pages import clock


def too_many(request: HttpRequest, limit: limits.Limit, who: str = "") -> HttpResponse | None:
    """Count an attempt of the caller's address, or about `who`; the page to answer with when there were too many."""
    about = who or request.META.get("REMOTE_ADDR", "")
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        minutes = limits.wait(cursor, settings.SECRET_KEY, limit, about, clock.now())
    if not minutes:
        return None
    answer = render(request, "429.html", {"minutes": minutes}, status=429)
    answer.headers["Retry-After"] = str(minutes * 60)
    return answer
