"""Keys to this API, and how the server fares."""

from __future__ import annotations

from typing import Any

import msgspec

from ketnoi_securityserver.admin.api_keys import ApiKeys, Holder
from ketnoi_securityserver.admin.routing import SYSTEM, Asked, Route
from ketnoi_securityserver.credentials import Credentials
from ketnoi_securityserver.globalconf import GlobalConfiguration
from ketnoi_securityserver.messagelog.timestamping import Timestamper
from ketnoi_securityserver.messagelog.writer import MessageLog
from ketnoi_securityserver.serverconf.ledger import ChangeRefused
from ketnoi_trust.errors import Refused


class SystemRoutes:
    """/api-keys as X-Road has them, and /health, which is ours."""

    def __init__(
        self,
        keys: ApiKeys,
        globalconf: GlobalConfiguration,
        credentials: Credentials,
        log: MessageLog,
        timestamper: Timestamper,
    ) -> None:
        self._keys = keys
        self._globalconf = globalconf
        self._credentials = credentials
        self._log = log
        self._timestamper = timestamper

    @property
    def routes(self) -> list[Route]:
        """Every address of this part."""
        return [
            Route("GET", "/api-keys", SYSTEM, self._all),
            Route("POST", "/api-keys", SYSTEM, self._make),
            Route("DELETE", "/api-keys/{id}", SYSTEM, self._remove),
            Route("GET", "/health", None, self._health),
        ]

    async def _all(self, asked: Asked) -> tuple[int, Any]:
        return 200, [_holder(each) for each in await self._keys.all()]

    async def _make(self, asked: Asked) -> tuple[int, Any]:
        roles = asked.body(list[str])
        try:
            id_, key = await self._keys.make(asked.actor, roles)
        except ValueError as error:
            raise ChangeRefused(400, "invalid_role", str(error)) from None
        return 200, {"id": id_, "key": key, "roles": sorted(set(roles))}

    async def _remove(self, asked: Asked) -> tuple[int, Any]:
        if not await self._keys.remove(asked.actor, asked.number()):
            raise ChangeRefused(404, "api_key_not_found")
        return 204, None

    async def _health(self, asked: Asked) -> tuple[int, Any]:
        """What would stop messages, and what soon will. Nothing here is secret or personal."""
        try:
            configuration = self._globalconf.current()
            valid_until = configuration.expires_at.isoformat() if configuration.expires_at is not None else None
        except Refused:
            valid_until = None
        state = await self._timestamper.state()
        return 200, {
            "configuration": {"valid_until": valid_until, "problem": self._globalconf.problem},
            "certificates": self._credentials.problems,
            "message_log": {"halted": self._log.halted},
            "timestamping": msgspec.to_builtins(state),
        }


def _holder(holder: Holder) -> dict[str, Any]:
    return {"id": holder.id, "roles": sorted(holder.roles)}
