"""XML from strangers: read within limits, and put into canonical form.

No document type, no entities, UTF-8 only, 256 levels at most. Canonical forms are Canonical XML 1.0 and Exclusive XML
Canonicalization 1.0 (W3C), the two that signatures of security servers use.
"""

from __future__ import annotations

import re
from binascii import a2b_base64

from lxml import etree

from ketnoi_trust.errors import Refused

INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"

# Each method with its two switches: exclusive, with comments.
CANONICAL_FORMS = {
    INCLUSIVE: (False, False),
    INCLUSIVE + "#WithComments": (False, True),
    EXCLUSIVE: (True, False),
    EXCLUSIVE + "WithComments": (True, True),
}

# Whole files, such as the configuration of a country (20 MB for 20,000 servers); reading one costs under 2 s.
MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_FILE_TAGS = 1_000_000

# Documents that are put into canonical form, whose cost grows with the cube of the declarations: 2,000 of them in
# 200 kB took libxml2 four minutes. Signatures have four declarations, and about a hundred tags.
MAX_BYTES = 256 * 1024
MAX_TAGS = 8_192
MAX_QUOTES = 4_096
MAX_DECLARATIONS = 32

_ENCODING = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([^\"']*)")
# Attributes such as xml:space, which inclusive canonical form hands down to elements that do not have them.
_HANDED_DOWN = b"xml:"
_DECLARATION = (b"<?xml ", b"<?xml\t", b"<?xml\r", b"<?xml\n")
# What XML cannot carry, not even escaped.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def parse(data: bytes) -> etree._Element:
    """The root of a whole file of at most 64 MiB; raises Refused("invalid_xml")."""
    if len(data) > MAX_FILE_BYTES or data.count(b"<") > MAX_FILE_TAGS:
        raise _refused("the document is too large")
    return _parse(data)


def parse_signed(data: bytes, *, plain: bool = True) -> etree._Element:
    """The root of a document of at most 256 KiB which can be put into canonical form at little cost.

    `plain` documents consist of elements, attributes and text alone: a comment can then not cut a value in two, and
    nothing stands in them that canonical form would leave out. Raises Refused("invalid_xml").
    """
    if (
        len(data) > MAX_BYTES
        or data.count(b"<") > MAX_TAGS
        or data.count(b'"') + data.count(b"'") > MAX_QUOTES
        or data.count(b"xmlns") > MAX_DECLARATIONS
    ):
        raise _refused("the document is too large")
    body = data.find(b"?>") if data.startswith(_DECLARATION) else 0
    # One octet is looked for first because that is many times faster.
    if (data.find(b"?", body + 2) >= 0 and data.find(b"<?", body) >= 0) or (plain and b"!" in data and b"<!" in data):
        raise _refused("the document holds more than elements, attributes and text")
    if _HANDED_DOWN in data:
        raise _refused("the document holds attributes that are handed down")
    return _parse(data)


def _parse(data: bytes) -> etree._Element:
    # Looked for in the octets, so that no entity is ever read; a document that says the word in a text is refused too.
    if b"<!DOCTYPE" in data:
        raise _refused("the document has a document type")
    declared = _ENCODING.match(data)
    if declared is not None and declared.group(1).upper() != b"UTF-8":
        raise _refused("the document is not in UTF-8")
    try:
        return etree.fromstring(data, _parser())
    except etree.XMLSyntaxError:
        # Not chained: the parser's message may quote the document.
        raise _refused("the document is not well-formed XML") from None


def _parser() -> etree.XMLParser:
    # A parser of its own for each document, since threads would have to wait for one another (it costs 3 µs). The
    # encoding is said, so that the first octets cannot choose another one.
    return etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, collect_ids=False
    )


def canonical(element: etree._Element, method: str) -> bytes:
    """The canonical form of an element of a document read by `parse_signed`, in its place in the document.

    `method` is one of CANONICAL_FORMS. Raises Refused("invalid_xml") for another one, and where there is no form.
    """
    form = CANONICAL_FORMS.get(method)
    if form is None:
        raise _refused("the canonical form is not known here")
    try:
        return etree.tostring(element, method="c14n", exclusive=form[0], with_comments=form[1])
    except etree.C14NError:
        raise _refused("the document has no canonical form") from None


def base64_of(text: str | None) -> bytes:
    """The octets of an element's base64, white space passed over; raises Refused("invalid_xml") for anything else."""
    written = text or ""
    if " " in written or "\n" in written or "\r" in written or "\t" in written:
        # Java breaks the lines.
        written = "".join(written.split())
    try:
        octets = a2b_base64(written, strict_mode=True)
    except ValueError:
        raise _refused("a value is not base64") from None
    # More padding than there should be is no error to Python.
    if len(written) % 4 or written.endswith("==="):
        raise _refused("a value is not base64")
    return octets


def text(value: str) -> str:
    """A text as it stands in canonical form; U+FFFD for characters that XML cannot carry."""
    return (
        UNWRITABLE.sub("\ufffd", value)
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\r", "&#xD;")
    )


def attribute(value: str) -> str:
    """A value as it stands in canonical form, between double quotes."""
    escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return escaped.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")


def _refused(message: str) -> Refused:
    return Refused("invalid_xml", message)
