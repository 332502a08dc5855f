"""MIME multipart as X-Road's configuration uses it: found, never rewritten.

The signature covers bytes, so a body is returned exactly as it stands, LF or CRLF, without the line break that
belongs to the delimiter after it. Only what the format needs is accepted: no nesting by itself, no preamble or
epilogue with content, headers on one line each and each at most once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ketnoi_trust.configuration.values import malformed

MAX_HEADERS = 32
MAX_PARTS = 64

_LINE = re.compile(rb"([^\r\n]*)(?:\r\n|\n)")
_HEADER = re.compile(r"([A-Za-z0-9-]{1,100}):(.*)")
_PARAMETER = re.compile(r"""[ \t]*([A-Za-z0-9-]+)=(?:"([^"]*)"|'([^']*)'|([^"';\s]*))[ \t]*""")
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")


@dataclass(frozen=True, slots=True)
class Part:
    """Headers by lower-case name, and the body's exact bytes."""

    headers: dict[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """A header's value; raises Refused("malformed_global_conf") where it is absent."""
        if name not in self.headers:
            raise malformed(f"a part has no header {name}")
        return self.headers[name]


def read_part(data: bytes) -> Part:
    """Split headers from body at the first empty line; a part of headers alone has an empty body."""
    headers: dict[str, str] = {}
    position = 0
    while position < len(data):
        found = _LINE.match(data, position)
        line, position = (data[position:], len(data)) if found is None else (found.group(1), found.end())
        if not line:
            break
        header = _HEADER.fullmatch(line.decode("latin-1"))
        if header is None or header.group(1).lower() in headers or len(headers) == MAX_HEADERS:
            raise malformed("a part's headers cannot be read")
        headers[header.group(1).lower()] = header.group(2).strip(" \t")
    return Part(headers, data[position:])


def value_and_parameters(header: str) -> tuple[str, dict[str, str]]:
    """A header such as `X; instance="EE"`; parameters bare or in either kind of quotation marks."""
    value, *rest = header.split(";")
    parameters: dict[str, str] = {}
    for each in rest:
        found = _PARAMETER.fullmatch(each)
        if found is None or found.group(1).lower() in parameters:
            raise malformed("a header's parameters cannot be read")
        double, single, bare = found.group(2, 3, 4)
        parameters[found.group(1).lower()] = double if double is not None else single if single is not None else bare
    return value.strip(), parameters


def boundary_of(part: Part, content_type: str) -> bytes:
    """The boundary that a part's content type names; raises Refused for another content type."""
    value, parameters = value_and_parameters(part.header("content-type"))
    boundary = parameters.get("boundary", "")
    if value.lower() != content_type or not _BOUNDARY.fullmatch(boundary):
        raise malformed(f"a part is not {content_type} with a boundary")
    return boundary.encode("ascii")


def split(body: bytes, boundary: bytes, *, closed: bool) -> list[Part]:
    """The parts between delimiters, headers and exact bodies.

    `closed` demands the closing delimiter; X-Road's inner multipart is also seen without one.
    """
    delimiter = re.compile(rb"(\A|\r\n|\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r\n|\n|\Z)")
    found = list(delimiter.finditer(body))
    if not found or len(found) > MAX_PARTS or body[: found[0].start()].strip():
        raise malformed("the parts cannot be told apart")
    closing = [index for index, each in enumerate(found) if each.group(2)]
    if closing and (closing != [len(found) - 1] or body[found[-1].end() :].strip()):
        raise malformed("something follows the closing delimiter")
    if closed and not closing:
        raise malformed("the closing delimiter is missing")
    ends = [each.start() for each in found[1:]]
    if not closing:
        ends.append(len(body))
    return [read_part(_after_line_break(body[each.end() : end])) for each, end in zip(found, ends, strict=False)]


def _after_line_break(data: bytes) -> bytes:
    return data[2:] if data.startswith(b"\r\n") else data[1:]
