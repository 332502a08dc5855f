"""Keys to this API, the history, and how the node fares."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

from ketnoi_exchange.actions import Actions
from ketnoi_exchange.actions.api_keys import Holder
from ketnoi_exchange.admin.routing import SECURITY, SYSTEM, Asked, Route
from ketnoi_exchange.admin.trust_views import TrustViews
from ketnoi_exchange.publication.publisher import Publisher
from ketnoi_exchange.publication.shelf import Shelf
from ketnoi_exchange.refusals import ChangeRefused

MOST_HISTORY_ROWS: Final = 1000


class SystemRoutes:
    """/api-keys and /system as X-Road has them; /health and /history are ours."""

    def __init__(self, actions: Actions, views: TrustViews, publisher: Publisher, shelf: Shelf) -> None:
        self._actions = actions
        self._views = views
        self._publisher = publisher
        self._shelf = shelf

    @property
    def routes(self) -> list[Route]:
        """Every address of this part."""
        return [
            Route("GET", "/api-keys", SYSTEM, self._all),
            Route("POST", "/api-keys", SYSTEM, self._make),
            Route("GET", "/api-keys/{id}", SYSTEM, self._one),
            Route("PUT", "/api-keys/{id}", SYSTEM, self._set_roles),
            Route("DELETE", "/api-keys/{id}", SYSTEM, self._remove),
            Route("GET", "/system/version", None, self._version),
            Route("GET", "/health", None, self._health),
            Route("GET", "/history", SECURITY | SYSTEM, self._history),
        ]

    async def _all(self, asked: Asked) -> tuple[int, Any]:
        return 200, [_holder(each) for each in await self._actions.api_keys()]

    async def _one(self, asked: Asked) -> tuple[int, Any]:
        number = asked.number("api_key_not_found")
        for each in await self._actions.api_keys():
            if each.id == number:
                return 200, _holder(each)
        raise ChangeRefused("api_key_not_found", str(number))

    async def _make(self, asked: Asked) -> tuple[int, Any]:
        roles = _roles(asked)
        id_, key = await self._actions.make_api_key(asked.actor, roles)
        return 200, {"id": id_, "key": key, "roles": sorted(roles)}

    async def _set_roles(self, asked: Asked) -> tuple[int, Any]:
        await self._actions.set_api_key_roles(asked.actor, asked.number("api_key_not_found"), _roles(asked))
        return await self._one(asked)

    async def _remove(self, asked: Asked) -> tuple[int, Any]:
        await self._actions.remove_api_key(asked.actor, asked.number("api_key_not_found"))
        return 204, None

    async def _version(self, asked: Asked) -> tuple[int, Any]:
        return 200, {"info": f"Ketnoi exchange {version('ketnoi-exchange')}"}

    async def _health(self, asked: Asked) -> tuple[int, Any]:
        """What is served, and what keeps anything newer from being served. Nothing here is secret."""
        return 200, {
            "platform_version": await self._actions.version(),
            "served_version": self._shelf.version,
            "published_at": self._shelf.published_at,
            "expires_at": self._shelf.expires_at,
            "problem": self._publisher.problem,
        }

    async def _history(self, asked: Asked) -> tuple[int, Any]:
        after, limit = (asked.query.get(name, default) for name, default in (("after", "0"), ("limit", "100")))
        if not all(each.isascii() and each.isdigit() and len(each) <= 18 for each in (after, limit)):
            raise ChangeRefused("invalid_pagination_properties", "after, limit")
        return 200, await self._views.history(int(after), min(int(limit), MOST_HISTORY_ROWS))


def _holder(holder: Holder) -> dict[str, Any]:
    return {"id": holder.id, "roles": sorted(holder.roles)}


def _roles(asked: Asked) -> set[str]:
    """The roles wanted for a key. A key gives no role that it does not have itself, as in X-Road."""
    wanted = set(asked.body(list[str]))
    beyond = wanted - asked.holder.roles
    if beyond:
        raise ChangeRefused("invalid_role", *sorted(each[:40] for each in beyond))
    return wanted
