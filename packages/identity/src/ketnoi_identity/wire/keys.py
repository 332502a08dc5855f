"""The public keys under which officers' cards are believed, and the terms that hold."""

from __future__ import annotations

import asyncpg

from ketnoi_protocol.officer_token import OfficerKeys
from ketnoi_runtime.clock import Clock

from ..openid.keys import KeyRing
from .door import Asked as Request
from .terms import current_terms


class KeyDesk:
    """Answers `GET /v1/keys` with a JWK Set: two keys while one takes over from the other."""

    def __init__(self, pool: asyncpg.Pool, ring: KeyRing, clock: Clock) -> None:
        self._pool = pool
        self._ring = ring
        self._clock = clock

    async def public(self, _request: Request) -> tuple[int, OfficerKeys]:
        """Raises NoKeysError, Refusal `44` while no terms hold."""
        now = self._clock.now()
        terms = await current_terms(self._pool, now)
        return 200, OfficerKeys(keys=tuple(self._ring.told(now)["keys"]), terms=terms["version"])
