"""Recipes 3 to 6: who could have a right, giving it for a service or an endpoint, taking it, and who has it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from ketnoi_securityserver.admin.bodies import AccessRights, ServiceClients
from ketnoi_securityserver.admin.routing import SERVICES, Asked, Route, servers, subsystem
from ketnoi_securityserver.admin.views import Views
from ketnoi_securityserver.serverconf.ledger import ChangeRefused
from ketnoi_securityserver.serverconf.rights import Grant, Rights

Act = Callable[[str, Sequence[Grant]], Awaitable[None]]

_SUBJECT = "/clients/{id}/service-clients/{sc_id}"


class RightRoutes:
    """/…/service-clients and /…/access-rights."""

    def __init__(self, rights: Rights, views: Views) -> None:
        self._rights = rights
        self._views = views

    @property
    def routes(self) -> list[Route]:
        """Every address of this part; the PATCHes are ours."""
        return [
            Route("GET", "/clients/{id}/service-client-candidates", None, self._candidates),
            Route("GET", "/clients/{id}/service-clients", None, self._of_client),
            Route("GET", f"{_SUBJECT}/access-rights", None, self._access_rights),
            Route("POST", f"{_SUBJECT}/access-rights", SERVICES, self._give),
            Route("PATCH", f"{_SUBJECT}/access-rights", SERVICES, self._set_servers),
            Route("POST", f"{_SUBJECT}/access-rights/delete", SERVICES, self._take),
            Route("GET", "/services/{id}/service-clients", None, self._of_service),
            Route("POST", "/services/{id}/service-clients", SERVICES, self._give_service),
            Route("POST", "/services/{id}/service-clients/delete", SERVICES, self._take_service),
            Route("GET", "/endpoints/{id}/service-clients", None, self._of_endpoint),
            Route("POST", "/endpoints/{id}/service-clients", SERVICES, self._give_endpoint),
            Route("PATCH", "/endpoints/{id}/service-clients", SERVICES, self._set_endpoint_servers),
            Route("POST", "/endpoints/{id}/service-clients/delete", SERVICES, self._take_endpoint),
        ]

    async def _candidates(self, asked: Asked) -> tuple[int, Any]:
        await self._views.client(str(asked.subsystem()))
        return 200, self._views.candidates(dict(asked.query))

    async def _of_client(self, asked: Asked) -> tuple[int, Any]:
        client = str(asked.subsystem())
        await self._views.client(client)
        return 200, await self._views.service_clients(client=client)

    # By subject: several services of one client at once

    async def _access_rights(self, asked: Asked) -> tuple[int, Any]:
        client = str(asked.subsystem())
        await self._views.client(client)
        return 200, await self._views.access_rights(client, str(asked.subsystem("sc_id")))

    async def _by_subject(self, asked: Asked, act: Act) -> list[dict[str, Any]]:
        provider, subject = asked.subsystem(), asked.subsystem("sc_id")
        items = asked.body(AccessRights).items
        grants = []
        for item in items:
            endpoint = await self._rights.base_endpoint(_service(provider, item.service_code))
            grants.append(Grant(endpoint, subject, servers(item.security_servers)))
        await act(asked.actor, grants)
        codes = {item.service_code for item in items}
        rights = await self._views.access_rights(str(provider), str(subject))
        return [right for right in rights if right["service_code"] in codes]

    async def _give(self, asked: Asked) -> tuple[int, Any]:
        return 201, await self._by_subject(asked, self._rights.give)

    async def _set_servers(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._by_subject(asked, self._rights.set_servers)

    async def _take(self, asked: Asked) -> tuple[int, Any]:
        await self._by_subject(asked, self._rights.take)
        return 204, None

    # By service or endpoint: several subjects at once

    async def _by_endpoint(self, asked: Asked, endpoint: int, act: Act) -> list[dict[str, Any]]:
        items = asked.body(ServiceClients).items
        if any(item.service_client_type != "SUBSYSTEM" for item in items):
            raise ChangeRefused(400, "unsupported_service_client_type", "rights are given to subsystems only")
        await act(asked.actor, [Grant(endpoint, subsystem(item.id), servers(item.security_servers)) for item in items])
        return await self._views.service_clients(endpoint=endpoint)

    async def _of_service(self, asked: Asked) -> tuple[int, Any]:
        endpoint = await self._rights.base_endpoint(asked.service())
        return 200, await self._views.service_clients(endpoint=endpoint)

    async def _give_service(self, asked: Asked) -> tuple[int, Any]:
        endpoint = await self._rights.base_endpoint(asked.service())
        return 201, await self._by_endpoint(asked, endpoint, self._rights.give)

    async def _take_service(self, asked: Asked) -> tuple[int, Any]:
        endpoint = await self._rights.base_endpoint(asked.service())
        await self._by_endpoint(asked, endpoint, self._rights.take)
        return 204, None

    async def _of_endpoint(self, asked: Asked) -> tuple[int, Any]:
        await self._views.endpoint(asked.number())
        return 200, await self._views.service_clients(endpoint=asked.number())

    async def _give_endpoint(self, asked: Asked) -> tuple[int, Any]:
        return 201, await self._by_endpoint(asked, asked.number(), self._rights.give)

    async def _set_endpoint_servers(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._by_endpoint(asked, asked.number(), self._rights.set_servers)

    async def _take_endpoint(self, asked: Asked) -> tuple[int, Any]:
        await self._by_endpoint(asked, asked.number(), self._rights.take)
        return 204, None


def _service(provider: Any, code: str) -> Any:
    try:
        return provider.service(code)
    except ValueError:
        raise ChangeRefused(400, "invalid_service_identifier") from None
