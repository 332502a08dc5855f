"""The connection check on one platform, both ways, item by item. It changes nothing and keeps nothing.

C06 → agency: the portal goes the way that C06's security server goes (the signed configuration, the registered
address, TLS, OCSP). Agency → C06: the agency names the id of any message that it has sent, a metaservice call of
`ketnoi doctor` for one, and C06's server gives the evidence of it: X-Road's own `/asic`, so that the same holds beside
an X-Road server, whose log can be asked in no other way, and not a word is taken on trust from the agency.
"""

from __future__ import annotations

from collections.abc import Iterator

from ketnoi_portal.connection import configuration, evidence_door, peer, published
from ketnoi_portal.connection.expiring import note_server_certificate
from ketnoi_portal.connection.fetching import Unreachable
from ketnoi_portal.connection.findings import ITEMS, NOT_EXAMINED, Finding
from ketnoi_portal.connection.proof import prove
from ketnoi_portal.connection.refusals import NotProved
from ketnoi_portal.connection.subject import Subject
from ketnoi_portal.onboarding.models import IntegrationAccount
from ketnoi_portal.publication.adapter import SecurityServer
from ketnoi_portal.publication.admin_client import AdminError
from ketnoi_portal.site import clock
from ketnoi_portal.text import Text
from ketnoi_protocol.services import Environment
from ketnoi_trust import certificates
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused
from ketnoi_trust.parsed_certificate import ParsedCertificate


def examine(subject: Subject, message_id: str) -> list[Finding]:
    """Every item of the table, in its order; what lies behind a failed one is told as not examined."""
    found = {each.item: each for each in _Examination(subject, message_id).findings()}
    return [found.get(item) or Finding(item, subject.platform, passed=False, detail=NOT_EXAMINED) for item in ITEMS]


