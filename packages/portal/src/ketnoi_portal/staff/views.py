"""Pages of the staff room."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from ketnoi_portal.staff.middleware import HAT


@login_required
def me(request: HttpRequest) -> HttpResponse:
    """One's own offices, second factors and sessions."""
    return render(request, "staff/me.html")


@require_POST
@login_required
def switch_office(request: HttpRequest) -> HttpResponse:
    """Act in another of one's offices from now on."""
    chosen = request.POST.get("office", "")
    if chosen not in request.hats:  # type: ignore[attr-defined]
        raise Http404
    request.session[HAT] = chosen
    back = request.POST.get("next", "")
    # A page of the former office would not open in the new one; only a plain address of this site is gone back to.
    allowed = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if allowed else "home")


@login_required
def people(request: HttpRequest) -> HttpResponse:
    """Who works in this office."""
    return render(request, "staff/people.html")
