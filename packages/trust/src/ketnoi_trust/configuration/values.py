"""The plain values that X-Road's configuration files are made of, read and written.

The root element is in the namespace of xroad.xsd, its children are in none (elementFormDefault is unqualified), and
only the parts of identifiers are in the namespace of identifiers.xsd.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from ketnoi_protocol.identifiers import MemberId, SubsystemId
from ketnoi_trust import xml
from ketnoi_trust.errors import Refused

XROAD = "http://x-road.eu/xsd/xroad.xsd"
IDENTIFIERS = "http://x-road.eu/xsd/identifiers"

# A configuration of 10,000 servers has about 9 MB and 380,000 tags, and is read in one second or two.
MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_TAGS = 400_000

_PEM_BEGIN, _PEM_END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})?")


def malformed(message: str) -> Refused:
    """The refusal of a configuration that does not say what it must."""
    return Refused("malformed_global_conf", message)


def root_of(data: bytes) -> etree._Element:
    """The root element of a configuration file; raises Refused("malformed_global_conf")."""
    if len(data) > MAX_FILE_BYTES or data.count(b"<") > MAX_TAGS:
        raise malformed("the file is too large")
    try:
        return xml.parse(data)
    except Refused as error:
        raise malformed("the file is not well-formed XML") from error


def children(parent: etree._Element, name: str) -> list[etree._Element]:
    """The child elements of one name, in order; names without a namespace, as the schema has them."""
    return list(parent.iterchildren(name))


def optional_child(parent: etree._Element, name: str) -> etree._Element | None:
    """The child of that name, or None; raises Refused("malformed_global_conf") for more than one."""
    every = parent.iterchildren(name)
    first = next(every, None)
    if first is not None and next(every, None) is not None:
        raise malformed(f"more than one element {name}")
    return first


def child(parent: etree._Element, name: str) -> etree._Element:
    """The one child of that name; raises Refused("malformed_global_conf") for none or several."""
    found = optional_child(parent, name)
    if found is None:
        raise malformed(f"no element {name}")
    return found


def text_of(element: etree._Element) -> str:
    """The text of an element without surrounding white space; comments within it are passed over."""
    text = element.text or ""
    if len(element):
        text += "".join(each.tail or "" for each in element)
    return text.strip()


def optional_text(parent: etree._Element, name: str) -> str | None:
    """The text of an optional child, or None where the child is absent."""
    found = optional_child(parent, name)
    return None if found is None else text_of(found)


def base64_of(text: str) -> bytes:
    """Base64 with any white space in it; raises Refused("malformed_global_conf")."""
    try:
        return b64decode("".join(text.split()), validate=True)
    except (Base64Error, ValueError) as error:
        raise malformed("a value is not base64") from error


def certificate_der(element: etree._Element) -> bytes:
    """The DER of a certificate element: base64 of DER, or base64 of a PEM text, which real files also hold.

    What is inside is not looked at; raises Refused("malformed_global_conf") when there is nothing.
    """
    value = base64_of(text_of(element))
    begin = value.find(_PEM_BEGIN)
    end = value.find(_PEM_END, begin)
    if begin >= 0 and end >= 0:
        value = base64_of(value[begin + len(_PEM_BEGIN) : end].decode("ascii", "replace"))
    if not value:
        raise malformed("a certificate is empty")
    return value


def whole_number(text: str) -> int:
    """A number of 0 to 2^31-1; raises Refused("malformed_global_conf")."""
    if not re.fullmatch(r"\+?[0-9]{1,10}", text, re.ASCII) or int(text) > 2**31 - 1:
        raise malformed("a value is not a whole number")
    return int(text)


def truth(text: str) -> bool:
    """An xs:boolean; raises Refused("malformed_global_conf")."""
    if text not in {"true", "false", "1", "0"}:
        raise malformed("a value is neither true nor false")
    return text in {"true", "1"}


def moment(text: str) -> datetime:
    """An xs:dateTime as aware UTC (a time without a zone is UTC); raises Refused("malformed_global_conf")."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise malformed("a value is not a date and time")
    seconds, fraction, zone = found.groups()
    try:
        read = datetime.fromisoformat(
            f"{seconds}.{(fraction or '0')[:6]:0<6}{'+00:00' if zone in {None, 'Z'} else zone}"
        )
        return read.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise malformed("a value is not a date and time") from error


def written_moment(at: datetime) -> str:
    """An aware moment as UTC to the second, as X-Road writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Writer:
    """Writes one configuration file: a qualified root, unqualified children, four spaces a level.

    Raises Refused("malformed_global_conf") for characters that XML cannot carry.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._lines = [
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>',
            f'<xrd:{root} xmlns:id="{IDENTIFIERS}" xmlns:xrd="{XROAD}">',
        ]
        self._indent = "    "

    def text(self, name: str, value: str) -> None:
        """One element with a text."""
        self._lines.append(f"{self._indent}<{name}>{self._safe(value)}</{name}>")

    def optional(self, name: str, value: str | None) -> None:
        """One element with a text, unless the value is None."""
        if value is not None:
            self.text(name, value)

    def base64(self, name: str, value: bytes) -> None:
        """One element with bytes."""
        self.text(name, b64encode(value).decode("ascii"))

    def client(self, name: str, client: MemberId | SubsystemId) -> None:
        """One element with a member's or a subsystem's identifier (identifiers.xsd)."""
        with self.inside(name, **{"id:objectType": client.OBJECT_TYPE}):
            for part, value in client.xml_parts():
                self.text(f"id:{part}", value)

    @contextmanager
    def inside(self, name: str, **attributes: str) -> Iterator[None]:
        """An element whose children are written within the block."""
        written = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
        self._lines.append(f"{self._indent}<{name}{written}>")
        outer, self._indent = self._indent, self._indent + "    "
        yield
        self._indent = outer
        self._lines.append(f"{outer}</{name}>")

    def finish(self) -> bytes:
        """The whole file in UTF-8."""
        return "\n".join([*self._lines, f"</xrd:{self._root}>", ""]).encode()

    def _safe(self, value: str) -> str:
        if xml.UNWRITABLE.search(value):
            raise malformed("a text holds characters that XML cannot carry")
        return escape(value, {"\r": "&#13;"})
