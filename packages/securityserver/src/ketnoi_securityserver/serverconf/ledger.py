"""Changing the server's configuration: what is changed, its audit row and the new version, in one transaction."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from ketnoi_runtime.clock import Clock
from ketnoi_securityserver.serverconf.reading import ServerConfiguration


class ChangeRefused(Exception):  # noqa: N818
    """A change that cannot be made. `status` is the HTTP status, `code` X-Road's word for it where it has one."""

    def __init__(self, status: int, code: str, *metadata: str) -> None:
        super().__init__(code, *metadata)
        self.status = status
        self.code = code
        self.metadata = metadata


class Ledger:
    """Opens the one kind of transaction in which the configuration may change."""

    def __init__(self, pool: asyncpg.Pool, serverconf: ServerConfiguration, clock: Clock) -> None:
        self.pool = pool
        self._serverconf = serverconf
        self.clock = clock

    @asynccontextmanager
    async def act(self, actor: str, action: str, subject: str, details: dict[str, Any]) -> AsyncIterator[Any]:
        """`actor` does `action` to `subject`: a connection to do it with.

        When the block ends well, the change, its audit row and the new version are durable, and this node works by
        them; when it raises, nothing has happened.
        """
        async with self.pool.acquire() as connection, connection.transaction():
            # Also puts changes in a row: two at once would otherwise share a version.
            await connection.execute("UPDATE serverconf_version SET version = version + 1")
            yield connection
            await connection.execute(
                "INSERT INTO audit (at, actor, action, subject, details) VALUES ($1, $2, $3, $4, $5)",
                self.clock.now(),
                actor,
                action,
                subject,
                json.dumps(details, ensure_ascii=False),
            )
        await self._serverconf.reload()
