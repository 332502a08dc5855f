"""Our own transport messages: which parts stand in which order, and what is refused."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketnoi_protocol.errors import Refusal
from ketnoi_securityserver import multipart, transport
from ketnoi_trust.signatures import Signature

PLAIN = Signature(b"<signature/>", None, None)
CHAINED = Signature(b"<signature/>", b"<result/>", b"<chain/>")
OCSP = (transport.OCSP, b"ocsp")
REQUEST = (transport.REST_REQUEST, b"GET\r\n/r1/\r\n")
RESPONSE = (transport.REST_RESPONSE, b"200\r\nOK\r\n")
BODY = (transport.REST_BODY, b"body")
RESULT = (transport.HASH_CHAIN_RESULT, b"<result/>")
CHAIN = (transport.HASH_CHAIN, b"<chain/>")
SIGNATURE = (transport.SIGNATURE, b"<signature/>")
FAULT = (transport.FAULT, b"<fault/>")


def written(parts: Sequence[tuple[str, bytes]]) -> tuple[str, bytes]:
    return "multipart/mixed; boundary=xtop", multipart.write("xtop", parts)


def refusal(read: object, parts: Sequence[tuple[str, bytes]]) -> str:
    with pytest.raises(Refusal) as caught:
        read(*written(parts))  # type: ignore[operator]
    return caught.value.code


octets = st.binary(max_size=300)


@given(octets, st.none() | octets, st.sampled_from([PLAIN, CHAINED]), st.lists(octets, max_size=8).map(tuple))
def test_a_request_comes_back_as_it_was_written(
    message: bytes, body: bytes | None, signature: Signature, ocsp: tuple[bytes, ...]
) -> None:
    read = transport.read_request(*transport.write_request(message, body, signature, ocsp))
    assert (read.kind, read.message, read.body) == (transport.REST_REQUEST, message, body)
    assert (read.signature, read.ocsp_responses, read.fault) == (signature, ocsp, None)


@given(octets, st.none() | octets, st.sampled_from([PLAIN, CHAINED]))
def test_a_response_comes_back_as_it_was_written(message: bytes, body: bytes | None, signature: Signature) -> None:
    read = transport.read_response(*transport.write_response(message, body, signature))
    assert (read.kind, read.message, read.body) == (transport.REST_RESPONSE, message, body)
    assert (read.signature, read.fault) == (signature, None)


def test_parts_are_written_as_x_road_writes_them() -> None:
    content_type, data = transport.write_request(b"GET\r\n", b"{}", CHAINED, (b"ocsp",))
    boundary = multipart.boundary_of(content_type).decode()
    assert content_type == f"multipart/mixed; charset=UTF-8; boundary={boundary}"
    assert boundary.startswith("xtop")
    assert len(boundary) == 34
    kinds = (
        "application/ocsp-response",
        "application/x-road-rest-request",
        "application/x-road-rest-body",
        "application/hash-chain-result",
        "application/hash-chain",
        "signature/bdoc-1.0/ts",
    )
    contents = ("ocsp", "GET\r\n", "{}", "<result/>", "<chain/>", "<signature/>")
    expected = "".join(
        f"--{boundary}\r\ncontent-type: {kind}\r\n\r\n{content}\r\n"
        for kind, content in zip(kinds, contents, strict=True)
    )
    assert data.decode() == expected + f"--{boundary}--\r\n"


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([REQUEST], "missing_signature"),
        ([OCSP, SIGNATURE], "missing_rest"),
        ([], "missing_rest"),
        ([BODY, REQUEST, SIGNATURE], "missing_rest"),
        ([REQUEST, BODY, BODY, SIGNATURE], "invalid_content_type"),
        ([REQUEST, REQUEST, SIGNATURE], "invalid_content_type"),
        ([REQUEST, OCSP, SIGNATURE], "invalid_content_type"),
        ([REQUEST, RESULT, SIGNATURE], "invalid_message"),
        ([REQUEST, CHAIN, SIGNATURE], "invalid_content_type"),
        ([REQUEST, CHAIN, RESULT, SIGNATURE], "invalid_content_type"),
        ([REQUEST, RESULT, CHAIN, BODY, SIGNATURE], "invalid_content_type"),
        ([REQUEST, SIGNATURE, SIGNATURE], "invalid_message"),
        ([REQUEST, SIGNATURE, BODY], "invalid_message"),
        ([REQUEST, SIGNATURE, ("text/plain", b"x")], "invalid_message"),
        ([REQUEST, FAULT], "missing_signature"),
        ([RESPONSE, SIGNATURE], "invalid_message"),
        ([("", b""), SIGNATURE], "invalid_content_type"),
        ([OCSP] * 9 + [REQUEST, SIGNATURE], "invalid_message"),
        ([OCSP] * 20 + [REQUEST, SIGNATURE], "mime_parsing_failed"),
        ([(transport.REST_REQUEST, b"x" * (64 * 1024 + 1)), SIGNATURE], "invalid_message"),
        ([REQUEST, (transport.SIGNATURE, b"x" * (256 * 1024 + 1))], "invalid_message"),
    ],
)
def test_a_request_with_missing_extra_or_misplaced_parts_is_refused(parts: list[tuple[str, bytes]], code: str) -> None:
    assert refusal(transport.read_request, parts) == code


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([OCSP, RESPONSE, SIGNATURE], "invalid_message"),
        ([REQUEST, SIGNATURE], "invalid_message"),
        ([RESPONSE, FAULT, SIGNATURE, SIGNATURE], "invalid_message"),
        ([RESPONSE, SIGNATURE, FAULT], "invalid_message"),
    ],
)
def test_a_response_with_extra_or_misplaced_parts_is_refused(parts: list[tuple[str, bytes]], code: str) -> None:
    assert refusal(transport.read_response, parts) == code


@pytest.mark.parametrize("parts", [[RESPONSE, FAULT], [RESPONSE, BODY, FAULT], [RESPONSE, FAULT, SIGNATURE]])
def test_a_late_fault_counts_and_the_signature_beside_it_does_not(parts: list[tuple[str, bytes]]) -> None:
    read = transport.read_response(*written(parts))
    assert read.fault == b"<fault/>"
    assert read.signature is None


def test_an_early_fault_is_read() -> None:
    read = transport.read_response("text/xml; charset=UTF-8", b"<fault/>")
    assert read.fault == b"<fault/>"
    assert read.signature is None


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "multipart/mixed", "multipart/mixed; boundary=", 'multipart/mixed; boundary="a b"',
     "multipart/mixed; boundary=" + "x" * 71, "application/json; boundary=xtop"],
)  # fmt: skip
def test_a_content_type_without_a_usable_boundary_is_refused(content_type: str) -> None:
    with pytest.raises(Refusal) as caught:
        transport.read_request(content_type, b"--xtop--")
    assert caught.value.code == "invalid_content_type"


ACCEPTED = written([OCSP, REQUEST, BODY, RESULT, CHAIN, SIGNATURE])[1]


@given(st.integers(0, len(ACCEPTED) - 1), st.integers(0, 255))
def test_with_a_byte_changed_the_message_is_read_or_refused(position: int, value: int) -> None:
    changed = ACCEPTED[:position] + bytes([value]) + ACCEPTED[position + 1 :]
    try:
        read = transport.read_request("multipart/mixed; boundary=xtop", changed)
    except Refusal:
        return
    assert read.signature is not None


@given(st.integers(0, len(ACCEPTED)), st.integers(0, len(ACCEPTED)))
def test_with_a_run_cut_out_the_message_is_read_or_refused(start: int, end: int) -> None:
    cut = ACCEPTED[: min(start, end)] + ACCEPTED[max(start, end) :]
    try:
        transport.read_request("multipart/mixed; boundary=xtop", cut)
    except Refusal:
        assert cut != ACCEPTED


pieces = st.sampled_from(
    [b"--xtop", b"--xtop--", b"\r\n", b"\n", b"content-type: ", b"text/xml", b"signature/bdoc-1.0/ts", b":", b"--",
     b"application/x-road-rest-request", b"application/x-road-rest-response", b"\x00", b"\xff", b"a"]
)  # fmt: skip


@given(
    st.lists(pieces | octets, max_size=30).map(b"".join), st.text(max_size=40) | st.just("multipart/x; boundary=xtop")
)
def test_nothing_but_a_refusal_ever_comes_out_of_noise(data: bytes, content_type: str) -> None:
    for read in (transport.read_request, transport.read_response):
        try:
            read(content_type, data)
        except Refusal as refused:
            assert refused.code
