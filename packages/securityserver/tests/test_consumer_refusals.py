"""What the consumer's server refuses: by code, in the step where it belongs, and before anything leaves."""

import asyncio
import contextlib
import hashlib
import json
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from peers_in_hand import Files
from refusals import ended, refusal, steps
from small_world import ANSWERING, CALLER, JUSTICE, PROVINCE, SERVICE, Node, World

from ketnoi_protocol.errors import Refusal, row
from ketnoi_securityserver import tls
from ketnoi_securityserver.serverconf.clients import Clients
from ketnoi_testbed.authority import Holder
from ketnoi_trust.configuration import Maintenance

CLOSED = JUSTICE.subsystem("HOTICH")
OPEN = JUSTICE.subsystem("TUPHAP")

PERSONAL_NUMBER = "server.clientproxy.personal_number_in_header"


@contextlib.contextmanager
def log_broken(world: World, node: Node) -> Iterator[None]:
    """The node's message log cannot be written."""
    pool = node.running.state.pool
    world.run(pool.execute("ALTER TABLE record RENAME TO record_away"))
    try:
        yield
    finally:
        world.run(pool.execute("ALTER TABLE record_away RENAME TO record"))


def nothing_left(world: World) -> bool:
    return not world.answering.events and not world.system.asked


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/r1/VDXP-TEST/GOV/G01.C06/DANCU", "bad_request"),
        ("/r1/VDXP-TEST/GOV/G01.C06//TraCuu", "bad_request"),
        ("/r1/VDXP-TEST/GOV/G01.C06/DAN%20CU/TraCuu", "bad_request"),
        ("/r1/VDXP-TEST/GOV/G01.C06/%ZZ/TraCuu", "bad_request"),
        ("/r1/VDXP-TEST/GOV/..%2FG15/DANCU/TraCuu", "bad_request"),
        ("/r2/VDXP-TEST/GOV/G01.C06/DANCU/TraCuu", "bad_request"),
        ("/", "bad_request"),
        ("/admin", "bad_request"),
        ("/r1%2FVDXP-TEST/GOV/G01.C06/DANCU/TraCuu", "bad_request"),
        ("http://elsewhere/r1/VDXP-TEST/GOV/G01.C06/DANCU/TraCuu", "bad_request"),
        (f"/r1/{SERVICE.slash}/..", "bad_request"),
        (f"/r1/{SERVICE.slash}/a/../../b", "bad_request"),
        (f"/r1/{SERVICE.slash}/%2e%2e/b", "bad_request"),
        (f"/r1/{SERVICE.slash}/a%2F..%2Fb", "bad_request"),
        (f"/r1/{SERVICE.slash}/%252e%252e/b", "bad_request"),
        (f"/r1/{SERVICE.slash}/a%5Cb", "bad_request"),
        (f"/r1/{SERVICE.slash}/%00", "bad_request"),
        (f"/r1/{SERVICE.slash}/%ff", "bad_request"),
    ],
)
def test_an_address_that_names_no_service_or_leads_upwards_is_refused(world: World, target: str, expected: str) -> None:
    assert refusal(world.call(target=target)) == (400, f"client.{expected}")
    assert nothing_left(world)


@pytest.mark.parametrize(
    ("headers", "client", "status", "expected"),
    [
        ({}, None, 500, "server.clientproxy.invalid_client_identifier"),
        ({}, "VDXP-TEST/GOV/G15", 500, "server.clientproxy.invalid_client_identifier"),
        ({}, "VDXP-TEST/GOV/G15/MOT CUA", 500, "server.clientproxy.invalid_client_identifier"),
        ({}, "VDXP-TEST/GOV/G15/MOTCUA/x", 500, "server.clientproxy.invalid_client_identifier"),
        ({}, PROVINCE.subsystem("MOTCUA").slash, 500, "server.clientproxy.unknown_member"),
        ({}, "NDXP-TEST/GOV/G15/MOTCUA", 500, "server.clientproxy.unknown_member"),
        ({"X-Road-UserId": "900" + "000000001"}, CALLER.slash, 500, "server.clientproxy.personal_number_in_header"),
        ({"X-Road-UserId": "cb." + "001-089" + "-000123"}, CALLER.slash, 500, PERSONAL_NUMBER),
        ({"X-Road-Id": "VDXP-" + "001/089" + "/000123"}, CALLER.slash, 500, PERSONAL_NUMBER),
        ({"X-Road-Issue": "HS " + "001 089" + " 000123"}, CALLER.slash, 500, PERSONAL_NUMBER),
        ({"X-Road-UserId": "900" + "/000/001"}, CALLER.slash, 500, PERSONAL_NUMBER),
        ({"X-Road-UserId": "cb 900" + "000001"}, CALLER.slash, 500, "server.clientproxy.personal_number_in_header"),
        ({"X-Road-Security-Server": "VDXP-TEST/GOV"}, CALLER.slash, 500, "server.clientproxy.invalid_security_server"),
        (
            {"X-Road-Security-Server": "VDXP-TEST/GOV/G15/SS01"},
            CALLER.slash,
            500,
            "server.clientproxy.invalid_security_server",
        ),
        ({"X-Road-Id": "x" * 256}, CALLER.slash, 400, "client.bad_request"),
    ],
)
def test_a_header_that_says_something_wrong_is_refused(
    world: World, headers: dict[str, str], client: str | None, status: int, expected: str
) -> None:
    assert refusal(world.call(headers=headers, client=client)) == (status, expected)
    assert nothing_left(world)


