"""One HTTP exchange on one connection, and the pool: nothing is ever sent twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from ketnoi_protocol.errors import Refusal
from ketnoi_securityserver import outbound
from ketnoi_securityserver.http_response import Response
from ketnoi_securityserver.outbound import Connection, Pool

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ASK = outbound.head("POST", "/", "there", [("a", "b")], b"hello") + b"hello"


class Peer:
    """A TCP server that answers each request with what `answers` gives next, and counts what it got."""

    def __init__(self, *answers: bytes, close: bool = False) -> None:
        self.answers = list(answers)
        self.close = close
        self.connections = 0
        self.received: list[bytes] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while data := await reader.read(65536):
                self.received.append(data)
                writer.write(self.answers.pop(0) if self.answers else OK)
                if self.close:
                    break
        finally:
            writer.close()


@asynccontextmanager
async def running(peer: Peer) -> AsyncIterator[Peer]:
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()


async def connected(peer: Peer) -> Connection:
    return await outbound.connect("there", await outbound.reach("127.0.0.1", peer.port, 5), None, 5)


async def ask(connection: Connection, *, within: float = 5, longest: int = 100) -> Response:
    deadline = asyncio.get_running_loop().time() + within
    return await connection.exchange("POST", ASK, longest_body=longest, deadline=deadline)


def play(story: Callable[[Peer], Awaitable[None]], peer: Peer) -> None:
    async def whole() -> None:
        async with running(peer):
            await story(peer)

    asyncio.run(whole())


def test_a_head_tells_host_headers_and_length() -> None:
    told = outbound.head("POST", "/a?b", "there:80", [("X-A", "Đ")], b"xy")
    assert told == "POST /a?b HTTP/1.1\r\nHost: there:80\r\nX-A: Đ\r\nContent-Length: 2\r\n\r\n".encode()
    assert b"Content-Length" not in outbound.head("GET", "/", "there", [], None)
    assert b"Content-Length: 0" in outbound.head("POST", "/", "there", [], None)


@pytest.mark.parametrize("value", ["a\r\nX: b", "a\nb", "a\rb", "a\x00b"])
def test_a_header_cannot_begin_another(value: str) -> None:
    with pytest.raises(Refusal) as caught:
        outbound.head("POST", "/", "there", [("a", value)], b"")
    assert caught.value.code == "invalid_request"


def test_a_kept_connection_carries_the_next_exchange() -> None:
    async def story(peer: Peer) -> None:
        pool = Pool(idle=5)
        connection = await connected(peer)
        assert (await ask(connection)).body == b"ok"
        pool.give(connection)
        again = pool.take("there")
        assert again is connection
        assert (await ask(again)).body == b"ok"
        assert pool.take("there") is None
        assert pool.take("elsewhere") is None
        again.close()
        assert peer.connections == 1

    play(story, Peer())


def test_a_connection_idle_for_too_long_is_not_used_again() -> None:
    async def story(peer: Peer) -> None:
        pool = Pool(idle=0.05)
        connection = await connected(peer)
        await ask(connection)
        pool.give(connection)
        await asyncio.sleep(0.2)
        assert not connection.usable
        assert pool.take("there") is None

    play(story, Peer())


def test_a_connection_that_the_peer_has_closed_is_not_used_again() -> None:
    async def story(peer: Peer) -> None:
        pool = Pool(idle=5)
        connection = await connected(peer)
        await ask(connection)
        pool.give(connection)
        await asyncio.sleep(0.05)
        assert pool.take("there") is None

    play(story, Peer(close=True))


def test_octets_nobody_asked_for_end_the_connection() -> None:
    async def story(peer: Peer) -> None:
        connection = await connected(peer)
        await ask(connection)
        assert not connection.usable

    play(story, Peer(OK + OK))


def test_a_closed_pool_keeps_nothing() -> None:
    async def story(peer: Peer) -> None:
        pool = Pool(idle=5)
        connection, other = await connected(peer), await connected(peer)
        pool.give(connection)
        pool.close()
        pool.give(other)
        assert not connection.usable
        assert not other.usable

    play(story, Peer())


@pytest.mark.parametrize(
    ("peer", "code"),
    [
        (Peer(b"", close=True), "network_error"),
        (Peer(OK[:-1], close=True), "network_error"),
        (Peer(b"nonsense\r\n\r\n"), "http_error"),
        (Peer(b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n"), "http_error"),
        (Peer(OK[:-1]), "network_error"),
    ],
    ids=["closes at once", "closes early", "speaks nonsense", "says too much", "stays silent"],
)
def test_a_failed_exchange_is_refused_and_sent_once(peer: Peer, code: str) -> None:
    async def story(peer: Peer) -> None:
        connection = await connected(peer)
        with pytest.raises(Refusal) as caught:
            await ask(connection, within=0.3)
        assert caught.value.code == code
        assert not connection.usable
        with pytest.raises(Refusal):
            await ask(connection)
        assert peer.received == [ASK]
        assert peer.connections == 1

    play(story, peer)


def test_an_exchange_given_up_leaves_no_usable_connection() -> None:
    async def story(peer: Peer) -> None:
        connection = await connected(peer)
        asking = asyncio.ensure_future(ask(connection))
        await asyncio.sleep(0.05)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert not connection.usable

    play(story, Peer(OK[:-1]))


def test_an_unreachable_address_is_an_error_in_time() -> None:
    async def story(peer: Peer) -> None:
        port = peer.port
        with pytest.raises(ConnectionRefusedError):
            await outbound.reach("127.0.0.99", port, 0.5)

    play(story, Peer())
