"""Bad days of the provider's own information system: slow, wrong, half there, or somebody else. It is asked once."""

import asyncio
import contextlib
import hashlib
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from peers_in_hand import Files
from refusals import ended, refusal
from small_world import PROVIDER, SERVICE, World

from ketnoi_runtime.web import Listener
from ketnoi_securityserver.serverconf.clients import Clients
from ketnoi_securityserver.serverconf.services import Services
from ketnoi_testbed.authority import Holder

FAILED = "server.serverproxy.service_failed"


@contextlib.contextmanager
def living_at(world: World, url: str, *, timeout: int = 1, verify_tls: bool = False) -> Iterator[None]:
    """For a while the service lives at `url`."""
    services = Services(world.answering.ledger)

    def change(address: str, seconds: int, verify: bool) -> None:
        world.run(services.change("test", SERVICE, url=address, timeout=seconds, verify_tls=verify, whole=frozenset()))

    change(url, timeout, verify_tls)
    try:
        yield
    finally:
        change(world.system.url, 60, False)


class RawSystem:
    """A TCP server that answers every request with the same octets, and closes if it is told to."""

    def __init__(self, answer: bytes, *, close: bool = True) -> None:
        self.answer = answer
        self.close = close
        self.asked = 0

    async def start(self) -> str:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while await reader.read(65536):
                self.asked += 1
                writer.write(self.answer)
                if self.close:
                    break
            writer.close()


@pytest.mark.parametrize(
    ("answer", "close", "code"),
    [
        (b"", True, "network_error"),
        (b"", False, "network_error"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", True, "network_error"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", False, "network_error"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nha", True, "network_error"),
        (b"nonsense\r\n\r\n", True, "http_error"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", True, "http_error"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", True, "http_error"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", True, "http_error"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", True, "http_error"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70000 + b"\r\n\r\n", True, "http_error"),
    ],
    ids=["hangs up", "silent", "half", "half and silent", "half a chunk", "nonsense", "two lengths", "two framings",
         "other protocol", "too long", "long head"],
)  # fmt: skip
def test_a_system_that_answers_wrongly_or_not_at_all(world: World, answer: bytes, close: bool, code: str) -> None:
    raw = RawSystem(answer, close=close)
    url = world.run(raw.start())
    with living_at(world, url):
        assert refusal(world.call()) == (500, f"{FAILED}.{code}")
    raw.server.close()
    assert ended(world) == [("consumer", 8, "peer_refused"), ("provider", 7, "service_failed")]
    assert raw.asked == 1


def test_a_system_that_is_not_there(world: World) -> None:
    with living_at(world, "http://127.0.0.1:1/"):
        assert refusal(world.call()) == (500, f"{FAILED}.network_error")


def test_an_answer_whose_headers_do_not_fit_into_a_message(world: World) -> None:
    raw = RawSystem(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 65_300 + b"\r\nContent-Length: 0\r\n\r\n")
    with living_at(world, world.run(raw.start())):
        assert refusal(world.call()) == (500, "server.serverproxy.message_too_large")
    raw.server.close()


def test_an_answer_without_a_length_ends_with_the_connection(world: World) -> None:
    raw = RawSystem(b"HTTP/1.0 200 OK\r\n\r\nall of it")
    with living_at(world, world.run(raw.start())):
        assert world.call().body == b"all of it"
    raw.server.close()


def test_headers_of_the_connection_stay_behind(world: World) -> None:
    raw = RawSystem(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nServer: x\r\nKeep-Alive: a\r\nX-Own: a\r\nX-Own: b\r\n"
        b"X-Road-Id: forged\r\nX-Road-Request-Hash: forged\r\nX-Road-Client: forged\r\n\r\nok"
    )
    with living_at(world, world.run(raw.start())):
        answer = world.call(headers={"X-Road-Id": "true"})
    raw.server.close()
    told = dict(answer.headers)
    assert "keep-alive" not in told
    assert told["server"] == "ketnoi"
    assert [value for name, value in answer.headers if name == "x-own"] == ["a", "b"]
    assert told["x-road-id"] == "true"
    assert "forged" not in {value for _, value in answer.headers}


Secured = Callable[[Holder, "Holder | None"], contextlib.AbstractContextManager[str]]


@pytest.fixture
def secured(world: World, tmp_path: Path) -> Secured:
    """A system over HTTPS with this certificate, which lets in the holder of another one only."""

    @contextlib.contextmanager
    def at(own: Holder, client: Holder | None = None) -> Iterator[str]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        files = Files.of(tmp_path, own)
        context.load_cert_chain(files.certificate_file, files.key_file)
        if client is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=client.der)

        async def start() -> Listener:
            made = Listener(web.Server(world.system._answer, access_log=None), "127.0.0.1", 0, tls=context, drain=0.1)
            await made.start()
            return made

        listener = world.run(start())
        try:
            yield f"https://127.0.0.1:{listener.port}/base"
        finally:
            world.run(listener.stop())

    return at


def test_a_system_over_https_must_show_a_certificate_of_the_providers(world: World, secured: Secured) -> None:
    own, stranger = (world.authority.issue_authentication(name) for name in ("own", "stranger"))
    clients = Clients(world.answering.ledger)
    with secured(own) as url:
        with living_at(world, url, timeout=5, verify_tls=True):
            assert refusal(world.call()) == (500, f"{FAILED}.ssl_authentication_failed")
            assert not world.system.asked
            world.run(clients.add_certificate("test", PROVIDER, own.der))
            assert world.call().status == 200
        with living_at(world, url, timeout=5, verify_tls=False):
            assert world.call().status == 200
    with secured(stranger) as url, living_at(world, url, timeout=5, verify_tls=True):
        assert refusal(world.call()) == (500, f"{FAILED}.ssl_authentication_failed")
    assert len(world.system.asked) == 2


def test_a_certificate_taken_away_counts_no_more_on_a_kept_connection(world: World, secured: Secured) -> None:
    own = world.authority.issue_authentication("own")
    clients = Clients(world.answering.ledger)
    world.run(clients.add_certificate("test", PROVIDER, own.der))
    with secured(own) as url, living_at(world, url, timeout=5, verify_tls=True):
        assert world.call().status == 200
        world.run(clients.remove_certificate("test", PROVIDER, hashlib.sha256(own.der).hexdigest()))
        assert refusal(world.call()) == (500, f"{FAILED}.ssl_authentication_failed")
    assert len(world.system.asked) == 1


def test_a_system_that_asks_for_a_certificate_sees_the_servers_own(world: World, secured: Secured) -> None:
    certificate, _ = world.answering.keys.internal_files
    internal = x509.load_pem_x509_certificate(certificate.read_bytes())
    own = world.authority.issue_authentication("own")
    with secured(own, Holder(internal, own.key)) as url, living_at(world, url, timeout=5):
        assert world.call().status == 200
    with secured(own, own) as url, living_at(world, url, timeout=5):
        assert refusal(world.call()) == (500, f"{FAILED}.network_error")


def test_a_slow_system_is_waited_for_as_long_as_its_service_says(world: World) -> None:
    async def slow(_request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(1.3)
        return web.Response(body=b"late")

    world.system.answers = slow
    with living_at(world, world.system.url, timeout=1):
        assert refusal(world.call()) == (500, f"{FAILED}.network_error")
    with living_at(world, world.system.url, timeout=2):
        assert world.call().body == b"late"
