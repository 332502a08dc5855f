"""The gateway over HTTP: bounded in octets, connections and time; on this machine alone unless told otherwise."""

from __future__ import annotations

import re
import socket
import ssl
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv6Address
from time import perf_counter
from types import MappingProxyType
from typing import Any, Final

from ketnoi_client.gateway_access import Access
from ketnoi_client.settings import Settings
from ketnoi_client.soap_gateway import Answered, Gateway, log_line
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.soap_envelope import CONTENT_TYPE, FAULT_STATUS, write_fault

LARGEST_BODY: Final = 64 * 1024
"""Octets of a question, as many as the registry takes."""
TIMEOUT_SECONDS: Final = 30.0
STOP_SECONDS: Final = 60.0
LINGER_SECONDS: Final = 2.0
_LONGEST_CHUNK_LINE = 64
_HOST = re.compile(r"([A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?|\[(?P<six>[0-9A-Fa-f:.]{2,45})\])(:[0-9]{1,5})?")
_METHODS = "GET, HEAD, POST"


class SoapServer(ThreadingHTTPServer):
    """Serves one gateway. `address` is where it listens; callers may reach it by another name."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, settings: Settings, gateway: Gateway) -> None:
        """Listen. Raises SettingsError for what must not or cannot be opened, OSError for a port that is taken."""
        told = settings.soap_gateway
        self.gateway = gateway
        self.access = Access.of(settings)
        self.public_address = told.address.rstrip("/")
        self.scheme = "http" if self.access.tls is None else "https"
        self._free = threading.BoundedSemaphore(told.max_connections)
        self._running = 0
        self._idle = threading.Condition()
        if ":" in told.host:
            self.address_family = socket.AF_INET6
        super().__init__((told.host, told.port), _Handler)
        if self.access.tls is not None:
            # The handshake is made in the connection's own thread, by its first read.
            self.socket = self.access.tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.address = _url(self.scheme, told.host, self.server_address[1])

    @contextmanager
    def running(self) -> Iterator[None]:
        """Around one call, so that stopping waits for it."""
        with self._idle:
            self._running += 1
        try:
            yield
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def stop(self) -> None:
        """Take no more connections, let running calls finish, close."""
        self.shutdown()
        with self._idle:
            self._idle.wait_for(lambda: self._running == 0, timeout=STOP_SECONDS)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take a connection, or close it when there are too many."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke; nothing of it is told, since its text may quote a message."""
        error = sys.exc_info()[0]
        print(f"ketnoi: soap-gateway: {error.__name__ if error else 'error'}", file=sys.stderr, flush=True)


