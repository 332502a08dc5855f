"""The admin API's door: who may do what, and errors in X-Road's form."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable

import asyncpg
import msgspec
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from ketnoi_exchange.actions import Actions
from ketnoi_exchange.actions.api_keys import Holder
from ketnoi_exchange.admin.member_routes import MemberRoutes
from ketnoi_exchange.admin.routing import Asked, Route
from ketnoi_exchange.admin.server_routes import ServerRoutes
from ketnoi_exchange.admin.source_routes import SourceRoutes
from ketnoi_exchange.admin.system_routes import SystemRoutes
from ketnoi_exchange.admin.trust_routes import TrustRoutes
from ketnoi_exchange.admin.trust_views import TrustViews
from ketnoi_exchange.admin.views import Views
from ketnoi_exchange.publication.publisher import Publisher
from ketnoi_exchange.publication.shelf import Shelf
from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_runtime.database import DATABASE_ERRORS

logger = logging.getLogger(__name__)

BASE = "/api/v1"
LONGEST_BODY = 50 * 1024
_AUTHORIZATION = re.compile(r"X-Road-ApiKey token=([!-~]{1,100})", re.IGNORECASE)


class Admin:
    """The admin API of one node."""

    def __init__(self, actions: Actions, publisher: Publisher, shelf: Shelf) -> None:
        self._actions = actions
        views, trust_views = Views(actions.pool), TrustViews(actions.pool)
        self._routes = [
            *MemberRoutes(actions, views).routes,
            *ServerRoutes(actions, views).routes,
            *TrustRoutes(actions, trust_views).routes,
            *SourceRoutes(actions, trust_views).routes,
            *SystemRoutes(actions, trust_views, publisher, shelf).routes,
        ]

    def application(self) -> web.Application:
        """For a Listener."""
        application = web.Application(client_max_size=LONGEST_BODY, middlewares=[_unknown_address])
        for route in self._routes:
            application.router.add_route(route.method, BASE + route.path, self._door(route))
        return application

    def _door(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def door(request: web.Request) -> web.StreamResponse:
            try:
                holder = await self._holder(request)
                if route.roles is not None and not route.roles & holder.roles:
                    raise ChangeRefused("forbidden")
                data, form = await _sent(request)
                status, told = await route.handle(Asked(holder, request.match_info, request.query, data, form))
            except ChangeRefused as refused:
                return _refused(refused)
            except asyncpg.DataError as error:
                # For instance a NUL character, which no text in the database holds.
                return _refused(ChangeRefused("validation_failure", type(error).__name__))
            except DATABASE_ERRORS as error:
                logger.error("the admin API cannot reach the database: %s", type(error).__name__)
                return _refused(ChangeRefused("database_error"))
            if told is None:
                return web.Response(status=status)
            if isinstance(told, bytes):
                return web.Response(status=status, body=told, content_type="application/octet-stream")
            return web.Response(status=status, body=msgspec.json.encode(told), content_type="application/json")

        return door

    async def _holder(self, request: web.Request) -> Holder:
        found = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
        holder = await self._actions.holder(found[1]) if found is not None else None
        if holder is None:
            raise ChangeRefused("unauthorized")
        return holder


async def _sent(request: web.Request) -> tuple[bytes, dict[str, bytes]]:
    try:
        if request.content_type != "multipart/form-data":
            return await request.read(), {}
        form = await request.post()
    except web.HTTPRequestEntityTooLarge:
        raise ChangeRefused("request_too_large", str(LONGEST_BODY)) from None
    except (ValueError, AssertionError, LookupError, HttpProcessingError) as error:
        raise ChangeRefused("validation_failure", type(error).__name__) from None
    return b"", {
        name: value.file.read() if isinstance(value, web.FileField) else str(value).encode()
        for name, value in form.items()
    }


@web.middleware
async def _unknown_address(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return _refused(ChangeRefused("not_found"))
    except web.HTTPMethodNotAllowed:
        return _refused(ChangeRefused("method_not_allowed"))


def _refused(refused: ChangeRefused) -> web.Response:
    """X-Road's form, with what people read beside the code."""
    error = {"code": refused.code, "metadata": list(refused.metadata), "vi": refused.vi, "en": refused.en}
    told = {"status": refused.status, "error": error}
    return web.Response(status=refused.status, body=msgspec.json.encode(told), content_type="application/json")
