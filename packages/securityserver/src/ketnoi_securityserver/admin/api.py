"""The admin API's door: who may do what, and errors in X-Road's form (reference: its OpenAPI description 2.1.0).

`Authorization: X-Road-ApiKey token=<key>` on every request. The recipes of X-Road work unchanged; our extension to
their bodies is `security_servers` (bodies.py), and two PATCHes that replace them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import msgspec
from aiohttp import web

from ketnoi_protocol.identifiers import SecurityServerId
from ketnoi_runtime.clock import Clock
from ketnoi_securityserver.admin.api_keys import ApiKeys, Holder
from ketnoi_securityserver.admin.client_routes import ClientRoutes
from ketnoi_securityserver.admin.diagnostics_routes import DiagnosticsRoutes
from ketnoi_securityserver.admin.right_routes import RightRoutes
from ketnoi_securityserver.admin.routing import Asked, Route
from ketnoi_securityserver.admin.service_routes import ServiceRoutes
from ketnoi_securityserver.admin.system_routes import SystemRoutes
from ketnoi_securityserver.admin.token_routes import TokenRoutes
from ketnoi_securityserver.admin.traffic_routes import TrafficRoutes
from ketnoi_securityserver.admin.views import Views
from ketnoi_securityserver.credentials.keys import KeyStoreError
from ketnoi_securityserver.serverconf.clients import Clients
from ketnoi_securityserver.serverconf.ledger import ChangeRefused, Ledger
from ketnoi_securityserver.serverconf.own_keys import OwnKeys
from ketnoi_securityserver.serverconf.rights import Rights
from ketnoi_securityserver.serverconf.services import Services
from ketnoi_securityserver.state import State

logger = logging.getLogger(__name__)

BASE = "/api/v1"
LONGEST_BODY = 50 * 1024
_SERVER = "ketnoi"
_AUTHORIZATION = re.compile(r"X-Road-ApiKey token=([!-~]{1,100})", re.IGNORECASE)

Door = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Admin:
    """The admin API of one server."""

    def __init__(self, state: State, server: SecurityServerId, clock: Clock) -> None:
        self.keys = ApiKeys(state.pool, clock)
        current, credentials = state.globalconf.current, state.credentials
        ledger = Ledger(state.pool, state.serverconf, clock)
        views = Views(state.pool, server, current)
        own_keys = OwnKeys(ledger, credentials.keys, server, current)
        self.routes: tuple[Route, ...] = (
            *ClientRoutes(server, Clients(ledger), views).routes,
            *ServiceRoutes(Services(ledger), views).routes,
            *RightRoutes(Rights(ledger, current), views).routes,
            *TokenRoutes(own_keys, credentials, views).routes,
            *SystemRoutes(self.keys, ledger, state.globalconf, credentials, state.log, state.timestamper, views).routes,
            *DiagnosticsRoutes(state.globalconf, credentials, state.timestamper, views).routes,
            *TrafficRoutes(state.traffic, clock).routes,
        )

    def application(self) -> web.Application:
        """For a Listener."""
        application = web.Application(client_max_size=LONGEST_BODY)
        for route in self.routes:
            application.router.add_route(route.method, BASE + route.path, self._door(route))
        # Whoever has no key learns not even which addresses there are.
        application.router.add_route("*", "/{anything:.*}", self._door(Route("*", "", None, _not_found)))
        return application

    def _door(self, route: Route) -> Door:
        async def door(request: web.Request) -> web.StreamResponse:
            try:
                return await self._answer(route, request)
            except ChangeRefused as refused:
                return _refused(refused)
            except web.HTTPRequestEntityTooLarge:
                return _refused(ChangeRefused(413, "request_too_large"))
            except asyncpg.DataError as error:
                # For instance a NUL character, which no text in the database holds.
                logger.info("the admin API was sent what the database cannot hold: %s", type(error).__name__)
                return _refused(ChangeRefused(400, "validation_failure"))
            except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
                # Its text may quote what was to be written.
                logger.error("the admin API cannot use the database: %s", type(error).__name__)
                return _refused(ChangeRefused(503, "database_error"))
            except (OSError, KeyStoreError) as error:
                logger.error("the admin API cannot use a file or the database: %s", error)
                return _refused(ChangeRefused(503, "not_available"))

        return door

    async def _answer(self, route: Route, request: web.Request) -> web.Response:
        holder = await self._holder(request)
        if route.roles is not None and not route.roles & holder.roles:
            raise ChangeRefused(403, "forbidden")
        data = await request.read()
        status, told = await route.handle(Asked(holder.actor, request.match_info, request.query, data))
        if told is None:
            return web.Response(status=status, headers={"Server": _SERVER})
        if isinstance(told, bytes):
            headers = {"Content-Type": "application/octet-stream", "Server": _SERVER}
            return web.Response(status=status, body=told, headers=headers)
        return _json(status, told)

    async def _holder(self, request: web.Request) -> Holder:
        found = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
        holder = await self.keys.holder(found[1]) if found is not None else None
        if holder is None:
            raise ChangeRefused(401, "unauthorized")
        return holder


async def _not_found(asked: Asked) -> tuple[int, Any]:
    raise ChangeRefused(404, "not_found")


def _refused(refused: ChangeRefused) -> web.Response:
    error = {"code": refused.code, "metadata": list(refused.metadata)}
    return _json(refused.status, {"status": refused.status, "error": error})


def _json(status: int, told: Any) -> web.Response:
    headers = {"Content-Type": "application/json", "Server": _SERVER}
    return web.Response(status=status, body=msgspec.json.encode(told), headers=headers)
