"""Connections between servers: kept, judged before every use, raced where a provider has several servers."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
import pytest
from aiohttp import web
from peers_in_hand import Caller, LyingPeer, open_connection
from refusals import ended, refusal
from small_world import ASKING, C06, PROVIDER, SECOND, Node, World

from ketnoi_securityserver import outbound
from ketnoi_securityserver.settings import Peers
from ketnoi_trust.configuration import CertificateHash, Maintenance
from ketnoi_trust.configuration import SecurityServer as RegisteredServer

REFUSED = (500, "server.clientproxy.ssl_authentication_failed")


@pytest.fixture
def second(world: World) -> Iterator[LyingPeer]:
    """Another server of the provider, in the test's hand; it says `yes` as its answers. Not registered yet."""
    made = LyingPeer(world, SECOND, C06)
    world.run(made.start())
    yield made
    world.run(made.stop())


@contextmanager
def connections_counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """The places to which new connections are made, those of the tests themselves apart."""
    made: list[object] = []
    connect = outbound.connect

    async def counted(place: object, *others: object) -> outbound.Connection:
        if isinstance(place, tuple):
            made.append(place[0])
        return await connect(place, *others)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr("ketnoi_securityserver.outbound.connect", counted)
        yield made


def test_a_peer_deregistered_while_its_connection_is_warm_gets_no_byte(world: World, second: LyingPeer) -> None:
    asking, answering = world.params.servers
    with world.registered(asking, second.registered()):
        assert world.call().body == b"yes"
        before = second.octets
        assert before > 0
        # Another certificate is registered for that server from now on.
        stranger = world.authority.issue_authentication("stranger")
        world.register(asking, replace(second.registered(), authentication_certificate_hashes=(known(stranger.der),)))
        assert refusal(world.call()) == REFUSED
        # The server is no more.
        world.register(asking, answering)
        assert world.call().body == b'{"TonTai": true}'
        assert second.octets == before
        # It is back, and so is the way to it.
        world.register(asking, second.registered())
        assert world.call().body == b"yes"
    assert len(second.received) == 2


def known(der: bytes) -> CertificateHash:
    return CertificateHash.of(der)


def test_a_caller_deregistered_while_its_connection_is_warm_is_refused(world: World) -> None:
    assert world.call().status == 200
    asking, answering = world.params.servers
    stranger = world.authority.issue_authentication("stranger")
    # Only the provider's server knows it yet.
    world.params = replace(
        world.params, servers=(replace(asking, authentication_certificate_hashes=(known(stranger.der),)), answering)
    )
    world.write_configuration()
    world.run(world.answering.running.state.globalconf.poll())
    try:
        assert refusal(world.call()) == (500, "server.serverproxy.ssl_authentication_failed")
        assert ended(world)[-1] == ("provider", 1, "ssl_authentication_failed")
    finally:
        world.register(asking, answering)
    assert world.call().status == 200


def test_a_revoked_peer_gets_no_byte_once_its_ocsp_response_is_asked_for_again(world: World, second: LyingPeer) -> None:
    node = world.asking
    before = node.settings
    node.settings = msgspec.structs.replace(before, peers=Peers(ocsp_refetch=0.05))
    restart(world, node)
    try:
        with world.registered(world.params.servers[0], second.registered()):
            assert world.call().status == 200
            octets = second.octets
            world.authority.revoke(second.authentication.certificate)
            time.sleep(0.06)
            assert refusal(world.call()) == (500, f"{REFUSED[1]}.cert_validation")
            assert refusal(world.call()) == (500, f"{REFUSED[1]}.cert_validation")
            assert second.octets == octets
    finally:
        node.settings = before
        restart(world, node)


def restart(world: World, node: Node) -> None:
    world.run(world.stop_node(node))
    world.run(world.start_node(node))


def test_a_stale_ocsp_response_of_the_peer_is_not_enough(world: World, second: LyingPeer) -> None:
    with world.registered(world.params.servers[0], second.registered()):
        world.authority.ocsp_age = timedelta(hours=2)
        try:
            assert refusal(world.call()) == (500, f"{REFUSED[1]}.incorrect_validation_info")
        finally:
            world.authority.ocsp_age = timedelta()
        assert second.octets == 0


def test_restarted_servers_go_on_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.call().status == 200
    for node in (world.answering, world.asking):
        restart(world, node)
        assert world.call().status == 200
    with connections_counted(monkeypatch) as made:
        assert world.call().status == 200
    assert world.asking.host not in made
    assert world.answering.host not in made


def test_a_server_that_stops_ends_the_exchanges_under_way(world: World) -> None:
    begun = asyncio.Event()

    async def slow(_request: web.BaseRequest) -> web.StreamResponse:
        begun.set()
        await asyncio.sleep(0.3)
        return web.Response(body=b"in time")

    async def story() -> bytes:
        headers = [("X-Road-Client", "VDXP-TEST/GOV/G15/MOTCUA")]
        target = "/r1/VDXP-TEST/GOV/G01.C06/DANCU/TraCuu"
        call = asyncio.ensure_future(world.ask(world.asking.host, 8080, "POST", target, headers, b""))
        await begun.wait()
        await asyncio.gather(world.stop_node(world.answering), world.stop_node(world.asking))
        return (await call).body

    world.system.answers = slow
    try:
        assert world.run(story()) == b"in time"
    finally:
        for node in (world.answering, world.asking):
            world.run(world.start_node(node))


