"""Judging other servers' authentication certificates: with OCSP responses that they serve, or that callers send."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import SecurityServerId, SubsystemId
from ketnoi_securityserver import multipart, outbound, transport
from ketnoi_securityserver.outbound import Connection
from ketnoi_securityserver.settings import Peers
from ketnoi_securityserver.signing import Verdicts
from ketnoi_trust import certificates
from ketnoi_trust.certificates import JudgedServer, ParsedCertificate
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused

LONGEST_OCSP_ANSWER = 1024 * 1024
MOST_PRESENTED = 16


@dataclass(frozen=True, slots=True)
class _Served:
    """OCSP responses as a peer served them; `fetched` is a moment of the loop's clock."""

    responses: tuple[bytes, ...]
    fetched: float


class PeerCertificates:
    """Judges once per certificate, configuration and OCSP response, and again when the verdict's window ends."""

    def __init__(self, settings: Peers) -> None:
        self._settings = settings
        self._served: dict[bytes, _Served] = {}
        self._verdicts: Verdicts[JudgedServer] = Verdicts()

    def known(self, connection: Connection, configuration: Configuration, at: datetime) -> JudgedServer | None:
        """The verdict on the other end of `connection` that still holds, without asking anybody.

        None also when its OCSP responses should be fetched again. Raises Refusal `ssl_authentication_failed` for a
        certificate that the configuration does not register.
        """
        served = self._served.get(connection.certificate)
        stale = served is None or asyncio.get_running_loop().time() - served.fetched > self._settings.ocsp_refetch
        if connection.verdict is not None and not stale:
            digest, judged = connection.verdict
            if digest == configuration.digest and judged.valid_from <= at <= judged.valid_until:
                return judged  # type: ignore[no-any-return]
        if configuration.server_by_authentication_certificate(connection.certificate) is None:
            raise Refusal("ssl_authentication_failed", "the peer's certificate is not registered for any server")
        if served is None or stale:
            return None
        key = (configuration.digest, connection.certificate, served.responses)
        found = self._verdicts.find(key, at)
        if found is not None:
            connection.verdict = (configuration.digest, found)
        return found

    async def learn(self, connection: Connection, host: str, configuration: Configuration, at: datetime) -> None:
        """Fetch the OCSP responses for the other end's chain from its own server (PR-MESSTRANSP, OCSP on port 5577).

        When that fails, responses fetched before are used as long as they are fresh enough to convince.
        Raises Refusal `ssl_authentication_failed` when there are none.
        """
        certificate = connection.certificate
        try:
            responses = await self._fetch(host, _questioned(certificate, connection, configuration, at))
        except (Refusal, Refused, OSError) as error:
            if certificate not in self._served:
                raise Refusal("ssl_authentication_failed", "the peer's OCSP responses cannot be fetched") from error
            return
        self._served[certificate] = _Served(responses, asyncio.get_running_loop().time())

    async def _fetch(self, host: str, chain: Sequence[bytes]) -> tuple[bytes, ...]:
        timeout = self._settings.connect_timeout
        query = "&".join(f"cert={hashlib.sha1(der, usedforsecurity=False).hexdigest()}" for der in chain)
        query += "".join(f"&cert_hash={hashlib.sha256(der).hexdigest()}" for der in chain)
        request = outbound.head(
            "GET", f"/?{query}", host, [("Accept", "multipart/related"), ("Connection", "close")], None
        )
        reached = await outbound.reach(host, self._settings.ocsp_port, timeout)
        connection = await outbound.connect(host, reached, None, timeout)
        deadline = asyncio.get_running_loop().time() + timeout
        answer = await connection.exchange("GET", request, longest_body=LONGEST_OCSP_ANSWER, deadline=deadline)
        if answer.status != 200:
            raise Refusal("http_error", "the peer's OCSP server refused")
        boundary = multipart.boundary_of(answer.header("content-type") or "")
        parts = multipart.read(answer.body, boundary, most=transport.MOST_OCSP_RESPONSES)
        if len(parts) != len(chain) or any(part.media_type != transport.OCSP for part in parts):
            raise Refusal("http_error", "the peer's OCSP server gave something else than was asked")
        return tuple(part.content for part in parts)

    def judge(self, connection: Connection, configuration: Configuration, at: datetime) -> JudgedServer:
        """Who is at the other end. Raises Refusal `ssl_authentication_failed`."""
        served = self._served[connection.certificate]
        judged = self._judge(connection.certificate, served.responses, connection.presented_chain, configuration, at)
        connection.verdict = (configuration.digest, judged)
        return judged

    def judge_caller(
        self,
        certificate: bytes,
        ocsp_responses: tuple[bytes, ...],
        presented: Callable[[], Sequence[bytes]],
        configuration: Configuration,
        at: datetime,
    ) -> SecurityServerId:
        """Who calls us, by the OCSP responses in its message. Raises Refusal `ssl_authentication_failed`."""
        return self._judge(certificate, ocsp_responses, presented, configuration, at).server

    def _judge(
        self,
        certificate: bytes,
        ocsp_responses: tuple[bytes, ...],
        presented: Callable[[], Sequence[bytes]],
        configuration: Configuration,
        at: datetime,
    ) -> JudgedServer:
        key = (configuration.digest, certificate, ocsp_responses)
        found = self._verdicts.find(key, at)
        if found is not None:
            return found
        try:
            judged = certificates.judge_authentication_certificate(
                certificate, ocsp_responses, presented(), configuration, at
            )
        except Refused as refused:
            raise Refusal("ssl_authentication_failed", refused.message) from refused
        return self._verdicts.keep(key, judged)

    def check_serves(
        self,
        server: SecurityServerId,
        wanted: Sequence[SecurityServerId],
        provider: SubsystemId,
        configuration: Configuration,
    ) -> None:
        """Raises Refusal `ssl_authentication_failed` unless `server` is one of those wanted and serves `provider`
        in this configuration too."""
        if server not in wanted or all(each.id != server for each in configuration.servers_of(provider)):
            raise Refusal("ssl_authentication_failed", f"{server} answered, which does not serve {provider}")


def _questioned(certificate: bytes, connection: Connection, configuration: Configuration, at: datetime) -> list[bytes]:
    """The certificate and those above it that the configuration does not itself list: these need OCSP responses."""
    presented = [ParsedCertificate.parse(each) for each in connection.presented_chain()[:MOST_PRESENTED]]
    path = certificates.chain(ParsedCertificate.parse(certificate), presented, configuration, at)
    return [each.der for each in path.certificates if not configuration.authorities_with(each.der)]
