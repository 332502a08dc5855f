"""/configuration-sources, /signing-keys, /management-services-configuration, and the platform's own address and times.

INTERNAL (members) and EXTERNAL (federated platforms) are signed with the same keys [our choice].
"""

from __future__ import annotations

from typing import Any

from ketnoi_exchange.actions import Actions
from ketnoi_exchange.admin.bodies import KeyAdd, Provider, ServerAddressBody, Times
from ketnoi_exchange.admin.routing import SECURITY, SOURCES, Asked, Route, subsystem
from ketnoi_exchange.admin.trust_views import TrustViews
from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_trust.configuration import Anchor


class SourceRoutes:
    """Where the configuration comes from, and what signs it."""

    def __init__(self, actions: Actions, views: TrustViews) -> None:
        self._actions = actions
        self._views = views

    @property
    def routes(self) -> list[Route]:
        """Every address of this part."""
        source = "/configuration-sources/{id:INTERNAL|EXTERNAL}"
        return [
            Route("GET", source + "/anchor", SOURCES, self._anchor),
            Route("GET", source + "/anchor/download", SECURITY, self._anchor_file),
            Route("GET", source + "/download-url", SOURCES, self._download_url),
            Route("GET", source + "/signing-keys", SOURCES, self._keys),
            Route("POST", "/configuration-sources/INTERNAL/signing-keys", SECURITY, self._rotate),
            Route("PUT", "/signing-keys/{id}/activate", SECURITY, self._activate),
            Route("DELETE", "/signing-keys/{id}", SECURITY, self._remove),
            Route("GET", "/management-services-configuration", SECURITY, self._provider),
            Route("PATCH", "/management-services-configuration", SECURITY, self._set_provider),
            Route("PUT", "/system/server-address", SECURITY, self._set_addresses),
            Route("GET", "/system/times", SECURITY, self._times),
            Route("PATCH", "/system/times", SECURITY, self._set_times),
        ]

    async def _anchor(self, asked: Asked) -> tuple[int, Any]:
        anchor = await self._anchor_of(asked)
        return 200, {"anchor": {"hash": anchor.fingerprint, "created_at": anchor.generated_at}}

    async def _anchor_file(self, asked: Asked) -> tuple[int, Any]:
        return 200, (await self._anchor_of(asked)).write()

    async def _download_url(self, asked: Asked) -> tuple[int, Any]:
        return 200, {"url": (await self._anchor_of(asked)).sources[0].url}

    async def _anchor_of(self, asked: Asked) -> Anchor:
        return await self._actions.anchor(external=asked.path["id"] == "EXTERNAL")

    async def _keys(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.signing_keys()

    async def _rotate(self, asked: Asked) -> tuple[int, Any]:
        made = await self._actions.rotate_signing_key(asked.actor, asked.body(KeyAdd).key_label)
        return 201, next(each for each in await self._views.signing_keys() if each["id"] == made)

    async def _activate(self, asked: Asked) -> tuple[int, Any]:
        await self._actions.activate_signing_key(asked.actor, asked.path["id"])
        return 204, None

    async def _remove(self, asked: Asked) -> tuple[int, Any]:
        await self._actions.remove_signing_key(asked.actor, asked.path["id"])
        return 204, None

    async def _provider(self, asked: Asked) -> tuple[int, Any]:
        provider = await self._views.pool.fetchrow(
            "SELECT subsystem.id, coalesce(subsystem.name, member.name) AS name FROM platform"
            " JOIN subsystem ON subsystem.id = management_provider JOIN member ON member.id = subsystem.member"
        )
        if provider is None:
            raise ChangeRefused("management_service_provider_not_set")
        return 200, {"service_provider_id": provider["id"], "service_provider_name": provider["name"]}

    async def _set_provider(self, asked: Asked) -> tuple[int, Any]:
        wanted = subsystem(asked.body(Provider).service_provider_id)
        await self._actions.set_management_provider(asked.actor, wanted)
        return await self._provider(asked)

    async def _set_addresses(self, asked: Asked) -> tuple[int, Any]:
        text = asked.body(ServerAddressBody).central_server_address
        await self._actions.set_addresses(asked.actor, [each.strip() for each in text.split(",")])
        return 200, {"central_server_address": text}

    async def _times(self, asked: Asked) -> tuple[int, Any]:
        row = await self._views.pool.fetchrow(
            "SELECT ocsp_freshness_seconds AS ocsp_freshness, timestamp_interval_seconds AS timestamp_interval"
            " FROM platform"
        )
        return 200, dict(row)

    async def _set_times(self, asked: Asked) -> tuple[int, Any]:
        wanted = asked.body(Times)
        await self._actions.set_times(
            asked.actor, ocsp_freshness=wanted.ocsp_freshness, timestamp_interval=wanted.timestamp_interval
        )
        return await self._times(asked)
