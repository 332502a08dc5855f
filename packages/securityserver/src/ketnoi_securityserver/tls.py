"""TLS contexts, made when what they are made of changes and never per message (docs/decisions, 1 to 3).

Between servers no context decides whom to trust: outbound judges after the handshake and before a byte is written,
inbound the handshake proves only that the caller holds the key of a certificate from an approved authority.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from typing import Protocol

from ketnoi_securityserver.credentials import Credentials
from ketnoi_securityserver.serverconf import ServerConfiguration
from ketnoi_trust.configuration import Configuration

VERIFY_NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME: times are judged by `trust` at the world's clock, not by OpenSSL's."""


class KeyFiles(Protocol):
    """A certificate (with its intermediates) and its key, in PEM files; `password` opens the key."""

    @property
    def certificate_file(self) -> Path: ...
    @property
    def key_file(self) -> Path: ...
    @property
    def password(self) -> bytes | None: ...


def calling(own: KeyFiles, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    """For calling others: presents our certificate; whom we reached is judged by the caller, never here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = newest
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(own.certificate_file, own.key_file, own.password)
    return context


def called(
    own: KeyFiles,
    trusted: Iterable[bytes],
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    *,
    certificate_required: bool,
) -> ssl.SSLContext:
    """For being called: callers prove that they hold the key of one of the `trusted` certificates (DER), or of one
    issued by them.

    `certificate_required` False lets a caller without any certificate in.
    """
    context = _listening(newest, certificate_required=certificate_required)
    context.load_cert_chain(own.certificate_file, own.key_file, own.password)
    anchors = b"".join(dict.fromkeys(trusted))
    if anchors:
        context.load_verify_locations(cadata=anchors)
    return context


def renewed(
    current: Callable[[], ssl.SSLContext],
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    *,
    certificate_required: bool,
) -> ssl.SSLContext:
    """A context for a listener whose every handshake goes on with `current()` instead.

    The callback runs also for callers that send no name. While `current()` raises, nobody is let in.
    """
    # What is asked of callers is taken from here, certificates and trust from `current()`.
    outer = _listening(newest, certificate_required=certificate_required)

    def swap(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> int | None:
        try:
            connection.context = current()
        except Exception:
            return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
        return None

    outer.sni_callback = swap  # type: ignore[assignment]
    return outer


def _listening(newest: ssl.TLSVersion, *, certificate_required: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = newest
    context.verify_mode = ssl.CERT_REQUIRED if certificate_required else ssl.CERT_OPTIONAL
    # Also names the flags we do not want: OpenSSL's defaults would check times at the machine's clock.
    context.verify_flags = ssl.VerifyFlags(ssl.VERIFY_X509_PARTIAL_CHAIN | VERIFY_NO_CHECK_TIME)
    return context


class Contexts:
    """The four contexts of one server, each kept for as long as what it is made of stays the same."""

    def __init__(
        self,
        credentials: Credentials,
        configuration: Callable[[], Configuration],
        serverconf: ServerConfiguration,
        newest: ssl.TLSVersion,
    ) -> None:
        self._credentials = credentials
        self._configuration = configuration
        self._serverconf = serverconf
        self._newest = newest
        self._internal = credentials.internal
        self._kept: dict[str, tuple[Hashable, ssl.SSLContext]] = {}

    def calling_peers(self) -> ssl.SSLContext:
        """Raises Refusal `ssl_authentication_failed` without an authentication certificate, OSError."""
        own = self._credentials.authentication
        return self._made("calling peers", own.certificate_der, lambda: calling(own, self._newest))

    def called_by_peers(self) -> ssl.SSLContext:
        """Raises also Refused `global_conf_outdated`: without a current configuration nobody can be let in."""
        own, configuration = self._credentials.authentication, self._configuration()
        trusted = (known.certificate.der for known in configuration.known_authorities)
        return self._made(
            "called by peers",
            (own.certificate_der, configuration.digest),
            lambda: called(own, trusted, self._newest, certificate_required=True),
        )

    def calling_information_systems(self) -> ssl.SSLContext:
        """With our internal certificate."""
        return self._made("calling systems", (), lambda: calling(self._internal))

    def called_by_information_systems(self) -> ssl.SSLContext:
        """Lets in those without a certificate, and those with one that is registered here for a client."""
        snapshot = self._serverconf.snapshot
        trusted = (each for client in snapshot.clients.values() for each in client.is_certificates)
        return self._made(
            "called by systems",
            snapshot.version,
            lambda: called(self._internal, trusted, certificate_required=False),
        )

    def _made(self, name: str, of: Hashable, make: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        kept = self._kept.get(name)
        if kept is None or kept[0] != of:
            kept = self._kept[name] = (of, make())
        return kept[1]
