"""/security-servers and /management-requests: where servers and their clients are registered."""

from __future__ import annotations

from typing import Any

from ketnoi_exchange.actions import Actions, ManagementRequest
from ketnoi_exchange.admin.bodies import RequestBody, ServerAddress
from ketnoi_exchange.admin.routing import ASKING, REGISTRATION, Asked, Route, client, server
from ketnoi_exchange.admin.views import Views
from ketnoi_exchange.refusals import ChangeRefused


class ServerRoutes:
    """Security servers, and what is asked for them."""

    def __init__(self, actions: Actions, views: Views) -> None:
        self._actions = actions
        self._views = views

    @property
    def routes(self) -> list[Route]:
        """Every address of this part."""
        certificates = "/security-servers/{id}/authentication-certificates"
        return [
            Route("GET", "/security-servers", REGISTRATION, self._all),
            Route("GET", "/security-servers/{id}", REGISTRATION, self._one),
            Route("PATCH", "/security-servers/{id}", REGISTRATION, self._set_address),
            Route("DELETE", "/security-servers/{id}", REGISTRATION, self._remove),
            Route("GET", certificates, REGISTRATION, self._certificates),
            Route("DELETE", certificates + "/{number}", REGISTRATION, self._remove_certificate),
            Route("GET", "/security-servers/{id}/clients", REGISTRATION, self._clients),
            Route("GET", "/management-requests", REGISTRATION, self._requests),
            Route("POST", "/management-requests", ASKING, self._ask),
            Route("GET", "/management-requests/{id}", REGISTRATION, self._request),
            Route("DELETE", "/management-requests/{id}", REGISTRATION, self._decline),
            Route("POST", "/management-requests/{id}/approval", REGISTRATION, self._approve),
        ]

    async def _all(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.servers(asked.query)

    async def _one(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.server(asked.server())

    async def _set_address(self, asked: Asked) -> tuple[int, Any]:
        address = asked.body(ServerAddress).server_address
        await self._actions.set_server_address(asked.actor, asked.server(), address)
        return 200, await self._views.server(asked.server())

    async def _remove(self, asked: Asked) -> tuple[int, Any]:
        await self._actions.remove_security_server(asked.actor, asked.server())
        return 204, None

    async def _certificates(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.certificates(asked.server())

    async def _remove_certificate(self, asked: Asked) -> tuple[int, Any]:
        number = asked.number("ss_auth_certificate_not_found", "number")
        sha256 = await self._views.certificate_hash(asked.server(), number)
        await self._actions.remove_authentication_certificate(asked.actor, asked.server(), sha256)
        return 204, None

    async def _clients(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.clients_of(asked.server())

    async def _requests(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.requests(asked.query)

    async def _ask(self, asked: Asked) -> tuple[int, Any]:
        body = asked.body(RequestBody)
        # The management service speaks for security servers, never for the centre.
        if body.origin == "CENTER" and not asked.holder.roles & REGISTRATION:
            raise ChangeRefused("forbidden")
        request = ManagementRequest(
            body.type,
            body.origin,
            server(body.security_server_id),
            client(body.client_id) if body.client_id else None,
            body.subsystem_name or None,
            body.server_address,
            body.authentication_certificate,
            body.message or body.comments,
        )
        id_, status = await self._actions.ask(asked.actor, request)
        return 202 if status == "WAITING" else 201, await self._views.request(id_)

    async def _request(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.request(asked.number("management_request_not_found"))

    async def _approve(self, asked: Asked) -> tuple[int, Any]:
        number = asked.number("management_request_not_found")
        await self._actions.approve(asked.actor, number)
        return 200, await self._views.request(number)

    async def _decline(self, asked: Asked) -> tuple[int, Any]:
        await self._actions.decline(asked.actor, asked.number("management_request_not_found"))
        return 204, None
