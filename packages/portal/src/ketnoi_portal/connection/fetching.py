"""Small bounded HTTP requests to neighbours: no redirects, no proxies, no more octets or seconds than are allowed.

What comes back is believed because it is signed, or because the server's certificate is pinned; never for the address.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx2

from ketnoi_pages.text import Text
from ketnoi_portal.troubles import Troubled, of_error

SECONDS: Final = 5.0
"""For connecting, and for each wait while an answer comes."""


class Unreachable(Troubled):
    """No usable answer; the text names the kind of trouble and nothing that was sent or received."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, whole."""

    status: int
    content_type: str
    body: bytes = field(repr=False)


def get(
    url: str, *, most: int, query: Mapping[str, str] | None = None, context: ssl.SSLContext | None = None
) -> Answer:
    """One GET; an answer of at most `most` octets. Raises Unreachable."""
    # Where nothing is pinned, a signature within decides: a name in a TLS certificate would prove less.
    verify: ssl.SSLContext | bool = context if context is not None else False
    try:
        with (
            httpx2.Client(verify=verify, timeout=SECONDS, trust_env=False, follow_redirects=False) as client,
            client.stream("GET", url, params=dict(query) if query else None) as answer,
        ):
            data = bytearray()
            for piece in answer.iter_bytes():
                data += piece
                if len(data) > most:
                    raise Unreachable(Text(f"trả lời dài hơn {most} byte", f"longer than {most} octets"))
            return Answer(answer.status_code, answer.headers.get("content-type", ""), bytes(data))
    except (httpx2.TransportError, httpx2.DecodingError, httpx2.InvalidURL, ssl.SSLError, ValueError) as error:
        raise Unreachable(of_error(error)) from None


def pinned(server: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    """Believes the one certificate of `server` and shows our own. Raises OSError, ssl.SSLError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # The one certificate is trusted, whatever name it bears: a security server's is self-signed.
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(server)
    context.load_cert_chain(certificate, key, password=_no_password)
    return context


def _no_password() -> str:
    # Otherwise OpenSSL would stop and ask at the terminal.
    raise ValueError("the key has a password")
