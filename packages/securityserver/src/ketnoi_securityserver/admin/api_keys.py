"""Keys to the admin API. A key is shown once, when it is made; only its hash is kept."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal, get_args

import asyncpg

from ketnoi_runtime.clock import Clock

Role = Literal[
    "XROAD_SECURITY_OFFICER",
    "XROAD_REGISTRATION_OFFICER",
    "XROAD_SERVICE_ADMINISTRATOR",
    "XROAD_SYSTEM_ADMINISTRATOR",
    "XROAD_SECURITYSERVER_OBSERVER",
]
ROLES: Final[frozenset[str]] = frozenset(get_args(Role))


@dataclass(frozen=True, slots=True)
class Holder:
    """Whoever holds an API key: its number and what it may do."""

    id: int
    roles: frozenset[str]

    @property
    def actor(self) -> str:
        """How the audit names it."""
        return f"api-key {self.id}"


class ApiKeys:
    """The keys of one server. Each change writes an audit row in the name of `actor`."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def make(self, actor: str, roles: Collection[str]) -> tuple[int, str]:
        """A new key: its number and the key itself. Raises ValueError for no role or an unknown one."""
        wanted = _checked(roles)
        key = str(uuid.uuid4())
        async with self._pool.acquire() as connection, connection.transaction():
            id_ = await connection.fetchval(
                "INSERT INTO api_key (key_sha256, roles, added_at) VALUES ($1, $2, $3) RETURNING id",
                _hash(key),
                wanted,
                self._clock.now(),
            )
            await self._audit(connection, actor, "make api key", id_, {"roles": wanted})
        return id_, key

    async def set_roles(self, actor: str, id_: int, roles: Collection[str]) -> bool:
        """What a key may do from now on; False when there is none of that number. Raises ValueError like `make`."""
        wanted = _checked(roles)
        async with self._pool.acquire() as connection, connection.transaction():
            if await connection.execute("UPDATE api_key SET roles = $2 WHERE id = $1", id_, wanted) == "UPDATE 0":
                return False
            await self._audit(connection, actor, "set roles of api key", id_, {"roles": wanted})
        return True

    async def remove(self, actor: str, id_: int) -> bool:
        """End a key at once; False when there is none of that number."""
        async with self._pool.acquire() as connection, connection.transaction():
            if await connection.execute("DELETE FROM api_key WHERE id = $1", id_) == "DELETE 0":
                return False
            await self._audit(connection, actor, "remove api key", id_, {})
        return True

    async def all(self) -> list[Holder]:
        """Number and roles of every key."""
        rows = await self._pool.fetch("SELECT id, roles FROM api_key ORDER BY id")
        return [Holder(row["id"], frozenset(row["roles"])) for row in rows]

    async def holder(self, key: str) -> Holder | None:
        """Whose key this is. Looked up anew each time, so that a removed key is of no use from then on."""
        row = await self._pool.fetchrow("SELECT id, roles FROM api_key WHERE key_sha256 = $1", _hash(key))
        return None if row is None else Holder(row["id"], frozenset(row["roles"]))

    async def _audit(
        self, connection: asyncpg.Connection, actor: str, action: str, id_: int, details: dict[str, list[str]]
    ) -> None:
        await connection.execute(
            "INSERT INTO audit (at, actor, action, subject, details) VALUES ($1, $2, $3, $4, $5)",
            self._clock.now(),
            actor,
            action,
            f"api-key {id_}",
            json.dumps(details),
        )


def _checked(roles: Collection[str]) -> list[str]:
    if not roles or not ROLES.issuperset(roles):
        raise ValueError(f"the roles are some of {', '.join(sorted(ROLES))}")
    return sorted(set(roles))


def _hash(key: str) -> bytes:
    # A key has 122 random bits, so that nothing slower than a plain hash is needed.
    return hashlib.sha256(key.encode()).digest()
