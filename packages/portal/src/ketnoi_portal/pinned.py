"""Other servers asked over mutual TLS with two pinned certificates, and bounded answers."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any, Final, Protocol, Self

import httpx2

from ketnoi_pages.text import Text
from ketnoi_portal.settings import current
from ketnoi_portal.troubles import Troubled, at, of_error

SECONDS: Final = 10.0
CONNECT_SECONDS: Final = 3.0
LONGEST_ANSWER: Final = 2 * 1024 * 1024


class Peer(Protocol):
    """What the settings say of another server: files are PEM."""

    @property
    def name(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def certificate(self) -> str: ...
    @property
    def client_certificate(self) -> str: ...
    @property
    def client_key(self) -> str: ...


class PinnedClient:
    """One such server. A context manager. `trouble` makes the error of its room."""

    def __init__(self, told: Peer, trouble: Callable[[Text], Troubled]) -> None:
        """Raises `trouble` when certificates or key cannot be read."""
        own, self._trouble = current(), trouble
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # The one certificate is trusted, whatever name it bears.
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        try:
            context.load_verify_locations(own.path(told.certificate))
            context.load_cert_chain(own.path(told.client_certificate), own.path(told.client_key))
        except (OSError, ssl.SSLError) as error:
            raise trouble(at(Text(f"thiết lập của {told.name}", f"settings of {told.name}"), of_error(error))) from None
        self._client = httpx2.Client(
            base_url=told.url.rstrip("/"),
            verify=context,
            timeout=httpx2.Timeout(SECONDS, connect=CONNECT_SECONDS),
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, method: str, path: str, **told: Any) -> tuple[int, bytes]:
        """Status and body of an answer. Raises `trouble`."""
        try:
            with self._client.stream(method, path, **told) as answer:
                data = bytearray()
                for piece in answer.iter_bytes():
                    data += piece
                    if len(data) > LONGEST_ANSWER:
                        raise self._trouble(Text("trả lời quá dài", "the answer is too long"))
        except (httpx2.TransportError, httpx2.DecodingError, ssl.SSLError) as error:
            raise self._trouble(of_error(error)) from None
        return answer.status_code, bytes(data)
