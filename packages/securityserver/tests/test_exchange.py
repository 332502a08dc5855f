"""Whole exchanges through two real servers, when everything is as it should be."""

import asyncio
import gzip
import json

import pytest
from aiohttp import web
from refusals import steps
from small_world import ANSWERING, ASKING, CALLER, SERVICE, Node, World

from ketnoi_protocol import rest
from ketnoi_securityserver import outbound


def rows(world: World, node: Node, message_id: str) -> list[tuple[bool, bytes]]:
    found = world.run(
        node.running.state.pool.fetch(
            "SELECT is_response, rest_part FROM record WHERE message_id = $1 ORDER BY sequence", message_id
        )
    )
    return [(row["is_response"], row["rest_part"]) for row in found]


def test_a_question_gets_its_answer_and_both_sides_take_their_nine_steps(world: World) -> None:
    answer = world.call(headers={"X-Road-Id": "one"})
    assert (answer.status, answer.body) == (200, b'{"TonTai": true}')
    assert answer.header("content-type") == "application/json"
    assert steps(world) == [(side, n, "ok") for side in ("consumer", "provider") for n in range(1, 10)]
    events = world.asking.events + world.answering.events
    assert {event.message_id for event in events} == {"", "one"}
    assert [event.step for event in world.asking.events][4:7] == ["sign", "log", "send"]


def test_the_answer_names_the_question(world: World) -> None:
    answer = world.call(headers={"X-Road-Id": "two"})
    told = dict(answer.headers)
    assert told["x-road-id"] == "two"
    assert told["x-road-client"] == CALLER.slash
    assert told["x-road-service"] == SERVICE.slash
    part = next(part for is_response, part in rows(world, world.asking, "two") if not is_response)
    assert told["x-road-request-hash"] == rest.request_hash(part, b'{"HoVaTen": "A"}')
    assert "x-road-error" not in told


def test_a_message_id_is_made_where_none_is_given(world: World) -> None:
    answer = world.call()
    assert (answer.header("x-road-id") or "").startswith("VDXP-TEST-")
    assert dict(world.system.asked[0].headers)["x-road-id"] == answer.header("x-road-id")


def test_both_servers_keep_question_and_answer_exactly_as_they_passed(world: World) -> None:
    world.call(headers={"X-Road-Id": "kept"})
    asking, answering = rows(world, world.asking, "kept"), rows(world, world.answering, "kept")
    assert asking == answering
    assert [is_response for is_response, _ in asking] == [False, True]


def test_bodies_are_kept_encrypted(world: World) -> None:
    world.call(headers={"X-Road-Id": "secret"}, body=b"a secret of nobody")
    for node in (world.asking, world.answering):
        found = world.run(node.running.state.pool.fetch("SELECT ciphertext FROM message_body"))
        assert found
        assert not any(b"secret of nobody" in row["ciphertext"] for row in found)


def test_the_provider_sees_what_the_caller_said_and_no_header_of_the_connection(world: World) -> None:
    world.call(
        headers=[
            ("X-Road-UserId", "H55.CB.0001"),
            ("X-Own", "Đ"),
            ("Accept", "application/json"),
            ("User-Agent", "mine"),
            ("Keep-Alive", "timeout=5"),
            ("X-Road-Request-Id", "mine"),
            ("X-Road-Request-Hash", "mine"),
            ("x-own", "again"),
        ]
    )
    asked = world.system.asked[0]
    told = [(name.lower(), value) for name, value in asked.headers]
    assert ("x-road-userid", "H55.CB.0001") in told
    assert [value for name, value in told if name == "x-own"] == ["Đ", "again"]
    assert dict(told)["x-road-client"] == CALLER.slash
    assert dict(told)["host"] == world.system.url.removeprefix("http://").partition("/")[0]
    assert not {"user-agent", "keep-alive", "x-road-request-hash"} & set(dict(told))
    assert [value for name, value in told if name == "x-road-request-id"] != ["mine"]


def test_path_and_query_travel_untouched(world: World) -> None:
    path = "/a%3Ab/c%41//%C4%91;x=1?y=%2e%2e&z=a+b&&q=%20"
    assert world.call(path=path).status == 200
    assert world.system.asked[0].target == f"/base{path}"


def test_no_path_at_all_asks_the_base_address(world: World) -> None:
    world.call(path="?a")
    assert world.system.asked[0].target == "/base?a"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"])
def test_every_method_passes(world: World, method: str) -> None:
    answer = world.call(method, body=None)
    assert (answer.status, world.system.asked[0].method) == (200, method)
    assert answer.body == (b"" if method == "HEAD" else b'{"TonTai": true}')


@pytest.mark.parametrize(("method", "passes"), [("PUT", True), ("PATCH", True), ("DELETE", False), ("GET", False)])
def test_a_body_reaches_the_provider_with_some_methods_only(world: World, method: str, passes: bool) -> None:
    assert world.call(method, body=b"body").status == 200
    assert world.system.asked[0].body == (b"body" if passes else b"")


