"""A rehearsal's signed directory: the portal's own server, told what to say by a plan instead of a database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from ketnoi_portal.publication.directory_board import Parts
from ketnoi_portal.publication.directory_server import DirectoryServer
from ketnoi_protocol.directory import Grant, IntegrationAccount, Officer, Organisation
from ketnoi_protocol.services import Environment
from ketnoi_runtime.clock import Clock
from ketnoi_testbed.authority import Holder

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
    """One environment's directory, signed by `signer` (a P-256 key whose name begins with Unsafe)."""

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
        self.signer = signer
        self.content = Content()
        self._clock = clock
        self._version = 0
        self._server = DirectoryServer(
            environment,
            signer.key,
            signer.der,
            clock,
            self._next_version,
            host=host,
            port=port,
            interval=interval,
            buckets=BUCKETS,
        )

    @property
    def url(self) -> str:
        """The address that a registry's settings name."""
        return self._server.url

    @property
    def paused(self) -> bool:
        """Whether the signing is stopped, so that the directory grows stale."""
        return self._server.paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        self._server.paused = paused

    async def start(self, content: Content) -> None:
        """Sign and publish, then again every few seconds. Raises OSError when the address cannot be bound."""
        self._say(content)
        await self._server.start()

    async def stop(self) -> None:
        """Stop publishing."""
        await self._server.stop()

    async def change(self, change: Callable[[Content], Content]) -> None:
        """Publish something else from now on; the registry sees it when it polls next."""
        self._say(change(self.content))
        await self.sign()

    async def sign(self) -> None:
        """Sign the present state anew, with a higher version."""
        await self._server.sign()

    def _say(self, content: Content) -> None:
        self.content = content
        at = self._clock.now()
        self._server.board.set_parts(Parts(content.organisations, content.accounts, content.grants), at)
        self._server.board.set_officers(content.officers, at)

    async def _next_version(self) -> int:
        self._version += 1
        return self._version
