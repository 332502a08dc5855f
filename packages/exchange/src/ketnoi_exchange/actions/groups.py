"""Global groups: named lists of members and subsystems that access rights may be given to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ketnoi_exchange.actions import checks
from ketnoi_exchange.ledger import Ledger, Shown, one_done
from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_protocol.identifiers import MemberId, SubsystemId


class Groups:
    """Every method acts in the name of its first argument, leaves a row of history, and raises ChangeRefused."""

    _ledger: Ledger

    async def add_group(self, actor: str, code: str, description: str) -> None:
        """A new, empty group; 409 `global_group_exists`."""
        checks.code(code, "code")
        description = checks.text(description, "description")
        async with self._ledger.act(actor, "add global group", code) as change:
            done = await change.connection.execute(
                "INSERT INTO global_group VALUES ($1, $2, $3, $3) ON CONFLICT DO NOTHING", code, description, change.at
            )
            if not one_done(done):
                raise ChangeRefused("global_group_exists", code)
            change.after = {"description": description, "members": []}

    async def describe_group(self, actor: str, code: str, description: str) -> None:
        """Another description; 404 `global_group_not_found`."""
        description = checks.text(description, "description")
        async with self._ledger.act(actor, "describe global group", code) as change:
            change.before = await _shown(change.connection, code)
            await change.connection.execute(
                "UPDATE global_group SET description = $2, updated_at = $3 WHERE code = $1",
                code,
                description,
                change.at,
            )
            change.after = await _shown(change.connection, code)

    async def remove_group(self, actor: str, code: str) -> None:
        """404 `global_group_not_found`."""
        async with self._ledger.act(actor, "remove global group", code) as change:
            change.before = await _shown(change.connection, code)
            await change.connection.execute("DELETE FROM global_group WHERE code = $1", code)

    async def add_to_group(self, actor: str, code: str, clients: Sequence[MemberId | SubsystemId]) -> None:
        """All of them, or none; 404 for a group or client that is not there, 409 `global_group_member_exists`."""
        async with self._ledger.act(actor, "add to global group", code) as change:
            change.before = await _shown(change.connection, code)
            for client in clients:
                kind = "subsystem" if isinstance(client, SubsystemId) else "member"
                known = f"SELECT true FROM {kind} WHERE id = $1"  # noqa: S608 - one of two names
                if not await change.connection.fetchval(known, str(client)):
                    raise ChangeRefused(f"{kind}_not_found", str(client))
                done = await change.connection.execute(
                    "INSERT INTO global_group_member (group_code, client, added_at) VALUES ($1, $2, $3)"
                    " ON CONFLICT DO NOTHING",
                    code,
                    str(client),
                    change.at,
                )
                if not one_done(done):
                    raise ChangeRefused("global_group_member_exists", str(client))
            change.after = await _shown(change.connection, code)

    async def remove_from_group(self, actor: str, code: str, client: MemberId | SubsystemId) -> None:
        """404 `global_group_not_found` or `global_group_member_not_found`."""
        async with self._ledger.act(actor, "remove from global group", code) as change:
            change.before = await _shown(change.connection, code)
            done = await change.connection.execute(
                "DELETE FROM global_group_member WHERE group_code = $1 AND client = $2", code, str(client)
            )
            if not one_done(done):
                raise ChangeRefused("global_group_member_not_found", str(client))
            change.after = await _shown(change.connection, code)


async def _shown(connection: Any, code: str) -> Shown:
    row = await connection.fetchrow(
        "SELECT description, ARRAY(SELECT client FROM global_group_member WHERE group_code = $1 ORDER BY client)"
        " AS members FROM global_group WHERE code = $1",
        code,
    )
    if row is None:
        raise ChangeRefused("global_group_not_found", code)
    return {"description": row["description"], "members": list(row["members"])}
