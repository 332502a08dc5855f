"""Signing in and out."""

from __future__ import annotations

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from ketnoi_identity.accounts import limits, sessions
from ketnoi_identity.accounts.agents import device_name
from ketnoi_identity.accounts.proving import Challenge, NotProved, ask, prove
from ketnoi_identity.site.session import enter, leave, takes_forms
from ketnoi_pages import clock

from .limiting import too_many

SIGN_IN = Challenge("sign-in")


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """A passkey, or a passcode on a phone that has a key; then back to where one wanted to go."""
    to = next_of(request)
    if getattr(request, "account", None) is not None:
        return redirect(to)
    trouble, status = None, 200
    if request.method == "POST":
        stop = too_many(request, limits.ENTER_BY_ADDRESS)
        if stop is not None:
            return stop
        try:
            proof = prove(request, SIGN_IN)
        except NotProved as error:
            trouble, status = error.reason, 422
        else:
            with transaction.atomic(), connection.cursor() as cursor:
                session = sessions.begin(
                    cursor,
                    proof.account,
                    clock.now(),
                    device=device_name(request),
                    entered_by=proof.by,
                    credential=proof.credential,
                )
            enter(request, proof.account, session)
            return redirect(to)
    told = {"asking": ask(request, SIGN_IN), "trouble": trouble, "next": to}
    return render(request, "accounts/sign_in.html", told, status=status)


@takes_forms("/")
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session."""
    leave(request)
    return redirect("/")


def next_of(request: HttpRequest) -> str:
    """Where somebody wanted to go: an address of this site, else the start page."""
    told = request.POST.get("next") or request.GET.get("next") or "/"
    good = told.startswith("/") and url_has_allowed_host_and_scheme(told, allowed_hosts=None)
    return told if good else "/"
