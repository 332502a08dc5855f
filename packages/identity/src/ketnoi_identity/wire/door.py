"""The wire's door: HTTP from pinned callers, bounded in octets, calls and time."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web

from ketnoi_protocol.errors import Refusal
from ketnoi_runtime.database import DATABASE_ERRORS

from ..openid.keys import NoKeysError
from ..settings import Wire
from .callers import Callers, Role
from .problems import CONTENT_TYPE, problem_of

_log = logging.getLogger(__name__)

LIMITS: Final[dict[str, Any]] = {
    "access_log": None,
    "auto_decompress": False,
    "max_line_size": 8 * 1024,
    "max_field_size": 8 * 1024,
    "max_headers": 64,
    # How long the rest of a refused body is read and dropped, so that the caller can read the refusal.
    "lingering_time": 2.0,
}
_ALWAYS: Final = {"Cache-Control": "no-store", "Server": "ketnoi-identity"}
_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""The character NUL in JSON. After a stroke that is a character itself, `u0000` is a text like others."""
Kind = TypeVar("Kind")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that was let in: what its path names, its query as it stands, its body."""

    named: tuple[str, ...]
    query: str
    body: bytes

    def read(self, kind: type[Kind], *, nul_refused: bool = True) -> Kind:
        """The body as one of the agreed types. Raises Refusal `10`, whose detail quotes no value."""
        if nul_refused and _NUL.search(self.body):
            raise Refusal("10", "no text has the character NUL")
        try:
            return msgspec.json.decode(self.body, type=kind, strict=True)
        except msgspec.ValidationError as error:
            # msgspec says which kind was expected and where, and quotes a value of a closed list only.
            where = _WHERE.search(str(error))
            raise Refusal("10", where[1] if where else "") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise Refusal("10", "the body is no JSON") from None


_WHERE: Final = re.compile(r"at `\$\.?([A-Za-z0-9_.\[\]]{1,100})`")

Answer = Callable[[Asked], Awaitable[tuple[int, Any]]]


@dataclass(frozen=True, slots=True)
class Route:
    """Who may ask what, and who answers. `path` is a regular expression for the whole of it."""

    role: Role
    method: str
    path: re.Pattern[str]
    answer: Answer


class Door:
    """Turns HTTP requests into calls of the routes' functions, and what they return into HTTP."""

    def __init__(self, settings: Wire, callers: Callers, routes: tuple[Route, ...]) -> None:
        self._settings = settings
        self._callers = callers
        self._routes = routes
        self._running = 0
        self.closing = False

    def server(self, keepalive: float) -> web.Server:
        """What listens; made within the running loop."""
        return web.Server(self.handle, keepalive_timeout=keepalive, **LIMITS)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """One HTTP request."""
        try:
            response = await self._within_bounds(request)
        except Refusal as refusal:
            response = _refused(refusal)
        except Exception as error:
            # Not its text, which may quote what was asked.
            _log.error("a call failed in a way nobody foresaw: %s", type(error).__name__)
            response = _refused(Refusal("99"))
        if self.closing:
            response.force_close()
        return response

    async def _within_bounds(self, request: web.BaseRequest) -> web.Response:
        if self._running >= self._settings.max_running:
            raise Refusal("server_busy", "too many calls at once")
        self._running += 1
        try:
            return await self._respond(request)
        finally:
            self._running -= 1

    async def _respond(self, request: web.BaseRequest) -> web.Response:
        tls = request.transport.get_extra_info("ssl_object") if request.transport is not None else None
        role = self._callers.role_of(tls.getpeercert(binary_form=True) if tls is not None else None)
        path, _, query = request.raw_path.partition("?")
        # What is there for another role is not there for this one.
        mine = [(each, found) for each in self._routes if each.role is role and (found := each.path.fullmatch(path))]
        if not mine:
            raise Refusal("unknown_service")
        chosen = next(((route, found) for route, found in mine if route.method == request.method), None)
        if chosen is None:
            response = _refused(Refusal("bad_request", "asked with another method"), 405)
            response.headers["Allow"] = ", ".join(route.method for route, _ in mine)
            return response
        route, found = chosen
        asked = Asked(tuple(found.groups()), query, await self._body(request))
        try:
            async with asyncio.timeout(self._settings.work_timeout_seconds):
                status, told = await route.answer(asked)
        except (*DATABASE_ERRORS, TimeoutError, NoKeysError) as error:
            _log.error("%s %s could not be answered: %s", route.method, route.path.pattern, type(error).__name__)
            raise Refusal("44") from None
        return _response(status, msgspec.json.encode(told), "application/json")

    async def _body(self, request: web.BaseRequest) -> bytes:
        most = self._settings.max_body_bytes
        if request.method in ("POST", "PUT") and request.content_type != "application/json":
            raise Refusal("10", "the body is no application/json")
        if "Content-Encoding" in request.headers:
            raise Refusal("10", "the body is compressed")
        if (request.content_length or 0) > most:
            raise Refusal("message_too_large", f"of which {most} octets are taken")
        pieces = bytearray()
        try:
            async with asyncio.timeout(self._settings.read_timeout_seconds):
                while not request.content.at_eof():
                    pieces += await request.content.readany()
                    if len(pieces) > most:
                        raise Refusal("message_too_large", f"of which {most} octets are taken")
        except TimeoutError:
            raise Refusal("bad_request", "the body did not come in time") from None
        return bytes(pieces)


def _response(status: int, body: bytes, content_type: str) -> web.Response:
    return web.Response(status=status, body=body, headers={"Content-Type": content_type, **_ALWAYS})


def _refused(refusal: Refusal, status: int | None = None) -> web.Response:
    problem = problem_of(refusal)
    response = _response(status or problem.status, msgspec.json.encode(problem), CONTENT_TYPE)
    if problem.status == 503:
        response.headers["Retry-After"] = "1"
    return response
