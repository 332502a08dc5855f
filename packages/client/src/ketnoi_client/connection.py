"""HTTPS to the agency's own security server: its certificate pinned, ours presented, nothing sent twice."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

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


class _PinnedSocket(ssl.SSLSocket):
    """A connection that stands only when the other side has the very certificate that the settings name."""

    def do_handshake(self, block: bool = False) -> None:
        """Shake hands. Raises ssl.SSLCertVerificationError for any other certificate."""
        super().do_handshake(block)
        assert isinstance(self.context, PinnedContext)
        if self.getpeercert(binary_form=True) not in self.context.pinned:
            raise ssl.SSLCertVerificationError("the server's certificate is not the one in the settings")


class PinnedContext(ssl.SSLContext):
    """A client's TLS context that accepts the certificates in `pinned` (DER) and no other.

    Security servers are known by their certificate, which is mostly self-signed; neither the host's name nor who
    issued the certificate is a reason to believe it, so both are left unjudged.
    """

    sslsocket_class = _PinnedSocket
    pinned: frozenset[bytes] = frozenset()


def tls_context(settings: Settings, gate: Gate) -> PinnedContext:
    """Presents our certificate and accepts the server's own one alone. Raises SettingsError."""
    context = PinnedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with _using(settings, gate.trusted):
        certificates = x509.load_pem_x509_certificates(settings.path(gate.trusted).read_bytes())
        context.pinned = frozenset([each.public_bytes(Encoding.DER) for each in certificates])
    with _using(settings, f"{gate.certificate}, {gate.key}"):
        context.load_cert_chain(settings.path(gate.certificate), settings.path(gate.key), password=_no_password)
    return context


@contextmanager
def _using(settings: Settings, names: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise SettingsError(f"{settings.path(names)}: không dùng được · cannot be used: {reason}") from error


def _no_password() -> str:
    # Otherwise OpenSSL would stop and ask at the terminal.
    raise ValueError("the key has a password")


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
            # Nobody but the server itself may answer, so nothing of the environment leads elsewhere.
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": "ketnoi-client", "Accept-Encoding": "identity"},
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
        except httpx2.RequestError as error:
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
