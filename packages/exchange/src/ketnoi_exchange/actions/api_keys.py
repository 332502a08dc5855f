"""Keys to the admin API. A key is shown once, when it is made; only its hash is kept."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from ketnoi_exchange.ledger import Ledger
from ketnoi_exchange.refusals import ChangeRefused

SECURITY_OFFICER: Final = "XROAD_SECURITY_OFFICER"
REGISTRATION_OFFICER: Final = "XROAD_REGISTRATION_OFFICER"
SYSTEM_ADMINISTRATOR: Final = "XROAD_SYSTEM_ADMINISTRATOR"
MANAGEMENT_SERVICE: Final = "XROAD_MANAGEMENT_SERVICE"
ROLES: Final = frozenset({SECURITY_OFFICER, REGISTRATION_OFFICER, SYSTEM_ADMINISTRATOR, MANAGEMENT_SERVICE})


@dataclass(frozen=True, slots=True)
class Holder:
    """Whoever holds an API key: its number and what it may do."""

    id: int
    roles: frozenset[str]

    @property
    def actor(self) -> str:
        """How the history names it."""
        return f"api-key {self.id}"


class ApiKeys:
    """Every method that changes something acts in the name of its first argument, leaves a row of history, and raises
    ChangeRefused."""

    _ledger: Ledger

    async def make_api_key(self, actor: str, roles: Collection[str]) -> tuple[int, str]:
        """A new key: its number and the key itself. 400 `invalid_role` for no role or an unknown one."""
        wanted = _checked(roles)
        key = str(uuid.uuid4())
        async with self._ledger.act(actor, "make API key") as change:
            id_: int = await change.connection.fetchval(
                "INSERT INTO api_key (key_sha256, roles, added_at) VALUES ($1, $2, $3) RETURNING id",
                _hash(key),
                wanted,
                change.at,
            )
            change.subject, change.after = str(id_), {"roles": wanted}
        return id_, key

    async def set_api_key_roles(self, actor: str, id_: int, roles: Collection[str]) -> None:
        """What a key may do from now on; 400, 404 `api_key_not_found`."""
        wanted = _checked(roles)
        async with self._ledger.act(actor, "set roles of API key", str(id_)) as change:
            before = await change.connection.fetchval("SELECT roles FROM api_key WHERE id = $1", id_)
            if before is None:
                raise ChangeRefused("api_key_not_found", str(id_))
            await change.connection.execute("UPDATE api_key SET roles = $2 WHERE id = $1", id_, wanted)
            change.before, change.after = {"roles": list(before)}, {"roles": wanted}

    async def remove_api_key(self, actor: str, id_: int) -> None:
        """It ends at once; 404 `api_key_not_found`."""
        async with self._ledger.act(actor, "remove API key", str(id_)) as change:
            before = await change.connection.fetchval("DELETE FROM api_key WHERE id = $1 RETURNING roles", id_)
            if before is None:
                raise ChangeRefused("api_key_not_found", str(id_))
            change.before = {"roles": list(before)}

    async def api_keys(self) -> list[Holder]:
        """Number and roles of every key."""
        rows = await self._ledger.pool.fetch("SELECT id, roles FROM api_key ORDER BY id")
        return [Holder(row["id"], frozenset(row["roles"])) for row in rows]

    async def holder(self, key: str) -> Holder | None:
        """Whose key this is. Looked up anew each time, so that a removed key is of no use from then on."""
        row = await self._ledger.pool.fetchrow("SELECT id, roles FROM api_key WHERE key_sha256 = $1", _hash(key))
        return None if row is None else Holder(row["id"], frozenset(row["roles"]))


def _checked(roles: Collection[str]) -> list[str]:
    unknown = set(roles) - ROLES
    if not roles or unknown:
        raise ChangeRefused("invalid_role", *sorted(unknown))
    return sorted(set(roles))


def _hash(key: str) -> bytes:
    # A key has 122 random bits, so that nothing slower than a plain hash is needed.
    return hashlib.sha256(key.encode()).digest()
