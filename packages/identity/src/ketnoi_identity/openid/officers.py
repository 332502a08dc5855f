"""The officer's token (TheCanBo): which account of an agency's asks, for one message, vouched for by us. [OC]

It is short-lived and bound to the message's id and to the organisation, so that it is of no use anywhere else.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import ECKey

from ketnoi_identity.accounts.records import Cursor
from ketnoi_identity.openid.keys import ALGORITHM
from ketnoi_identity.openid.measures import IN_A_MINUTE, OFFICER_TOKEN_LASTS, OFFICER_TOKENS_A_MINUTE

TYPE: Final = "ketnoi-officer+jwt"
LEVEL: Final = 2

Why = Literal["level_too_low", "terms_not_current", "too_many"]


class OfficerRefusedError(Exception):
    """No token; `why` says so in a word that programs read."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why: Why = why


@dataclass(frozen=True, slots=True)
class Asked:
    """An officer of an organisation, through its client, wants a token for a message."""

    organisation: str
    client_id: str
    account: UUID
    officer: str
    message_id: str


def admit(cursor: Cursor, asked: Asked, level: int, now: datetime) -> str:
    """The version of the terms under which the officer may have a token; makes the officer's row.

    The account is active: whoever calls has seen to it. Raises OfficerRefusedError.
    """
    if level < LEVEL:
        raise OfficerRefusedError("level_too_low")
    terms = _accepted_terms(cursor, asked.account, now)
    if terms is None:
        raise OfficerRefusedError("terms_not_current")
    cursor.execute(
        "INSERT INTO officer (organisation, code, account, since) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [asked.organisation, asked.officer, str(asked.account), now],
    )
    # Held until the end, so that calls at once are counted one after another.
    cursor.execute(
        "SELECT 1 FROM officer WHERE organisation = %s AND code = %s FOR UPDATE", [asked.organisation, asked.officer]
    )
    cursor.execute(
        "SELECT count(*) FROM officer_token WHERE organisation = %s AND officer = %s AND at > %s",
        [asked.organisation, asked.officer, now - IN_A_MINUTE],
    )
    if cursor.fetchone()[0] >= OFFICER_TOKENS_A_MINUTE:
        raise OfficerRefusedError("too_many")
    return terms


def issue(cursor: Cursor, asked: Asked, terms: str, key: ECKey, issuer: str, environment: str, now: datetime) -> str:
    """The token (JWS, compact); its giving out is kept."""
    jti = secrets.token_urlsafe(16)
    cursor.execute(
        "INSERT INTO officer_token (jti, organisation, officer, client_id, message_id, terms, at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [jti, asked.organisation, asked.officer, asked.client_id, asked.message_id, terms, now],
    )
    claims = {
        "iss": issuer,
        "aud": f"ketnoi-registry:{environment}",
        "sub": asked.officer,
        "org": asked.organisation,
        "mid": asked.message_id,
        "acr": str(LEVEL),
        "terms": terms,
        "iat": int(now.timestamp()),
        "exp": int((now + OFFICER_TOKEN_LASTS).timestamp()),
        "jti": jti,
    }
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid, "typ": TYPE}, claims, key, [ALGORITHM])


def _accepted_terms(cursor: Cursor, account: UUID, now: datetime) -> str | None:
    """The version of the current terms, if the account has accepted those very words."""
    cursor.execute(
        "SELECT current.version FROM (SELECT version, sha256 FROM terms WHERE valid_from <= %s"
        " ORDER BY valid_from DESC, version DESC LIMIT 1) AS current"
        " JOIN terms_acceptance a ON a.version = current.version AND a.sha256 = current.sha256 AND a.account = %s",
        [now, str(account)],
    )
    row = cursor.fetchone()
    return None if row is None else str(row[0])
