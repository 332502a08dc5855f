"""The wire's door: who may knock, what they may send, how much at once, and how long it may take."""

from __future__ import annotations

import asyncio
import json
import logging

import aiohttp
import pytest

from ketnoi_identity.wire.app import Wire
from ketnoi_runtime.pinning import PinningError

from .wires import NUMBER, begin, self_signed, settings, tls, use

REGISTRYS = [("POST", "/v1/consents"), ("POST", "/v1/consents/state"), ("POST", "/v1/uses"), ("GET", "/v1/keys")]
PORTALS = [
    ("PUT", "/v1/clients"),
    ("GET", "/v1/terms?organisation=H55"),
    ("GET", "/v1/objections"),
    ("POST", "/v1/objections/1/answers"),
]


def test_only_the_registry_and_the_portal_get_through_the_handshake(within):
    async def act(world):
        for caller in ("stranger", "wire", None):
            async with aiohttp.ClientSession() as session:
                with pytest.raises(aiohttp.ClientError):
                    await session.get(world.url + "/v1/keys", ssl=tls(world.folder, caller))
        with pytest.raises(aiohttp.ClientError):
            async with aiohttp.ClientSession() as session:
                await session.get(world.url.replace("https", "http") + "/v1/keys")
        return await world.send("GET", "/v1/keys")

    assert within(act).status == 200


def test_what_is_there_for_one_is_not_there_for_the_other(within):
    async def act(world):
        told = [await world.send(method, path, {}, by="portal") for method, path in REGISTRYS]
        told += [await world.send(method, path, {}, by="registry") for method, path in PORTALS]
        unknown = await world.send("GET", "/v1/other")
        return told, unknown

    told, unknown = within(act)
    assert {answer.status for answer in told} == {404}
    assert {answer.raw for answer in told} == {unknown.raw}
    assert unknown.headers["Content-Type"] == "application/problem+json"


def test_without_a_portal_nobody_is_one(within):
    async def act(world):
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientError):
                await session.get(world.url + "/v1/terms?organisation=H55", ssl=tls(world.folder, "portal"))

    within(act, portal="")


@pytest.mark.parametrize("changes", [{"portal": "registry.crt"}, {"portal": "none.crt"}, {"registry": "registry.key"}])
def test_certificates_that_cannot_be_used_are_named(tmp_path, database, changes):
    for name in ("wire", "registry", "portal"):
        self_signed(tmp_path, name)

    async def act():
        await Wire.start(settings(tmp_path, database, **changes), None)

    with pytest.raises(PinningError, match=next(iter(changes.values()))):
        asyncio.run(act())


@pytest.mark.parametrize(
    ("method", "path", "by", "allowed"),
    [
        ("GET", "/v1/uses", "registry", "POST"),
        ("DELETE", "/v1/keys", "registry", "GET"),
        ("POST", "/v1/clients", "portal", "PUT"),
    ],
)
def test_another_method_is_refused_with_the_right_one(within, method, path, by, allowed):
    async def act(world):
        return await world.send(method, path, by=by)

    answer = within(act)
    assert (answer.status, answer.headers["Allow"], answer.body["code"]) == (405, allowed, "bad_request")


ODD = [
    b"",
    b"null",
    b"[]",
    b"{",
    b'{"uses": [{}]}',
    b'{"uses": 5}',
    b"\xff\xfe",
    b'{"uses": "' + b"\xed\xa0\x80" + b'"}',
    b"[" * 100_000,
    b'{"uses": ' * 5_000,
    b'{"uses": []} trailing',
    b'{"uses": NaN}',
    b'{"uses": 1e999}',
    b'{"uses": [' + json.dumps(use("A" * 26, officer="\ud800")).encode() + b"]}",
]


@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
def test_odd_json_is_refused(within, body, caplog):
    async def act(world):
        refused = await world.send("POST", "/v1/uses", body)
        return refused, await world.send("POST", "/v1/uses", {"uses": []})

    with caplog.at_level(logging.WARNING):
        refused, after = within(act)
    assert (refused.status, refused.body["code"]) == (400, "10")
    assert after.status == 200
    assert caplog.records == []


def test_the_character_nul_is_refused_and_its_name_is_a_text(within):
    async def act(world):
        nul = [await world.send("POST", "/v1/consents", begin(purpose=each)) for each in ("a\0", "\\\0", "\\\\\0")]
        named = [await world.begin(purpose=each, about=None) for each in (r"a\u0000", r"\\u0000", r"\\\u0000")]
        kept = await world.pool.fetch("SELECT purpose FROM consent ORDER BY asked_at")
        return nul, named, [row["purpose"] for row in kept]

    nul, named, kept = within(act)
    assert [(each.status, each.body["code"]) for each in nul] == [(400, "10")] * 3
    assert [each["code"] for each in named] == ["02"] * 3
    assert kept == [r"a\u0000", r"\\u0000", r"\\\u0000"]


