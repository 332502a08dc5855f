"""Answers written in one piece: the same to the caller as those that aiohttp writes."""

import asyncio
from datetime import UTC, datetime

import pytest
from aiohttp import web

from ketnoi_securityserver.exchange import Headers
from ketnoi_securityserver.whole_response import LARGEST, respond

AT = datetime(2026, 3, 4, 5, 6, 7, 891011, tzinfo=UTC)
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def told(
    request: bytes,
    status: int = 200,
    reason: str = "OK",
    headers: Headers = (),
    body: bytes = b"",
    close: bool = False,
    ends: bool = False,
) -> bytes:
    """Everything that comes back for the octets of `request`; a last question of our own ends the connection,
    unless `request` does that itself."""

    async def handler(asked: web.BaseRequest) -> web.StreamResponse:
        if asked.path == "/last":
            return web.Response(status=299)
        response = respond(asked, status, reason, headers, body, AT)
        if close:
            response.force_close()
        return response

    async def story() -> bytes:
        server = await asyncio.get_running_loop().create_server(web.Server(handler, access_log=None), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(request if ends else request + LAST)
        came = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        server.close()
        return came.partition(b"HTTP/1.1 299")[0]

    return asyncio.run(story())


def test_head_and_body_come_whole() -> None:
    came = told(GET, 404, "Không có", (("Content-Type", "text/plain"), ("X-A", "1"), ("X-A", "2")), b"body")
    assert (
        came
        == (
            "HTTP/1.1 404 Không có\r\nContent-Type: text/plain\r\nX-A: 1\r\nX-A: 2\r\nServer: ketnoi\r\n"
            "Content-Length: 4\r\nDate: Wed, 04 Mar 2026 05:06:07 GMT\r\n\r\nbody"
        ).encode()
    )


def test_octets_that_are_no_text_come_as_they_were() -> None:
    assert b"X-A: \xff\r\n" in told(GET, headers=(("X-A", "\udcff"),))


def test_what_is_told_is_not_told_twice_and_what_is_missing_is_added() -> None:
    came = told(GET, 200, "", (("date", "today"),), b"{}")
    assert came.startswith(b"HTTP/1.1 200 OK\r\n")
    assert came.lower().count(b"date:") == 1
    assert b"Content-Type: application/octet-stream\r\n" in came


def test_one_connection_carries_many() -> None:
    assert told(GET * 3, body=b"again").count(b"again") == 3


def test_the_last_one_says_so() -> None:
    came = told(GET * 3, body=b"once", close=True)
    assert came.count(b"once") == 1
    assert b"Connection: close\r\n" in came
    asked = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    assert b"Connection: close\r\n" in told(asked, body=b"once", ends=True)


@pytest.mark.parametrize(
    ("request_", "status", "body"),
    [(GET.replace(b"GET", b"HEAD"), 200, b""), (GET, 204, b""), (GET, 304, b"")],
)
def test_what_must_have_no_body_has_none(request_: bytes, status: int, body: bytes) -> None:
    came = told(request_, status, "", (), body)
    assert came.endswith(b"\r\n\r\n")
    assert b"Server: ketnoi\r\n" in came


def test_large_bodies_and_old_callers_are_served_too() -> None:
    assert told(GET, body=bytes(LARGEST + 1)).endswith(b"\r\n\r\n" + bytes(LARGEST + 1))
    assert told(GET.replace(b"1.1", b"1.0"), body=b"old", ends=True).startswith(b"HTTP/1.0 200 OK\r\n")


def test_no_header_brings_another() -> None:
    assert told(GET, headers=(("X-A", "1\r\nX-B: 2"),)) == b""
