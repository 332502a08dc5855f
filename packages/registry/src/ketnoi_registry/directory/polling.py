"""Fetching the signed directory every few seconds: changed parts only, and never back to an older version."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

import aiohttp
import asyncpg

from ketnoi_protocol.directory import Grant, IntegrationAccount, Manifest, Officer, Organisation
from ketnoi_runtime.clock import Clock
from ketnoi_trust.directory import MAX_BUCKET_BYTES, MAX_MANIFEST_BYTES, read_bucket, verify_manifest

from ..settings import DirectorySource
from .snapshot import Directory, StaleDirectoryError, pack_officers

_log = logging.getLogger(__name__)
_PARALLEL = 8
_FETCH_SECONDS = 30.0

# The version in the database only ever grows, whichever node saw it; what comes back is the newest of all nodes.
_ACCEPT = """
INSERT INTO directory_version AS seen (environment, version, accepted_at) VALUES ($1, $2, $3)
ON CONFLICT (environment) DO UPDATE SET
    version = greatest(seen.version, excluded.version),
    accepted_at = CASE WHEN excluded.version > seen.version THEN excluded.accepted_at ELSE seen.accepted_at END
RETURNING version
"""


class DirectoryError(Exception):
    """A state that was fetched is not taken over; the text says why."""


class DirectoryPoller:
    """Holds the newest good state. A failed poll changes nothing: the old state serves until it runs out.

    `certificate` is the DER of the pinned certificate whose key signs the manifests.
    """

    def __init__(
        self,
        source: DirectorySource,
        certificate: bytes,
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
        self._polling = asyncio.Lock()
        self._newest = 0
        self._parts: dict[tuple[type, str], Any] = {}
        self._trouble = ""

    def current(self, at: datetime) -> Directory:
        """The state to judge by at the moment `at`. Raises StaleDirectoryError when there is none that is valid."""
        if self._state is None:
            raise StaleDirectoryError
        self._state.check_current(at)
        return self._state

    async def start(self) -> None:
        """Poll once, then every few seconds. A directory that cannot be had yet is no error: calls are refused."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_FETCH_SECONDS))
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
            cause = error
            while isinstance(cause, ExceptionGroup):
                cause = cause.exceptions[0]
            trouble = f"{type(cause).__name__}: {cause}"
            if trouble != self._trouble:
                _log.warning("the directory was not taken over: %s", trouble)
            self._trouble = trouble
        else:
            self._trouble = ""

    async def poll(self) -> None:
        """Take over the state that is published now.

        Raises Refused for what is not signed, expired or malformed, DirectoryError for another environment's or an
        older one, and whatever fetching or the database raises.
        """
        async with self._polling:
            await self._poll()

    async def _poll(self) -> None:
        data = await self._fetch("manifest.jws", MAX_MANIFEST_BYTES)
        manifest = verify_manifest(data, self._certificate, self._clock.now(), self._newest)
        if manifest.environment != self._environment:
            raise DirectoryError("the directory is another environment's")
        parts = await self._read(manifest)
        # Only now: a version whose parts cannot be had must not shut out the one before it.
        newest = await self._pool.fetchval(_ACCEPT, self._environment, manifest.version, self._clock.now())
        self._newest = max(self._newest, newest)
        if manifest.version < newest:
            raise DirectoryError("the directory is older than one that a node of this registry has seen")
        self._state = Directory(
            manifest,
            parts[Organisation, manifest.organisations],
            parts[IntegrationAccount, manifest.accounts],
            parts[Grant, manifest.grants],
            {name: parts[Officer, digest] for name, digest in manifest.officer_buckets.items()},
        )
        self._parts = parts

    async def _read(self, manifest: Manifest) -> dict[tuple[type, str], Any]:
        """All parts that the manifest names, by type and digest; those that are known are not fetched again."""
        wanted: dict[tuple[type, str], Callable[[list[Any]], Any]] = {
            (Organisation, manifest.organisations): list,
            (IntegrationAccount, manifest.accounts): list,
            (Grant, manifest.grants): list,
            **{(Officer, digest): pack_officers for digest in manifest.officer_buckets.values()},
        }
        parts = {key: self._parts[key] for key in wanted if key in self._parts}
        turn = asyncio.Semaphore(_PARALLEL)

        async def read(kind: type, digest: str) -> None:
            async with turn:
                data = await self._fetch(f"bucket/{digest}", MAX_BUCKET_BYTES)
                parts[kind, digest] = wanted[kind, digest](read_bucket(data, digest, kind))

        async with asyncio.TaskGroup() as group:
            for key in wanted.keys() - parts.keys():
                group.create_task(read(*key))
        return parts

    async def _fetch(self, name: str, longest: int) -> bytes:
        assert self._session is not None
        url = f"{self._source.url.rstrip('/')}/{name}"
        async with self._session.get(url, allow_redirects=False) as response:
            if response.status != 200:
                raise DirectoryError(f"{name}: HTTP {response.status}")
            data = bytearray()
            async for piece in response.content.iter_any():
                data += piece
                if len(data) > longest:
                    raise DirectoryError(f"{name}: is too long")
            return bytes(data)
