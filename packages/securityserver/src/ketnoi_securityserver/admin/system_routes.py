"""Keys to this API, the anchor, and how the server fares."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import msgspec
from cryptography import x509

from ketnoi_securityserver.admin.api_keys import ApiKeys, Holder
from ketnoi_securityserver.admin.routing import SECURITY, SYSTEM, Asked, Route
from ketnoi_securityserver.admin.views import Views, certificate_details
from ketnoi_securityserver.credentials import Credentials
from ketnoi_securityserver.globalconf import GlobalConfiguration
from ketnoi_securityserver.messagelog.timestamping import Timestamper
from ketnoi_securityserver.messagelog.writer import MessageLog
from ketnoi_securityserver.serverconf.ledger import ChangeRefused, Ledger
from ketnoi_trust.configuration import Anchor
from ketnoi_trust.errors import Refused

MOST_AUDIT_ROWS = 1000


class SystemRoutes:
    """/api-keys, /system and /timestamping-services as X-Road has them; /health and /audit are ours."""

    def __init__(
        self,
        keys: ApiKeys,
        ledger: Ledger,
        globalconf: GlobalConfiguration,
        credentials: Credentials,
        log: MessageLog,
        timestamper: Timestamper,
        views: Views,
    ) -> None:
        self._keys = keys
        self._ledger = ledger
        self._globalconf = globalconf
        self._credentials = credentials
        self._log = log
        self._timestamper = timestamper
        self._views = views

    @property
    def routes(self) -> list[Route]:
        """Every address of this part."""
        return [
            Route("GET", "/api-keys", SYSTEM, self._all),
            Route("POST", "/api-keys", SYSTEM, self._make),
            Route("GET", "/api-keys/{id}", SYSTEM, self._one),
            Route("PUT", "/api-keys/{id}", SYSTEM, self._set_roles),
            Route("DELETE", "/api-keys/{id}", SYSTEM, self._remove),
            Route("GET", "/security-servers", None, self._servers),
            Route("GET", "/system/version", None, self._version),
            Route("GET", "/system/certificate", None, self._certificate),
            Route("GET", "/system/anchor", None, self._anchor),
            Route("GET", "/system/anchor/download", None, self._anchor_file),
            Route("POST", "/system/anchor/previews", SYSTEM, self._preview),
            Route("PUT", "/system/anchor", SYSTEM, self._replace_anchor),
            Route("GET", "/system/timestamping-services", None, self._timestamping_services),
            Route("GET", "/timestamping-services", None, self._timestamping_services),
            Route("GET", "/health", None, self._health),
            Route("GET", "/audit", SECURITY, self._audit),
        ]

    # Keys to this API

    async def _all(self, asked: Asked) -> tuple[int, Any]:
        return 200, [_holder(each) for each in await self._keys.all()]

    async def _one(self, asked: Asked) -> tuple[int, Any]:
        for each in await self._keys.all():
            if each.id == asked.number():
                return 200, _holder(each)
        raise ChangeRefused(404, "api_key_not_found")

    async def _make(self, asked: Asked) -> tuple[int, Any]:
        roles = asked.body(list[str])
        try:
            id_, key = await self._keys.make(asked.actor, roles)
        except ValueError as error:
            raise ChangeRefused(400, "invalid_role", str(error)) from None
        return 200, {"id": id_, "key": key, "roles": sorted(set(roles))}

    async def _set_roles(self, asked: Asked) -> tuple[int, Any]:
        try:
            found = await self._keys.set_roles(asked.actor, asked.number(), asked.body(list[str]))
        except ValueError as error:
            raise ChangeRefused(400, "invalid_role", str(error)) from None
        if not found:
            raise ChangeRefused(404, "api_key_not_found")
        return await self._one(asked)

    async def _remove(self, asked: Asked) -> tuple[int, Any]:
        if not await self._keys.remove(asked.actor, asked.number()):
            raise ChangeRefused(404, "api_key_not_found")
        return 204, None

    # The server in its instance

    async def _servers(self, asked: Asked) -> tuple[int, Any]:
        servers = self._views.servers()
        return 200, servers[:1] if asked.query.get("current_server") == "true" else servers

    async def _version(self, asked: Asked) -> tuple[int, Any]:
        return 200, {"info": f"Ketnoi security server {version('ketnoi-securityserver')}"}

    async def _certificate(self, asked: Asked) -> tuple[int, Any]:
        der = self._credentials.internal.certificate_der
        return 200, certificate_details(x509.load_der_x509_certificate(der))

    async def _anchor(self, asked: Asked) -> tuple[int, Any]:
        return 200, _shown(self._globalconf.anchor)

    async def _anchor_file(self, asked: Asked) -> tuple[int, Any]:
        return 200, self._globalconf.anchor.write()

    async def _preview(self, asked: Asked) -> tuple[int, Any]:
        return 200, _shown(_read_anchor(asked.data))

    async def _replace_anchor(self, asked: Asked) -> tuple[int, Any]:
        anchor = _read_anchor(asked.data)
        before = self._globalconf.anchor
        if anchor.write() == before.write():
            raise ChangeRefused(409, "anchor_already_exists")
        details = {"fingerprint": anchor.fingerprint, "before": before.fingerprint}
        async with self._ledger.act(asked.actor, "replace anchor", anchor.instance, details):
            try:
                await self._globalconf.replace_anchor(asked.data)
            except Refused as refused:
                raise ChangeRefused(400, "conf_verification_failed", refused.code, refused.message) from None
        return 201, _shown(anchor)

    async def _timestamping_services(self, asked: Asked) -> tuple[int, Any]:
        """All that are approved are used, in their order [our choice; X-Road lets each server choose]."""
        configuration = self._views.current()
        approved = configuration.timestamp_authorities if configuration is not None else ()
        return 200, [{"name": each.name, "url": each.url} for each in approved]

    # How it fares

    async def _health(self, asked: Asked) -> tuple[int, Any]:
        """What would stop messages, and what soon will. Nothing here is secret or personal."""
        configuration = self._views.current()
        valid_until = configuration.expires_at if configuration is not None else None
        return 200, {
            "configuration": {
                "valid_until": valid_until.isoformat() if valid_until is not None else None,
                "problem": self._globalconf.problem,
            },
            "certificates": self._credentials.problems,
            "message_log": {"halted": self._log.halted},
            "timestamping": msgspec.to_builtins(await self._timestamper.state()),
        }

    async def _audit(self, asked: Asked) -> tuple[int, Any]:
        after, limit = (asked.query.get(name, default) for name, default in (("after", "0"), ("limit", "100")))
        if not all(each.isascii() and each.isdigit() and len(each) <= 18 for each in (after, limit)):
            raise ChangeRefused(400, "validation_failure", "after and limit are numbers")
        return 200, await self._views.audit(int(after), min(int(limit), MOST_AUDIT_ROWS))


def _holder(holder: Holder) -> dict[str, Any]:
    return {"id": holder.id, "roles": sorted(holder.roles)}


def _read_anchor(data: bytes) -> Anchor:
    try:
        return Anchor.parse(data)
    except Refused as refused:
        raise ChangeRefused(400, "malformed_anchor", refused.message) from None


def _shown(anchor: Anchor) -> dict[str, Any]:
    made = anchor.generated_at
    return {"hash": anchor.fingerprint, "created_at": made.isoformat() if made is not None else None}
