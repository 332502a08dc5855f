"""The agencies' systems to which people sign in: what the portal says, whole, and nothing else makes one."""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from ketnoi_protocol.citizens import Client, Clients, ClientsTaken
from ketnoi_protocol.errors import Refusal
from ketnoi_runtime.clock import Clock

from .door import Asked as Request
from .rows import LONGEST_TEXT

_HIGHEST: Final = 2**62
_LONGEST_ADDRESS: Final = 2_000
_MOST_KEYS: Final = 10
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

# The row is held until the end, so that of two lists at once the newer one stays.
_VERSION: Final = """
INSERT INTO client_version AS held (one, version, accepted_at) VALUES (true, $1, $2)
ON CONFLICT (one) DO UPDATE SET version = excluded.version, accepted_at = excluded.accepted_at
WHERE held.version <= excluded.version RETURNING version
"""
_REMOVE: Final = "DELETE FROM client WHERE client_id <> ALL ($1)"
_PUT: Final = """
INSERT INTO client (client_id, organisation, name_vi, name_en, redirect_uris, jwks) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (client_id) DO UPDATE SET organisation = excluded.organisation, name_vi = excluded.name_vi,
    name_en = excluded.name_en, redirect_uris = excluded.redirect_uris, jwks = excluded.jwks
"""


class ClientDesk:
    """Answers `PUT /v1/clients`. In a rehearsal an address of this machine may go without TLS."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, *, rehearsal: bool) -> None:
        self._pool = pool
        self._clock = clock
        self._rehearsal = rehearsal

    async def put(self, request: Request) -> tuple[int, ClientsTaken]:
        """Take over the whole list. Raises Refusal `10`; `12` for an older version than the last."""
        told = request.read(Clients)
        if told.version > _HIGHEST:
            raise Refusal("10", "version")
        rows = [self._row(client) for client in told.clients]
        names = [client.client_id for client in told.clients]
        if len(set(names)) != len(names):
            raise Refusal("10", "clients.client_id")
        async with self._pool.acquire() as connection, connection.transaction():
            if await connection.fetchval(_VERSION, told.version, self._clock.now()) is None:
                raise Refusal("12", "version")
            await connection.execute(_REMOVE, names)
            await connection.executemany(_PUT, rows)
        return 200, ClientsTaken(version=told.version)

    def _row(self, client: Client) -> tuple[Any, ...]:
        for name in ("organisation", "name_vi", "name_en"):
            if not 0 < len(getattr(client, name)) <= LONGEST_TEXT:
                raise Refusal("10", f"clients.{name}")
        if not all(self._is_address(each) for each in client.redirect_uris):
            raise Refusal("10", "clients.redirect_uris")
        uris = list(client.redirect_uris)
        keys = json.dumps(_public_keys(client.jwks), sort_keys=True)
        return client.client_id, client.organisation, client.name_vi, client.name_en, uris, keys

    def _is_address(self, text: str) -> bool:
        """Whole, with TLS, without a fragment, and of visible ASCII: such can be compared octet by octet."""
        if not (0 < len(text) <= _LONGEST_ADDRESS and text.isascii() and text.isprintable()) or set(text) & set(
            ' *\\#"'
        ):
            return False
        try:
            parts = urlsplit(text)
            host, _ = parts.hostname, parts.port
        except ValueError:
            return False
        if not host or "@" in parts.netloc:
            return False
        return parts.scheme == "https" or (self._rehearsal and parts.scheme == "http" and host in _LOOPBACK)


def _public_keys(jwks: dict[str, Any]) -> dict[str, Any]:
    """The keys as they are kept. Raises Refusal `10` for none, too many, secret halves, and what is no key."""
    try:
        keys = KeySet.import_key_set(jwks).keys  # type: ignore[arg-type]
        if not 0 < len(keys) <= _MOST_KEYS or any(key.key_type not in ("EC", "RSA", "OKP") for key in keys):
            raise Refusal("10", "clients.jwks")
        if any(key.is_private for key in keys):
            raise Refusal("10", "clients.jwks: private keys stay at home")
        return {"keys": [key.as_dict(private=False) for key in keys]}
    except (JoseError, ValueError, KeyError, TypeError, AttributeError):
        raise Refusal("10", "clients.jwks") from None
