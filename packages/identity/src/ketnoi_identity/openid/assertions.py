"""How a client proves itself: `private_key_jwt` (RFC 7523), one algorithm, each assertion once.

The library reads, finds the client and verifies; what is said here is narrower than it would allow.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from authlib.oauth2.rfc6749 import InvalidClientError
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from ketnoi_identity.openid.client import PRIVATE_KEY_JWT, Client, is_name
from ketnoi_identity.openid.keys import ALGORITHM
from ketnoi_identity.openid.measures import ASSERTION_LASTS, LEEWAY

Spend = Callable[[str, str, datetime], bool]
"""Whether a client shows an assertion's id for the first time: client, id, until when it must be remembered."""


class Assertions(JWTBearerClientAssertion):  # type: ignore[misc]
    """The library's own check of assertions, with our clock, our audience and our memory."""

    CLIENT_AUTH_METHOD = PRIVATE_KEY_JWT

    def __init__(self, issuer: str, now: Callable[[], datetime], spend: Spend) -> None:
        super().__init__(leeway=int(LEEWAY.total_seconds()))
        self._issuer = issuer
        self._now = now
        self._spend = spend

    def __call__(self, query_client: Callable[[str], Client | None], request: Any) -> Client | None:
        """The client that has proved itself. Raises InvalidClientError."""
        client: Client | None = super().__call__(query_client, request)
        named = request.form.get("client_id")
        if client is not None and named is not None and named != client.client_id:
            # RFC 7521, 4.2: whoever names a client besides names the same one.
            raise InvalidClientError(description="client_id is another one than the assertion's.")
        return client

    def get_audiences(self) -> list[str]:
        """The issuer alone (FAPI 2.0, 5.3.2.1): an assertion for one address of ours would count at every other."""
        return [self._issuer]

    def resolve_client_public_key(self, client: Client) -> KeySet:
        """The client's keys as the portal has written them. Raises InvalidClientError."""
        try:
            return client.keys
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise InvalidClientError(description="The client has no usable key.") from error

    def process_assertion_claims(self, assertion: str, resolve_key: KeySet) -> dict[str, Any]:
        """The claims under a signature of one algorithm. Raises InvalidClientError."""
        try:
            claims = jwt.decode(assertion, resolve_key, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError) as error:
            raise InvalidClientError(description="The assertion is not signed with a key of the client.") from error
        self.verify_claims(claims)
        return claims

    def verify_claims(self, claims: dict[str, Any]) -> None:
        """What the library asks of the claims, at our moment, and more. Raises InvalidClientError."""
        now = self._now()
        registry = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=self.leeway,
            iss={"essential": True},
            sub={"essential": True},
            aud={"essential": True, "value": self._issuer},
            exp={"essential": True},
            jti={"essential": True},
        )
        try:
            registry.validate(claims)
        except JoseError as error:
            raise InvalidClientError(description=f"The assertion is refused: {error.error}.") from error
        # An assertion is meant for us and for nobody besides.
        if claims["aud"] not in (self._issuer, [self._issuer]) or claims["sub"] != claims["iss"]:
            raise InvalidClientError(description="The assertion is for others, or of others.")
        if not is_name(claims["jti"]):
            raise InvalidClientError(description="The assertion has no usable jti.")
        if claims["exp"] > (now + ASSERTION_LASTS + LEEWAY).timestamp():
            raise InvalidClientError(description="The assertion lasts too long.")
        until = datetime.fromtimestamp(claims["exp"], UTC) + 2 * LEEWAY
        if not self._spend(claims["sub"], claims["jti"], until):
            raise InvalidClientError(description="The assertion has been used before.")
