"""What clients read before anything else: what there is, where, and which keys sign."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from ketnoi_identity.openid import keys
from ketnoi_identity.openid.client import AUTHORIZATION_CODE, CODE, PRIVATE_KEY_JWT, SCOPES
from ketnoi_identity.openid.grants import QUERY, S256
from ketnoi_identity.openid.keys import ALGORITHM
from ketnoi_identity.openid.server import issuer, ring
from ketnoi_identity.settings import current
from ketnoi_pages import clock

KEPT: Final = "public, max-age=300"
"""So long others may keep both documents: far less than keys overlap."""


@require_safe
def configuration(request: HttpRequest) -> JsonResponse:
    """The discovery document (OpenID Connect Discovery 1.0, RFC 8414)."""
    return JsonResponse(metadata(), headers={"Cache-Control": KEPT})


@require_safe
def told_keys(request: HttpRequest) -> JsonResponse:
    """The public keys of ID tokens (JWK Set): the next one already, the last one still."""
    return JsonResponse(ring(keys.OPENID).told(clock.now()), headers={"Cache-Control": KEPT})


def metadata() -> dict[str, Any]:
    """What there is, and nothing that there is not."""
    base = issuer(current())
    return {
        "issuer": base,
        "authorization_endpoint": base + reverse("openid:authorize"),
        "token_endpoint": base + reverse("openid:token"),
        "userinfo_endpoint": base + reverse("openid:userinfo"),
        "jwks_uri": base + reverse("openid:keys"),
        "scopes_supported": list(SCOPES),
        "response_types_supported": [CODE],
        "response_modes_supported": [QUERY],
        "grant_types_supported": [AUTHORIZATION_CODE],
        "acr_values_supported": ["1", "2"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "token_endpoint_auth_methods_supported": [PRIVATE_KEY_JWT],
        "token_endpoint_auth_signing_alg_values_supported": [ALGORITHM],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "at_hash"],
        "code_challenge_methods_supported": [S256],
        "authorization_response_iss_parameter_supported": True,
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "ui_locales_supported": ["vi", "en"],
    }
