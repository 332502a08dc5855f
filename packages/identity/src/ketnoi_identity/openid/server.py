"""The provider: the library's authorization server over this site's database, clock and keys."""

from __future__ import annotations

from functools import cache
from typing import Any, Final
from uuid import UUID

from authlib.common.security import generate_token
from authlib.integrations.django_oauth2 import AuthorizationServer, ResourceProtector
from authlib.integrations.django_oauth2.requests import DjangoOAuth2Request
from authlib.oauth2.rfc6749 import OAuth2Error, UnsupportedResponseTypeError
from authlib.oauth2.rfc6750 import BearerTokenGenerator, BearerTokenValidator
from authlib.oauth2.rfc9207 import IssuerParameter
from django.db import connection
from django.http import HttpRequest, HttpResponse

from ketnoi_identity.openid import keys, records
from ketnoi_identity.openid.assertions import Assertions
from ketnoi_identity.openid.client import PRIVATE_KEY_JWT, SCOPES, Client, is_name
from ketnoi_identity.openid.grants import CodeFlow, IdTokens, Means, PlainRequests, S256Only
from ketnoi_identity.openid.keys import KeyRing
from ketnoi_identity.openid.measures import ACCESS_LASTS
from ketnoi_identity.openid.pseudonyms import Pseudonyms
from ketnoi_identity.openid.records import KeptToken, SignedIn
from ketnoi_identity.settings import Settings, current
from ketnoi_pages import clock

_TOKENS_LETTERS: Final = 43
"""256 bits."""


def issuer(settings: Settings) -> str:
    """By which name the provider is known: where people reach it, without a slash at the end."""
    return settings.base_url.rstrip("/")


class Located(HttpResponse):
    """A response whose Location the library reads and writes as an attribute."""

    @property
    def location(self) -> str:
        """Where it sends the browser; empty for nowhere."""
        return str(self.headers.get("Location", ""))

    @location.setter
    def location(self, address: str) -> None:
        self["Location"] = address


class Request(DjangoOAuth2Request):  # type: ignore[misc]
    """A request under the address that people know, whatever proxies stand before us."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.uri = issuer(current()) + request.get_full_path()


class Issuer(IssuerParameter):  # type: ignore[misc]
    """Who answers stands in each answer to a browser (RFC 9207): an agency notices a mix-up of providers."""

    def get_issuer(self) -> str:
        """Our name."""
        return issuer(current())


class Bearers(BearerTokenValidator):  # type: ignore[misc]
    """Access tokens, by our rows."""

    def authenticate_token(self, token_string: str) -> Bearer | None:
        """The token, if there is one."""
        with connection.cursor() as cursor:
            kept = records.token(cursor, token_string)
            if kept is None:
                return None
            return Bearer(kept, records.signed_in(cursor, kept.session, clock.now()))


class Bearer:
    """An access token, as the library asks about it. `person` is who signed in, None once that session is over."""

    def __init__(self, kept: KeptToken, person: SignedIn | None) -> None:
        self.kept = kept
        self._person = person

    @property
    def level(self) -> int:
        """The assurance level that the account has now; 0 once the session is over."""
        return self._person.level if self._person is not None else 0

    def get_scope(self) -> str:
        """What it is for."""
        return self.kept.scope

    def is_expired(self) -> bool:
        """Whether its time is over."""
        return clock.now() >= self.kept.expires_at

    def is_revoked(self) -> bool:
        """Whether it was taken back, or its account locked or closed, or the session ended that it came of."""
        return self.kept.revoked_at is not None or self._person is None


class Provider(AuthorizationServer):  # type: ignore[misc]
    """The authorization server. One for a process; it keeps nothing between two requests."""

    def __init__(self, means: Means) -> None:
        super().__init__(client_model=None, token_model=None)
        self.means = means
        self.scopes_supported = list(SCOPES)
        self._issuer = Issuer()
        self.register_extension(lambda server: self._issuer(server))
        self.register_client_auth_method(PRIVATE_KEY_JWT, Assertions(means.issuer, means.now, self._spend))
        self.register_grant(CodeFlow, [PlainRequests(), S256Only(required=True), IdTokens(means)])

    def query_client(self, client_id: str) -> Client | None:
        """A client that the portal has written; None for what is no name, which anybody may send unproved."""
        if not is_name(client_id):
            return None
        found = records.client(self.means.cursor(), client_id)
        return None if found is None else Client(found)

    def save_token(self, token: dict[str, Any], request: Any) -> None:
        """Keep the access token, bound to the code that it was exchanged for."""
        until = self.means.now() + ACCESS_LASTS
        records.keep_token(self.means.cursor(), token["access_token"], request.authorization_code.kept, until)

    def create_oauth2_request(self, request: HttpRequest) -> Request:
        """The library's view of a request."""
        return Request(request)

    def handle_response(self, status_code: int, payload: Any, headers: Any) -> Located:
        """The site's view of an answer."""
        answered = super().handle_response(status_code, payload, headers)
        return Located(answered.content, status=status_code, headers=dict(answered.headers))

    def create_bearer_token_generator(self) -> BearerTokenGenerator:
        """Short-lived access tokens, no refresh tokens."""
        lasts = int(ACCESS_LASTS.total_seconds())
        return BearerTokenGenerator(
            lambda **_: generate_token(_TOKENS_LETTERS), expires_generator=lambda client, grant_type: lasts
        )

    def get_authorization_grant(self, request: Any) -> Any:
        """The library's choice. Raises OAuth2Error."""
        try:
            return super().get_authorization_grant(request)
        except ValueError:
            # The library repeats what was asked for in its words, where not every letter may stand.
            raise UnsupportedResponseTypeError("") from None

    def refusal(self, request: HttpRequest, error: OAuth2Error) -> Located | None:
        """The browser's way back to the client with an error; None where nothing may be believed of the request."""
        if not error.redirect_uri:
            return None
        answer: Located = self.handle_error_response(self.create_oauth2_request(request), error)
        self._issuer.add_issuer_parameter(self, answer)
        return answer

    def _spend(self, client_id: str, jti: str, until: Any) -> bool:
        return records.spend_assertion(self.means.cursor(), client_id, jti, until, self.means.now())


@cache
def ring(name: str) -> KeyRing:
    """One of this site's rings of keys."""
    settings = current()
    return KeyRing(settings.path(settings.keys) / name)


@cache
def pseudonyms() -> Pseudonyms:
    """This site's pseudonyms."""
    settings = current()
    return Pseudonyms.of(settings.path(settings.keys))


@cache
def provider() -> Provider:
    """This process's provider."""
    return Provider(
        Means(
            issuer(current()),
            # Each thread has its own connection, so it is asked for anew each time.
            lambda: connection.cursor(),
            clock.now,
            lambda: ring(keys.OPENID).signing(clock.now()),
            _subject,
        )
    )


@cache
def bearers() -> ResourceProtector:
    """Who may come with an access token."""
    protector = ResourceProtector()
    protector.register_token_validator(Bearers())
    return protector


def _subject(organisation: str, account: UUID) -> str:
    return pseudonyms().subject(organisation, account)
