"""The structure of transport messages that X-Road itself keeps as test data, good and broken."""

from pathlib import Path

import pytest

from ketnoi_protocol.errors import Refusal
from ketnoi_securityserver import faults, transport

LF = b"\n"


def recorded(vectors: Path, name: str) -> tuple[str, bytes]:
    """The content type and octets of a file; its first line is the boundary, its lines end with LF."""
    data = (vectors / "transport" / name).read_bytes()
    boundary = data.partition(LF)[0].removeprefix(b"--").decode()
    return f"multipart/mixed; charset=UTF-8; boundary={boundary}", data


@pytest.mark.parametrize("name", ["normal.request", "attachment.request", "ocsp.request", "invalid-ocsp.request"])
def test_a_recorded_request_is_cut_into_its_parts(vectors: Path, name: str) -> None:
    read = transport.read_request(*recorded(vectors, name), newline=LF)
    assert read.kind == "text/xml"
    assert read.message.lstrip().startswith(b"<?xml")
    assert read.message.rstrip().endswith(b"Envelope>")
    assert read.signature is not None
    assert read.signature.xml.strip().endswith(b"XAdESSignatures>")
    assert (read.body is not None) == (name == "attachment.request")
    assert len(read.ocsp_responses) == ("ocsp" in name)
    assert read.fault is None


def test_an_ocsp_response_is_cut_out_octet_by_octet(vectors: Path) -> None:
    read = transport.read_request(*recorded(vectors, "ocsp.request"), newline=LF)
    (response,) = read.ocsp_responses
    assert response.startswith(b"0\x82")
    assert len(response) == int.from_bytes(response[2:4], "big") + 4


def test_attachments_stay_in_one_piece(vectors: Path) -> None:
    read = transport.read_request(*recorded(vectors, "attachment.request"), newline=LF)
    assert read.body is not None
    assert b"blaah" in read.body


def test_a_recorded_response_is_cut_into_its_parts(vectors: Path) -> None:
    read = transport.read_response(*recorded(vectors, "normal.response"), newline=LF)
    assert read.kind == "text/xml"
    assert read.signature is not None


def test_a_fault_in_place_of_the_signature_is_read_in_a_response(vectors: Path) -> None:
    content_type, data = recorded(vectors, "fault-signature.request")
    read = transport.read_response(content_type, data, newline=LF)
    assert read.signature is None
    assert read.fault is not None
    assert faults.read_soap(read.fault) == faults.Fault("CODE", "STRING", "DETAIL")
    with pytest.raises(Refusal) as caught:
        transport.read_request(content_type, data, newline=LF)
    assert caught.value.code == "missing_signature"


def test_a_signed_fault_is_a_message_like_any_other(vectors: Path) -> None:
    read = transport.read_response(*recorded(vectors, "normal-soapfault.request"), newline=LF)
    assert faults.read_soap(read.message).type == "CODE"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("extracontent.request", "invalid_message"),
        ("invalid-contenttype-signature.request", "invalid_content_type"),
        ("invalid-soap-contenttype.request", "invalid_content_type"),
    ],
)
def test_a_broken_message_is_refused(vectors: Path, name: str, code: str) -> None:
    content_type, data = recorded(vectors, name)
    for read in (transport.read_request, transport.read_response):
        with pytest.raises(Refusal) as caught:
            read(content_type, data, newline=LF)
        assert caught.value.code == code


def test_on_the_wire_lines_end_with_both_characters(vectors: Path) -> None:
    content_type, data = recorded(vectors, "normal.request")
    with pytest.raises(Refusal) as caught:
        transport.read_request(content_type, data)
    assert caught.value.code == "mime_parsing_failed"
