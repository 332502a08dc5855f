"""Asking the information system behind us: over HTTP, or over HTTPS where we present our internal certificate.

With verification on, the information system's certificate must be one of those registered for it, and this is
looked at before every message, kept connection or new. Redirects are passed on, never followed, and nothing is
sent a second time (PR-REST).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.rest import RestRequest
from ketnoi_securityserver import outbound
from ketnoi_securityserver.exchange import METHODS_WITH_BODY, Answer
from ketnoi_securityserver.outbound import Connection, Pool
from ketnoi_securityserver.serverconf import LocalService


@dataclass(frozen=True, slots=True)
class Place:
    """Where a service lives, read from its URL. `base` is the path without a slash at its end."""

    secure: bool
    host: str
    port: int
    named: str
    base: str


@lru_cache(maxsize=1024)
def place_of(url: str) -> Place:
    """Read a service's URL. Raises Refusal `service_malformed_url`."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise Refusal("service_malformed_url", "the service's URL cannot be read") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise Refusal("service_malformed_url", "the service's URL is no plain http or https address")
    return Place(parts.scheme == "https", parts.hostname, port, parts.netloc, parts.path.rstrip("/"))


class Backend:
    """Calls information systems. `certificates` gives those registered for a service's owner (DER)."""

    def __init__(
        self,
        context: Callable[[], ssl.SSLContext],
        certificates: Callable[[LocalService], frozenset[bytes]],
        *,
        idle: float,
        connect_timeout: float,
        longest_body: int,
    ) -> None:
        self._context = context
        self._certificates = certificates
        self._pool = Pool(idle)
        self._connect_timeout = connect_timeout
        self._longest_body = longest_body

    async def ask(self, service: LocalService, request: RestRequest, service_path: str, body: bytes | None) -> Answer:
        """Forward the request with all its headers, the path and query exactly as they were signed.

        Raises Refusal: `network_error`, `http_error`, `ssl_authentication_failed`, `service_malformed_url`.
        """
        place = place_of(service.url)
        target = (place.base + service_path) or "/"
        if request.query:
            target += f"?{request.query}"
        sent = (body or b"") if request.method in METHODS_WITH_BODY else None
        message = outbound.head(request.method, target, place.named, list(request.headers), sent) + (sent or b"")
        deadline = asyncio.get_running_loop().time() + service.timeout
        connection = await self._connection(place, service, deadline)
        try:
            response = await connection.exchange(
                request.method, message, longest_body=self._longest_body, deadline=deadline
            )
        finally:
            self._pool.give(connection)
        return Answer(response.status, response.reason, response.headers, response.body)

    async def _connection(self, place: Place, service: LocalService, deadline: float) -> Connection:
        tls = self._context() if place.secure else None
        key = (place.host, place.port, tls)
        while (warm := self._pool.take(key)) is not None:
            if self._is_known(warm, service, place):
                return warm
            warm.close()
        timeout = min(self._connect_timeout, max(deadline - asyncio.get_running_loop().time(), 0.001))
        try:
            reached = await outbound.reach(place.host, place.port, timeout)
            connection = await outbound.connect(key, reached, tls, timeout)
        except OSError as error:
            raise Refusal("network_error", "the information system cannot be reached") from error
        if not self._is_known(connection, service, place):
            connection.close()
            raise Refusal("ssl_authentication_failed", "the information system's certificate is not registered")
        return connection

    def _is_known(self, connection: Connection, service: LocalService, place: Place) -> bool:
        return not (place.secure and service.verify_tls) or connection.certificate in self._certificates(service)

    def close(self) -> None:
        """Close every kept connection."""
        self._pool.close()
