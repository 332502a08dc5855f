"""HTTPS to the agency's own security server: its certificate pinned, ours presented, nothing sent twice."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx2

from ketnoi_client.problems import SettingsError, Unreachable, UnusableAnswer
from ketnoi_client.settings import Gate, Settings

LONGEST_ANSWER = 16 * 1024 * 1024
"""Octets of an answer [our choice]: more than any security server of ours lets through."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer, whole. Header names count without case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def tls_context(settings: Settings, gate: Gate) -> ssl.SSLContext:
    """Presents our certificate and accepts the server's own one alone. Raises SettingsError.

    The host's name is not compared: security servers are known by their certificates, whose names are often internal.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    # The pinned certificate may be self-signed or issued by anybody: it alone is the anchor.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    for name, load in (
        (gate.trusted, lambda: context.load_verify_locations(settings.path(gate.trusted))),
        (gate.certificate, lambda: context.load_cert_chain(settings.path(gate.certificate), settings.path(gate.key))),
    ):
        try:
            load()
        except (OSError, ssl.SSLError) as error:
            reason = error.strerror or type(error).__name__
            raise SettingsError(f"{settings.path(name)}: không dùng được · cannot be used: {reason}") from error
    return context


class Connection:
    """Kept connections to one security server. Close it, or use it in a `with` statement."""

    def __init__(self, settings: Settings, gate: Gate) -> None:
        self.address = gate.security_server
        self._client = httpx2.Client(
            base_url=gate.security_server,
            verify=tls_context(settings, gate),
            timeout=settings.timeout,
            # Below what servers keep idle connections for, so that no question meets a closing one.
            limits=httpx2.Limits(max_connections=20, max_keepalive_connections=20, keepalive_expiry=15.0),
            follow_redirects=False,
            trust_env=False,
        )

    def request(
        self, method: str, target: str, *, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> Reply:
        """One exchange; never repeated. Raises Unreachable or UnusableAnswer."""
        try:
            with self._client.stream(method, target, headers=headers, content=body) as response:
                return Reply(response.status_code, response.headers, _bounded(response))
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise Unreachable(self._cannot_reach(error), sent=False) from error
        except (httpx2.TransportError, httpx2.StreamError) as error:
            raise Unreachable(
                f"{self.address}: mất kết nối khi đang hỏi · the connection failed while asking: "
                f"{type(error).__name__}. Có thể gửi lại cùng MaYeuCau · repeat with the same MaYeuCau.",
                sent=True,
            ) from error

    def _cannot_reach(self, error: Exception) -> str:
        reason = str(error.__cause__ or error) or type(error).__name__
        return (
            f"{self.address}: không kết nối được · cannot be reached: {reason}. "
            f"Chạy `ketnoi doctor` để biết vì sao · `ketnoi doctor` tells why."
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _bounded(response: httpx2.Response) -> bytes:
    """The whole body. Raises UnusableAnswer when it is longer than LONGEST_ANSWER octets."""
    received = bytearray()
    for piece in response.iter_bytes():
        received += piece
        if len(received) > LONGEST_ANSWER:
            raise UnusableAnswer(f"câu trả lời quá dài · the answer is longer than {LONGEST_ANSWER} octets")
    return bytes(received)