def test_of_several_servers_the_one_that_is_reached_first_answers(world: World, second: LyingPeer) -> None:
    asking, answering = world.params.servers
    nowhere = RegisteredServer(SECOND, "127.0.0.99", (known(second.authentication.der),), frozenset({PROVIDER}))
    with world.registered(asking, nowhere, answering):
        assert world.call().body == b'{"TonTai": true}'
    with world.registered(asking, replace(answering, address="127.0.0.99"), second.registered()):
        assert world.call().body == b"yes"


def test_a_server_reached_first_that_is_not_who_it_should_be_leaves_the_others_their_turn(
    world: World, second: LyingPeer
) -> None:
    asking, answering = world.params.servers
    stranger = world.authority.issue_authentication("stranger")
    wrong = replace(second.registered(), authentication_certificate_hashes=(known(stranger.der),))
    with world.registered(asking, wrong, answering):
        for _ in range(3):
            assert world.call().body == b'{"TonTai": true}'
    assert second.octets == 0


def test_a_server_in_maintenance_is_passed_over(world: World, second: LyingPeer) -> None:
    asking, answering = world.params.servers
    resting = replace(answering, maintenance=Maintenance())
    with world.registered(asking, resting, second.registered()):
        assert [world.call().body for _ in range(3)] == [b"yes"] * 3


def test_when_the_server_used_so_far_goes_away_another_takes_over(world: World, second: LyingPeer) -> None:
    answers = {b"yes": second, b'{"TonTai": true}': world.answering}
    with world.registered(*world.params.servers, second.registered()):
        used = answers.pop(world.call().body)
        (other,) = answers
        if used is second:
            world.run(second.stop())
            assert world.call().body == other
            world.run(second.start())
        else:
            world.run(world.stop_node(world.answering))
            assert world.call().body == other
            world.run(world.start_node(world.answering))


def test_a_peer_that_accepts_and_says_nothing_is_given_up_in_time(world: World) -> None:
    asking, answering = world.params.servers

    async def silent() -> tuple[asyncio.Server, str]:
        host = f"{world._net}.77"
        server = await asyncio.start_server(lambda _reader, _writer: asyncio.sleep(60), host, 5500)
        return server, host

    server, host = world.run(silent())
    with world.registered(asking, replace(answering, address=host)):
        begun = world.loop.time()
        assert refusal(world.call())[1] in {
            "server.clientproxy.network_error",
            "server.clientproxy.deadline_passed",
        }
        assert world.loop.time() - begun < 4
    server.close()


def test_a_peer_without_its_ocsp_service_is_refused_when_it_is_new(world: World, second: LyingPeer) -> None:
    world.run(second._listeners[1].stop())
    with world.registered(world.params.servers[0], second.registered()):
        assert refusal(world.call())[1].startswith("server.clientproxy.ssl_authentication_failed")
    assert second.octets == 0


def test_a_resumed_session_is_judged_as_a_new_one(world: World) -> None:
    """TLS sessions are resumed without any certificate being looked at by OpenSSL; we look at it for every message."""
    caller = Caller(world)
    asking, answering = world.params.servers

    async def twice() -> tuple[bool, bytes]:
        first = await open_connection(world.answering.host, 5500, caller.tls)
        message = outbound.head("GET", "/", "a", [], None)
        await first.exchange("GET", message, longest_body=10_000, deadline=world.loop.time() + 5)
        first.close()
        again = await open_connection(world.answering.host, 5500, caller.tls)
        answer = await again.exchange("GET", message, longest_body=10_000, deadline=world.loop.time() + 5)
        again.close()
        return answer.status == 200, answer.body

    assert world.run(twice())[0]
    stranger = world.authority.issue_authentication("stranger")
    with world.registered(replace(asking, authentication_certificate_hashes=(known(stranger.der),)), answering):
        assert caller.refused() == "server.serverproxy.ssl_authentication_failed"


def test_a_new_authentication_key_is_used_without_a_restart(world: World) -> None:
    asking, answering = world.params.servers
    assert world.call().status == 200
    node = world.asking
    old, new = node.authentication, world.authority.issue_authentication(node.host, begins=later(world))
    folder = node.keys.folder / "authentication" / "two"
    folder.mkdir()
    (folder / "key.pem").touch(mode=0o600)
    (folder / "key.pem").write_bytes(new.key_pem)
    (folder / "certificate.pem").write_bytes(new.pem)
    both = (known(old.der), known(new.der))
    with world.registered(replace(asking, authentication_certificate_hashes=both), answering):
        assert world.call().status == 200
        assert node.running.state.credentials.authentication.certificate_der == new.der
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    world.run(node.running.state.credentials.refresh())
    assert world.call().status == 200
    assert node.id == ASKING


def later(world: World) -> datetime:
    return world.clock.now() + timedelta(hours=1)
