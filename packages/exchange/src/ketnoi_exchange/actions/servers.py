"""Security servers: their addresses, authentication certificates and clients."""

from __future__ import annotations

from collections.abc import Sequence

from ketnoi_exchange.actions import checks
from ketnoi_exchange.actions.registrations import (
    ensure_certificate,
    ensure_client,
    found_server,
    register_certificate,
    register_client,
    shown_server,
    switch_maintenance,
    unregister_certificate,
    unregister_client,
)
from ketnoi_exchange.ledger import Ledger
from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_protocol.identifiers import SecurityServerId, SubsystemId


class Servers:
    """What the centre registers by itself. Every method acts in the name of its first argument, leaves a row of
    history, and raises ChangeRefused."""

    _ledger: Ledger

    async def add_security_server(
        self,
        actor: str,
        server: SecurityServerId,
        address: str,
        certificates: Sequence[bytes] | bytes = (),
        clients: Sequence[SubsystemId] = (),
    ) -> None:
        """A new security server with its authentication certificates (DER or PEM) and clients, all or nothing.

        404 `management_request_server_owner_not_found`, `management_request_member_not_found`; 409
        `security_server_exists`, `management_request_security_server_exists`. Clients that are not there yet become
        subsystems of their members.
        """
        checks.server_address(address)
        one_or_more = [certificates] if isinstance(certificates, bytes) else list(certificates)
        async with self._ledger.act(actor, "add security server", str(server)) as change:
            checks.server_of(change.instance, server)
            if await change.connection.fetchval("SELECT true FROM security_server WHERE id = $1", str(server)):
                raise ChangeRefused("security_server_exists", str(server))
            await found_server(change, server, address)
            for data in one_or_more:
                await register_certificate(change, server, await ensure_certificate(change, data))
            for client in clients:
                await register_client(change, server, await ensure_client(change, server, client))
            change.after = await shown_server(change.connection, server)

    async def set_server_address(self, actor: str, server: SecurityServerId, address: str) -> None:
        """404 `security_server_not_found`."""
        checks.server_address(address)
        async with self._ledger.act(actor, "set server address", str(server)) as change:
            change.before = await shown_server(change.connection, server)
            await change.connection.execute(
                "UPDATE security_server SET address = $2, updated_at = $3 WHERE id = $1",
                str(server),
                address,
                change.at,
            )
            change.after = await shown_server(change.connection, server)

    async def set_maintenance(self, actor: str, server: SecurityServerId, on: bool, message: str | None = None) -> None:
        """Whether its owner has taken it out of service for a while; 404, 409."""
        async with self._ledger.act(actor, f"maintenance mode {'on' if on else 'off'}", str(server)) as change:
            change.before = await shown_server(change.connection, server)
            await switch_maintenance(change, server, on, message)
            change.after = await shown_server(change.connection, server)

    async def remove_security_server(self, actor: str, server: SecurityServerId) -> None:
        """With its certificates and clients; what it had asked for and still waits is declined. 404."""
        async with self._ledger.act(actor, "remove security server", str(server)) as change:
            change.before = await shown_server(change.connection, server)
            await change.connection.execute("DELETE FROM security_server WHERE id = $1", str(server))
            await change.connection.execute(
                "UPDATE management_request SET status = 'DECLINED', updated_at = $2"
                " WHERE server = $1 AND status = 'WAITING'",
                str(server),
                change.at,
            )

    async def add_authentication_certificate(self, actor: str, server: SecurityServerId, data: bytes) -> None:
        """One more certificate (DER or PEM), as while keys are rotated; 404, 409."""
        async with self._ledger.act(actor, "add authentication certificate", str(server)) as change:
            change.before = await shown_server(change.connection, server)
            await register_certificate(change, server, await ensure_certificate(change, data))
            change.after = await shown_server(change.connection, server)

    async def remove_authentication_certificate(self, actor: str, server: SecurityServerId, sha256: bytes) -> None:
        """By the SHA-256 of its DER; the server proves itself with it no more. 404 `ss_auth_certificate_not_found`."""
        async with self._ledger.act(actor, "remove authentication certificate", str(server)) as change:
            change.before = await shown_server(change.connection, server)
            await unregister_certificate(change, server, sha256)
            change.after = await shown_server(change.connection, server)

    async def add_server_client(self, actor: str, server: SecurityServerId, client: SubsystemId) -> None:
        """A subsystem may use this server from now on; 404, 409."""
        async with self._ledger.act(actor, "add server client", str(server)) as change:
            change.before = await shown_server(change.connection, server)
            await register_client(change, server, await ensure_client(change, server, client))
            change.after = await shown_server(change.connection, server)

    async def remove_server_client(self, actor: str, server: SecurityServerId, client: SubsystemId) -> None:
        """404 `management_request_client_registration_not_found`."""
        async with self._ledger.act(actor, "remove server client", str(server)) as change:
            change.before = await shown_server(change.connection, server)
            await unregister_client(change, server, client)
            change.after = await shown_server(change.connection, server)
