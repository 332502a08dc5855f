"""The stamp beside the signature: single ones within it, batches beside it; and the authority's response."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from hashlib import sha512
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketnoi_trust import ber, hashchain, timestamps
from ketnoi_trust.ber import encode
from ketnoi_trust.errors import Refused

from . import stamps

TOKEN = b"\x30\x03\x02\x01\x2a"
XADES = 'xmlns:xades="http://uri.etsi.org/01903/v1.3.2#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'
OTHER_PREFIX = XADES.replace("xmlns:xades", "xmlns:x")


def document(inside: str, value: str = "AAEC", names: str = XADES) -> bytes:
    return f"<a {names}><ds:SignatureValue>{value}</ds:SignatureValue>{inside}</a>".encode()


UNSIGNED = "<xades:UnsignedSignatureProperties><xades:RevocationValues/></xades:UnsignedSignatureProperties>"


def refusal(act: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


def test_the_value_is_that_of_the_signature() -> None:
    assert timestamps.signature_value(document("")) == b"\x00\x01\x02"
    assert timestamps.signature_value(document("", "\nAA\n EC&#13;\n")) == b"\x00\x01\x02"


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"<a/>",
        document("", "?"),
        document("<ds:SignatureValue>AAEC</ds:SignatureValue>"),
        # A stamp over the first half of a value could be had before there was a signature.
        document("", "AA<b/>EC"),
        document("", "AAEC<b/>"),
        document("", "AAEC<b/>AAEC"),
        document("", "AAEC<b>AAEC</b>"),
        document("", "AA<!-- -->EC"),
        b"<!DOCTYPE a>" + document(""),
    ],
)
def test_a_value_that_is_not_there_once_and_whole(broken: bytes) -> None:
    assert refusal(lambda: timestamps.signature_value(broken)) == "malformed_signature"


@pytest.mark.parametrize(
    "inside",
    [
        UNSIGNED,
        UNSIGNED.replace("xades:UnsignedSignatureProperties>", "xades:UnsignedSignatureProperties Id='a/b'>", 1),
        "<xades:UnsignedSignatureProperties\n></xades:UnsignedSignatureProperties>",
    ],
)
def test_a_stamp_is_put_in_first_and_nothing_else_changes(inside: str) -> None:
    signature = document(inside)
    stamped = timestamps.embed(signature, TOKEN)
    element = b"<xades:SignatureTimeStamp><xades:EncapsulatedTimeStamp>MAMCASo="
    element += b"</xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp>"
    assert stamped.replace(element, b"") == signature
    assert stamped.index(element) == stamped.index(b">", stamped.index(b"UnsignedSignatureProperties")) + 1
    assert timestamps.embedded(stamped) == TOKEN
    assert timestamps.embedded(signature) is None


@pytest.mark.parametrize("after", ["<x/>", "<x/>AAEC", "<x>AAEC</x>"])
def test_a_token_that_is_cut_in_two(after: str) -> None:
    token = b64encode(TOKEN).decode()
    stamped = f"<xades:EncapsulatedTimeStamp>{token}{{}}</xades:EncapsulatedTimeStamp>"
    assert timestamps.embedded(document(stamped.format(""))) == TOKEN
    assert refusal(lambda: timestamps.embedded(document(stamped.format(after)))) == "malformed_signature"


def test_the_prefix_is_the_documents_own() -> None:
    stamped = timestamps.embed(document(UNSIGNED.replace("xades:", "x:"), names=OTHER_PREFIX), TOKEN)
    assert b"<x:SignatureTimeStamp><x:EncapsulatedTimeStamp>" in stamped
    assert timestamps.embedded(stamped) == TOKEN


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "<xades:UnsignedSignatureProperties/>",
        "<xades:UnsignedSignatureProperties />",
        UNSIGNED + UNSIGNED,
        UNSIGNED.replace("xades:Unsigned", "ds:Unsigned"),
        UNSIGNED.replace("xades:UnsignedSignatureProperties>", "xades:UnsignedSignatureProperties Id='>'>", 1),
        "<xades:EncapsulatedTimeStamp>MAMCASo=</xades:EncapsulatedTimeStamp>" + UNSIGNED,
    ],
)
def test_a_signature_without_a_place_for_a_stamp(inside: str) -> None:
    assert refusal(lambda: timestamps.embed(document(inside), TOKEN)) == "malformed_signature"


def test_two_stamps_are_one_too_many() -> None:
    stamp = "<xades:EncapsulatedTimeStamp>MAMCASo=</xades:EncapsulatedTimeStamp>"
    assert refusal(lambda: timestamps.embedded(document(stamp + stamp))) == "malformed_signature"


def test_the_vectors_signatures_take_a_stamp(vectors: Path) -> None:
    signature = (vectors / "signatures" / "batch-sig.xml").read_bytes()
    assert len(timestamps.signature_value(signature)) == 256
    assert timestamps.embedded(timestamps.embed(signature, TOKEN)) == TOKEN
    stamped = (vectors / "signatures" / "xades.signature.ts.xml").read_bytes()
    assert refusal(lambda: timestamps.embed(stamped, TOKEN)) == "malformed_signature"


@pytest.mark.parametrize("count", [1, 2, 3, 7, 64])
def test_a_batch_leads_to_each_of_its_signatures(count: int) -> None:
    signatures = [f"<signature>{number}</signature>".encode() for number in range(count)]
    batch = timestamps.batch([sha512(each).digest() for each in signatures])
    for number, signature in enumerate(signatures):
        chain, inputs = batch.chain_of(number), {timestamps.SIGNATURE: signature}
        assert hashchain.verify(batch.result, chain, inputs, inputs) == (timestamps.SIGNATURE,)
        assert refusal(lambda chain=chain: hashchain.verify(batch.result, chain, {timestamps.SIGNATURE: b""}, ()))
    assert b'URI="/ts-hashchain.xml#STEP0"' in batch.result
    assert timestamps.batch([sha512(each).digest() for each in signatures]).result == batch.result


@pytest.mark.parametrize("leaves", [[], [b"short"]])
def test_what_is_no_batch(leaves: list[bytes]) -> None:
    with pytest.raises(ValueError, match="inputs"):
        timestamps.batch(leaves)


@pytest.mark.parametrize("status", [0, 1])
def test_a_token_that_was_granted(status: int) -> None:
    assert timestamps.token_of(stamps.response(status, TOKEN)) == TOKEN


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (stamps.response(2), "refused to stamp"),
        (stamps.response(2, TOKEN), "refused to stamp"),
        (stamps.response(5, encode(ber.SEQUENCE)), "refused to stamp"),
        (stamps.response(0), "cannot be read"),
        (stamps.response(0, ber.NULL), "cannot be read"),
        (b"", "cannot be read"),
        (encode(ber.SEQUENCE), "cannot be read"),
        (encode(ber.SEQUENCE, encode(ber.SEQUENCE)), "cannot be read"),
        (bytes(200_000), "too large"),
    ],
)
def test_a_response_without_a_token(response: bytes, said: str) -> None:
    with pytest.raises(Refused, match=said) as refused:
        timestamps.token_of(response)
    assert refused.value.code == "timestamping_failed"


def test_a_query_is_der_without_nonce() -> None:
    query = ber.read(timestamps.request(bytes(64)))
    version, imprint = query.children()
    assert version.integer() == 1
    assert imprint.children()[1].octets() == bytes(64)


@given(st.binary(max_size=40), st.integers(0, 700), st.integers(0, 40))
def test_no_octets_raise_anything_but_a_refusal(noise: bytes, position: int, removed: int) -> None:
    signature = document(UNSIGNED)
    changed = signature[:position] + noise + signature[position + removed :]
    for act in (timestamps.signature_value, timestamps.embedded, lambda xml: timestamps.embed(xml, TOKEN)):
        try:
            act(changed)
        except Refused as refused:
            assert refused.code == "malformed_signature"