def test_a_service_of_nobody_is_refused(world: World) -> None:
    target = f"/r1/{SERVICE.slash.replace('DANCU', 'KHAC')}"
    assert refusal(world.call(target=target)) == (500, "server.clientproxy.unknown_member")
    assert ended(world) == [("consumer", 3, "unknown_member")]


def test_an_unknown_method_is_refused(world: World) -> None:
    assert refusal(world.call("PROPFIND")) == (400, "client.invalid_http_method")


def test_a_refusal_is_told_in_xml_to_whom_asks_for_it(world: World) -> None:
    answer = world.call(target="/r1/x", headers={"Accept": "application/xml;q=0.9, text/plain"})
    assert answer.header("content-type") == "text/xml;charset=utf-8"
    assert answer.header("x-road-error") == "client.bad_request"
    start, end = b'<?xml version="1.0" encoding="UTF-8"?><error><type>client.bad_request</type><message>', b"</error>"
    assert answer.body.startswith(start)
    assert answer.body.endswith(end)


def test_a_refusal_is_told_in_vietnamese_first_and_in_english(world: World) -> None:
    told = json.loads(world.call(target="/r1/x").body)["message"]
    assert told.index(row("bad_request").title_vi) < told.index(row("bad_request").title_en)


def test_a_client_must_come_in_the_way_that_it_is_registered_for(world: World, tmp_path: Path) -> None:
    own, stranger = (world.authority.issue_authentication(name) for name in ("own", "stranger"))
    clients = Clients(world.asking.ledger)
    world.run(clients.add("test", CLOSED, "HTTPS"))
    world.run(clients.add_certificate("test", CLOSED, own.der))
    world.run(clients.add("test", OPEN, "HTTPS_NO_AUTH"))

    def call(client: str, holder: Holder | None = None) -> tuple[int, str]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if holder is not None:
            context = tls.calling(Files.of(tmp_path, holder))
        headers = [("X-Road-Client", client)]
        return refusal(
            world.run(world.ask(world.asking.host, 8443, "POST", f"/r1/{SERVICE.slash}", headers, b"", context))
        )

    wrong_way = (500, "server.clientproxy.ssl_authentication_failed")
    # Neither is registered in the global configuration: whoever passes step 2 is refused in step 4.
    right_way = (500, "server.clientproxy.unknown_member")
    assert refusal(world.call(client=CLOSED.slash)) == wrong_way
    assert refusal(world.call(client=OPEN.slash)) == wrong_way
    assert call(CLOSED.slash) == wrong_way
    assert ended(world)[-1] == ("consumer", 2, "ssl_authentication_failed")
    assert call(OPEN.slash) == right_way
    assert call(CLOSED.slash, own) == right_way
    assert ended(world)[-1] == ("consumer", 4, "unknown_member")
    # Whose certificate is registered for nobody does not even get through the handshake.
    with pytest.raises((OSError, Refusal)):
        call(CLOSED.slash, stranger)
    world.run(clients.remove_certificate("test", CLOSED, hashlib.sha256(own.der).hexdigest()))
    world.run(clients.add_certificate("test", OPEN, own.der))
    assert call(CLOSED.slash, own) == wrong_way
    assert nothing_left(world)


def test_a_subsystem_that_is_not_registered_for_this_server_is_refused(world: World) -> None:
    asking, answering = world.params.servers
    with world.registered(replace(asking, clients=frozenset()), answering):
        assert refusal(world.call()) == (500, "server.clientproxy.unknown_member")
    assert ended(world) == [("consumer", 4, "unknown_member")]
    assert nothing_left(world)


def test_nothing_goes_on_without_a_current_configuration(world: World) -> None:
    world.clock.advance(timedelta(hours=2))
    try:
        assert refusal(world.call()) == (500, "server.clientproxy.global_conf_outdated")
    finally:
        world.clock.advance(timedelta(hours=-2))
    assert ended(world) == [("consumer", 3, "global_conf_outdated")]
    assert nothing_left(world)


def test_nothing_is_sent_that_cannot_be_signed(world: World) -> None:
    certificate = world.asking.signing.certificate
    credentials = world.asking.running.state.credentials
    world.authority.revoke(certificate)
    world.run(credentials.refresh(ask_again=True))
    try:
        assert refusal(world.call()) == (500, "server.clientproxy.cannot_create_signature")
        assert ended(world) == [("consumer", 5, "cannot_create_signature")]
        assert nothing_left(world)
    finally:
        del world.authority.revoked[certificate.serial_number]
        world.run(credentials.refresh(ask_again=True))
    assert world.call().status == 200


