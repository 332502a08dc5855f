"""An agency's security server as C06's would meet it: its TLS certificate on port 5500, its OCSP answer on 5577."""

from __future__ import annotations

import re
import socket
import ssl
from hashlib import sha1, sha256
from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.connection.fetching import SECONDS, Unreachable, get
from ketnoi_portal.settings import Exchange, current
from ketnoi_portal.troubles import of_error, of_status
from ketnoi_trust.ocsp import MAX_RESPONSE_BYTES

_NOT_ONE: Final = Text("trả lời không gồm đúng một phần", "the answer is not one part")
_BOUNDARY: Final = re.compile(r""";\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))""", re.IGNORECASE)


def certificate_at(host: str, exchange: Exchange) -> bytes:
    """The certificate (DER) whose key the server at this address has shown to hold. Raises Unreachable.

    Whose it is, is for the caller to judge. In TLS 1.3 the server proves itself before it looks at who calls; an older
    one closes the door on a caller without a certificate of an approved authority, hence `probe_certificate`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        if exchange.probe_certificate:
            own = current()
            context.load_cert_chain(own.path(exchange.probe_certificate), own.path(exchange.probe_key))
        with (
            socket.create_connection((host, exchange.peer_port), timeout=SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=None) as connection,
        ):
            certificate = connection.getpeercert(binary_form=True)
    except (OSError, ValueError) as error:
        raise Unreachable(_told(error)) from None
    if not certificate:
        raise Unreachable(Text("không trình chứng thư", "no certificate"))
    return certificate


def _told(error: Exception) -> Text:
    told, reason = of_error(error), getattr(error, "reason", None)
    # OpenSSL's own word, such as TLSV13_ALERT_CERTIFICATE_REQUIRED: no language has another one.
    return Text(f"{told.vi}: {reason}", f"{told.en}: {reason}") if reason else told


def ocsp_at(host: str, exchange: Exchange, certificate: bytes) -> bytes:
    """The OCSP response (DER) that the server keeps about its certificate. Raises Unreachable."""
    named = {
        "cert": sha1(certificate, usedforsecurity=False).hexdigest(),
        "cert_hash": sha256(certificate).hexdigest(),
    }
    bracketed = f"[{host}]" if ":" in host else host
    answer = get(f"http://{bracketed}:{exchange.ocsp_port}/", most=2 * MAX_RESPONSE_BYTES, query=named)
    if answer.status != 200:
        raise Unreachable(of_status(answer.status))
    return _only_part(answer.content_type, answer.body)


def _only_part(content_type: str, body: bytes) -> bytes:
    """The one part of a multipart body, its octets untouched."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise Unreachable(Text("trả lời không phải multipart", "the answer is not multipart"))
    opening = b"--" + (found[1] or found[2]).encode("ascii", "replace")
    start = body.find(b"\r\n\r\n")
    end = body.rfind(b"\r\n" + opening + b"--")
    if not body.removeprefix(b"\r\n").startswith(opening + b"\r\n") or not 0 <= start <= end - 4:
        raise Unreachable(_NOT_ONE)
    content = body[start + 4 : end]
    if opening in content:
        raise Unreachable(_NOT_ONE)
    return content
