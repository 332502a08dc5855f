"""The REST part: its octets are exact, whatever comes."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketnoi_protocol import rest
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import ServiceId, SubsystemId
from ketnoi_protocol.rest import RestRequest, RestResponse

tokens = st.from_regex(r"[A-Za-z0-9-]{1,20}", fullmatch=True)
header_names = tokens.filter(lambda name: name.lower() not in rest.DROPPED)
# What HTTP servers hand over: octets read as UTF-8, others as surrogate escapes.
octets = st.binary(max_size=30).map(lambda value: bytes(each for each in value if each > 31 and each != 127))
header_values = octets.map(lambda value: value.decode("utf-8", "surrogateescape"))
headers = st.lists(st.tuples(header_names, header_values), max_size=5).map(tuple)
requests = st.builds(
    RestRequest,
    method=st.sampled_from(["GET", "POST", "DELETE"]),
    path=st.from_regex(r"/r1/[A-Za-z0-9%./:;=-]{0,40}", fullmatch=True),
    query=st.from_regex(r"[A-Za-z0-9%&=?/]{0,20}", fullmatch=True),
    headers=headers,
)
responses = st.builds(
    RestResponse, status=st.integers(100, 599), reason=st.sampled_from(["OK", "", "Not Found", "é"]), headers=headers
)

LOOK_UP = "/r1/VDXP-TEST/GOV/G01.C06/DANCU/TraCuu"


@given(st.one_of(requests, responses))
def test_a_part_survives_its_octets(part):
    assert type(part).decode(part.encode()) == part


@given(st.binary(max_size=200))
def test_octets_are_refused_or_written_again_as_they_came(part):
    for kind in (RestRequest, RestResponse):
        try:
            read = kind.decode(part)
        except Refusal as refused:
            assert refused.code == "invalid_message"
        else:
            assert read.encode() == part


def test_the_form_is_x_roads():
    request = RestRequest("POST", LOOK_UP, "a=1", (("X-Road-Client", "I/C/M/S"), ("accept", "*/*")))
    assert request.encode() == f"POST\r\n{LOOK_UP}?a=1\r\nX-Road-Client:I/C/M/S\r\naccept:*/*\r\n".encode()
    assert RestResponse(200, "OK", ()).encode() == b"200\r\nOK\r\n"


def test_octets_that_are_not_utf_8_go_on_as_they_came():
    part = b"GET\r\n/r1/x\r\nname:\xff\xe9\r\n"
    assert RestRequest.decode(part).encode() == part


@pytest.mark.parametrize(
    "part",
    [
        *(b"", b"GET", b"GET\r\n", b"GET\r\n/x", b"GET\n/x\n", b"get\r\n/x\r\n", b"GET\r\nx\r\n", b"GET\r\n/x y\r\n"),
        *(b"GET\r\n/x#y\r\n", b"GET\r\n/x?a#b\r\n", b"G T\r\n/x\r\n", b"GET\r\n\r\n", b"GET\r\n/x\r\nname\r\n"),
        *(b"GET\r\n/x\r\nna me:1\r\n", b"GET\r\n/x\r\n:1\r\n", b"GET\r\n/x\r\nname:1", b"GET\r\n/x\r\nname:1\r\n\r\n"),
        *(b"GET\r\n/x\r\nname:a\nb\r\n", b"GET\r\n/x\r\nname:a\x00\r\n", b"GET\r\n/x\r\nHost:a\r\n"),
        b"GET\r\n/x\r\nContent-Length:1\r\n",
    ],
)
def test_another_request_part_is_refused(part):
    with pytest.raises(Refusal) as refused:
        RestRequest.decode(part)
    assert refused.value.code == "invalid_message"


@pytest.mark.parametrize("part", [b"99\r\n\r\n", b"600\r\n\r\n", b"20a\r\nOK\r\n", b"200\r\nO\x00K\r\n", b"200\r\n"])
def test_another_response_part_is_refused(part):
    with pytest.raises(Refusal) as refused:
        RestResponse.decode(part)
    assert refused.value.code == "invalid_message"


@pytest.mark.parametrize(
    "part",
    [
        RestRequest("get", "/x", "", ()),
        RestRequest("GET", "x", "", ()),
        RestRequest("GET", "/x?y", "", ()),
        RestRequest("GET", "/x", "a#b", ()),
        RestRequest("GET", "/x", "", (("Host", "a"),)),
        RestRequest("GET", "/x", "", (("a", "b\r\nc:d"),)),
        RestRequest("GET", "/x", "", (("host:a", "b"),)),
        RestRequest("GET", "/x", "", (("a", "\ud800"),)),
        RestResponse(99, "", ()),
        RestResponse(600, "", ()),
        RestResponse(200, "a\r\nb", ()),
    ],
)
def test_what_a_peer_would_reject_is_not_written(part):
    with pytest.raises(Refusal) as refused:
        part.encode()
    assert refused.value.code == "invalid_message"


def test_a_part_has_a_greatest_length():
    room = rest.LONGEST_PART - len(b"GET\r\n/x\r\na:\r\n")
    longest = RestRequest("GET", "/x", "", (("a", "b" * room),))
    part = longest.encode()
    assert RestRequest.decode(part) == longest
    too_long = part.replace(b"a:", b"a:b")
    for act in (RestRequest("GET", "/x", "", (("a", "b" * (room + 1)),)).encode, lambda: RestRequest.decode(too_long)):
        with pytest.raises(Refusal) as refused:
            act()
        assert refused.value.code == "message_too_large"


def test_of_a_repeated_header_the_last_counts():
    found = (("X-Road-Id", "1"), ("x-road-ID", "2"), ("other", "3"))
    for part in (RestRequest("GET", "/x", "", found), RestResponse(200, "", found)):
        assert part.header("x-road-id") == "2"
        assert part.header("x-road-issue") is None


@pytest.mark.parametrize("name", sorted(rest.DROPPED))
def test_headers_of_one_connection_never_go_into_a_part(name):
    given_headers = ((name.title(), "x"), ("Accept", "y"), ("X-Road-Request-Id", "z"))
    assert rest.kept_headers(given_headers, rest.REQUEST_ID) == (("Accept", "y"),)


@pytest.mark.parametrize(
    ("path", "rest_of_it"), [(LOOK_UP, ""), (LOOK_UP + "/", "/"), (LOOK_UP + "/a/%2e%2e/b", "/a/%2e%2e/b")]
)
def test_a_target_names_a_service_and_what_is_asked_of_it(path, rest_of_it):
    assert rest.parse_target(path) == (ServiceId("VDXP-TEST", "GOV", "G01.C06", "DANCU", "TraCuu"), rest_of_it)


@pytest.mark.parametrize(
    "path", ["", "/", "/r1", "/r2" + LOOK_UP[3:], "/r1/I/C/M/S", "x" + LOOK_UP, "/r1/I/C/M//svc", "/r1/I/C/M/S/%2e%2e"]
)
def test_another_target_is_refused(path):
    with pytest.raises(Refusal) as refused:
        rest.parse_target(path)
    assert refused.value.code == "bad_request"


def test_a_client_is_an_information_system():
    assert rest.parse_client("VDXP-TEST/GOV/H55/MOTCUA") == SubsystemId("VDXP-TEST", "GOV", "H55", "MOTCUA")
    for value in ("VDXP-TEST/GOV/H55", "", "a/b/c/d/e"):
        with pytest.raises(Refusal) as refused:
            rest.parse_client(value)
        assert refused.value.code == "invalid_client_identifier"


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_the_request_hash_covers_part_and_body(part, body):
    def sha512(data: bytes) -> bytes:
        return hashlib.sha512(data).digest()

    alone = base64.b64encode(sha512(part)).decode()
    both = base64.b64encode(sha512(sha512(part) + sha512(body))).decode()
    assert rest.request_hash(part, None) == rest.request_hash(part, b"") == alone
    assert rest.request_hash(part, body) == (both if body else alone)
