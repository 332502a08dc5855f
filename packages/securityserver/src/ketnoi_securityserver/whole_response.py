"""Answers at the doors, written in one piece: head and body together, as nearly every exchange ends.

aiohttp's own response takes twice as long for the same octets. It still serves whatever is unusual: other versions of
HTTP than 1.1, answers that must have no body, and bodies so large that the caller may be slower than we are.
"""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

from aiohttp import HttpVersion11, web
from multidict import CIMultiDict

from ketnoi_securityserver.exchange import Headers

LARGEST = 64 * 1024
"""Octets of a body that is written at once, at most: what a connection buffers anyhow."""

SERVER = "ketnoi"


def respond(
    request: web.BaseRequest, status: int, reason: str, headers: Headers, body: bytes, at: datetime
) -> web.StreamResponse:
    """The response with these headers, none of which is about the connection or the length. `at`: for its Date."""
    bodiless = request.method == "HEAD" or status < 200 or status in (204, 304)
    if bodiless or request.version != HttpVersion11 or len(body) > LARGEST:
        named = CIMultiDict(headers)
        named["Server"] = SERVER
        return web.Response(status=status, reason=reason or None, headers=named, body=body or None)
    return _Whole(status, reason, headers, body, at)


class _Whole(web.StreamResponse):
    def __init__(self, status: int, reason: str, headers: Headers, body: bytes, at: datetime) -> None:
        super().__init__(status=status, reason=reason or None)
        self._fields = headers
        self._content = body
        self._at = at
        self._kept = True

    @property
    def keep_alive(self) -> bool:
        """Whether another request may follow on the connection."""
        return self._kept

    def force_close(self) -> None:
        """Let none follow."""
        self._kept = False

    async def prepare(self, request: web.BaseRequest) -> None:
        """Write all of it. Raises ConnectionResetError when the caller is gone."""
        pipe = request.transport
        if pipe is None or pipe.is_closing():
            raise ConnectionResetError("the caller is gone")
        self._kept = self._kept and request.keep_alive
        names = [name.lower() for name, _ in self._fields]
        lines = [f"HTTP/1.1 {self.status} {self.reason}"]
        lines += [f"{name}: {value}" for name, value in self._fields]
        lines += [f"Server: {SERVER}", f"Content-Length: {len(self._content)}"]
        if self._content and "content-type" not in names:
            lines.append("Content-Type: application/octet-stream")
        if "date" not in names:
            lines.append(f"Date: {_date(self._at.replace(microsecond=0))}")
        if not self._kept:
            lines.append("Connection: close")
        head = "\r\n".join(lines).encode("utf-8", "surrogateescape")
        if head.count(b"\n") != len(lines) - 1 or head.count(b"\r") != len(lines) - 1:
            raise ValueError("a header holds a line break")
        pipe.write(b"%b\r\n\r\n%b" % (head, self._content))
        # A caller that asks and asks and never reads must not fill our memory.
        await request.writer.drain()

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to write."""


@lru_cache(maxsize=4)
def _date(second: datetime) -> str:
    return format_datetime(second, usegmt=True)
