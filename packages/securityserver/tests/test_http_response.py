"""Reading the HTTP responses of peers and of information systems."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketnoi_protocol.errors import Refusal
from ketnoi_securityserver.http_response import Response, ResponseReader


def read(octets: bytes, method: str = "POST", longest: int = 1000) -> tuple[Response | None, ResponseReader]:
    reader = ResponseReader(method, longest)
    return reader.feed(octets), reader


PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\nx-a: c \r\n\r\nhi"
CHUNKED = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n"


def test_a_response_with_a_length_is_read_whole() -> None:
    response, reader = read(PLAIN)
    assert response == Response(200, "OK", (("content-length", "2"), ("x-a", "b"), ("x-a", "c")), b"hi")
    assert response.header("x-a") == "b"
    assert reader.reusable


def test_a_response_in_chunks_is_read_whole() -> None:
    response, reader = read(CHUNKED)
    assert response is not None
    assert (response.status, response.body) == (201, b"abcde")
    assert reader.reusable


@pytest.mark.parametrize("octets", [PLAIN, CHUNKED])
@given(data=st.data())
def test_it_does_not_matter_how_the_octets_come(octets: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(octets)), max_size=8)))
    reader = ResponseReader("POST", 1000)
    answers = [reader.feed(octets[start:end]) for start, end in zip([0, *cuts], [*cuts, len(octets)], strict=True)]
    whole, _ = read(octets)
    assert answers[-1] == whole or whole in answers


def test_only_the_close_ends_a_response_without_a_length() -> None:
    response, reader = read(b"HTTP/1.1 200 OK\r\n\r\nabc")
    assert response is None
    assert reader.feed(b"def") is None
    ended = reader.end()
    assert ended is not None
    assert ended.body == b"abcdef"
    assert not reader.reusable


def test_a_cut_response_does_not_end_with_the_close() -> None:
    for octets in (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", CHUNKED[:-4], b"HTTP/1.1 200"):
        response, reader = read(octets)
        assert response is None
        assert reader.end() is None


@pytest.mark.parametrize(
    ("octets", "method"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", "POST"),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", "GET"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", "HEAD"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "POST"),
    ],
)
def test_a_response_that_has_no_body_ends_with_its_headers(octets: bytes, method: str) -> None:
    response, reader = read(octets, method)
    assert response is not None
    assert response.body == b""
    assert reader.reusable


def test_a_reason_may_be_missing_and_header_text_is_utf8() -> None:
    response, _ = read("HTTP/1.1 404 \r\nx: Đồng\r\nContent-Length: 0\r\n\r\n".encode())
    assert response == Response(404, "", (("x", "Đồng"), ("content-length", "0")), b"")


@pytest.mark.parametrize(
    "octets",
    [
        PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"),
        PLAIN.replace(b"X-A: b", b"Connection: Close"),
        PLAIN + b"HTTP/1.1 200 OK\r\n",
    ],
)
def test_a_connection_that_may_not_go_on_is_not_used_again(octets: bytes) -> None:
    response, reader = read(octets)
    assert response is not None
    assert response.body == b"hi"
    assert not reader.reusable


@pytest.mark.parametrize(
    "octets",
    [
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 99 x\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: y\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 5000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"x" * 5000,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001,
    ],
)
def test_a_response_that_two_could_read_differently_or_that_is_too_long_is_refused(octets: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        read(octets)
    assert caught.value.code == "http_error"


@given(st.lists(st.sampled_from([PLAIN, CHUNKED, b"\r\n", b"0", b"HTTP/1.1 "]) | st.binary(max_size=40), max_size=10))
def test_nothing_but_a_refusal_ever_comes_out_of_noise(pieces: list[bytes]) -> None:
    reader = ResponseReader("POST", 200)
    try:
        for piece in pieces:
            if reader.feed(piece) is not None:
                break
    except Refusal as refused:
        assert refused.code == "http_error"
