"""A security server of an agency as C06's own would meet it, in one place: configuration, address, TLS, OCSP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.connection import configuration, peer
from ketnoi_portal.connection.expiring import note_server_certificate
from ketnoi_portal.connection.fetching import Unreachable
from ketnoi_portal.connection.findings import Finding
from ketnoi_portal.onboarding.certificate_models import fingerprint
from ketnoi_portal.settings import Exchange
from ketnoi_portal.troubles import of_refused
from ketnoi_protocol.identifiers import SecurityServerId, SubsystemId
from ketnoi_protocol.services import Environment, Platform
from ketnoi_trust import certificates
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused
from ketnoi_trust.parsed_certificate import ParsedCertificate


@dataclass(slots=True)
class ServerExamination:
    """One run. `expected` (DER) is the certificate that the server must show, where it is to show a certain one.

    `registered` (DER) is the one that the application names, where it does: another one, though the platform still has
    it, is not enough. `known` is the configuration, once it has been read.
    """

    platform: Platform
    environment: Environment
    server: SecurityServerId
    client: SubsystemId
    expected: bytes = b""
    registered: bytes = b""
    known: Configuration | None = None

    def findings(self) -> Iterator[Finding]:
        """The items that could be examined."""
        exchange = configuration.exchange_of(self.platform, self.environment)
        if exchange is None or exchange.instance != self.server.instance:
            yield self.found("configuration", False, "thiết lập của cổng chưa có", "not in the portal's settings")
            return
        try:
            known = self.known = configuration.fetch(exchange)
        except configuration.NoConfiguration as error:
            yield self.found("configuration", False, *error.told)
            return
        until = f"{known.expires_at:%H:%M:%S} UTC" if known.expires_at else "–"
        yield self.found(
            "configuration", True, f"{known.instance}, còn hiệu lực tới {until}", f"{known.instance}, until {until}"
        )
        yield self._registered(known)
        server = known.servers.get(self.server)
        if server is not None and server.addresses:
            yield from self._by_tls(known, exchange, server.addresses[0])

    def found(self, item: str, passed: bool, vi: str, en: str) -> Finding:
        """One item."""
        return Finding(item, self.platform, passed, Text(vi, en))

    def _registered(self, known: Configuration) -> Finding:
        server = known.servers.get(self.server)
        if server is None:
            return self.found("registered", False, f"không có {self.server}", f"{self.server} is missing")
        if not server.addresses:
            return self.found("registered", False, "máy chủ chưa có địa chỉ", "the server has no address")
        if self.client not in server.clients:
            vi, en = f"{self.client} không ở máy chủ này", f"{self.client} is not at this server"
            return self.found("registered", False, vi, en)
        return self.found("registered", True, f"{self.client}", f"{self.client}")

    def _by_tls(self, known: Configuration, exchange: Exchange, host: str) -> Iterator[Finding]:
        where = f"{host}:{exchange.peer_port}"
        try:
            shown = peer.certificate_at(host, exchange)
        except Unreachable as error:
            yield self.found("reachable", False, f"{where}: {error.told.vi}", f"{where}: {error.told.en}")
            return
        yield self.found("reachable", True, where, where)
        if self.expected:
            yield self.found("shows_next", shown == self.expected, fingerprint(shown), fingerprint(shown))
            if shown != self.expected:
                return
        owner = known.server_by_authentication_certificate(shown)
        named = str(owner) if owner is not None else "–"
        passed = owner == self.server
        vi, en = f"đăng ký cho: {named}", f"registered for: {named}"
        if passed and self.registered and shown != self.registered:
            passed, told = False, (fingerprint(shown), fingerprint(self.registered))
            vi, en = "máy chủ trình {}, hồ sơ đăng ký {}".format(*told), "it shows {}, not {}".format(*told)
        yield self.found("certificate_registered", passed, vi, en)
        if not passed:
            return
        note_server_certificate(known, self.server, shown)
        try:
            certificate = ParsedCertificate.parse(shown)
            certificates.check_authentication_usage(certificate)
            certificates.chain(certificate, (), known, clock.now())
        except Refused as refused:
            yield self.found("certificate_valid", False, *of_refused(refused))
            return
        until = f"{certificate.not_after:%d/%m/%Y}"
        yield self.found("certificate_valid", True, f"tới {until}", f"until {until}")
        yield self._ocsp(known, exchange, host, shown)

    def _ocsp(self, known: Configuration, exchange: Exchange, host: str, shown: bytes) -> Finding:
        try:
            response = peer.ocsp_at(host, exchange, shown)
            judged = certificates.judge_authentication_certificate(shown, [response], [], known, clock.now())
        except (Unreachable, Refused) as error:
            where, told = (
                f"{host}:{exchange.ocsp_port}",
                of_refused(error) if isinstance(error, Refused) else error.told,
            )
            return self.found("ocsp", False, f"{where}: {told.vi}", f"{where}: {told.en}")
        until = f"{judged.valid_until:%H:%M:%S} UTC"
        return self.found("ocsp", True, f"tốt, dùng được tới {until}", f"good, counts until {until}")
