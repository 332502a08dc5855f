"""What agencies' servers ask: a code against tokens, and userinfo."""

from __future__ import annotations

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from ketnoi_identity.openid.client import OPENID
from ketnoi_identity.openid.server import Bearer, bearers, provider, pseudonyms


@csrf_exempt
@never_cache
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """A code, and the client's proof, against an access token and an ID token: all of it or nothing."""
    if request.GET:
        # RFC 6749, 3.2: parameters stand in the body. An address is logged by whoever passes it on.
        return refused(InvalidRequestError("Parameters belong into the body."))
    with transaction.atomic():
        answer: HttpResponse = provider().create_token_response(request)
    return answer


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def userinfo(request: HttpRequest) -> HttpResponse:
    """The pseudonym and the level, as it is now. Data of a citizen come through the four services, with consent."""
    try:
        bearer: Bearer = bearers().acquire_token(request, OPENID)
    except OAuth2Error as error:
        return refused(error)
    subject = pseudonyms().subject(bearer.kept.organisation, bearer.kept.account)
    return JsonResponse({"sub": subject, "acr": str(bearer.level)})


def refused(error: OAuth2Error) -> HttpResponse:
    """The library's words of an error, as it would write them."""
    answer: HttpResponse = provider().handle_response(*error())
    return answer
