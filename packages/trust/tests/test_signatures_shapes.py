"""Documents of a shape read before: what is taken from the model is exactly what reading anew would have given."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketnoi_trust import signatures, signatures_reading, xml
from ketnoi_trust.errors import Refused
from ketnoi_trust.signatures import Signature
from ketnoi_trust.signatures_reading import Canonical, Document, check_form, read
from ketnoi_trust.signatures_shapes import LONGEST, MOST, Shapes, Values

from .signing import EXCLUSIVE, INCLUSIVE, WITH_BODY, Signing, attribute, find, inside

OTHER = {"/message.xml": b"POST\r\n/r1/other\r\n", "/attachment1": b"{}"}
SAID = [name for name in Document.__dataclass_fields__ if name not in {"octets", "tree", "canonical"}]


@pytest.fixture(scope="module")
def signing(kit):
    return Signing(kit)


@pytest.fixture(autouse=True)
def shapes(monkeypatch):
    """Shapes of this test's own."""
    own = Shapes()
    monkeypatch.setattr(signatures_reading, "_shapes", own)
    return own


def taken_apart(data: bytes, *, anew: bool = False) -> Document:
    document = read(data, anew=anew)
    check_form(document)
    return document


def canonical(document: Document) -> Canonical:
    assert document.tree is not None
    return Canonical(
        xml.canonical(document.tree.signed_info, document.canonical_form),
        xml.canonical(document.tree.properties, document.references[-1].transform or xml.INCLUSIVE),
    )


def broken(data: bytes) -> bytes:
    """The same document as Java writes it: lines of base64, spaces between elements."""
    head, value, tail = data.partition(b'Id="signature-value">')
    return (head + value + tail[:60] + b"\n" + tail[60:]).replace(b"><ds:Reference", b">\n<ds:Reference")


def crowded(data: bytes) -> bytes:
    """The same document with a text that looks like a digest beside each."""
    return data.replace(b"<ds:DigestMethod", b"QQ==<ds:DigestMethod")


@pytest.mark.parametrize("form", [bytes, broken, crowded])
@pytest.mark.parametrize("direct", [False, True])
def test_the_second_of_a_shape_is_not_parsed(signing, kit, form, direct):
    first = form(signing.sign(WITH_BODY, direct=direct).xml)
    second = form(signing.sign(OTHER, direct=direct, at=kit.now + timedelta(seconds=7)).xml)
    assert taken_apart(first).tree is not None
    known, anew = taken_apart(second), taken_apart(second, anew=True)
    assert known.tree is None
    assert [getattr(known, name) for name in SAID] == [getattr(anew, name) for name in SAID]
    assert known.canonical == canonical(anew)
    assert known.signing_time != taken_apart(first).signing_time


@pytest.mark.parametrize("method", [INCLUSIVE, EXCLUSIVE])
def test_the_canonical_form_is_the_one_that_is_named(signing, method):
    def change(root):
        for each in ("CanonicalizationMethod", "SignedProperties"):
            assert find(root, each) is not None
        find(root, "CanonicalizationMethod").set("Algorithm", method)

    document = signing.forge(change, WITH_BODY, original=signing.sign(WITH_BODY, direct=True))
    taken_apart(document.xml)
    assert taken_apart(document.xml).canonical == canonical(taken_apart(document.xml, anew=True))


def test_another_members_document_is_of_another_shape(signing, kit):
    other = Signing(kit)
    taken_apart(signing.sign().xml)
    assert taken_apart(other.sign().xml).tree is not None
    assert taken_apart(signing.sign(WITH_BODY, direct=True).xml).tree is not None


def verdict(signing, data: bytes, known: Shapes | None, judge):
    """What comes out, with or without what is known."""
    signatures_reading._shapes = known or Shapes()
    try:
        return signing.verify(Signature(data), WITH_BODY, judge=judge)
    except Refused as refused:
        return refused.code, refused.step, refused.message


@pytest.fixture(scope="module")
def judge():
    """The unchanged certificate was judged already; any other is judged."""
    verdicts = {}

    def judge(*given):
        key = given[:3]
        if key not in verdicts:
            verdicts[key] = signatures.judge_signing_certificate(*given)
        return verdicts[key]

    return judge


