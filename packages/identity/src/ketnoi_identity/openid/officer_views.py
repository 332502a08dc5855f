"""`POST /openid/officer-token`: an agency's system, on behalf of an officer who has signed in, wants a TheCanBo."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ketnoi_identity.openid import keys, officers
from ketnoi_identity.openid.client import OFFICER
from ketnoi_identity.openid.measures import IN_A_MINUTE, OFFICER_TOKEN_LASTS
from ketnoi_identity.openid.officers import Asked, OfficerRefusedError
from ketnoi_identity.openid.server import Bearer, bearers, issuer, pseudonyms, ring
from ketnoi_identity.openid.token_views import refused
from ketnoi_identity.settings import current
from ketnoi_pages import clock

_STATUS: Final = {"level_too_low": 403, "terms_not_current": 403, "too_many": 429}
_WORDS: Final = {
    "level_too_low": "The account is not at level 2.",
    "terms_not_current": "The officer has not accepted the current terms of use.",
    "too_many": "Too many tokens for this officer in a minute.",
}


class Body(msgspec.Struct, frozen=True):
    """What is asked: a token for the message with this id (X-Road-Id)."""

    message_id: Annotated[str, msgspec.Meta(pattern="^[!-~]{1,100}$(?!\\n)")]


@csrf_exempt
@never_cache
@require_POST
def officer_token(request: HttpRequest) -> HttpResponse:
    """The bearer is the officer's access token with the scope `officer`; the answer is a token for one message."""
    try:
        bearer: Bearer = bearers().acquire_token(request, OFFICER)
        body = msgspec.json.decode(request.body, type=Body)
    except OAuth2Error as error:
        return refused(error)
    except msgspec.MsgspecError:
        return refused(InvalidRequestError("The body is JSON with a message_id."))
    kept, now = bearer.kept, clock.now()
    code = pseudonyms().officer(kept.organisation, kept.account)
    asked = Asked(kept.organisation, kept.client_id, kept.account, code, body.message_id)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            terms = officers.admit(cursor, asked, bearer.level, now)
            token = officers.issue(
                cursor, asked, terms, ring(keys.OFFICERS).signing(now), issuer(current()), current().environment, now
            )
    except OfficerRefusedError as error:
        return _no_token(error)
    return JsonResponse({"token": token, "officer": code, "expires_in": int(OFFICER_TOKEN_LASTS.total_seconds())})


def _no_token(error: OfficerRefusedError) -> JsonResponse:
    answer = JsonResponse({"error": error.why, "error_description": _WORDS[error.why]}, status=_STATUS[error.why])
    if error.why == "too_many":
        answer["Retry-After"] = str(int(IN_A_MINUTE.total_seconds()))
    return answer
