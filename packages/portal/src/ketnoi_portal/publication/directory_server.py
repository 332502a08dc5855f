"""Signs a directory again every few seconds, and serves it. No Django.

GET /manifest.jws      signed anew every few seconds, with a version that only grows
GET /bucket/<digest>   organisations, accounts, grants, and officers by the hash of their code
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from ketnoi_portal.publication.directory_board import BUCKETS, Board
from ketnoi_protocol.directory import Manifest
from ketnoi_protocol.services import Environment
from ketnoi_runtime.clock import Clock
from ketnoi_runtime.web import Listener
from ketnoi_trust.configuration.rehearsal import UNSAFE
from ketnoi_trust.directory import VALIDITY, write_manifest
from ketnoi_trust.parsed_certificate import ParsedCertificate

logger = logging.getLogger(__name__)

NextVersion = Callable[[], Awaitable[int]]


class NotTheSigner(Exception):  # noqa: N818
    """Somebody else signs this directory now; this process must not go on."""


class DirectoryServer:
    """One environment's directory, signed by a P-256 key whose certificate (DER) its readers have pinned.

    `next_version` gives a version higher than any before, durably; what it raises keeps the manifest from being
    signed, so that the directory grows stale rather than ambiguous. A certificate named Unsafe… marks a rehearsal.
    """

    def __init__(
        self,
        environment: Environment,
        key: EllipticCurvePrivateKey,
        certificate: bytes,
        clock: Clock,
        next_version: NextVersion,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        interval: float = 10.0,
        buckets: int = BUCKETS,
    ) -> None:
        self._environment = environment
        self._key = key
        self._certificate = certificate
        self.rehearsal = (ParsedCertificate.parse(certificate).common_name or "").startswith(UNSAFE)
        self._clock = clock
        self._next_version = next_version
        self._host = host
        self._interval = interval
        self._signing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.board = Board.make(clock.now(), buckets)
        self.manifest = b""
        self.version = 0
        self.signed_at: datetime | None = None
        self.paused = False
        self.ended = asyncio.Event()
        application = web.Application()
        application.router.add_get("/manifest.jws", self._get_manifest)
        application.router.add_get("/bucket/{digest}", self._get_bucket)
        self._listener = Listener(application, host, port, drain=0.1)

    @property
    def url(self) -> str:
        """The address that a registry's settings name."""
        return f"http://{self._host}:{self._listener.port}"

    @property
    def port(self) -> int:
        """The port bound."""
        return self._listener.port

    async def start(self) -> None:
        """Sign, serve, and go on signing. Raises OSError when the address cannot be bound, and what signing raises."""
        await self.sign()
        await self._listener.start()
        self._task = asyncio.create_task(self._keep_signing())

    async def stop(self) -> None:
        """Stop publishing."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._listener.stop()

    async def sign(self) -> None:
        """Sign what the board says now, with a higher version."""
        async with self._signing:
            version = await self._next_version()
            at = self._clock.now()
            said = self.board.digests()
            manifest = Manifest(
                environment=self._environment,
                version=version,
                issued_at=at,
                expires_at=at + VALIDITY,
                rehearsal=self.rehearsal,
                organisations=said.organisations,
                grants=said.grants,
                accounts=said.accounts,
                officer_buckets=said.officers,
            )
            self.manifest = write_manifest(manifest, self._key, self._certificate)
            self.version, self.signed_at = version, at
            self.board.forget(at)

    async def _keep_signing(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            if self.paused:
                continue
            try:
                await self.sign()
            except NotTheSigner:
                logger.error("another publisher signs this directory now; this one ends")
                self.ended.set()
                return
            except Exception as error:
                # What was signed last counts for its ten minutes; then the registry refuses.
                logger.error("the directory could not be signed again: %s", type(error).__name__)

    async def _get_manifest(self, request: web.Request) -> web.Response:
        return web.Response(body=self.manifest, content_type="application/jose")

    async def _get_bucket(self, request: web.Request) -> web.Response:
        data = self.board.bucket(request.match_info["digest"])
        if data is None:
            raise web.HTTPNotFound
        return web.Response(body=data, content_type="application/json")
