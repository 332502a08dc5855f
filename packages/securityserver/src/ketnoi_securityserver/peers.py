"""Calling other security servers: which of several addresses, over which connection, and is it really them.

The other side's certificate is judged for every message, on a kept connection as on a new one, against the
configuration of that moment, and nothing is awaited between the verdict and the first byte.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import SecurityServerId, SubsystemId
from ketnoi_runtime.clock import Clock
from ketnoi_securityserver import outbound
from ketnoi_securityserver.http_response import Response
from ketnoi_securityserver.outbound import Connection, Pool
from ketnoi_securityserver.peer_certificates import PeerCertificates
from ketnoi_securityserver.settings import Peers
from ketnoi_trust.configuration import Configuration, SecurityServer

Address = tuple[str, int]


@dataclass(slots=True)
class _Fastest:
    address: Address
    since: float


class PeerConnector:
    """Keeps connections to other security servers and judges them before every use."""

    def __init__(
        self,
        settings: Peers,
        clock: Clock,
        configuration: Callable[[], Configuration],
        context: Callable[[], ssl.SSLContext],
        certificates: PeerCertificates,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._configuration = configuration
        self._context = context
        self._certificates = certificates
        self._pool = Pool(settings.idle)
        self._fastest: dict[tuple[Address, ...], _Fastest] = {}
        self._presented: ssl.SSLContext | None = None

    async def exchange(
        self,
        servers: Sequence[SecurityServer],
        provider: SubsystemId,
        message: bytes,
        *,
        longest_body: int,
        deadline: float,
    ) -> tuple[Response, SecurityServerId]:
        """Send `message` (an HTTP request's octets) to one of `servers`, which must serve `provider`.

        Returns the answer and who gave it. `deadline` is a moment of the loop's clock. Nothing is sent a second
        time, whatever happens.

        Raises Refusal: `network_error` when no server can be reached or the connection fails,
        `ssl_authentication_failed` when one is reached that is not who it should be, `http_error` for an
        unacceptable answer, `global_conf_outdated`.
        """
        connection, server = await self._judged_connection(servers, provider, deadline)
        try:
            return await connection.exchange("POST", message, longest_body=longest_body, deadline=deadline), server
        finally:
            self._pool.give(connection)

    async def _judged_connection(
        self, servers: Sequence[SecurityServer], provider: SubsystemId, deadline: float
    ) -> tuple[Connection, SecurityServerId]:
        port = self._settings.port
        group = tuple(dict.fromkeys([(address, port) for server in servers for address in server.addresses]))
        addresses = list(group)
        wanted = [server.id for server in servers]
        fastest = self._remembered(group)
        near = [fastest] if fastest is not None else addresses
        problem: Refusal | None = None
        for address in near:
            while (warm := self._pool.take((address, self._tls()))) is not None:
                try:
                    return warm, await self._judge(warm, address, wanted, provider)
                except Refusal as refusal:
                    # Perhaps it has new keys by now: a new connection would show them.
                    problem = refusal
        for left in (near, [address for address in addresses if address not in near]):
            while left:
                try:
                    address, connection = await self._connect_fastest(left, deadline)
                except OSError:
                    self._fastest.pop(group, None)
                    break
                left = [other for other in left if other != address]
                try:
                    server = await self._judge(connection, address, wanted, provider)
                except Refusal as refusal:
                    problem = refusal
                    continue
                self._fastest[group] = _Fastest(address, asyncio.get_running_loop().time())
                return connection, server
        raise problem or Refusal("network_error", f"no security server of {provider} can be reached")

    def _remembered(self, group: tuple[Address, ...]) -> Address | None:
        fastest = self._fastest.get(group)
        if fastest is None or asyncio.get_running_loop().time() - fastest.since > self._settings.fastest_remembered:
            return None
        return fastest.address

    def _tls(self) -> ssl.SSLContext:
        """The context of the moment; connections made with an older key are not used again."""
        context = self._context()
        if context is not self._presented:
            self._pool.empty()
            self._presented = context
        return context

    async def _connect_fastest(self, addresses: Sequence[Address], deadline: float) -> tuple[Address, Connection]:
        """Race TCP connections; the first one made gets the TLS handshake. Raises OSError when none is made.

        An address whose handshake fails leaves the race; the others go on.
        """
        loop = asyncio.get_running_loop()
        timeout = min(self._settings.connect_timeout, max(deadline - loop.time(), 0.001))
        context = self._tls()
        racing = {asyncio.ensure_future(outbound.reach(host, port, timeout)): (host, port) for host, port in addresses}
        try:
            while racing:
                done, _ = await asyncio.wait(racing, return_when=asyncio.FIRST_COMPLETED)
                for runner in done:
                    address = racing.pop(runner)
                    if runner.exception() is not None:
                        continue
                    try:
                        connection = await outbound.connect((address, context), runner.result(), context, timeout)
                        return address, connection
                    except OSError:
                        continue
            raise OSError("no address could be reached")
        finally:
            for runner in racing:
                runner.cancel()
                runner.add_done_callback(_close_late)

    async def _judge(
        self, connection: Connection, address: Address, wanted: Sequence[SecurityServerId], provider: SubsystemId
    ) -> SecurityServerId:
        """Who is at the other end, at this moment under this configuration. Closes the connection on refusal."""
        try:
            configuration = self._configuration()
            now = self._clock.now()
            judged = self._certificates.known(connection, configuration, now)
            if judged is None:
                await self._certificates.learn(connection, address[0], configuration, now)
                configuration = self._configuration()
                judged = self._certificates.judge(connection, configuration, self._clock.now())
            self._certificates.check_serves(judged.server, wanted, provider, configuration)
            return judged.server
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Close every kept connection."""
        self._pool.close()


def _close_late(runner: asyncio.Future[object]) -> None:
    if not runner.cancelled() and runner.exception() is None:
        runner.result().close()  # type: ignore[attr-defined]
