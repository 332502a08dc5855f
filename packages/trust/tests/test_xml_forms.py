"""Canonical form, and the values that stand in it."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketnoi_trust import xml
from ketnoi_trust.errors import Refused

SAMPLE = b'<a xmlns:z="urn:z" xmlns:b="urn:b" y=\'1\' b:x="2"><b:c  d="&lt;&#9;"/>e&gt;\n<f></f></a>'
LETTERS = st.text(
    st.characters(exclude_categories=["Cs"]).filter(lambda letter: ord(letter) > 31 or letter in "\t\n\r")
)


def test_inclusive_form_brings_the_declarations_of_all_ancestors():
    root = xml.parse_signed(SAMPLE)
    assert xml.canonical(root[0], xml.INCLUSIVE) == b'<b:c xmlns:b="urn:b" xmlns:z="urn:z" d="&lt;&#x9;"></b:c>'


def test_exclusive_form_brings_the_declarations_that_are_used():
    root = xml.parse_signed(SAMPLE)
    assert xml.canonical(root[0], xml.EXCLUSIVE) == b'<b:c xmlns:b="urn:b" d="&lt;&#x9;"></b:c>'


def test_comments_stay_only_where_the_method_says_so():
    root = xml.parse_signed(b"<a>b<!-- c -->d</a>", plain=False)
    assert xml.canonical(root, xml.INCLUSIVE) == xml.canonical(root, xml.EXCLUSIVE) == b"<a>bd</a>"
    for method in (xml.INCLUSIVE + "#WithComments", xml.EXCLUSIVE + "WithComments"):
        assert xml.canonical(root, method) == b"<a>b<!-- c -->d</a>"


@pytest.mark.parametrize(
    "method",
    [
        "",
        "http://www.w3.org/2006/12/xml-c14n11",
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
    ],
)
def test_other_methods_are_refused(method):
    with pytest.raises(Refused) as refused:
        xml.canonical(xml.parse_signed(SAMPLE), method)
    assert refused.value.code == "invalid_xml"


def test_relative_namespaces_have_no_canonical_form():
    with pytest.raises(Refused) as refused:
        xml.canonical(xml.parse_signed(b'<a xmlns="b"/>'), xml.INCLUSIVE)
    assert refused.value.code == "invalid_xml"


@given(LETTERS, LETTERS)
def test_what_is_written_is_canonical_already(text, attribute):
    written = f'<a b="{xml.attribute(attribute)}">{xml.text(text)}</a>'
    if "\ufffe" in attribute or "\uffff" in attribute:
        return
    root = xml.parse(written.encode())
    assert xml.canonical(root, xml.INCLUSIVE) == written.encode()
    assert root.get("b") == attribute


def test_texts_lose_what_xml_cannot_carry():
    assert xml.text("a\x01\ufffe&<>\r") == "a\ufffd\ufffd&amp;&lt;&gt;&#xD;"


@given(st.binary(max_size=100), st.integers(1, 80))
def test_base64_is_read_with_white_space_of_any_kind(octets, width):
    written = b64encode(octets).decode()
    lines = "\r\n".join(written[start : start + width] for start in range(0, len(written), width))
    assert xml.base64_of(written) == xml.base64_of(f" {lines}\n\t") == octets


def test_no_text_is_no_octets():
    assert xml.base64_of(None) == b""


@pytest.mark.parametrize(
    "written", ["A", "AA", "AA=", "=AAA", "AAA-", "AA==AA==", "AAAA=", "AAAA====", "ÀÀÀÀ", "AA\x00=="]
)
def test_other_texts_are_refused(written):
    with pytest.raises(Refused) as refused:
        xml.base64_of(written)
    assert refused.value.code == "invalid_xml"
