"""Calling others over HTTP/1.1: one connection, one exchange at a time, and a pool of idle connections.

Why not a library's client: the caller must judge the other side's certificate before every message, also on a
kept connection, must know whether a byte was written, and this costs a sixth of the CPU (docs/decisions, 1 and 4).
Nothing is ever sent twice here.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Hashable
from typing import Any, cast

from ketnoi_protocol.errors import Refusal
from ketnoi_securityserver.http_response import Response, ResponseReader

MOST_IDLE = 200
"""Idle connections kept to one place, at most [our choice]."""


class Connection(asyncio.Protocol):
    """One connection to one place. `certificate` is the DER of the other side's certificate, empty without TLS.

    `verdict` belongs to whoever judges the certificate.
    """

    def __init__(self, place: Hashable) -> None:
        self.place = place
        self.certificate = b""
        self.verdict: Any = None
        self.idle_since = 0.0
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._reader: ResponseReader | None = None
        self._answer: asyncio.Future[Response] | None = None
        self._usable = False

    @property
    def usable(self) -> bool:
        """Whether another exchange may begin on this connection."""
        return self._usable and self._transport is not None and not self._transport.is_closing()

    def presented_chain(self) -> list[bytes]:
        """The certificates (DER) that the other side sent after its own."""
        return presented_chain(self._transport)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        if tls is not None:
            self.certificate = tls.getpeercert(binary_form=True) or b""
        self._usable = True

    def data_received(self, data: bytes) -> None:
        if self._reader is None or self._answer is None or self._answer.done():
            # Octets nobody asked for: what follows on this connection could not be told apart from them.
            self.close()
            return
        try:
            response = self._reader.feed(data)
        except Refusal as refusal:
            self._fail(refusal)
            return
        if response is not None:
            self._usable = self._reader.reusable
            self._answer.set_result(response)

    def eof_received(self) -> None:
        self._lost()

    def connection_lost(self, _error: Exception | None) -> None:
        self._lost()

    def _lost(self) -> None:
        self._usable = False
        if self._answer is not None and not self._answer.done():
            response = self._reader.end() if self._reader is not None else None
            if response is not None:
                self._answer.set_result(response)
            else:
                self._answer.set_exception(Refusal("network_error", "the connection ended before the answer"))

    def _too_late(self) -> None:
        self._fail(Refusal("network_error", "no answer before the deadline"))

    def _fail(self, refusal: Refusal) -> None:
        self._usable = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(refusal)
        self.close()

    async def exchange(self, method: str, message: bytes, *, longest_body: int, deadline: float) -> Response:
        """Write `message` (head and body) and read the answer. `deadline` is a moment of the loop's clock.

        Raises Refusal: `network_error` when the connection fails or the deadline passes, `http_error` when the
        answer is unacceptable. The connection is closed unless the exchange ended well.
        """
        if not self.usable or self._answer is not None:
            raise Refusal("network_error", "the connection is closed")
        assert self._transport is not None
        self._usable = False
        self._reader = ResponseReader(method, longest_body)
        answer = self._answer = self._loop.create_future()
        alarm = self._loop.call_at(deadline, self._too_late)
        try:
            self._transport.write(message)
            return await answer
        finally:
            alarm.cancel()
            self._reader = self._answer = None
            if not self._usable:
                self.close()

    def close(self) -> None:
        """Close now; an exchange under way fails."""
        self._usable = False
        if self._transport is not None:
            self._transport.abort() if self._answer is not None else self._transport.close()


def presented_chain(transport: asyncio.BaseTransport | None) -> list[bytes]:
    """The certificates (DER) that the other side of a TLS connection sent after its own."""
    tls = transport.get_extra_info("ssl_object") if transport is not None else None
    if tls is None:
        return []
    # Public only since Python 3.13 (SSLObject.get_unverified_chain); the same call is there before, one level down.
    chain = tls._sslobj.get_unverified_chain() or []
    own = tls.getpeercert(binary_form=True)
    certificates = [ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in chain]
    return [certificate for certificate in certificates if certificate != own]


class Pool:
    """Idle connections by place; the one used last is taken first. `idle` is in seconds."""

    def __init__(self, idle: float) -> None:
        self._idle = idle
        self._places: dict[Hashable, list[Connection]] = {}
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed = False

    def take(self, place: Hashable) -> Connection | None:
        """A connection to `place` that may be used, or None."""
        kept = self._places.get(place)
        oldest = asyncio.get_running_loop().time() - self._idle
        while kept:
            connection = kept.pop()
            if connection.usable and connection.idle_since > oldest:
                return connection
            connection.close()
        return None

    def give(self, connection: Connection) -> None:
        """Take a connection back; it is closed when it cannot be used again."""
        kept = self._places.setdefault(connection.place, [])
        if self._closed or not connection.usable or len(kept) >= MOST_IDLE:
            connection.close()
            return
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        kept.append(connection)
        if self._sweeper is None:
            self._sweeper = loop.call_later(self._idle, self._sweep)

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        oldest = loop.time() - self._idle
        for place, kept in list(self._places.items()):
            for connection in kept:
                if not connection.usable or connection.idle_since <= oldest:
                    connection.close()
            kept[:] = [connection for connection in kept if connection.usable]
            if not kept:
                del self._places[place]
        self._sweeper = loop.call_later(self._idle, self._sweep) if self._places else None

    def close(self) -> None:
        """Close every idle connection, and keep none from now on."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        self.empty()

    def empty(self) -> None:
        """Close every idle connection."""
        for kept in self._places.values():
            for connection in kept:
                connection.close()
        self._places.clear()


async def reach(host: str, port: int, timeout: float) -> socket.socket:
    """A connected TCP socket; `timeout` in seconds. Raises OSError (TimeoutError included)."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(timeout):
        problem: OSError = OSError(f"no address for {host}")
        for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            reached = socket.socket(family, kind, protocol)
            try:
                reached.setblocking(False)
                await loop.sock_connect(reached, address)
            except OSError as error:
                reached.close()
                problem = error
            except BaseException:
                reached.close()
                raise
            else:
                return reached
        raise problem


async def connect(
    place: Hashable,
    reached: socket.socket,
    tls: ssl.SSLContext | None,
    timeout: float,
) -> Connection:
    """An HTTP connection on a connected socket, after the TLS handshake if there is TLS.

    Raises OSError (ssl.SSLError included).
    """
    loop = asyncio.get_running_loop()
    try:
        _, connection = await loop.create_connection(
            lambda: Connection(place),
            sock=reached,
            ssl=tls,
            # No name is sent or compared: between servers trust is by registered certificate.
            server_hostname="" if tls is not None else None,
            ssl_handshake_timeout=timeout if tls is not None else None,
        )
    except BaseException:
        with contextlib.suppress(OSError):
            reached.close()
        raise
    return connection


def head(method: str, target: str, host: str, headers: list[tuple[str, str]], body: bytes | None) -> bytes:
    """The octets of a request's head, with its length told.

    Raises Refusal `invalid_request` when the target or a header would break the head.
    """
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body is not None or method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(body or b'')}")
    octets = "\r\n".join(lines).encode("utf-8", "surrogateescape")
    if octets.count(b"\n") != len(lines) - 1 or octets.count(b"\r") != len(lines) - 1 or b"\x00" in octets:
        raise Refusal("invalid_request", "a header holds a line break")
    return octets + b"\r\n\r\n"
