"""Containers that are made to cost much: judged within two seconds of CPU, with a verdict or a refusal.

Most of them are stamped by an approved authority: a member can have anything stamped.
"""

from __future__ import annotations

import io
import os
import zipfile
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketnoi_trust import archives, asic, evidence, zip_format
from ketnoi_trust.asic import Container
from ketnoi_trust.errors import Refused
from ketnoi_trust.signed_message import MAX_SOAP_BYTES, MAX_SOAP_TAGS

from .containers import World, digests
from .cpu import in_time
from .test_signed_message import soap

MIB = 1024 * 1024
LAUGHS = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><l>&b;</l>'


@pytest.fixture(scope="module")
def world(kit: Any) -> World:
    return World(kit)


def packed(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return written.getvalue()


FILES = (("mimetype", asic.CONTENT_TYPE), ("message.xml", b"POST\r\n"), ("META-INF/signatures.xml", b"<a/>"))
WHOLE_FILES = {
    "nothing": lambda: b"",
    "zeros": lambda: bytes(64 * MIB),
    "noise": lambda: os.urandom(64 * MIB),
    "too large": lambda: bytes(64 * MIB + 1),
    "ends": lambda: b"PK\x05\x06" * 16 * MIB,
    "heads": lambda: b"PK\x03\x04" * 16 * MIB,
    "a bomb": lambda: packed(*FILES, *((f"attachment{n}", bytes(60 * MIB)) for n in (1, 2))),
    "full to the brim": lambda: packed(*FILES, ("attachment1", bytes(63 * MIB))),
    "hardly packed": lambda: packed(*FILES, ("attachment1", os.urandom(60 * MIB)), method=zipfile.ZIP_STORED),
    "many entries": lambda: packed(*FILES, *((f"attachment{n}", b"") for n in range(1, 1001))),
    "too many entries": lambda: packed(*FILES, *((f"other{n}", b"") for n in range(20_000))),
    "a large signature": lambda: packed(*FILES[:2], ("META-INF/signatures.xml", b"<a>" * 20 * MIB)),
    "a large token": lambda: packed(*FILES, ("META-INF/timestamp.tst", b"\x30\x80" * 500_000)),
}


@pytest.mark.parametrize("name", WHOLE_FILES)
def test_files(world: World, name: str) -> None:
    data = WHOLE_FILES[name]()
    for strict in (False, True):
        with in_time(), pytest.raises(Refused):
            evidence.verify(data, world.configuration, strict=strict)
    with in_time(), pytest.raises(Refused):
        archives.verify(data)


MESSAGES = {
    "laughs": LAUGHS,
    "deep": b"<a>" * 300_000,
    "a large envelope": soap() + b" " * (60 * MIB),
    "lines": b"POST\r\n" * 10 * MIB,
    "headers": b"POST\r\n/r1/A/B/C/D/E\r\n" + b"a:\r\n" * 15_000,
    "an identifier": b"POST\r\n/r1/A/B/C/D/E\r\nX-Road-Client:" + b"%41/" * 16_000 + b"\r\n",
    "blanks": b" " * 60 * MIB + b"<a/>",
}


@pytest.mark.parametrize("name", MESSAGES)
def test_messages(world: World, name: str) -> None:
    data = zip_format.write([FILES[0], ("message.xml", MESSAGES[name]), FILES[2]], world.stamped_at, asic.COMMENT)
    with in_time(), pytest.raises(Refused) as refused:
        evidence.verify(data, world.configuration)
    assert (refused.value.code, refused.value.step) == ("invalid_message", 2)


def test_a_true_message_as_large_as_may_be_is_judged(world: World) -> None:
    filler = b"<x/>" * (MAX_SOAP_TAGS - 60)
    envelope = soap().replace(b"</s:Body>", filler + b"</s:Body>")
    envelope = envelope.replace(b"<lookUp/>", b"<lookUp>" + b"x" * 9_000_000 + b"</lookUp>")
    assert len(envelope) < MAX_SOAP_BYTES
    body = bytes(64 * MIB - len(envelope) - 64 * 1024)
    for direct in (False, True):
        signature = world.sign([digests(envelope, body)], direct=direct)[0]
        data = world.pack(world.stamped_with_others(world.container(envelope, signature, body)))
        with in_time():
            verdict = evidence.verify(data, world.configuration, strict=True)
        assert verdict.messages[1].content == body


def test_as_many_attachments_as_a_chain_holds_are_judged(world: World) -> None:
    bodies = [bytes([number % 256]) * 60_000 for number in range(900)]
    message = world.soap_request()
    signature = world.sign([digests(message, *bodies)])[0]
    data = world.pack(world.stamped_with_others(world.container(message, signature, *bodies)))
    with in_time():
        assert len(evidence.verify(data, world.configuration).messages) == 901


def nested_references(signature: bytes) -> bytes:
    """A signature with as many references as may be, each to an element around all the others' elements."""
    count = 255
    reference = (
        b'<ds:Reference URI="#x%d"><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"/>'
        b"<ds:DigestValue>AA==</ds:DigestValue></ds:Reference>"
    )
    references = b"".join(reference % number for number in range(count))
    nest = b"".join(b'<x Id="x%d">' % number for number in range(count)) + b"A" * 100_000 + b"</x>" * count
    signature = signature.replace(b"</ds:SignedInfo>", references + b"</ds:SignedInfo>")
    return signature.replace(b"</ds:Object>", nest + b"</ds:Object>")


def with_values(signature: bytes, name: bytes, value: bytes, count: int) -> bytes:
    """A signature with more unsigned values of a kind."""
    element = b"<xades:" + name + b">" + b64encode(value) + b"</xades:" + name + b">"
    return signature.replace(b"</xades:OCSPValues>", element * count + b"</xades:OCSPValues>")


def signatures(world: World) -> dict[str, bytes]:
    message = world.request()
    true = world.sign([digests(message)])[0].xml
    answer = world.ca.answer(world.signer)
    certificates = b"<xades:CertificateValues>" + b"".join(
        b"<xades:EncapsulatedX509Certificate>" + b64encode(world.ca.der) + b"</xades:EncapsulatedX509Certificate>"
        for _ in range(200)
    )
    return {
        "laughs": LAUGHS,
        "deep": b"<a>" * 8_000,
        "references": nested_references(true),
        "responses": with_values(true, b"EncapsulatedOCSPValue", answer, 300),
        "empty responses": with_values(true, b"EncapsulatedOCSPValue", b"", 4_000),
        "certificates": true.replace(
            b"<xades:RevocationValues>", certificates + b"</xades:CertificateValues><xades:RevocationValues>"
        ),
        "a long value": true.replace(b"</ds:SignatureValue>", b"A" * 200_000 + b"</ds:SignatureValue>"),
        "a long moment": true.replace(b"<xades:SigningTime>", b"<xades:SigningTime>" + b"2" * 200_000),
        "ids": true.replace(b"</ds:Object>", b'<x Id="a"/>' * 2_000 + b"</ds:Object>"),
    }


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("name", ["laughs", "deep", "references", "responses", "empty responses", "certificates"])
def test_signatures(world: World, name: str, strict: bool) -> None:
    document = signatures(world)[name]
    data = world.pack(world.stamped_with_others(Container(world.request(), document)))
    with in_time(), pytest.raises(Refused):
        evidence.verify(data, world.configuration, strict=strict)


@pytest.mark.parametrize("name", ["a long value", "a long moment", "ids"])
def test_values_of_signatures(world: World, name: str) -> None:
    document = signatures(world)[name]
    data = world.pack(world.stamped_with_others(Container(world.request(), document)))
    with in_time(), pytest.raises(Refused) as refused:
        evidence.verify(data, world.configuration)
    assert refused.value.step == 5


def test_chains(world: World) -> None:
    container = world.with_body()
    assert container.hash_chain is not None
    head, _, rest = container.hash_chain.partition(b'<ns2:HashStep id="STEP0">')
    value = b"<ns2:HashValue><DigestValue>AA==</DigestValue></ns2:HashValue>"
    loop = b'<ns2:StepRef URI="#STEP0"/>'
    data_ref = b'<ns2:DataRef URI="/attachment%d"><DigestValue>AA==</DigestValue></ns2:DataRef>'
    start = head + b'<ns2:HashStep id="STEP0">'
    for chain in (
        LAUGHS,
        b"<a>" * 8_000,
        start + value * 1_500 + rest,
        start + loop * 1_000 + rest,
        start + b"".join(data_ref % number for number in range(1_000)) + rest,
        head + b'<ns2:HashStep id="S"></ns2:HashStep>' * 1_000 + rest,
    ):
        for changed in (asic.HASH_CHAIN, asic.TS_HASH_CHAIN):
            files = {**dict(asic._files(container)), changed: chain}
            data = zip_format.write(files.items(), world.stamped_at, asic.COMMENT)
            with in_time(), pytest.raises(Refused):
                evidence.verify(data, world.configuration)


@pytest.mark.parametrize(
    "token", [b"\x30\x80" * 400_000, b"\x30\x84\xff\xff\xff\xff" + bytes(1000), b"\x30\x00", bytes(9)]
)
def test_tokens(world: World, token: bytes) -> None:
    files = {**dict(asic._files(world.plain())), asic.TIMESTAMP: token}
    data = zip_format.write(files.items(), world.stamped_at, asic.COMMENT)
    with in_time(), pytest.raises(Refused) as refused:
        evidence.verify(data, world.configuration)
    assert refused.value.step == 4


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_any_octets_are_refused(world: World, data: bytes) -> None:
    with pytest.raises(Refused):
        evidence.verify(data, world.configuration)


def test_any_cut_is_refused(world: World) -> None:
    data = world.pack(world.with_body())
    for length in range(0, len(data), 3):
        with pytest.raises(Refused):
            evidence.verify(data[:length], world.configuration)