@pytest.mark.parametrize(
    "headers",
    [{"Content-Type": "text/plain"}, {"Content-Type": ""}, {"Content-Encoding": "gzip"}],
)
def test_a_body_in_another_dress_is_refused(within, headers):
    async def act(world):
        return await world.send("POST", "/v1/uses", b'{"uses": []}', headers=headers)

    answer = within(act)
    assert (answer.status, answer.body["code"]) == (400, "10")


def test_a_body_is_bounded_whether_its_length_is_told_or_not(within):
    async def act(world):
        async def pieces():
            for _ in range(70):
                yield b" " * 1024

        told = await world.send("POST", "/v1/uses", b" " * 70_000)
        untold = []
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls(world.folder, "registry"))) as session,
            session.post(world.url + "/v1/uses", data=pieces(), headers={"Content-Type": "application/json"}) as answer,
        ):
            untold.append((answer.status, (await answer.json(content_type=None))["code"]))
        return (told.status, told.body["code"]), untold[0]

    told, untold = within(act, max_body_bytes=65_536)
    assert told == untold == (413, "message_too_large")


async def raw(world, octets):
    """What a connection that says just this is answered, and `b""` for what it is not."""
    reader, writer = await asyncio.open_connection("127.0.0.1", world.wire.port, ssl=tls(world.folder, "registry"))
    writer.write(octets)
    await writer.drain()
    try:
        return await asyncio.wait_for(reader.read(65_536), 20)
    finally:
        writer.close()


def test_a_body_that_does_not_come_is_not_waited_for(within):
    async def act(world):
        head = b"POST /v1/uses HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
        return await raw(world, head)

    answer = within(act, read_timeout_seconds=0.5)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"did not come in time" in answer


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"a%d: b\r\n" % n for n in range(100)) + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 9_000 + b"\r\n\r\n",
        b"\x00\x01\x02\r\n\r\n",
    ],
)
def test_a_head_is_bounded(within, head):
    async def act(world):
        return await raw(world, head), await world.send("GET", "/v1/keys")

    answer, after = within(act)
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert after.status == 200


def test_more_calls_at_once_than_are_taken_are_told_to_come_later(within):
    async def act(world):
        # The row is held, so that calls pile up behind it.
        code = await world.agreed()
        async with world.pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT FROM consent WHERE id = $1 FOR UPDATE", code)
            calls = [asyncio.create_task(world.send("POST", "/v1/uses", {"uses": [use(code)]})) for _ in range(6)]
            done, _ = await asyncio.wait(calls, timeout=2)
            busy = [task.result() for task in done]
        return busy, [(await task).status for task in calls]

    busy, statuses = within(act, max_running=4)
    assert [(each.status, each.body["code"], each.headers["Retry-After"]) for each in busy] == [
        (503, "server_busy", "1")
    ] * 2
    assert sorted(statuses) == [200] * 4 + [503] * 2


def test_what_takes_too_long_is_refused_and_nothing_is_kept_of_it(within):
    async def act(world):
        code = await world.agreed()
        async with world.pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT FROM consent WHERE id = $1 FOR UPDATE", code)
            slow = await world.send("POST", "/v1/uses", {"uses": [use(code)]})
        rows = await world.pool.fetchval("SELECT count(*) FROM consent_use")
        return slow, rows, await world.use(use(code))

    slow, rows, after = within(act, work_timeout_seconds=0.5)
    assert (slow.status, slow.body["code"], slow.headers["Retry-After"]) == (503, "44", "1")
    assert (rows, after) == (0, ["00"])


def test_a_database_that_fails_is_told_without_a_word_of_what_was_asked(within, caplog):
    async def act(world):
        await world.pool.execute("ALTER TABLE consent RENAME TO gone")
        told = [
            await world.send("POST", "/v1/consents", begin()),
            await world.send("POST", "/v1/uses", {"uses": [use("A" * 26)]}),
        ]
        await world.pool.execute("ALTER TABLE gone RENAME TO consent")
        return told, await world.begin()

    with caplog.at_level(logging.DEBUG, logger="ketnoi_identity"):
        told, after = within(act)
    assert [(each.status, each.body["code"]) for each in told] == [(503, "44")] * 2
    assert after["code"] == "02"
    assert all(NUMBER.encode() not in each.raw for each in told)
    assert caplog.records
    assert NUMBER not in caplog.text


def test_refusals_quote_nothing_that_was_sent(within):
    async def act(world):
        odd = [
            begin(personal_number=NUMBER + "x"),
            begin(service=NUMBER),
            begin(about=NUMBER),
            begin(lasts_seconds=NUMBER),
            {NUMBER: NUMBER},
            begin(fields=NUMBER),
            begin(fields={NUMBER: NUMBER}),
        ]
        return [await world.send("POST", "/v1/consents", each) for each in odd]

    for answer in within(act):
        assert (answer.status, answer.body["code"]) == (400, "10")
        assert NUMBER.encode() not in answer.raw


def test_answers_are_kept_by_nobody_on_the_way(within):
    async def act(world):
        return [await world.send("GET", "/v1/keys"), await world.send("GET", "/v1/none")]

    for answer in within(act):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Server"] == "ketnoi-identity"
