"""Recipe 1: our clients, their registration, and the certificates of their information systems."""

from __future__ import annotations

from typing import Any

from ketnoi_protocol.identifiers import InvalidIdentifier, SecurityServerId, SubsystemId
from ketnoi_securityserver.admin.bodies import ClientAdd, ConnectionTypeUpdate
from ketnoi_securityserver.admin.routing import REGISTRATION, SERVICES, Asked, Route
from ketnoi_securityserver.admin.views import Views, certificate_details
from ketnoi_securityserver.serverconf.clients import Clients
from ketnoi_securityserver.serverconf.ledger import ChangeRefused


class ClientRoutes:
    """/clients."""

    def __init__(self, server: SecurityServerId, clients: Clients, views: Views) -> None:
        self._server = server
        self._clients = clients
        self._views = views

    @property
    def routes(self) -> list[Route]:
        """Every address of this part."""
        return [
            Route("GET", "/clients", None, self._all),
            Route("POST", "/clients", REGISTRATION, self._add),
            Route("GET", "/clients/{id}", None, self._one),
            Route("PATCH", "/clients/{id}", SERVICES, self._set_connection_type),
            Route("DELETE", "/clients/{id}", REGISTRATION, self._remove),
            Route("PUT", "/clients/{id}/register", REGISTRATION, self._register),
            Route("GET", "/clients/{id}/tls-certificates", None, self._certificates),
            Route("POST", "/clients/{id}/tls-certificates", SERVICES, self._add_certificate),
            Route("DELETE", "/clients/{id}/tls-certificates/{hash}", SERVICES, self._remove_certificate),
        ]

    async def _all(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.clients()

    async def _one(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.client(str(asked.subsystem()))

    async def _add(self, asked: Asked) -> tuple[int, Any]:
        wanted = asked.body(ClientAdd).client
        try:
            client = SubsystemId(self._server.instance, wanted.member_class, wanted.member_code, wanted.subsystem_code)
        except InvalidIdentifier:
            raise ChangeRefused(400, "invalid_client_identifier") from None
        await self._clients.add(asked.actor, client, wanted.connection_type)
        return 201, await self._views.client(str(client))

    async def _set_connection_type(self, asked: Asked) -> tuple[int, Any]:
        client = asked.subsystem()
        await self._clients.set_connection_type(asked.actor, client, asked.body(ConnectionTypeUpdate).connection_type)
        return 200, await self._views.client(str(client))

    async def _remove(self, asked: Asked) -> tuple[int, Any]:
        client = asked.subsystem()
        if (await self._views.client(str(client)))["status"] == "REGISTERED":
            raise ChangeRefused(409, "invalid_client_status")
        await self._clients.remove(asked.actor, client)
        return 204, None

    async def _register(self, asked: Asked) -> tuple[int, Any]:
        await self._clients.mark_registration(asked.actor, asked.subsystem())
        return 204, None

    async def _certificates(self, asked: Asked) -> tuple[int, Any]:
        client = str(asked.subsystem())
        await self._views.client(client)
        return 200, await self._views.certificates(client)

    async def _add_certificate(self, asked: Asked) -> tuple[int, Any]:
        return 201, certificate_details(await self._clients.add_certificate(asked.actor, asked.subsystem(), asked.data))

    async def _remove_certificate(self, asked: Asked) -> tuple[int, Any]:
        await self._clients.remove_certificate(asked.actor, asked.subsystem(), asked.path["hash"])
        return 204, None