class _Examination:
    """One run on one platform."""

    def __init__(self, subject: Subject, message_id: str) -> None:
        self._subject = subject
        self._message_id = message_id

    def findings(self) -> Iterator[Finding]:
        """The items that could be examined."""
        yield from self._by_configuration()
        yield self._rights()
        yield self._account()

    def _found(self, item: str, passed: bool, vi: str, en: str) -> Finding:
        return Finding(item, self._subject.platform, passed, Text(vi, en))

    def _by_configuration(self) -> Iterator[Finding]:
        subject = self._subject
        exchange = configuration.exchange_of(subject.platform, Environment.TEST)
        if exchange is None or exchange.instance != subject.instance:
            yield self._found("configuration", False, "thiết lập của cổng chưa có", "not in the portal's settings")
            return
        try:
            known = configuration.fetch(exchange)
        except configuration.NoConfiguration as error:
            yield self._found("configuration", False, str(error), str(error))
            return
        until = f"{known.expires_at:%H:%M:%S} UTC" if known.expires_at else "–"
        yield self._found(
            "configuration", True, f"{known.instance}, còn hiệu lực tới {until}", f"{known.instance}, until {until}"
        )
        yield self._registered(known)
        server = known.servers.get(subject.server)
        if server is not None and server.addresses:
            yield from self._by_tls(known, server.addresses[0])
        yield self._call(known)

    def _registered(self, known: Configuration) -> Finding:
        subject = self._subject
        server = known.servers.get(subject.server)
        if server is None:
            return self._found("registered", False, f"không có {subject.server}", f"{subject.server} is missing")
        if not server.addresses:
            return self._found("registered", False, "máy chủ chưa có địa chỉ", "the server has no address")
        if subject.client not in server.clients:
            vi, en = f"{subject.client} không ở máy chủ này", f"{subject.client} is not at this server"
            return self._found("registered", False, vi, en)
        return self._found("registered", True, f"{subject.client}", f"{subject.client}")

    def _by_tls(self, known: Configuration, host: str) -> Iterator[Finding]:
        exchange = configuration.exchange_of(self._subject.platform, Environment.TEST)
        assert exchange is not None
        where = f"{host}:{exchange.peer_port}"
        try:
            shown = peer.certificate_at(host, exchange)
        except Unreachable as error:
            yield self._found("reachable", False, f"{where}: {error}", f"{where}: {error}")
            return
        yield self._found("reachable", True, where, where)
        owner = known.server_by_authentication_certificate(shown)
        named = str(owner) if owner is not None else "–"
        passed = owner == self._subject.server
        yield self._found("certificate_registered", passed, f"đăng ký cho: {named}", f"registered for: {named}")
        if not passed:
            return
        note_server_certificate(known, self._subject.server, shown)
        try:
            certificate = ParsedCertificate.parse(shown)
            certificates.check_authentication_usage(certificate)
            certificates.chain(certificate, (), known, clock.now())
        except Refused as refused:
            yield self._found("certificate_valid", False, str(refused), str(refused))
            return
        until = f"{certificate.not_after:%d/%m/%Y}"
        yield self._found("certificate_valid", True, f"tới {until}", f"until {until}")
        yield self._ocsp(known, host, shown)

    def _ocsp(self, known: Configuration, host: str, shown: bytes) -> Finding:
        exchange = configuration.exchange_of(self._subject.platform, Environment.TEST)
        assert exchange is not None
        try:
            response = peer.ocsp_at(host, exchange, shown)
            judged = certificates.judge_authentication_certificate(shown, [response], [], known, clock.now())
        except (Unreachable, Refused) as error:
            where = f"{host}:{exchange.ocsp_port}: {error}"
            return self._found("ocsp", False, where, where)
        until = f"{judged.valid_until:%H:%M:%S} UTC"
        return self._found("ocsp", True, f"tốt, dùng được tới {until}", f"good, counts until {until}")

    def _rights(self) -> Finding:
        subject = self._subject
        told = evidence_door.server_of(subject.platform, Environment.TEST)
        if told is None:
            return self._found("rights", False, "thiết lập của cổng chưa có", "not in the portal's settings")
        client, server = str(subject.client), str(subject.server)
        lacking = []
        try:
            with SecurityServer.of(told) as adapter:
                wanted = adapter.as_held(frozenset({server}))
                for entry in subject.entries:
                    held = adapter.right(client, entry.service_code)
                    if held is None or not wanted <= held:
                        lacking.append(entry.service_code)
        except AdminError as error:
            return self._found("rights", False, f"máy chủ của C06: {error}", f"C06's server: {error}")
        if lacking:
            codes = ", ".join(lacking)
            return self._found("rights", False, f"chưa mở: {codes}", f"not open: {codes}")
        codes = ", ".join(entry.service_code for entry in subject.entries)
        return self._found("rights", True, codes, codes)

    def _account(self) -> Finding:
        own = IntegrationAccount.objects.filter(
            application=self._subject.application, environment=Environment.TEST
        ).first()
        if own is None or own.taken_at is None:
            return self._found("account", False, "chưa nhận tài khoản", "the account has not been taken")
        try:
            listed = published.account_in_directory(Environment.TEST, own.name)
        except (Unreachable, Refused) as error:
            return self._found("account", False, f"danh bạ: {error}", f"directory: {error}")
        if listed is None:
            return self._found("account", False, f"{own.name}: chưa có", f"{own.name}: not there")
        if listed.public_key.strip() != own.public_key.strip():
            return self._found("account", False, f"{own.name}: còn khóa cũ", f"{own.name}: still the key before")
        if not listed.active:
            return self._found("account", False, f"{own.name}: không hiệu lực", f"{own.name}: not active")
        return self._found("account", True, own.name, own.name)

    def _call(self, known: Configuration) -> Finding:
        subject = self._subject
        told, expected = evidence_door.server_of(subject.platform, Environment.TEST), subject.expected()
        if told is None or expected is None:
            return self._found("call", False, "thiết lập của cổng chưa có", "not in the portal's settings")
        if not self._message_id:
            return self._found("call", False, "chưa có mã thông điệp", "no message id was given")
        try:
            proof = prove(evidence_door.fetch(told, self._message_id), known, expected)
        except evidence_door.NotThere as error:
            vi = f"máy chủ của C06 không có bằng chứng của {self._message_id} ({error})"
            return self._found("call", False, vi, f"C06's server has no evidence of {self._message_id} ({error})")
        except Unreachable as error:
            return self._found("call", False, f"máy chủ của C06: {error}", f"C06's server: {error}")
        except NotProved as error:
            title = error.reason.title
            return self._found("call", False, f"{self._message_id}: {title.vi}", f"{self._message_id}: {title.en}")
        at = f"{proof.signed_at:%d/%m/%Y %H:%M:%S} UTC"
        return self._found("call", True, f"{proof.service_code}, ký lúc {at}", f"{proof.service_code}, signed {at}")
