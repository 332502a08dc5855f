"""The authorization code flow: the library's own, with our rows and without what we do not offer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode
from authlib.oidc.core.errors import RequestNotSupportedError, RequestURINotSupportedError
from authlib.oidc.core.models import AuthorizationCodeMixin
from joserfc.jwk import ECKey

from ketnoi_identity.accounts.records import Cursor
from ketnoi_identity.openid import records
from ketnoi_identity.openid.client import PRIVATE_KEY_JWT, Client
from ketnoi_identity.openid.measures import CODE_LASTS, ID_TOKEN_LASTS
from ketnoi_identity.openid.records import KeptCode, SignedIn

S256: Final = "S256"
QUERY: Final = "query"
LONGEST: Final = 512
"""Characters of a nonce or state [our choice]."""


@dataclass(frozen=True, slots=True)
class Means:
    """What the flow needs of the process: a cursor of the present transaction, the moment, keys, pseudonyms, issuer."""

    issuer: str
    cursor: Callable[[], Cursor]
    now: Callable[[], datetime]
    signing: Callable[[], ECKey]
    subject: Callable[[str, UUID], str]


class Code(AuthorizationCodeMixin):  # type: ignore[misc]
    """A kept code, as the library asks about it."""

    def __init__(self, kept: KeptCode) -> None:
        self.kept = kept
        self.code_challenge = kept.challenge
        self.code_challenge_method = S256

    def get_redirect_uri(self) -> str:
        """Where it was sent; the exchange names the same."""
        return self.kept.redirect_uri

    def get_scope(self) -> str:
        """What was agreed to."""
        return self.kept.scope

    def get_nonce(self) -> str:
        """The client's own."""
        return self.kept.nonce

    def get_auth_time(self) -> int:
        """When the citizen signed in (seconds)."""
        return int(self.kept.person.at.timestamp())

    def get_acr(self) -> str:
        """The assurance level, 1 or 2 (NĐ 69/2024)."""
        return str(self.kept.person.level)


class CodeFlow(AuthorizationCodeGrant):  # type: ignore[misc]
    """The grant. `server.means` is what it works with."""

    TOKEN_ENDPOINT_AUTH_METHODS = [PRIVATE_KEY_JWT]

    @property
    def _means(self) -> Means:
        means: Means = self.server.means
        return means

    @staticmethod
    def validate_authorization_redirect_uri(request: Any, client: Client) -> str:
        """The redirect URI of a request, which has one. Raises InvalidRequestError, without an echo of it."""
        asked = request.payload.redirect_uri
        if not asked or len(request.payload.datalist["redirect_uri"]) > 1 or not client.check_redirect_uri(asked):
            raise InvalidRequestError("The redirect URI is not one of this client.")
        return str(asked)

    def save_authorization_code(self, code: str, request: Any) -> None:
        """Keep it. Raises InvalidRequestError for a nonce that has had its code."""
        means, asked = self._means, request.payload.data
        now = means.now()
        kept = KeptCode(
            records.digest(code), request.client.client_id, request.user, request.payload.redirect_uri, request.scope,
            asked["nonce"], asked["code_challenge"], now + CODE_LASTS, None,
        )  # fmt: skip
        if not records.keep_code(means.cursor(), kept, now):
            raise InvalidRequestError("The nonce has been used before.", redirect_uri=kept.redirect_uri)

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        """The client's code, if it counts. One that was used before takes back what it was exchanged for."""
        means = self._means
        kept = records.code(means.cursor(), code, client.client_id)
        if kept is None:
            return None
        now = means.now()
        if kept.used_at is not None:
            records.take_back(means.cursor(), kept.digest, now)
            return None
        return Code(kept) if now < kept.expires_at else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """Used up: kept as such, so that a second showing is seen."""
        records.use_up(self._means.cursor(), authorization_code.kept.digest, self._means.now())

    def authenticate_user(self, authorization_code: Code) -> SignedIn | None:
        """Who signed in, unless the account has been locked or closed, or its sessions ended, since."""
        session = authorization_code.kept.person.session
        return records.signed_in(self._means.cursor(), session, self._means.now())


class S256Only(CodeChallenge):  # type: ignore[misc]
    """PKCE for every client, confidential ones too, by S256 alone (FAPI 2.0, 5.3.2.2)."""

    SUPPORTED_CODE_CHALLENGE_METHOD = [S256]
    DEFAULT_CODE_CHALLENGE_METHOD = S256

    def validate_code_challenge(self, grant: CodeFlow, redirect_uri: str) -> None:
        """Raises InvalidRequestError."""
        asked = grant.request.payload.data
        if not asked.get("code_challenge") or asked.get("code_challenge_method") != S256:
            raise InvalidRequestError("A code_challenge by S256 is required.")
        super().validate_code_challenge(grant, redirect_uri)


class PlainRequests:
    """A request says each thing once, in measure, and in its own address: no request objects, one way of answering."""

    def __call__(self, grant: CodeFlow) -> None:
        """Take part in the checks of the grant."""
        grant.register_hook("after_validate_authorization_request_payload", self.validate)

    def validate(self, grant: CodeFlow, redirect_uri: str) -> None:
        """Raises InvalidRequestError, RequestNotSupportedError, RequestURINotSupportedError."""
        payload = grant.request.payload
        # RFC 6749, 3.1; in the form's body beside the address is twice, too.
        if any(len(values) > 1 for values in payload.datalist.values()):
            raise InvalidRequestError("A parameter stands there more than once.")
        if "request" in payload.data:
            raise RequestNotSupportedError()
        if "request_uri" in payload.data:
            raise RequestURINotSupportedError()
        if payload.data.get("response_mode", QUERY) != QUERY:
            raise InvalidRequestError("The one response_mode is query.")
        if any(len(payload.data.get(name, "")) > LONGEST for name in ("nonce", "state")):
            raise InvalidRequestError("nonce or state is too long.")


class IdTokens(OpenIDCode):  # type: ignore[misc]
    """ID tokens: who, by a pseudonym; at which level; when. Nothing else."""

    def __init__(self, means: Means) -> None:
        super().__init__(require_nonce=True)
        self._means = means

    def exists_nonce(self, nonce: str, request: Any) -> bool:
        """Whether the client has used it before."""
        return records.knows_nonce(self._means.cursor(), request.payload.client_id, nonce)

    def resolve_client_private_key(self, client: Client) -> ECKey:
        """Our key that signs now."""
        return self._means.signing()

    def get_encode_header(self, client: Client) -> dict[str, str]:
        """Algorithm, and which key."""
        return {"alg": self.get_client_algorithm(client), "kid": str(self._means.signing().kid)}

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        """Who says so, to whom, and until when."""
        now = self._means.now()
        return {
            "iss": self._means.issuer,
            "aud": client.client_id,
            "iat": int(now.timestamp()),
            "exp": int((now + ID_TOKEN_LASTS).timestamp()),
        }

    def get_compatible_claims(self, request: Any) -> dict[str, Any]:
        """These claims with the citizen's pseudonym at the organisation."""
        claims: dict[str, Any] = super().get_compatible_claims(request)
        claims["sub"] = self._means.subject(request.client.registered.organisation, request.user.account)
        return claims

    def generate_user_info(self, user: SignedIn, scope: str) -> dict[str, Any]:
        """Nothing beside the pseudonym: data come through the four services alone, with consent."""
        return {}