@pytest.mark.parametrize("size", [0, 1, 64 * 1024, 64 * 1024 + 1, 1024 * 1024])
def test_bodies_of_every_permitted_size_pass_both_ways(world: World, size: int) -> None:
    body = bytes(range(256)) * (size // 256) + b"\r\n--x"[: size % 256]

    async def echo(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=await request.read())

    world.system.answers = echo
    answer = world.call(body=body)
    assert (answer.status, answer.body) == (200, body)


@pytest.mark.parametrize("status", [204, 302, 404, 429, 500, 503])
def test_what_the_providers_system_says_passes_unchanged(world: World, status: int) -> None:
    async def says(_request: web.BaseRequest) -> web.StreamResponse:
        body = None if status == 204 else b"own words"
        return web.Response(status=status, reason="Own Reason", body=body, headers={"Location": "http://127.0.0.1:9/"})

    world.system.answers = says
    answer = world.call()
    assert (answer.status, answer.reason) == (status, "Own Reason")
    assert answer.body == (b"" if status == 204 else b"own words")
    assert answer.header("location") == "http://127.0.0.1:9/"
    assert answer.header("x-road-error") is None
    assert len(world.system.asked) == 1


def test_a_compressed_answer_passes_as_it_is(world: World) -> None:
    packed = gzip.compress(b"words " * 100)

    async def says(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=packed, headers={"Content-Encoding": "gzip"})

    world.system.answers = says
    answer = world.call()
    assert (answer.body, answer.header("content-encoding")) == (packed, "gzip")


def test_an_answer_in_chunks_and_a_question_in_chunks_pass(world: World) -> None:
    async def says(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        for piece in (b"one ", b"two"):
            await response.write(piece)
        await response.write_eof()
        return response

    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection(world.asking.host, 8080)
        head = f"POST /r1/{SERVICE.slash}/v1 HTTP/1.1\r\nHost: a\r\nX-Road-Client: {CALLER.slash}\r\n"
        writer.write(f"{head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n".encode())
        for piece in (b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n"):
            writer.write(piece)
            await asyncio.sleep(0.02)
        answer = await reader.read()
        writer.close()
        return answer

    world.system.answers = says
    answer = world.run(ask())
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"one two")
    assert world.system.asked[0].body == b"abcde"
    assert b"transfer-encoding" not in answer.lower()


def test_a_caller_that_waits_to_be_asked_for_its_body_is_asked(world: World) -> None:
    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection(world.asking.host, 8080)
        head = f"POST /r1/{SERVICE.slash}/v1 HTTP/1.1\r\nHost: a\r\nX-Road-Client: {CALLER.slash}\r\n"
        writer.write(f"{head}Content-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n".encode())
        first = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 2)
        writer.write(b"ok")
        rest_of_it = await reader.read()
        writer.close()
        return first + rest_of_it

    answer = world.run(ask())
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")
    assert world.system.asked[0].body == b"ok"


def test_many_exchanges_run_side_by_side_over_few_connections(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    connect = outbound.connect

    async def counted(place: object, *others: object) -> outbound.Connection:
        made.append(place)
        return await connect(place, *others)  # type: ignore[arg-type]

    async def echo(request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(0.01)
        return web.Response(body=await request.read())

    async def all_at_once() -> list[bytes]:
        headers = [("X-Road-Client", CALLER.slash)]
        target = f"/r1/{SERVICE.slash}"
        calls = [world.ask(world.asking.host, 8080, "POST", target, headers, b"%d" % n) for n in range(40)]
        return [answer.body for answer in await asyncio.gather(*calls)]

    world.system.answers = echo
    assert world.run(all_at_once()) == [b"%d" % n for n in range(40)]
    monkeypatch.setattr("ketnoi_securityserver.outbound.connect", counted)
    for n in range(5):
        assert world.call(body=b"%d" % n).body == b"%d" % n
    # Every call above made one connection of the test's own, and none between the servers.
    assert made == [world.asking.host] * 5


def test_the_pinned_server_answers(world: World) -> None:
    assert world.call(headers={"X-Road-Security-Server": ANSWERING.slash}).status == 200


def test_of_a_repeated_header_of_x_roads_the_last_counts(world: World) -> None:
    answer = world.call(headers=[("X-Road-Id", "first"), ("x-road-id", "last")])
    assert answer.header("x-road-id") == "last"
    assert [value for name, value in world.system.asked[0].headers if name.lower() == "x-road-id"] == ["last"]


def test_events_tell_times_and_no_content(world: World) -> None:
    world.call(body=json.dumps({"HoVaTen": "Nguyễn Thị Bí Mật"}).encode())
    events = world.asking.events + world.answering.events
    assert {event.server for event in events} == {str(ASKING), str(ANSWERING)}
    assert all(0 <= event.seconds < 10 for event in events)
    assert "Bí Mật" not in repr(events)
