"""Reading the server's own configuration: a whole snapshot at once, again whenever its version has grown."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from types import MappingProxyType
from typing import Any

import asyncpg

from ketnoi_protocol.identifiers import SecurityServerId, ServiceId, SubsystemId
from ketnoi_runtime.database import DATABASE_ERRORS
from ketnoi_securityserver.serverconf.model import AccessRight, Client, LocalService, Snapshot

logger = logging.getLogger(__name__)

POLL_SECONDS = 2.0
"""How often a node looks for changes made on another one [our choice; X-Road caches for 60 s]."""


class ServerConfiguration:
    """The configuration that this node works by. Reads cost nothing; a new snapshot replaces the old one whole."""

    def __init__(self, pool: asyncpg.Pool, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._pool = pool
        self._poll_seconds = poll_seconds
        self._polling: asyncio.Task[None] | None = None
        self._reading = asyncio.Lock()
        self._snapshot = Snapshot()

    @property
    def snapshot(self) -> Snapshot:
        """Everything, at one version."""
        return self._snapshot

    @property
    def rights(self) -> tuple[AccessRight, ...]:
        """All access rights; the same object until something changes."""
        return self._snapshot.rights

    def disabled_certificates(self) -> frozenset[bytes]:
        """SHA-256 of the certificates of our own keys that are not to be used."""
        return self._snapshot.disabled_certificates

    def client(self, id_: SubsystemId) -> Client | None:
        """A subsystem of ours, or None."""
        return self._snapshot.clients.get(id_)

    def service(self, id_: ServiceId) -> LocalService | None:
        """A service of ours, or None."""
        return self._snapshot.services.get(id_)

    def services_of(self, provider: SubsystemId) -> tuple[LocalService, ...]:
        """All services of one of our subsystems."""
        return tuple(service for service in self._snapshot.services.values() if service.id.provider == provider)

    async def start(self) -> None:
        """Read once, then follow changes. Raises OSError or asyncpg.PostgresError when the database is not there."""
        await self.reload()
        self._polling = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Stop following changes."""
        if self._polling is not None:
            self._polling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._polling
            self._polling = None

    async def reload(self) -> None:
        """Read the newest version now, if it is not the one at hand."""
        # One at a time: a slower reading of an older version must not replace a newer one. One transaction with one
        # view of the data, so that no half of a change is read.
        async with (
            self._reading,
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            version = await connection.fetchval("SELECT version FROM serverconf_version")
            if version != self._snapshot.version:
                self._snapshot = await _read(connection, version)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(self._poll_seconds)
            try:
                await self.reload()
            except DATABASE_ERRORS as error:
                # Messages stop by themselves: their log lies in the same database.
                logger.warning("the server configuration cannot be read: %s", type(error).__name__)


async def _read(connection: Any, version: int) -> Snapshot:
    certificates: dict[str, set[bytes]] = defaultdict(set)
    for row in await connection.fetch("SELECT client, certificate FROM client_certificate"):
        certificates[row["client"]].add(row["certificate"])
    clients = {}
    for row in await connection.fetch("SELECT id, connection_type, status FROM client"):
        id_ = SubsystemId.from_colon(row["id"])
        clients[id_] = Client(id_, row["connection_type"], frozenset(certificates[row["id"]]), row["status"])
    endpoints: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for row in await connection.fetch("SELECT client, service_code, method, path FROM endpoint ORDER BY id"):
        endpoints[row["client"], row["service_code"]].append((row["method"], row["path"]))
    services = {}
    for row in await connection.fetch(
        "SELECT s.client, s.code, s.url, s.timeout, s.verify_tls, d.enabled, d.disabled_notice"
        " FROM service s JOIN service_description d ON d.id = s.description ORDER BY s.client, s.code"
    ):
        service = SubsystemId.from_colon(row["client"]).service(row["code"])
        services[service] = LocalService(
            service, row["url"], float(row["timeout"]), row["verify_tls"], row["enabled"], row["disabled_notice"],
            tuple(endpoints[row["client"], row["code"]]),
        )  # fmt: skip
    rights = tuple(
        AccessRight(
            SubsystemId.from_colon(row["subject"]),
            SubsystemId.from_colon(row["client"]).service(row["service_code"]),
            row["method"],
            row["path"],
            tuple(SecurityServerId.from_colon(server) for server in row["security_servers"]),
        )
        for row in await connection.fetch(
            "SELECT r.subject, r.security_servers, e.client, e.service_code, e.method, e.path"
            " FROM access_right r JOIN endpoint e ON e.id = r.endpoint ORDER BY e.id, r.subject"
        )
    )
    disabled = await connection.fetch("SELECT sha256 FROM token_certificate WHERE NOT active")
    return Snapshot(
        version,
        MappingProxyType(clients),
        MappingProxyType(services),
        rights,
        frozenset(row["sha256"] for row in disabled),
    )
