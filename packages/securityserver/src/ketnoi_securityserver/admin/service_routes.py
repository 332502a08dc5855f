"""Recipe 2: service descriptions, services, endpoints."""

from __future__ import annotations

from typing import Any

from ketnoi_securityserver.admin.bodies import DisabledNotice, EndpointBody, ServiceDescriptionAdd, ServiceUpdate
from ketnoi_securityserver.admin.routing import SERVICES, Asked, Route
from ketnoi_securityserver.admin.views import Views
from ketnoi_securityserver.serverconf.ledger import ChangeRefused
from ketnoi_securityserver.serverconf.services import Services


class ServiceRoutes:
    """/service-descriptions, /services and /endpoints."""

    def __init__(self, services: Services, views: Views) -> None:
        self._services = services
        self._views = views

    @property
    def routes(self) -> list[Route]:
        """Every address of this part."""
        return [
            Route("GET", "/clients/{id}/service-descriptions", None, self._of_client),
            Route("POST", "/clients/{id}/service-descriptions", SERVICES, self._add),
            Route("GET", "/service-descriptions/{id}", None, self._one),
            Route("DELETE", "/service-descriptions/{id}", SERVICES, self._remove),
            Route("PUT", "/service-descriptions/{id}/enable", SERVICES, self._enable),
            Route("PUT", "/service-descriptions/{id}/disable", SERVICES, self._disable),
            Route("PUT", "/service-descriptions/{id}/refresh", SERVICES, self._one),
            Route("GET", "/services/{id}", None, self._service),
            Route("PATCH", "/services/{id}", SERVICES, self._change),
            Route("POST", "/services/{id}/endpoints", SERVICES, self._add_endpoint),
            Route("GET", "/endpoints/{id}", None, self._endpoint),
            Route("DELETE", "/endpoints/{id}", SERVICES, self._remove_endpoint),
        ]

    async def _of_client(self, asked: Asked) -> tuple[int, Any]:
        client = str(asked.subsystem())
        await self._views.client(client)
        return 200, await self._views.service_descriptions(client=client)

    async def _add(self, asked: Asked) -> tuple[int, Any]:
        wanted = asked.body(ServiceDescriptionAdd)
        if wanted.type != "REST":
            raise ChangeRefused(400, "unsupported_service_type", "only REST services are served here")
        id_ = await self._services.add_rest(asked.actor, asked.subsystem(), wanted.url, wanted.rest_service_code)
        return 201, await self._views.service_description(id_)

    async def _one(self, asked: Asked) -> tuple[int, Any]:
        # Also the answer to refresh: a REST service has no description elsewhere that could have changed.
        return 200, await self._views.service_description(asked.number())

    async def _remove(self, asked: Asked) -> tuple[int, Any]:
        await self._services.remove(asked.actor, asked.number())
        return 204, None

    async def _enable(self, asked: Asked) -> tuple[int, Any]:
        await self._services.set_enabled(asked.actor, asked.number(), True)
        return 204, None

    async def _disable(self, asked: Asked) -> tuple[int, Any]:
        notice = asked.body(DisabledNotice).disabled_notice if asked.data.strip() else ""
        await self._services.set_enabled(asked.actor, asked.number(), False, notice)
        return 204, None

    async def _service(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.service(str(asked.service()))

    async def _change(self, asked: Asked) -> tuple[int, Any]:
        wanted, service = asked.body(ServiceUpdate), asked.service()
        whole = {"url": wanted.url_all, "timeout": wanted.timeout_all, "ssl_auth": wanted.ssl_auth_all}
        await self._services.change(
            asked.actor,
            service,
            url=wanted.url,
            timeout=wanted.timeout,
            verify_tls=wanted.ssl_auth,
            whole=frozenset(name for name, chosen in whole.items() if chosen),
        )
        return 200, await self._views.service(str(service))

    async def _add_endpoint(self, asked: Asked) -> tuple[int, Any]:
        wanted, service = asked.body(EndpointBody), asked.service()
        if wanted.service_code not in ("", service.service_code):
            raise ChangeRefused(400, "invalid_endpoint", "service_code")
        id_ = await self._services.add_endpoint(asked.actor, service, wanted.method, wanted.path)
        return 201, await self._views.endpoint(id_)

    async def _endpoint(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.endpoint(asked.number())

    async def _remove_endpoint(self, asked: Asked) -> tuple[int, Any]:
        await self._services.remove_endpoint(asked.actor, asked.number())
        return 204, None
