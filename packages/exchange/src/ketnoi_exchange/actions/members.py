"""Member classes, members and their subsystems."""

from __future__ import annotations

from typing import Any

from ketnoi_exchange.actions import checks
from ketnoi_exchange.ledger import Ledger, Shown, one_done
from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_protocol.identifiers import MemberId, SubsystemId


class Members:
    """Every method acts in the name of its first argument, leaves a row of history, and raises ChangeRefused."""

    _ledger: Ledger

    async def add_member_class(self, actor: str, code: str, description: str) -> None:
        """A new class of members, such as GOV; 409 `member_class_exists`."""
        checks.code(code, "code")
        description = checks.text(description, "description")
        async with self._ledger.act(actor, "add member class", code) as change:
            done = await change.connection.execute(
                "INSERT INTO member_class VALUES ($1, $2) ON CONFLICT DO NOTHING", code, description
            )
            if not one_done(done):
                raise ChangeRefused("member_class_exists", code)
            change.after = {"description": description}

    async def describe_member_class(self, actor: str, code: str, description: str) -> None:
        """Another description; 404 `member_class_not_found`."""
        description = checks.text(description, "description")
        async with self._ledger.act(actor, "describe member class", code) as change:
            change.before = await _member_class(change.connection, code)
            await change.connection.execute(
                "UPDATE member_class SET description = $2 WHERE code = $1", code, description
            )
            change.after = {"description": description}

    async def remove_member_class(self, actor: str, code: str) -> None:
        """404 `member_class_not_found`, 409 `member_class_is_in_use`."""
        async with self._ledger.act(actor, "remove member class", code) as change:
            change.before = await _member_class(change.connection, code)
            if await change.connection.fetchval("SELECT true FROM member WHERE member_class = $1 LIMIT 1", code):
                raise ChangeRefused("member_class_is_in_use", code)
            await change.connection.execute("DELETE FROM member_class WHERE code = $1", code)

    async def add_member(self, actor: str, member: MemberId, name: str) -> None:
        """A new member; 404 `member_class_not_found`, 409 `member_exists`."""
        name = checks.text(name, "member_name")
        async with self._ledger.act(actor, "add member", str(member)) as change:
            checks.member_of(change.instance, member)
            await _member_class(change.connection, member.member_class)
            done = await change.connection.execute(
                "INSERT INTO member VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                str(member),
                member.member_class,
                name,
                change.at,
            )
            if not one_done(done):
                raise ChangeRefused("member_exists", str(member))
            change.after = {"name": name}

    async def rename_member(self, actor: str, member: MemberId, name: str) -> None:
        """404 `member_not_found`."""
        name = checks.text(name, "member_name")
        async with self._ledger.act(actor, "rename member", str(member)) as change:
            change.before = await _named(change.connection, "member", str(member))
            await change.connection.execute("UPDATE member SET name = $2 WHERE id = $1", str(member), name)
            change.after = {"name": name}

    async def remove_member(self, actor: str, member: MemberId) -> None:
        """404 `member_not_found`; 409 `member_in_use` while it has subsystems or security servers."""
        async with self._ledger.act(actor, "remove member", str(member)) as change:
            change.before = await _named(change.connection, "member", str(member))
            for table, column in (("subsystem", "member"), ("security_server", "owner")):
                used = f"SELECT true FROM {table} WHERE {column} = $1 LIMIT 1"  # noqa: S608 - names from above
                if await change.connection.fetchval(used, str(member)):
                    raise ChangeRefused("member_in_use", str(member))
            change.before["groups"] = await _leave_groups(change.connection, str(member))
            await change.connection.execute("DELETE FROM member WHERE id = $1", str(member))

    async def add_subsystem(self, actor: str, subsystem: SubsystemId, name: str | None = None) -> None:
        """A new information system; 404 `member_not_found`, 409 `subsystem_exists`."""
        name = None if name is None else checks.text(name, "subsystem_name")
        async with self._ledger.act(actor, "add subsystem", str(subsystem)) as change:
            checks.subsystem_of(change.instance, subsystem)
            await _named(change.connection, "member", str(subsystem.member))
            done = await change.connection.execute(
                "INSERT INTO subsystem VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                str(subsystem),
                str(subsystem.member),
                name,
                change.at,
            )
            if not one_done(done):
                raise ChangeRefused("subsystem_exists", str(subsystem))
            change.after = {"name": name}

    async def rename_subsystem(self, actor: str, subsystem: SubsystemId, name: str) -> None:
        """404 `subsystem_not_found`."""
        name = checks.text(name, "subsystem_name")
        async with self._ledger.act(actor, "rename subsystem", str(subsystem)) as change:
            change.before = await _named(change.connection, "subsystem", str(subsystem))
            await change.connection.execute("UPDATE subsystem SET name = $2 WHERE id = $1", str(subsystem), name)
            change.after = {"name": name}

    async def remove_subsystem(self, actor: str, subsystem: SubsystemId) -> None:
        """404; 409 `subsystem_registered_and_cannot_be_deleted` while a security server or the platform uses it."""
        async with self._ledger.act(actor, "remove subsystem", str(subsystem)) as change:
            change.before = await _named(change.connection, "subsystem", str(subsystem))
            used = await change.connection.fetchval(
                "SELECT EXISTS (SELECT FROM server_client WHERE client = $1)"
                " OR EXISTS (SELECT FROM platform WHERE management_provider = $1)",
                str(subsystem),
            )
            if used:
                raise ChangeRefused("subsystem_registered_and_cannot_be_deleted", str(subsystem))
            change.before["groups"] = await _leave_groups(change.connection, str(subsystem))
            await change.connection.execute("DELETE FROM subsystem WHERE id = $1", str(subsystem))


async def _member_class(connection: Any, code: str) -> Shown:
    description = await connection.fetchval("SELECT description FROM member_class WHERE code = $1", code)
    if description is None:
        raise ChangeRefused("member_class_not_found", code)
    return {"description": description}


async def _named(connection: Any, table: str, id_: str) -> Shown:
    row = await connection.fetchrow(f"SELECT name FROM {table} WHERE id = $1", id_)  # noqa: S608 - our own names
    if row is None:
        raise ChangeRefused(f"{table}_not_found", id_)
    return {"name": row["name"]}


async def _leave_groups(connection: Any, client: str) -> list[str]:
    rows = await connection.fetch("DELETE FROM global_group_member WHERE client = $1 RETURNING group_code", client)
    return sorted(row["group_code"] for row in rows)
