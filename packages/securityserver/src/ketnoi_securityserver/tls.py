"""TLS contexts, made when what they are made of changes and never per message (docs/decisions, 1 to 3).

Between servers no context decides whom to trust: outbound judges after the handshake and before a byte is written,
inbound the handshake proves only that the caller holds the key of a certificate from an approved authority.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

VERIFY_NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME: times are judged by `trust` at the world's clock, not by OpenSSL's."""


class KeyFiles(Protocol):
    """A certificate (with its intermediates) and its key, in PEM files."""

    @property
    def certificate_file(self) -> Path: ...
    @property
    def key_file(self) -> Path: ...


def calling(own: KeyFiles | None) -> ssl.SSLContext:
    """For calling others: presents our certificate; whom we reached is judged by the caller, never here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if own is not None:
        context.load_cert_chain(own.certificate_file, own.key_file)
    return context


def called(own: KeyFiles, trusted: Iterable[bytes], *, certificate_required: bool) -> ssl.SSLContext:
    """For being called: callers prove that they hold the key of one of the `trusted` certificates (DER), or of one
    issued by them.

    `certificate_required` False lets a caller without any certificate in.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED if certificate_required else ssl.CERT_OPTIONAL
    # Also names the flags we do not want: OpenSSL's defaults would check times at the machine's clock.
    context.verify_flags = ssl.VerifyFlags(ssl.VERIFY_X509_PARTIAL_CHAIN | VERIFY_NO_CHECK_TIME)
    context.load_cert_chain(own.certificate_file, own.key_file)
    anchors = b"".join(dict.fromkeys(trusted))
    if anchors:
        context.load_verify_locations(cadata=anchors)
    return context


def renewed(current: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """A context for a listener whose every handshake goes on with `current()` instead.

    The callback runs also for callers that send no name.
    """
    outer = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    first = current()
    outer.minimum_version = first.minimum_version
    outer.verify_mode = first.verify_mode
    outer.verify_flags = first.verify_flags

    def swap(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> int | None:
        try:
            connection.context = current()
        except Exception:
            # Without a current configuration nobody can be let in.
            return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
        return None

    outer.sni_callback = swap  # type: ignore[assignment]
    return outer
