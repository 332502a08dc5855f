"""Publishes a signed directory for a rehearsal, as the portal will for the country.

GET /manifest.jws      signed again every few seconds
GET /bucket/<digest>   organisations, accounts, grants, and officers by the hash of their code
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from ketnoi_protocol.directory import Grant, IntegrationAccount, Manifest, Officer, Organisation
from ketnoi_protocol.services import Environment
from ketnoi_runtime.clock import Clock
from ketnoi_runtime.web import Listener
from ketnoi_testbed.authority import Holder
from ketnoi_trust.directory import VALIDITY, bucket_of, write_bucket, write_manifest

BUCKETS = 16


@dataclass(frozen=True)
class Content:
    """What the directory says."""

    organisations: tuple[Organisation, ...] = ()
    accounts: tuple[IntegrationAccount, ...] = ()
    grants: tuple[Grant, ...] = ()
    officers: tuple[Officer, ...] = ()

    def with_officer(self, officer: Officer) -> Content:
        """This officer's account stands there instead of the one of the same code."""
        others = tuple(each for each in self.officers if each.code != officer.code)
        return replace(self, officers=(*others, officer))

    def with_grant(self, grant: Grant) -> Content:
        """This grant stands there instead of the one for the same organisation and service."""
        key = (grant.organisation, grant.system, grant.service, grant.environment)
        others = tuple(
            each for each in self.grants if (each.organisation, each.system, each.service, each.environment) != key
        )
        return replace(self, grants=(*others, grant))


class DirectoryPublisher:
    """One environment's directory, signed by `signer` (a P-256 key whose name begins with Unsafe).

    `paused` stops the signing, so that the directory grows stale.
    """

    def __init__(
        self,
        environment: Environment,
        signer: Holder,
        clock: Clock,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        interval: float = 10.0,
    ) -> None:
        assert isinstance(signer.key, EllipticCurvePrivateKey)
        self._environment = environment
        self.signer, self._key = signer, signer.key
        self._clock = clock
        self._host = host
        self._interval = interval
        self._version = 0
        self._buckets: dict[str, bytes] = {}
        self._task: asyncio.Task[None] | None = None
        application = web.Application()
        application.router.add_get("/manifest.jws", self._get_manifest)
        application.router.add_get("/bucket/{digest}", self._get_bucket)
        self._listener = Listener(application, host, port, drain=0.1)
        self.content = Content()
        self.manifest = b""
        self.paused = False

    @property
    def url(self) -> str:
        """The address that a registry's settings name."""
        return f"http://{self._host}:{self._listener.port}"

    async def start(self, content: Content) -> None:
        """Sign and publish, then again every few seconds. Raises OSError when the address cannot be bound."""
        self.change(lambda _: content)
        await self._listener.start()
        self._task = asyncio.create_task(self._keep_signing())

    async def stop(self) -> None:
        """Stop publishing."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._listener.stop()

    def change(self, change: Callable[[Content], Content]) -> None:
        """Publish something else from now on; the registry sees it when it polls next."""
        self.content = change(self.content)
        self._buckets = {}
        self._parts = {
            name: self._store(items)
            for name, items in (
                ("organisations", self.content.organisations),
                ("accounts", self.content.accounts),
                ("grants", self.content.grants),
            )
        }
        sorted_officers = sorted(self.content.officers, key=lambda officer: officer.code)
        spread: dict[str, list[Officer]] = {f"{number:04x}": [] for number in range(BUCKETS)}
        for officer in sorted_officers:
            spread[bucket_of(officer.code, BUCKETS)].append(officer)
        self._officers = {name: self._store(officers) for name, officers in spread.items()}
        self.sign()

    def sign(self) -> None:
        """Sign the present state anew, with a higher version."""
        self._version += 1
        at = self._clock.now()
        manifest = Manifest(
            environment=self._environment,
            version=self._version,
            issued_at=at,
            expires_at=at + VALIDITY,
            rehearsal=True,
            officer_buckets=self._officers,
            **self._parts,
        )
        self.manifest = write_manifest(manifest, self._key, self.signer.der)

    def _store(self, items: Iterable[object]) -> str:
        digest, data = write_bucket(list(items))
        self._buckets[digest] = data
        return digest

    async def _keep_signing(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            if not self.paused:
                self.sign()

    async def _get_manifest(self, request: web.Request) -> web.Response:
        return web.Response(body=self.manifest, content_type="application/jose")

    async def _get_bucket(self, request: web.Request) -> web.Response:
        data = self._buckets.get(request.match_info["digest"])
        if data is None:
            raise web.HTTPNotFound
        return web.Response(body=data, content_type="application/json")
