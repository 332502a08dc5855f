"""Fetching the signed directory every few seconds: changed parts only, and never back to an older version."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

import aiohttp
import asyncpg
from cryptography import x509

from ketnoi_runtime.clock import Clock

from ..settings import DirectorySource
from .snapshot import Directory, StaleDirectoryError

_log = logging.getLogger(__name__)
_MANIFEST_BYTES = 4 << 20
_BUCKET_BYTES = 32 << 20
_PARALLEL = 8

# The version in the database only ever grows, whichever node saw it; what comes back is the newest of all nodes.
_ACCEPT = """
INSERT INTO directory_version AS seen (environment, version, accepted_at) VALUES ($1, $2, $3)
ON CONFLICT (environment) DO UPDATE SET
    version = greatest(seen.version, excluded.version),
    accepted_at = CASE WHEN excluded.version > seen.version THEN excluded.accepted_at ELSE seen.accepted_at END
RETURNING version
"""


class DirectoryPoller:
    """Holds the newest good state. A failed poll changes nothing: the old state serves until it runs out."""

    def __init__(
        self,
        source: DirectorySource,
        certificate: x509.Certificate,
        environment: str,
        pool: asyncpg.Pool,
        clock: Clock,
    ) -> None:
        self._source = source
        self._certificate = certificate
        self._environment = environment
        self._pool = pool
        self._clock = clock
        self._state: Directory | None = None
        self._session: aiohttp.ClientSession | None = None
        self._task: asyncio.Task[None] | None = None
        self._parts: dict[str, bytes] = {}
        self._trouble = ""

    def current(self, at: datetime) -> Directory:
        """The state to judge by at the moment `at`. Raises StaleDirectoryError when there is none that is valid."""
        if self._state is None:
            raise StaleDirectoryError
        self._state.check_current(at)
        return self._state

    async def start(self) -> None:
        """Poll once, then every few seconds. A directory that cannot be had yet is no error: calls are refused."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        await self._poll_safely()
        self._task = asyncio.create_task(self._poll_for_ever())

    async def stop(self) -> None:
        """Stop polling."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _poll_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._source.poll_seconds)
            await self._poll_safely()

    async def _poll_safely(self) -> None:
        try:
            await self.poll()
        except Exception as error:
            trouble = f"{type(error).__name__}: {error}"
            if trouble != self._trouble:
                _log.warning("the directory was not taken over: %s", trouble)
            self._trouble = trouble
        else:
            self._trouble = ""
