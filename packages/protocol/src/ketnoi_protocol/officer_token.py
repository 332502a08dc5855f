"""The officer's card: `TheCanBo`, by which the identity system says who sits at the agency's keyboard.

A JWS in compact form (RFC 7515), ES256, of the type `ketnoi-officer+jwt`, for one message of one agency. The identity
system signs it for an officer who is signed in with an eID account of level 2 and has accepted the current terms; the
registry verifies it with the keys of `GET /v1/keys`. Our choice [OC]: no public text describes such a thing.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias

import msgspec

from ketnoi_protocol.services import Environment

TYPE: Final = "ketnoi-officer+jwt"
ALGORITHM: Final = "ES256"
LEVEL: Final = "2"
"""`acr`: the level of the account."""
LONGEST_SECONDS: Final = 300
"""From `iat` to `exp` at most."""
KEYS_PATH: Final = "/v1/keys"

OfficerToken: TypeAlias = Annotated[
    str,
    msgspec.Meta(max_length=2048, pattern=r"^[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{2,}$(?!\n)"),
]


class OfficerClaims(msgspec.Struct, frozen=True, kw_only=True):
    """What the card says. `iss` is the identity system's address, `aud` what `audience` says, `sub` the officer's
    pairwise code (MaCanBo), `org` the agency's organisation code, `mid` the message's X-Road-Id, `terms` the version
    that the officer has accepted; `iat` and `exp` are seconds since 1970."""

    iss: str
    aud: str
    sub: str
    org: str
    mid: str
    acr: str
    terms: str
    iat: int
    exp: int
    jti: str


class OfficerKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Identity's answer to `GET /v1/keys`: a JWK Set (RFC 7517) and, beside it, the version of the current terms.

    While keys change there are two. A new key stands here for a minute at least before it signs anything.
    """

    keys: tuple[dict[str, Any], ...]
    terms: str


def audience(environment: Environment | str) -> str:
    """For whom a card is: the registry of one environment."""
    return f"ketnoi-registry:{Environment(environment).value}"
