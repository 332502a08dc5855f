"""A MIME multipart body held whole: cut into parts, or put together (RFC 2046 as X-Road uses it).

Parts are raw octets: X-Road uses no transfer encoding, and signatures are over exactly what lies between the
delimiters, so nothing here decodes, trims or normalises. Stricter than RFC 2046 [our choice]: no preamble, no
epilogue, no white space after a boundary.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from functools import lru_cache

import msgspec

from ketnoi_protocol.errors import Refusal

CRLF = b"\r\n"
_BOUNDARY = re.compile(rb"[A-Za-z0-9'()+_,\-./:=?]{1,70}")
_PARAMETER = re.compile(r""";\s*boundary\s*=\s*(?:"([^"]*)"|([^\s;"]+))""", re.IGNORECASE)
_HEADER = re.compile(rb"([A-Za-z0-9!#$%&'*+\-.^_`|~]+):[ \t]*([\x20-\x7e\t\x80-\xff]*)")

LONGEST_HEADERS = 8 * 1024


class Part(msgspec.Struct, frozen=True):
    """One part: its media type in lower case without parameters, all its headers (lower-case names), its octets."""

    media_type: str
    headers: tuple[tuple[str, str], ...]
    content: bytes


def media_type(content_type: str) -> str:
    """`text/xml` from `Text/XML; charset=UTF-8`."""
    return content_type.partition(";")[0].strip().lower()


def boundary_of(content_type: str) -> bytes:
    """The boundary parameter of a multipart content type.

    Raises Refusal `invalid_content_type` when it is not multipart or has no usable boundary.
    """
    found = _PARAMETER.search(content_type)
    if not media_type(content_type).startswith("multipart/") or found is None:
        raise Refusal("invalid_content_type", "expected a multipart message with a boundary")
    boundary = (found[1] or found[2] or "").encode("ascii", "replace")
    if not _BOUNDARY.fullmatch(boundary):
        raise Refusal("invalid_content_type", "the multipart boundary has an unusable form")
    return boundary


def new_boundary(prefix: str) -> str:
    """A fresh boundary that no content can foresee: `prefix` and thirty random characters."""
    return prefix + secrets.token_hex(15)


def write(boundary: str, parts: Iterable[tuple[str, bytes]]) -> bytes:
    """The body for (content type, octets) pairs, with X-Road's lower-case `content-type: ` header."""
    delimiter = f"--{boundary}\r\ncontent-type: "
    pieces: list[bytes] = []
    for content_type, content in parts:
        pieces += (f"{delimiter}{content_type}\r\n\r\n".encode(), content, CRLF)
    pieces.append(f"--{boundary}--\r\n".encode())
    return b"".join(pieces)


def read(body: bytes, boundary: bytes, *, most: int, newline: bytes = CRLF) -> list[Part]:
    """Cut `body` at `boundary` into at most `most` parts.

    `newline` is CRLF on the wire; some recorded messages end their lines with LF alone.
    Raises Refusal `mime_parsing_failed` for anything that is not exactly a multipart body.
    """
    opening = b"--" + boundary
    delimiter, blank_line, width = newline + opening, newline + newline, len(newline)
    at = width if body.startswith(delimiter) else 0
    if not body.startswith(opening, at):
        raise Refusal("mime_parsing_failed", "the message does not begin with its boundary")
    at += len(opening)
    parts: list[Part] = []
    while not body.startswith(b"--", at):
        if not body.startswith(newline, at):
            raise Refusal("mime_parsing_failed", "a boundary is followed by something else than a line end")
        if len(parts) == most:
            raise Refusal("mime_parsing_failed", f"more than {most} parts")
        at += width
        end = body.find(delimiter, at)
        if end < 0:
            raise Refusal("mime_parsing_failed", "the closing boundary is missing")
        if body.startswith(newline, at):
            parts.append(Part("", (), body[at + width : end]))
        else:
            blank = body.find(blank_line, at, min(end, at + LONGEST_HEADERS))
            if blank < 0:
                raise Refusal("mime_parsing_failed", "a part has no end of its headers")
            parts.append(Part(*_headers(body[at:blank], newline), body[blank + 2 * width : end]))
        at = end + len(delimiter)
    if body[at + 2 :] not in (b"", newline):
        raise Refusal("mime_parsing_failed", "something follows the closing boundary")
    return parts


@lru_cache(maxsize=256)
def _headers(block: bytes, newline: bytes) -> tuple[str, tuple[tuple[str, str], ...]]:
    # Remembered, since nearly all messages have the same few header blocks.
    headers = []
    media: str | None = None
    for line in block.split(newline):
        found = _HEADER.fullmatch(line)
        if found is None:
            raise Refusal("mime_parsing_failed", "a part has a malformed header")
        name, value = found[1].decode("ascii").lower(), found[2].decode("latin-1").strip()
        if name == "content-type":
            if media is not None:
                raise Refusal("mime_parsing_failed", "a part has two content types")
            media = media_type(value)
        headers.append((name, value))
    return media or "", tuple(headers)
