"""The admin API's door: who may do what, and errors in X-Road's form (reference: its OpenAPI description 2.1.0).

`Authorization: X-Road-ApiKey token=<key>` on every request. The recipes of X-Road work unchanged; our extension to
their bodies is `security_servers` (bodies.py), and two PATCHes that replace them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

import asyncpg
import msgspec
from aiohttp import web

from ketnoi_protocol.identifiers import SecurityServerId
from ketnoi_runtime.clock import Clock
from ketnoi_securityserver.admin.api_keys import ApiKeys, Holder
from ketnoi_securityserver.admin.client_routes import ClientRoutes
from ketnoi_securityserver.admin.right_routes import RightRoutes
from ketnoi_securityserver.admin.routing import Asked, Route
from ketnoi_securityserver.admin.service_routes import ServiceRoutes
from ketnoi_securityserver.admin.system_routes import SystemRoutes
from ketnoi_securityserver.admin.views import Views
from ketnoi_securityserver.serverconf.clients import Clients
from ketnoi_securityserver.serverconf.ledger import ChangeRefused, Ledger
from ketnoi_securityserver.serverconf.rights import Rights
from ketnoi_securityserver.serverconf.services import Services
from ketnoi_securityserver.state import State

logger = logging.getLogger(__name__)

BASE = "/api/v1"
LONGEST_BODY = 50 * 1024
_AUTHORIZATION = re.compile(r"X-Road-ApiKey token=([!-~]{1,100})", re.IGNORECASE)


class Admin:
    """The admin API of one server."""

    def __init__(self, state: State, server: SecurityServerId, clock: Clock) -> None:
        self.keys = ApiKeys(state.pool, clock)
        ledger = Ledger(state.pool, state.serverconf, clock)
        views = Views(state.pool, server, state.globalconf.current)
        self._routes = [
            *ClientRoutes(server, Clients(ledger), views).routes,
            *ServiceRoutes(Services(ledger), views).routes,
            *RightRoutes(Rights(ledger, state.globalconf.current), views).routes,
            *SystemRoutes(self.keys, state.globalconf, state.credentials, state.log, state.timestamper).routes,
        ]

    def application(self) -> web.Application:
        """For a Listener."""
        application = web.Application(client_max_size=LONGEST_BODY)
        for route in self._routes:
            application.router.add_route(route.method, BASE + route.path, self._door(route))
        return application

    def _door(self, route: Route) -> Callable[[web.Request], object]:
        async def door(request: web.Request) -> web.StreamResponse:
            try:
                holder = await self._holder(request)
                if route.role is not None and route.role not in holder.roles:
                    raise ChangeRefused(403, "forbidden")
                data = await request.read()
                status, told = await route.handle(Asked(holder.actor, request.match_info, request.query, data))
            except ChangeRefused as refused:
                return _refused(refused)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                logger.error("the admin API cannot reach the database: %s", type(error).__name__)
                return _refused(ChangeRefused(503, "database_error"))
            if told is None:
                return web.Response(status=status)
            return web.Response(status=status, body=msgspec.json.encode(told), content_type="application/json")

        return door

    async def _holder(self, request: web.Request) -> Holder:
        found = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
        holder = await self.keys.holder(found[1]) if found is not None else None
        if holder is None:
            raise ChangeRefused(401, "unauthorized")
        return holder


def _refused(refused: ChangeRefused) -> web.Response:
    told = {"status": refused.status, "error": {"code": refused.code, "metadata": list(refused.metadata)}}
    return web.Response(status=refused.status, body=msgspec.json.encode(told), content_type="application/json")
