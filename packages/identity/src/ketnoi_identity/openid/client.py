"""An agency's client, as the library asks about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from authlib.oauth2.rfc6749 import ClientMixin, scope_to_list
from joserfc.jwk import KeySet

from ketnoi_identity.openid.keys import ALGORITHM
from ketnoi_identity.openid.records import Registered

OPENID: Final = "openid"
OFFICER: Final = "officer"
SCOPES: Final = (OPENID, OFFICER)
PRIVATE_KEY_JWT: Final = "private_key_jwt"
CODE: Final = "code"
AUTHORIZATION_CODE: Final = "authorization_code"


_NAME: Final = re.compile(r"[!-~]{1,255}")


def is_name(text: object) -> bool:
    """Whether something may be a client's name or an assertion's id: visible ASCII, which every table takes."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Client(ClientMixin):  # type: ignore[misc]
    """What is allowed is the same for every client: codes with PKCE, proved by its own key."""

    registered: Registered

    @property
    def client_id(self) -> str:
        """The name under which the portal has written it."""
        return self.registered.client_id

    @property
    def id_token_signed_response_alg(self) -> str:
        """The one algorithm of ID tokens."""
        return ALGORITHM

    @property
    def keys(self) -> KeySet:
        """Its public keys. Raises ValueError, JoseError for what is no key set."""
        return KeySet.import_key_set(self.registered.jwks)

    def get_client_id(self) -> str:
        """Its name."""
        return self.client_id

    def get_default_redirect_uri(self) -> str | None:
        """None: a request says where it wants to go."""
        return None

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """The scopes among those asked for that there are; None without `openid`, which is refused."""
        asked = scope_to_list(scope) or []
        return " ".join(each for each in SCOPES if each in asked) if OPENID in asked else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Exactly one of those that were registered, character for character (RFC 9700, 2.1)."""
        return redirect_uri in self.registered.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        """Nobody has a secret."""
        return False

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Clients prove themselves with their own key alone."""
        return method == PRIVATE_KEY_JWT

    def check_response_type(self, response_type: str) -> bool:
        """Codes alone."""
        return response_type == CODE

    def check_grant_type(self, grant_type: str) -> bool:
        """Codes alone; there are no refresh tokens."""
        return grant_type == AUTHORIZATION_CODE
