"""XML from strangers: what is refused before it can do harm, and how long it may take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketnoi_trust import xml
from ketnoi_trust.errors import Refused

from .cpu import in_time


def declarations(count):
    return b" ".join(b'xmlns:n%d="urn:n"' % number for number in range(count))


ANYWHERE = {
    "nothing": b"",
    "no XML": b"POST\r\n/r1",
    "not closed": b"<a>",
    "a document type": b"<!DOCTYPE a><a/>",
    "an entity in an attribute": b'<!DOCTYPE a [<!ENTITY e "1">]><a b="&e;"/>',
    "an unknown entity": b"<a>&e;</a>",
    "an external entity": b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
    "UTF-16": "<a/>".encode("utf-16"),
    "UTF-16 without its mark": "<a/>".encode("utf-16-be"),
    "Latin-1": b'<?xml version="1.0" encoding="ISO-8859-1"?><a/>',
    "Latin-1 after a mark": b"\xef\xbb\xbf<?xml version='1.0' encoding = 'latin1'?><a/>",
    "not UTF-8": b"<a>\xff</a>",
    "257 levels": b"<a>" * 257 + b"</a>" * 257,
    "two roots": b"<a/><a/>",
}

SIGNED_ONLY = {
    "too long": b"<a>" + b" " * xml.MAX_BYTES + b"</a>",
    "too many tags": b"<a>" + b"<b/>" * xml.MAX_TAGS + b"</a>",
    "too many attributes": b"<a " + b" ".join(b'b%d=""' % number for number in range(xml.MAX_QUOTES // 2 + 1)) + b"/>",
    "too many attributes in single quotes": b"<a " + b" ".join(b"b%d=''" % n for n in range(2_049)) + b"/>",
    "too many declarations": b"<a " + declarations(xml.MAX_DECLARATIONS + 1) + b"/>",
    "an instruction": b"<a><?b c?></a>",
    "an instruction first": b"<?xml-stylesheet href='x'?><a/>",
    "an instruction last": b'<?xml version="1.0"?><a/><?b c?>',
    "an attribute that is handed down": b'<a xml:space="preserve"/>',
}

PLAIN_ONLY = {"a comment": b"<a>b<!-- c -->d</a>", "character data": b"<a><![CDATA[b]]></a>"}


@pytest.mark.parametrize("name", ANYWHERE)
def test_no_reader_takes_it(name):
    for read in (xml.parse, xml.parse_signed, lambda data: xml.parse_signed(data, plain=False)):
        with pytest.raises(Refused) as refused:
            read(ANYWHERE[name])
        assert refused.value.code == "invalid_xml"


@pytest.mark.parametrize("name", SIGNED_ONLY)
def test_signed_documents_are_small_and_simple(name):
    assert xml.parse(SIGNED_ONLY[name]).tag == "a"
    for plain in (False, True):
        with pytest.raises(Refused) as refused:
            xml.parse_signed(SIGNED_ONLY[name], plain=plain)
        assert refused.value.code == "invalid_xml"


@pytest.mark.parametrize("name", PLAIN_ONLY)
def test_plain_documents_hold_elements_and_text_alone(name):
    assert xml.parse_signed(PLAIN_ONLY[name], plain=False).tag == "a"
    with pytest.raises(Refused) as refused:
        xml.parse_signed(PLAIN_ONLY[name])
    assert refused.value.code == "invalid_xml"


@pytest.mark.parametrize(
    "data",
    [
        b"<a/>",
        b"<?xml version='1.0' encoding='utf-8'?>\n<a/>\n",
        b'<?xml\tversion="1.0" standalone="no"?><a>what? that! <b/></a>',
        b"<a " + declarations(xml.MAX_DECLARATIONS) + b"/>",
        b"<a>" * 256 + b"</a>" * 256,
    ],
)
def test_what_is_honest_is_read(data):
    assert xml.parse(data).tag == xml.parse_signed(data).tag == "a"


def test_a_byte_order_mark_is_taken_in_files_only():
    marked = b"\xef\xbb\xbf<?xml version='1.0'?><a/>"
    assert xml.parse(marked).tag == "a"
    with pytest.raises(Refused):
        xml.parse_signed(marked)


def test_the_largest_file_takes_little_time():
    data = b"<a>" + b"<b/>" * (xml.MAX_FILE_TAGS - 2) + b"</a>"
    with in_time():
        assert xml.parse(data).tag == "a"


@pytest.mark.parametrize("data", [b" " * xml.MAX_FILE_BYTES, b"<a>" + b"b" * 60_000_000, bytes(1_000_000)])
def test_large_files_that_are_no_xml_take_little_time(data):
    with in_time(), pytest.raises(Refused):
        xml.parse(data)


@pytest.mark.parametrize("data", [b"<a>" + b"<b/>" * xml.MAX_FILE_TAGS + b"</a>", b" " * (xml.MAX_FILE_BYTES + 1)])
def test_larger_files_are_not_looked_at(data):
    with in_time(), pytest.raises(Refused):
        xml.parse(data)


def costly():
    """Documents at the limits, in the shapes that make canonical form slow."""
    many = declarations(xml.MAX_DECLARATIONS)
    used = b"".join(b"<n%d:b/>" % (number % xml.MAX_DECLARATIONS) for number in range(xml.MAX_TAGS - 2))
    yield b"<a " + many + b">" + used + b"</a>"
    yield b"<a " + many + b">" + b"<b>" * 250 + b"<b/>" * (xml.MAX_TAGS - 512) + b"</b>" * 250 + b"</a>"
    yield b"<a " + b" ".join(b'b%d=""' % number for number in range(xml.MAX_QUOTES // 2)) + b"/>"
    yield b"<a>" + b"&#13;" * ((xml.MAX_BYTES - 7) // 5) + b"</a>"


@pytest.mark.parametrize("method", xml.CANONICAL_FORMS)
def test_canonical_form_takes_little_time(method):
    for data in costly():
        with in_time():
            root = xml.parse_signed(data)
            assert xml.canonical(root, method)
            xml.canonical(root[-1] if len(root) else root, method)


def test_what_the_parser_says_is_not_passed_on():
    with pytest.raises(Refused) as refused:
        xml.parse(b"<so912345678901>")
    assert "912345678901" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    for read in (xml.parse, xml.parse_signed):
        try:
            root = read(data)
            xml.canonical(root, xml.INCLUSIVE)
        except Refused as refused:
            assert refused.code == "invalid_xml"
