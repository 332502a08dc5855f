"""XML from strangers, read within bounds: elements, attributes and texts of a small message, and nothing else.

The parser is Python's own expat, because agencies install this package without any other parser; it calls us for each
thing it meets, so a document type is refused at its first word, before any entity could be read, and too many
or too deep elements as they come, before they are kept.

Refused with `10`, without a word of the message: what is not Unicode (UTF-8, or UTF-16 that begins with its mark), a
document type, processing instructions, undeclared entities, more than MAX_ELEMENTS elements or MAX_DEPTH levels,
text beside elements, a comment within a value, which could cut it in two for another reader, and content of an element
that is said to be nil, which another reader might pass over.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from ketnoi_protocol.errors import Refusal

MAX_DEPTH: Final = 16
"""Levels of a message [our choice]; a request has 6, a header for WS-Security about 10."""
MAX_ELEMENTS: Final = 1_000
MAX_ATTRIBUTES: Final = 20
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"

# The mark, how Python reads what follows it, and what the declaration may say of it. Four octets first.
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "", ()),
    (codecs.BOM_UTF32_BE, "", ()),
    (codecs.BOM_UTF8, "utf-8", ("UTF-8",)),
    (codecs.BOM_UTF16_LE, "utf-16-le", ("UTF-16", "UTF-16LE")),
    (codecs.BOM_UTF16_BE, "utf-16-be", ("UTF-16", "UTF-16BE")),
    (b"", "utf-8", ("UTF-8",)),
)
_SPACE: Final = " \t\r\n"


@dataclass(slots=True, repr=False, eq=False)
class Element:
    """An element: its namespace (empty for none), local name, attributes by (namespace, name), and either children or
    a text."""

    namespace: str
    name: str
    attributes: dict[tuple[str, str], str]
    children: list[Element] = field(default_factory=list)
    text: str = ""

    @property
    def value(self) -> str:
        """The text without white space around it."""
        return self.text.strip(_SPACE)


def read_xml(octets: bytes) -> Element:
    """The root of a message. Raises Refusal `10`."""
    text, declarable = _decoded(octets)
    reader = _Reader(declarable)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.XmlDeclHandler = reader.declaration
    parser.StartDoctypeDeclHandler = reader.document_type
    parser.ProcessingInstructionHandler = reader.instruction
    parser.CommentHandler = reader.comment
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    try:
        # A text, so that expat takes it for UTF-8 whatever the declaration says.
        parser.Parse(text, True)
    except expat.ExpatError:
        # Not chained: the message may quote the document.
        raise Refusal("10", "the body is not well-formed XML") from None
    return reader.root


def _decoded(octets: bytes) -> tuple[str, tuple[str, ...]]:
    mark, encoding, declarable = next(each for each in _MARKS if octets.startswith(each[0]))
    try:
        return octets[len(mark) :].decode(encoding, "strict"), declarable
    except (UnicodeDecodeError, LookupError):
        raise Refusal("10", "the body is not Unicode: UTF-8, or UTF-16 with its mark") from None


class _Reader:
    """What expat calls."""

    def __init__(self, declarable: tuple[str, ...]) -> None:
        self.root: Element
        self._declarable = declarable
        self._open: list[Element] = []
        self._count = 0
        self._commented: set[int] = set()

    def declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None and encoding.upper() not in self._declarable:
            raise Refusal("10", "the XML declaration names another encoding than the body has")

    def document_type(self, *_told: object) -> None:
        raise Refusal("10", "a document type is not taken")

    def instruction(self, _target: str, _data: str) -> None:
        raise Refusal("10", "processing instructions are not taken")

    def comment(self, _text: str) -> None:
        self._commented.add(len(self._open))

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS or len(self._open) >= MAX_DEPTH or len(attributes) > MAX_ATTRIBUTES:
            raise Refusal("10", "the body has too many elements, levels or attributes")
        namespace, _, local = name.rpartition(" ")
        element = Element(namespace, local, _named(attributes) if attributes else {})
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        self._commented.discard(len(self._open))

    def end(self, _name: str) -> None:
        depth = len(self._open)
        element = self._open.pop()
        if element.children or depth in self._commented:
            if element.text.strip(_SPACE):
                raise Refusal("10", "there is text beside elements, or a comment within a value")
            element.text = ""
        if element.attributes and _is_nil(element) and (element.children or element.value):
            raise Refusal("10", "an element is said to be nil and holds something")

    def characters(self, text: str) -> None:
        self._open[-1].text += text


def _is_nil(element: Element) -> bool:
    return element.attributes.get((XSI, "nil"), "").strip(_SPACE) in ("true", "1")


def _named(attributes: dict[str, str]) -> dict[tuple[str, str], str]:
    parts = [(each.rpartition(" "), value) for each, value in attributes.items()]
    return {(namespace, name): value for (namespace, _, name), value in parts}