class _Handler(BaseHTTPRequestHandler):
    server: SoapServer
    protocol_version = "HTTP/1.1"
    server_version = "ketnoi"
    sys_version = ""
    timeout = TIMEOUT_SECONDS

    def do_POST(self) -> None:
        with self.server.running():
            self._answer()

    def _answer(self) -> None:
        began = perf_counter()
        try:
            body = self._body()
            if not self._is_caller():
                raise Refusal("20", "neither the address nor the certificate of a caller")
            if not self.server.access.is_known(self.headers.get("Authorization", "")):
                raise Refusal("20", "the gateway's user or password is wrong")
            answered = self.server.gateway.answer(self.headers.get("Content-Type", ""), body)
        except Refusal as refusal:
            answered = Answered(FAULT_STATUS, write_fault(refusal), code=refusal.code)
            if refusal.code == "20":
                status = HTTPStatus.UNAUTHORIZED if self._is_caller() else HTTPStatus.FORBIDDEN
                answered = Answered(status, answered.body, code="20")
            self.close_connection = True
        more = {"X-Road-Id": answered.message_id, "Retry-After": answered.retry_after}
        self._send(answered.status, answered.body, {name: value for name, value in more.items() if value})
        if self.close_connection:
            self._linger()
        print(log_line(answered, perf_counter() - began), flush=True)

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        described = None
        if query.lower() in ("wsdl", "singlewsdl"):
            try:
                described = self.server.gateway.description(path.removeprefix("/"), self._reached())
            except Refusal as refusal:
                self._send(HTTPStatus.BAD_REQUEST, write_fault(refusal))
                return
        if described is None:
            self._send(HTTPStatus.NOT_FOUND, write_fault(Refusal("unknown_service")))
        else:
            self._send(HTTPStatus.OK, described)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _reached(self) -> str:
        """Where this caller reaches the gateway: as the settings say, or else as it named it. Raises Refusal."""
        if self.server.public_address:
            return self.server.public_address
        hosts = self.headers.get_all("Host", [])
        if not hosts:
            host, port = self.connection.getsockname()[:2]
            return _url(self.server.scheme, host, port)
        found = _HOST.fullmatch(hosts[0])
        if len(hosts) > 1 or found is None or not _is_address(found["six"]):
            raise Refusal("bad_request", "Host")
        return f"{self.server.scheme}://{hosts[0]}"

    def _is_caller(self) -> bool:
        shown = self.connection.getpeercert(binary_form=True) if isinstance(self.connection, ssl.SSLSocket) else None
        return self.server.access.is_caller(self.client_address[0], shown)

    def _body(self) -> bytes:
        lengths = self.headers.get_all("Content-Length", [])
        if "Content-Encoding" in self.headers:
            raise Refusal("10", "the body is compressed")
        if "Transfer-Encoding" in self.headers:
            if lengths or self.headers["Transfer-Encoding"].strip().lower() != "chunked":
                raise Refusal("bad_request", "Transfer-Encoding")
            return self._chunks()
        if len(lengths) != 1 or not (lengths[0].isascii() and lengths[0].isdigit()) or len(lengths[0]) > 10:
            raise Refusal("bad_request", "Content-Length")
        return self._exactly(int(lengths[0]), 0)

    def _chunks(self) -> bytes:
        body = bytearray()
        while True:
            line = self.rfile.readline(_LONGEST_CHUNK_LINE).partition(b";")[0].strip()
            if not line or len(line) > 8 or not all(each in b"0123456789abcdefABCDEF" for each in line):
                raise Refusal("bad_request", "a chunk's length")
            size = int(line, 16)
            if size == 0:
                while self.rfile.readline(LARGEST_BODY).strip():
                    pass
                return bytes(body)
            body += self._exactly(size, len(body))
            if self.rfile.readline(_LONGEST_CHUNK_LINE).strip():
                raise Refusal("bad_request", "a chunk's end")

    def _exactly(self, size: int, before: int) -> bytes:
        if before + size > LARGEST_BODY:
            raise Refusal("message_too_large", f"of which {LARGEST_BODY} octets are taken")
        data = self.rfile.read(size)
        if len(data) != size:
            raise Refusal("bad_request", "the body ended early")
        return data

    def _send(self, status: int, body: bytes, more: Mapping[str, str] = MappingProxyType({})) -> None:
        self.send_response(status)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        for name, value in more.items():
            self.send_header(name, value)
        if status == HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Basic realm="ketnoi", charset="UTF-8"')
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the library refuses, such as a method that is not there: a fault, where it would show a page."""
        self.close_connection = True
        unknown = code == HTTPStatus.NOT_IMPLEMENTED
        status = HTTPStatus.METHOD_NOT_ALLOWED if unknown else code
        self._send(status, write_fault(Refusal("bad_request")), {"Allow": _METHODS} if unknown else {})
        self._linger()

    def _linger(self) -> None:
        """Read and drop what still comes of a refused body, for a while, so that the refusal is not lost with it."""
        until = perf_counter() + LINGER_SECONDS
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(LINGER_SECONDS)
            while self.connection.recv(LARGEST_BODY) and perf_counter() < until:
                pass

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: a request line may hold what nobody should keep."""


def _url(scheme: str, host: str, port: int) -> str:
    """An address with a host that may be one of IPv6, or one of IPv4 as IPv6 writes it."""
    if ":" not in host:
        return f"{scheme}://{host}:{port}"
    six = IPv6Address(host.partition("%")[0])
    return f"{scheme}://{six.ipv4_mapped or f'[{six}]'}:{port}"


def _is_address(six: str | None) -> bool:
    try:
        return six is None or bool(IPv6Address(six))
    except ValueError:
        return False
