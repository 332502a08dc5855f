"""The provider's rows, over a DB-API cursor. Codes and tokens are kept as digests, and looked for by them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ketnoi_identity.accounts.records import Cursor
from ketnoi_identity.accounts.sessions import LONGEST, OPEN

OUTDATED: Final = (
    "DELETE FROM openid_assertion WHERE until < %s",
    "DELETE FROM openid_token WHERE expires_at < %s - interval '1 day'",
    "DELETE FROM openid_code c WHERE expires_at < %s - interval '1 day'"
    " AND NOT EXISTS (SELECT FROM openid_token t WHERE t.code = c.digest)",
)
"""What is thrown away, each handed the moment. An expired code is kept for a day, so that one that is shown again is
known for what it is [our choice]."""


def digest(text: str) -> bytes:
    """Under which a code, a token or an assertion's id is kept."""
    return hashlib.sha256(text.encode()).digest()


@dataclass(frozen=True, slots=True)
class Registered:
    """A client as the portal has written it."""

    client_id: str
    organisation: str
    name_vi: str
    name_en: str
    redirect_uris: tuple[str, ...]
    jwks: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in, in which session, since when, and at which assurance level."""

    account: UUID
    session: UUID
    at: datetime
    level: int


@dataclass(frozen=True, slots=True)
class KeptCode:
    """A code's row."""

    digest: bytes
    client_id: str
    person: SignedIn
    redirect_uri: str
    scope: str
    nonce: str
    challenge: str
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeptToken:
    """An access token's row, with the organisation of its client, which is still there."""

    client_id: str
    organisation: str
    account: UUID
    session: UUID
    scope: str
    expires_at: datetime
    revoked_at: datetime | None


def client(cursor: Cursor, client_id: str) -> Registered | None:
    """A client; None for whoever is none (any more)."""
    cursor.execute(
        "SELECT client_id, organisation, name_vi, name_en, redirect_uris, jwks::text FROM client WHERE client_id = %s",
        [client_id],
    )
    row = cursor.fetchone()
    return None if row is None else Registered(*row[:4], tuple(row[4]), json.loads(row[5]))


def signed_in(cursor: Cursor, session: UUID | str, now: datetime) -> SignedIn | None:
    """Who is in a session that nobody has ended, of an account that is open; with the level that it has now."""
    cursor.execute(
        "SELECT account.id, s.id, s.began_at, account.level"  # noqa: S608
        " FROM account_session s JOIN account ON account.id = s.account"
        " WHERE s.id = %s AND s.ended_at IS NULL AND s.began_at > %s AND s.began_at >= account.sessions_after"
        f" AND {OPEN}",
        [str(session), now - LONGEST, now],
    )
    row = cursor.fetchone()
    return None if row is None else SignedIn(*row)


def keep_code(cursor: Cursor, code: KeptCode, now: datetime) -> bool:
    """Keep a new code, and drop what nobody needs any more; whether it was kept: a nonce counts once."""
    for statement in OUTDATED:
        cursor.execute(statement, [now])
    cursor.execute(
        "INSERT INTO openid_code (digest, client_id, account, session, signed_in_at, level, redirect_uri, scope,"
        " nonce, challenge, made_at, expires_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (client_id, nonce) DO NOTHING",
        [code.digest, code.client_id, str(code.person.account), str(code.person.session), code.person.at,
         code.person.level, code.redirect_uri, code.scope, code.nonce, code.challenge, now, code.expires_at],
    )  # fmt: skip
    return cursor.rowcount == 1


def knows_nonce(cursor: Cursor, client_id: str, nonce: str) -> bool:
    """Whether a code was made for this nonce of the client's."""
    cursor.execute("SELECT 1 FROM openid_code WHERE client_id = %s AND nonce = %s", [client_id, nonce])
    return cursor.fetchone() is not None


def codes_since(cursor: Cursor, account: UUID, since: datetime) -> int:
    """How many codes were made for an account since then."""
    cursor.execute("SELECT count(*) FROM openid_code WHERE account = %s AND made_at > %s", [str(account), since])
    return int(cursor.fetchone()[0])


def code(cursor: Cursor, shown: str, client_id: str) -> KeptCode | None:
    """A client's code, held until the transaction's end: of two that show it at once the second waits."""
    cursor.execute(
        "SELECT digest, client_id, account, session, signed_in_at, level, redirect_uri, scope, nonce, challenge,"
        " expires_at, used_at FROM openid_code WHERE digest = %s AND client_id = %s FOR UPDATE",
        [digest(shown), client_id],
    )
    row = cursor.fetchone()
    return None if row is None else KeptCode(bytes(row[0]), row[1], SignedIn(*row[2:6]), *row[6:])


def use_up(cursor: Cursor, code: bytes, now: datetime) -> None:
    """The code has been exchanged."""
    cursor.execute("UPDATE openid_code SET used_at = %s WHERE digest = %s", [now, code])


def take_back(cursor: Cursor, code: bytes, now: datetime) -> None:
    """Nothing that a code was exchanged for counts any more."""
    cursor.execute("UPDATE openid_token SET revoked_at = %s WHERE code = %s AND revoked_at IS NULL", [now, code])


def keep_token(cursor: Cursor, token: str, code: KeptCode, expires_at: datetime) -> None:
    """Keep a new access token."""
    cursor.execute(
        "INSERT INTO openid_token (digest, code, client_id, account, session, scope, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [digest(token), code.digest, code.client_id, str(code.person.account), str(code.person.session), code.scope,
         expires_at],
    )  # fmt: skip


def token(cursor: Cursor, shown: str) -> KeptToken | None:
    """An access token whose client is still one."""
    cursor.execute(
        "SELECT t.client_id, c.organisation, t.account, t.session, t.scope, t.expires_at, t.revoked_at"
        " FROM openid_token t JOIN client c USING (client_id) WHERE t.digest = %s",
        [digest(shown)],
    )
    row = cursor.fetchone()
    return None if row is None else KeptToken(*row)


def spend_assertion(cursor: Cursor, client_id: str, jti: str, until: datetime, now: datetime) -> bool:
    """Whether a client shows this assertion for the first time; it never does again."""
    cursor.execute(OUTDATED[0], [now])
    cursor.execute(
        "INSERT INTO openid_assertion (client_id, digest, until) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        [client_id, digest(jti), until],
    )
    return cursor.rowcount == 1
