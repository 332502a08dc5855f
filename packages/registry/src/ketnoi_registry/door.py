"""The registry's door: HTTP from pinned security servers, bounded in octets, calls and time."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

import msgspec
from aiohttp import web

from ketnoi_protocol import http_signature, rest, soap_schema
from ketnoi_protocol.errors import Refusal

from . import dialects
from .alarms.reading import AlarmReading
from .callers import Callers
from .calls import Asked, Calls
from .citizens import CitizensDesk, NobodyError
from .dialects import JSON, Dialect
from .identity import IdentityClient
from .settings import Settings
from .store.interface import Store

_log = logging.getLogger(__name__)

SERVICES_PATH: Final = "/v1/"
DOCUMENT_PATH: Final = "/openapi.json"
HEALTH_PATH: Final = "/health"
ALARMS_PATH: Final = "/alarms"
DESCRIPTIONS: Final = ("wsdl", "singlewsdl")
"""What is asked of a service after `?`, in any case, for its description in SOAP."""
HEADERS: Final = (
    rest.CLIENT,
    rest.ID,
    rest.USER_ID,
    http_signature.CONTENT_DIGEST,
    http_signature.SIGNATURE_INPUT,
    http_signature.SIGNATURE,
)
"""The request headers that count."""

LIMITS: Final[dict[str, Any]] = {
    "access_log": None,
    "auto_decompress": False,
    "max_line_size": 8 * 1024,
    "max_field_size": 16 * 1024,
    "max_headers": 128,
    # How long the rest of a refused body is read and dropped, so that the caller can read the refusal.
    "lingering_time": 2.0,
}
_ALWAYS: Final = {"Cache-Control": "no-store", "Server": "ketnoi-registry"}


class Door:
    """Turns HTTP requests into calls, and answers and refusals into HTTP. `document` is the API's description."""

    def __init__(
        self,
        settings: Settings,
        callers: Callers,
        calls: Calls,
        document: bytes,
        store: Store,
        alarms: AlarmReading,
        citizens: CitizensDesk,
        identity: IdentityClient | None = None,
    ) -> None:
        self._settings = settings
        self._callers = callers
        self._calls = calls
        self._document = document
        self._store = store
        self._alarms = alarms
        self._citizens = citizens
        self._identity = identity
        self._running = 0
        self.closing = False

    def server(self, keepalive: float) -> web.Server:
        """What listens; made within the running loop."""
        return web.Server(self.handle, keepalive_timeout=keepalive, **LIMITS)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """One HTTP request."""
        dialect = dialects.of_content_type(request.content_type)
        try:
            response = await self._within_bounds(request, dialect)
        except Refusal as refusal:
            response = _refused(refusal, dialect)
        except Exception as error:
            # Not its text, which may quote what was asked.
            _log.error("a call failed in a way nobody foresaw: %s", type(error).__name__)
            response = _refused(Refusal("99"), dialect)
        if self.closing:
            response.force_close()
        return response

    async def _within_bounds(self, request: web.BaseRequest, dialect: Dialect) -> web.Response:
        if self._running >= self._settings.max_running:
            raise Refusal("server_busy", "too many calls at once")
        self._running += 1
        try:
            return await self._respond(request, dialect)
        finally:
            self._running -= 1

    async def _respond(self, request: web.BaseRequest, dialect: Dialect) -> web.Response:
        tls = request.transport.get_extra_info("ssl_object") if request.transport is not None else None
        certificate = tls.getpeercert(binary_form=True) if tls is not None else None
        if self._callers.watches(certificate):
            return await self._alarms_of(request)
        if self._callers.asks_for_citizens(certificate):
            return await self._of_citizens(request)
        instance = self._callers.instance_of(certificate)
        if instance is None:
            raise Refusal("21", "the connection is not that of a known security server")
        path = request.raw_path
        if path == DOCUMENT_PATH and request.method in ("GET", "HEAD"):
            return _response(200, self._document, "application/json")
        if path == HEALTH_PATH and request.method in ("GET", "HEAD"):
            health = {"node": self._settings.node_id, "running": self._running - 1, "store": self._store.health()}
            if self._identity is not None:
                health["identity"] = self._identity.health()
            return _response(200, msgspec.json.encode(health), "application/json")
        if not path.startswith(SERVICES_PATH):
            raise Refusal("unknown_service")
        service_code, _, query = path.removeprefix(SERVICES_PATH).partition("?")
        if query.lower() in DESCRIPTIONS and request.method in ("GET", "HEAD"):
            return _response(200, self._calls.description(instance, service_code), soap_schema.CONTENT_TYPE)
        if request.method != "POST":
            response = _refused(Refusal("bad_request", "a service is asked with POST"), JSON, 405)
            response.headers["Allow"] = "POST"
            return response
        headers = {name: request.headers.getall(name, []) for name in HEADERS}
        try:
            body = await self._body(request)
        except Refusal as refusal:
            await self._calls.turned_away(instance, service_code, refusal)
            raise
        answer = await self._calls.answer(Asked(instance, path.removeprefix(SERVICES_PATH), headers, body, dialect))
        return _response(200, answer, dialect.content_type)

    async def _alarms_of(self, request: web.BaseRequest) -> web.Response:
        """A watcher reads alarms, and nothing else is there for it."""
        path, _, query = request.raw_path.partition("?")
        if path != ALARMS_PATH:
            raise Refusal("unknown_service")
        if request.method not in ("GET", "HEAD"):
            response = _refused(Refusal("bad_request", "alarms are read with GET"), JSON, 405)
            response.headers["Allow"] = "GET"
            return response
        return _response(200, await self._alarms.read(query), "application/json")

    async def _of_citizens(self, request: web.BaseRequest) -> web.Response:
        """The identity system asks for its citizens, and nothing else is there for it."""
        path = request.raw_path
        if not self._citizens.knows(path):
            raise Refusal("unknown_service")
        if request.method != "POST":
            response = _refused(Refusal("bad_request", "numbers stand in no address: ask with POST"), JSON, 405)
            response.headers["Allow"] = "POST"
            return response
        try:
            return _response(200, await self._citizens.answer(path, await self._body(request)), "application/json")
        except NobodyError:
            return _response(404, b"", "application/json")

    async def _body(self, request: web.BaseRequest) -> bytes:
        dialects.check_content_type(request.content_type, request.charset)
        if "Content-Encoding" in request.headers:
            raise Refusal("10", "the body is compressed")
        most = self._settings.max_body_bytes
        if (request.content_length or 0) > most:
            raise Refusal("message_too_large", f"of which {most} octets are taken")
        if "Expect" in request.headers and request.can_read_body and request.transport is not None:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        content = request.content
        if content.is_eof():  # it came with its head, as short ones do: nothing to wait for
            body = content.read_nowait()
            if len(body) > most:
                raise Refusal("message_too_large", f"of which {most} octets are taken")
            return body
        pieces = bytearray()
        try:
            async with asyncio.timeout(self._settings.read_timeout_seconds):
                while not content.at_eof():
                    pieces += await content.readany()
                    if len(pieces) > most:
                        raise Refusal("message_too_large", f"of which {most} octets are taken")
        except TimeoutError:
            raise Refusal("bad_request", "the body did not come in time") from None
        return bytes(pieces)


def _response(status: int, body: bytes, content_type: str) -> web.Response:
    # The digest gets into the part that the security server signs, and binds the body to it in evidence.
    digest = {"Content-Digest": http_signature.content_digest(body)}
    return web.Response(status=status, body=body, headers={"Content-Type": content_type, **digest, **_ALWAYS})


def _refused(refusal: Refusal, dialect: Dialect, status: int | None = None) -> web.Response:
    written = dialect.refuse(refusal, status)
    response = _response(written.status, written.body, written.content_type)
    later = refusal.retry_after or (1 if refusal.row.status == 503 else None)
    if later is not None:
        response.headers["Retry-After"] = str(later)
    return response
