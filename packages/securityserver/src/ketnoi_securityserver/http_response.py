"""Reading one HTTP/1.1 response from octets as they come (RFC 9112). No I/O.

Small and strict on purpose: a response whose end could be seen differently by two readers is refused.
"""

from __future__ import annotations

import re

import msgspec

from ketnoi_protocol.errors import Refusal

LONGEST_HEAD = 64 * 1024
LONGEST_CHUNK_LINE = 4 * 1024
_STATUS = re.compile(r"HTTP/1\.([01]) ([1-9][0-9]{2})(?: (.*))?")
_NAMES = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]*")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?")


class Response(msgspec.Struct, frozen=True):
    """A whole response. Header names are in lower case; values are stripped; repeated headers stay apart."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first value of a header, named in lower case."""
        for key, value in self.headers:
            if key == name:
                return value
        return None


class ResponseReader:
    """Takes octets with `feed` until the response is whole. One reader reads one response.

    `longest_body` is in octets. After the response is whole, `reusable` says whether the connection may carry
    another exchange.
    """

    __slots__ = ("_body", "_buffer", "_head", "_left", "_limit", "_method", "_mode", "_searched", "_size", "reusable")

    def __init__(self, method: str, longest_body: int) -> None:
        self._method = method
        self._limit = longest_body
        self._buffer = bytearray()
        self._searched = 0
        self._head: tuple[int, str, tuple[tuple[str, str], ...]] | None = None
        self._mode = "head"
        self._left = 0
        self._body: list[bytes] = []
        self._size = 0
        self.reusable = False

    def feed(self, data: bytes) -> Response | None:
        """Take more octets; the response once it is whole.

        Raises Refusal `http_error` when they are no acceptable response.
        """
        self._buffer += data
        if self._mode == "head" and not self._read_head():
            return None
        if self._mode == "length":
            return self._read_length()
        if self._mode == "chunks":
            return self._read_chunks()
        self._add(self._cut(len(self._buffer)))
        return None

    def end(self) -> Response | None:
        """The peer has closed: the response, if only the close could end it."""
        return self._whole() if self._mode == "close" else None

    def _read_head(self) -> bool:
        while True:
            end = self._buffer.find(b"\r\n\r\n", self._searched)
            if max(end, len(self._buffer) if end < 0 else 0) > LONGEST_HEAD:
                raise Refusal("http_error", "the response's headers are too long")
            if end < 0:
                self._searched = max(0, len(self._buffer) - 3)
                return False
            self._searched = 0
            status = self._take_head(_text(self._cut(end + 4)[:end]))
            if status >= 200:
                return True
            if status == 101:
                raise Refusal("http_error", "the response switches protocols")

    def _take_head(self, head: str) -> int:
        lines = head.split("\r\n")
        found = _STATUS.fullmatch(lines[0])
        if found is None:
            raise Refusal("http_error", "the response has no HTTP/1.1 status line")
        if _CONTROL.search("".join(lines)):
            raise Refusal("http_error", "the response's head has a control character")
        status = int(found[2])
        headers: list[tuple[str, str]] = []
        lengths: list[str] = []
        encodings: list[str] = []
        self.reusable = found[1] == "1"
        cut = [line.partition(":") for line in lines[1:]]
        names = "".join([name for name, _, _ in cut])
        if not all(name and colon for name, colon, _ in cut) or not _NAMES.fullmatch(names):
            raise Refusal("http_error", "the response has a malformed header")
        for name, _, value in cut:
            name, value = name.lower(), value.strip(" \t")
            headers.append((name, value))
            if name == "content-length":
                lengths.append(value)
            elif name == "transfer-encoding":
                encodings.append(value)
            elif name == "connection" and "close" in value.lower():
                self.reusable = False
        self._head = (status, found[3] or "", tuple(headers))
        self._frame(status, lengths, encodings)
        return status

    def _frame(self, status: int, lengths: list[str], encodings: list[str]) -> None:
        if self._method == "HEAD" or status in (204, 304):
            self._mode, self._left = "length", 0
        elif encodings:
            if lengths or [encoding.lower() for encoding in encodings] != ["chunked"]:
                raise Refusal("http_error", "the response's length is told in two ways")
            self._mode = "chunks"
        elif lengths:
            if len(lengths) > 1 or not re.fullmatch("[0-9]{1,12}", lengths[0]):
                raise Refusal("http_error", "the response's length is unusable")
            self._mode, self._left = "length", int(lengths[0])
            if self._left > self._limit:
                raise Refusal("http_error", "the response is too long")
        else:
            self._mode = "close"
            self.reusable = False
        if status < 200:
            self._mode = "head"

    def _cut(self, length: int) -> bytes:
        piece = bytes(self._buffer[:length])
        del self._buffer[:length]
        return piece

    def _add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            raise Refusal("http_error", "the response is too long")
        self._body.append(piece)

    def _read_length(self) -> Response | None:
        if len(self._buffer) < self._left:
            self._left -= len(self._buffer)
            self._body.append(self._cut(len(self._buffer)))
            return None
        self._body.append(self._cut(self._left))
        return self._whole()

    def _read_chunks(self) -> Response | None:
        while True:
            end = self._buffer.find(b"\r\n", 0, LONGEST_CHUNK_LINE)
            if end < 0:
                if len(self._buffer) > LONGEST_CHUNK_LINE:
                    raise Refusal("http_error", "a chunk's size is too long")
                return None
            size = _CHUNK.fullmatch(self._buffer, 0, end)
            if size is None:
                raise Refusal("http_error", "a chunk's size is unusable")
            length = int(size[1], 16)
            if length == 0:
                return self._read_trailers(end)
            if self._size + length > self._limit:
                raise Refusal("http_error", "the response is too long")
            start = end + 2
            if len(self._buffer) < start + length + 2:
                return None
            if self._buffer[start + length : start + length + 2] != b"\r\n":
                raise Refusal("http_error", "a chunk does not end where it should")
            self._add(self._cut(start + length + 2)[start : start + length])

    def _read_trailers(self, after: int) -> Response | None:
        # The last chunk's line end and an empty line, with trailers between them that mean nothing to us.
        end = self._buffer.find(b"\r\n\r\n", after, after + LONGEST_CHUNK_LINE)
        if end < 0:
            if len(self._buffer) > after + LONGEST_CHUNK_LINE:
                raise Refusal("http_error", "the response's trailers are too long")
            return None
        del self._buffer[: end + 4]
        return self._whole()

    def _whole(self) -> Response:
        assert self._head is not None
        if self._buffer:
            self.reusable = False
        status, reason, headers = self._head
        return Response(status, reason, headers, b"".join(self._body))


def _text(octets: bytes) -> str:
    # UTF-8 where it is, else the octets' own Latin-1 meaning (RFC 9110, 5.5): never a failure.
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")