def test_nothing_is_sent_that_is_not_in_the_log(world: World) -> None:
    with log_broken(world, world.asking):
        assert refusal(world.call()) == (500, "server.clientproxy.logging_failed")
    assert ended(world) == [("consumer", 6, "logging_failed")]
    assert nothing_left(world)
    assert world.call().status == 200


def test_an_answer_that_cannot_be_logged_is_not_given(world: World) -> None:
    pool = world.asking.running.state.pool

    async def breaks_the_log(_request: web.BaseRequest) -> web.StreamResponse:
        await pool.execute("ALTER TABLE record RENAME TO record_away")
        return web.Response(body=b"the answer")

    world.system.answers = breaks_the_log
    try:
        answer = world.call()
    finally:
        world.run(pool.execute("ALTER TABLE record_away RENAME TO record"))
    assert refusal(answer) == (500, "server.clientproxy.logging_failed")
    assert b"the answer" not in answer.body
    assert ended(world) == [("consumer", 9, "logging_failed")]


def test_a_log_that_could_not_be_stamped_for_too_long_takes_no_more(world: World) -> None:
    log = world.asking.running.state.log
    log.halt("no time stamp for four hours")
    try:
        assert refusal(world.call()) == (500, "server.clientproxy.timestamping_failed")
    finally:
        log.halt(None)
    assert nothing_left(world)


def test_headers_longer_than_a_message_part_may_be_are_refused(world: World) -> None:
    headers = [(f"X-Long-{n}", "x" * 7000) for n in range(10)]
    assert refusal(world.call(headers=headers)) == (413, "client.message_too_large")
    assert nothing_left(world)


def test_headers_beyond_all_bounds_are_refused_by_the_connection(world: World) -> None:
    answer = world.call(headers={"X-Long": "x" * 200_000})
    assert answer.status == 400
    assert nothing_left(world)


def test_a_body_that_is_too_long_is_refused(world: World) -> None:
    assert refusal(world.call(body=b"x" * (1024 * 1024 + 1))) == (413, "client.message_too_large")
    assert nothing_left(world)


def test_a_body_that_is_too_long_is_refused_though_it_did_not_tell_its_length(world: World) -> None:
    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection(world.asking.host, 8080)
        head = f"POST /r1/{SERVICE.slash} HTTP/1.1\r\nHost: a\r\nX-Road-Client: {CALLER.slash}\r\n"
        writer.write(f"{head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n".encode())
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        for _ in range(17):
            writer.write(chunk)
        answer = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        return answer

    assert world.run(ask()).startswith(b"HTTP/1.1 413 ")
    assert nothing_left(world)


def test_when_too_many_octets_are_held_the_next_caller_is_told_to_come_later(world: World) -> None:
    async def ask() -> bytes:
        waiting = []
        head = f"POST /r1/{SERVICE.slash} HTTP/1.1\r\nHost: a\r\nX-Road-Client: {CALLER.slash}\r\n"
        for _ in range(3):
            _, writer = await asyncio.open_connection(world.asking.host, 8080)
            writer.write(f"{head}Content-Length: 1048576\r\n\r\n".encode())
            waiting.append(writer)
        await asyncio.sleep(0.1)
        reader, writer = await asyncio.open_connection(world.asking.host, 8080)
        writer.write(f"{head}Content-Length: 1\r\nConnection: close\r\n\r\nx".encode())
        answer = await reader.read()
        for each in (*waiting, writer):
            each.close()
        return answer

    answer = world.run(ask())
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"server.clientproxy.server_busy" in answer
    assert nothing_left(world)


def test_a_caller_that_never_finishes_its_question_is_let_go(world: World) -> None:
    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection(world.asking.host, 8080)
        head = f"POST /r1/{SERVICE.slash} HTTP/1.1\r\nHost: a\r\nX-Road-Client: {CALLER.slash}\r\n"
        writer.write(f"{head}Content-Length: 5\r\n\r\nhalf".encode())
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        writer.close()
        return answer

    assert b"X-Road-Error: server.clientproxy.deadline_passed" in world.run(ask())


def test_a_peer_that_cannot_be_reached_is_told(world: World) -> None:
    world.run(world.stop_node(world.answering))
    try:
        assert refusal(world.call()) == (500, "server.clientproxy.network_error")
        assert ended(world)[-1] == ("consumer", 7, "network_error")
    finally:
        world.run(world.start_node(world.answering))
    assert world.call().status == 200


def test_every_server_of_the_provider_in_maintenance_is_told(world: World) -> None:
    asking, answering = world.params.servers
    with world.registered(asking, replace(answering, maintenance=Maintenance("new disks"))):
        assert refusal(world.call()) == (500, "server.clientproxy.maintenance_mode")
        pinned = world.call(headers={"X-Road-Security-Server": ANSWERING.slash})
        assert refusal(pinned) == (500, "server.clientproxy.maintenance_mode")
    assert nothing_left(world)
    assert steps(world)