def test_with_any_octet_changed_the_verdict_is_that_of_reading_anew(signing, shapes, judge):
    document = bytearray(signing.sign(WITH_BODY, direct=True).xml)
    assert verdict(signing, bytes(document), shapes, judge) == verdict(signing, bytes(document), None, judge)
    for position in range(len(document)):
        document[position] ^= 0x01
        data = bytes(document)
        assert verdict(signing, data, shapes, judge) == verdict(signing, data, None, judge)
        document[position] ^= 0x01


PIECES = [b"", b" ", b"\n", b"A", b"=", b"0", b"&#65;", b"<a/>", b"DigestValue>", b"SignatureValue", b"SigningTime>"]


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_with_any_piece_moved_the_verdict_is_that_of_reading_anew(signing, judge, data):
    document = signing.sign(WITH_BODY, direct=True).xml
    known = Shapes()
    verdict(signing, document, known, judge)
    start, end = sorted(data.draw(st.integers(0, len(document))) for _ in range(2))
    piece = data.draw(st.sampled_from([*PIECES, document[start:end]]))
    at = data.draw(st.integers(0, len(document)))
    for octets in (document[:at] + piece + document[at:], document[:start] + piece + document[end:]):
        for _ in range(2):
            # The second time, what was learnt from the first counts too.
            assert verdict(signing, octets, known, judge) == verdict(signing, octets, None, judge)


LIKENESS = {
    "a digest within a method": inside("DigestMethod", "<DigestValue>QQ==</DigestValue>"),
    "a digest with an attribute": attribute("DigestValue", "a", "1"),
    "a time with an attribute": attribute("SigningTime", "a", "1"),
    "a name that looks like a tag": attribute("Reference", "Id", "DigestValue>QQ=="),
    "another signature value": inside("Object", "<SignatureValue>QQ==</SignatureValue>"),
    "another time": inside("UnsignedSignatureProperties", "<SigningTime>QQ==</SigningTime>"),
    "a second reference into itself": lambda root: find(root, "Reference").set("URI", "#signature"),
    "a canonical form that is not known": lambda root: find(root, "CanonicalizationMethod").set("Algorithm", "urn:x"),
}


@pytest.mark.parametrize("change", LIKENESS.values(), ids=LIKENESS)
def test_what_only_looks_alike_is_read_each_time(signing, change):
    data = signing.forge(change, WITH_BODY, original=signing.sign(WITH_BODY, direct=True), again=False).xml
    for _ in range(2):
        assert read(data).tree is not None
        try:
            check_form(read(data))
        except Refused as refused:
            assert refused.code == "malformed_signature"


def test_a_long_document_is_read_each_time(signing):
    many = {f"/attachment{number}": b"" for number in range(1, 70)}
    data = signing.sign({"/message.xml": b"", **many}, direct=True).xml
    assert len(data) > LONGEST
    taken_apart(data)
    assert taken_apart(data).tree is not None


def test_the_oldest_shape_goes_first(shapes):
    kept = [Values((), b"", b"", number) for number in range(MOST + 1)]
    for number, values in enumerate(kept):
        shapes.keep(values, number)
    assert [shapes.find(values) for values in kept] == [None, *range(1, MOST + 1)]


def test_strict_verification_reads_anew(signing):
    signature = signing.sign(WITH_BODY, direct=True)
    signing.verify(signature, WITH_BODY)
    assert read(signature.xml).tree is None
    assert read(signature.xml, anew=True).tree is not None
    signing.verify(signature, WITH_BODY, strict=True)


def test_canonical_forms_of_something_else_are_not_cut(signing):
    values = Values.of(signing.sign().xml)
    assert values is not None
    tag = b"DigestValue>"
    assert values.cut_signed_info(b"<a/>") is None
    assert values.cut_signed_info(tag.join([b"<", b"QQ==</", b"><", b"QQ==</", b">"])) is None
    assert values.cut_properties(b"<a/>") is None
