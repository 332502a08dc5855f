"""ASN.1 in BER, read within limits, and written in DER (X.690): only what time stamps and hash chains need.

Old tokens are BER (indefinite lengths), which the parsers of `cryptography` refuse. Nothing is interpreted before it
is asked for, and every question that the data cannot answer is a ValueError.
"""

from __future__ import annotations

from dataclasses import dataclass

INTEGER, OCTET_STRING, OID, SEQUENCE, SET = 0x02, 0x04, 0x06, 0x30, 0x31
UTF8_STRING, GENERALIZED_TIME = 0x0C, 0x18
NULL = b"\x05\x00"

MAX_DEPTH = 16
MAX_CHILDREN = 1024
_CONSTRUCTED = 0x20
_END = b"\x00\x00"


@dataclass(frozen=True, slots=True)
class Element:
    """One encoded value: its identifier octet, its contents, and its whole encoding as received."""

    tag: int
    content: bytes
    raw: bytes

    def children(self, tag: int = SEQUENCE) -> list[Element]:
        """What a constructed value of that tag is made of, in order."""
        self.expect(tag)
        found: list[Element] = []
        position = 0
        while position < len(self.content):
            if len(found) == MAX_CHILDREN:
                raise ValueError("too many values in one")
            element = _read(self.content, position, MAX_DEPTH)
            found.append(element)
            position += len(element.raw)
        return found

    def expect(self, tag: int) -> Element:
        """This element, which must have that tag."""
        if self.tag != tag:
            raise ValueError("a value has another type than expected")
        return self

    def explicit(self, number: int) -> Element:
        """The one value inside a context-specific explicit tag."""
        inner = self.children(0xA0 + number)
        if len(inner) != 1:
            raise ValueError("an explicit tag does not hold one value")
        return inner[0]

    def integer(self) -> int:
        """A signed INTEGER."""
        content = self.expect(INTEGER).content
        if not content:
            raise ValueError("an integer is empty")
        return int.from_bytes(content, "big", signed=True)

    def octets(self) -> bytes:
        """An OCTET STRING, also one that BER has cut into pieces."""
        if self.tag == OCTET_STRING | _CONSTRUCTED:
            return b"".join(each.expect(OCTET_STRING).content for each in self.children(self.tag))
        return self.expect(OCTET_STRING).content


def read(data: bytes) -> Element:
    """The one value that the data are; anything after it is an error. Raises ValueError."""
    element = _read(data, 0, MAX_DEPTH)
    if len(element.raw) != len(data):
        raise ValueError("something follows the value")
    return element


def encode(tag: int, *contents: bytes) -> bytes:
    """DER of a value with these contents."""
    content = b"".join(contents)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _read(data: bytes, start: int, depth: int) -> Element:
    begin, end, after = _bounds(data, start, depth)
    return Element(data[start], data[begin:end], data[start:after])


def _bounds(data: bytes, start: int, depth: int) -> tuple[int, int, int]:
    """Where the contents of the value at `start` begin and end, and where the value itself ends."""
    if start + 2 > len(data) or depth == 0:
        raise ValueError("a value is cut off or lies too deep")
    tag, size = data[start], data[start + 1]
    if tag & 0x1F == 0x1F:
        raise ValueError("a tag's number is too large")
    begin = start + 2
    if size == 0x80:
        if not tag & _CONSTRUCTED:
            raise ValueError("a primitive value has no length")
        position = begin
        while data[position : position + 2] != _END:
            position = _bounds(data, position, depth - 1)[2]
        return begin, position, position + 2
    if size > 0x80:
        count = size & 0x7F
        size, begin = int.from_bytes(data[begin : begin + count], "big"), begin + count
    if begin + size > len(data):
        raise ValueError("a value is cut off")
    return begin, begin + size, begin + size
