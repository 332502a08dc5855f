"""The gateway over HTTP: bounded in octets, connections and time; on this machine alone unless told otherwise."""

from __future__ import annotations

import base64
import binascii
import hmac
import socket
import ssl
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from time import perf_counter
from types import MappingProxyType
from typing import Any, Final

from ketnoi_client.problems import SettingsError
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


class SoapServer(ThreadingHTTPServer):
    """Serves one gateway. `address` is where callers reach it."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, settings: Settings, gateway: Gateway) -> None:
        """Listen. Raises SettingsError for what must not or cannot be opened, OSError for a port that is taken."""
        told = settings.soap_gateway
        self.gateway = gateway
        self.credentials = _credentials(settings)
        self._free = threading.BoundedSemaphore(told.max_connections)
        self._running = 0
        self._idle = threading.Condition()
        if not _is_loopback(told.host) and not (self.credentials and told.certificate):
            raise SettingsError(
                "soap_gateway.host: ngoài máy này phải có user, password, certificate, key · "
                "elsewhere than on this machine it needs user, password, certificate and key"
            )
        tls = _tls(settings)
        if ":" in told.host:
            self.address_family = socket.AF_INET6
        super().__init__((told.host, told.port), _Handler)
        if tls is not None:
            # The handshake is made in the connection's own thread, by its first read.
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        host = f"[{told.host}]" if ":" in told.host else told.host
        self.address = f"{'http' if tls is None else 'https'}://{host}:{self.server_address[1]}"

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
            if not self._is_known():
                raise Refusal("20", "the gateway's user or password is wrong")
            answered = self.server.gateway.answer(self.headers.get("Content-Type", ""), body)
        except Refusal as refusal:
            answered = Answered(FAULT_STATUS, write_fault(refusal), code=refusal.code)
            if refusal.code == "20":
                answered = Answered(HTTPStatus.UNAUTHORIZED, answered.body, code="20")
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
            described = self.server.gateway.description(path.removeprefix("/"), self.server.address)
        if described is None:
            self._send(HTTPStatus.NOT_FOUND, write_fault(Refusal("unknown_service")))
        else:
            self._send(HTTPStatus.OK, described)

    def _is_known(self) -> bool:
        expected = self.server.credentials
        if expected is None:
            return True
        kind, _, given = self.headers.get("Authorization", "").partition(" ")
        try:
            told = base64.b64decode(given, validate=True) if kind.lower() == "basic" else b""
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(told, expected)

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
        self.wfile.write(body)

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


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _credentials(settings: Settings) -> bytes | None:
    told = settings.soap_gateway
    if not told.user and not told.password:
        return None
    path = settings.path(told.password)
    try:
        if path.stat().st_mode & 0o077:
            raise SettingsError(f"{path}: người khác đọc được · others may read it; chmod 600")
        password = path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: không đọc được · cannot be read: {type(error).__name__}") from error
    if not told.user or ":" in told.user or len(password) < 12:
        raise SettingsError(
            "soap_gateway: cần user (không có dấu hai chấm) và mật khẩu từ 12 ký tự · "
            "needs a user without a colon and a password of 12 characters or more"
        )
    return f"{told.user}:{password}".encode()


def _tls(settings: Settings) -> ssl.SSLContext | None:
    told = settings.soap_gateway
    if not told.certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.path(told.certificate), settings.path(told.key), password="")
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{told.certificate}, {told.key}: không dùng được · cannot be used: {type(error).__name__}"
        ) from error
    return context
