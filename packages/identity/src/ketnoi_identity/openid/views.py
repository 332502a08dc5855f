"""The one page of the provider: an agency sends a citizen here, who signs in, reads what it will learn, and decides."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from authlib.oauth2 import OAuth2Error
from authlib.oidc.core.errors import ConsentRequiredError
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from ketnoi_identity.openid import records
from ketnoi_identity.openid.client import OFFICER
from ketnoi_identity.openid.measures import CODES_A_MINUTE, IN_A_MINUTE
from ketnoi_identity.openid.records import SignedIn
from ketnoi_identity.openid.server import provider
from ketnoi_identity.site.session import SESSION, account_of, leave, signed_in
from ketnoi_pages import clock

_AGREE: Final = "agree"
_LOGIN: Final = "login"


@never_cache
@require_http_methods(["GET", "POST"])
def authorize(request: HttpRequest) -> HttpResponse:
    """The authorization endpoint. All that is decided on stands in the address, so nothing is kept until then."""
    person = _person(request)
    try:
        grant = provider().get_consent_grant(request, end_user=person)
        if request.GET.get("prompt") == "none":
            # We ask each time, in words; a client that wants no page is told so.
            raise ConsentRequiredError(redirect_uri=grant.redirect_uri, state=request.GET.get("state"))
    except OAuth2Error as error:
        return provider().refusal(request, error) or _unbelieved(request, error)
    if person is None:
        return _decide_who(request)
    if _must_sign_in_again(request, grant, person):
        leave(request)
        return redirect("/dang-nhap/?" + urlencode({"next": _without_prompt(request)}))
    return _decide(request, grant, person)


@signed_in
def _decide_who(request: HttpRequest) -> HttpResponse:
    """For strangers, whom `signed_in` sends to sign in; a session that ended this very moment is a stranger's too."""
    leave(request)
    return redirect("/dang-nhap/?" + urlencode({"next": request.get_full_path()}))


@signed_in
def _decide(request: HttpRequest, grant: Any, person: SignedIn) -> HttpResponse:
    if request.method != "POST":
        return _page(request, grant)
    if request.POST.get("decision") != _AGREE:
        return _answer(request, grant, None)
    with transaction.atomic():
        with connection.cursor() as cursor:
            made = records.codes_since(cursor, person.account, clock.now() - IN_A_MINUTE)
        if made >= CODES_A_MINUTE:
            answer = render(request, "429.html", {"minutes": 1}, status=429)
            answer["Retry-After"] = str(int(IN_A_MINUTE.total_seconds()))
            return answer
        return _answer(request, grant, person)


def _person(request: HttpRequest) -> SignedIn | None:
    """Who is in this browser's session."""
    if getattr(request, "account", None) is None:
        return None
    with connection.cursor() as cursor:
        return records.signed_in(cursor, request.session[SESSION], clock.now())


def _page(request: HttpRequest, grant: Any) -> HttpResponse:
    known = {
        "client": grant.request.client.registered,
        "officer": OFFICER in grant.request.scope.split(),
        "level": account_of(request).level,
        "back": urlsplit(grant.redirect_uri).netloc,
    }
    answer: HttpResponse = render(request, "openid/authorize.html", known)
    # A browser follows a form's answer only where the page says so.
    at = urlsplit(grant.redirect_uri)
    answer._csp_update = {"form-action": ["'self'", f"{at.scheme}://{at.netloc}"]}  # type: ignore[attr-defined]
    return answer


def _answer(request: HttpRequest, grant: Any, person: SignedIn | None) -> HttpResponse:
    answer: HttpResponse = provider().create_authorization_response(request, grant_user=person, grant=grant)
    # 303: a browser comes to the client with a GET and without the form (RFC 9700, 4.12).
    answer.status_code = 303
    return answer


def _unbelieved(request: HttpRequest, error: OAuth2Error) -> HttpResponse:
    """Whoever sends people here with an unknown client or address gets nobody sent anywhere."""
    return render(request, "openid/refused.html", {"error": error.error}, status=400)


def _must_sign_in_again(request: HttpRequest, grant: Any, person: SignedIn) -> bool:
    """Whether the client wants somebody who has just signed in (OpenID Connect Core 3.1.2.1)."""
    if grant.prompt == _LOGIN:
        return True
    longest = request.GET.get("max_age", "")
    return longest.isascii() and longest.isdigit() and (clock.now() - person.at).total_seconds() > int(longest[:9])


def _without_prompt(request: HttpRequest) -> str:
    asked = request.GET.copy()
    asked.pop("prompt", None)
    # Who has just signed in is not asked again for having taken a while.
    asked.pop("max_age", None)
    return f"{request.path}?{asked.urlencode()}"
