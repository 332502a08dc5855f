"""The start page, which sends people to their day, and the page for a form that was too old."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from ketnoi_portal.site.public import views as public


def home(request: HttpRequest) -> HttpResponse:
    """Whoever has signed in goes to their day; everybody else sees what this is."""
    if request.user.is_authenticated:
        return redirect("day")
    return public.home(request)


def page_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The CSRF check failed; nothing was done."""
    return render(request, "403_csrf.html", status=403)
