"""The connection check on one platform, both ways, item by item. It changes nothing and keeps nothing.

C06 → agency: the portal goes the way that C06's security server goes (the signed configuration, the registered
address, TLS, OCSP). Agency → C06: the agency names the id of any message that it has sent, a metaservice call of
`ketnoi doctor` for one, and C06's server gives the evidence of it: X-Road's own `/asic`, so that the same holds beside
an X-Road server, whose log can be asked in no other way, and not a word is taken on trust from the agency.
"""

from __future__ import annotations

from collections.abc import Iterator

from ketnoi_portal.connection import evidence_door, published
from ketnoi_portal.connection.fetching import Unreachable
from ketnoi_portal.connection.findings import CHECK_ITEMS, NOT_EXAMINED, Finding
from ketnoi_portal.connection.proof import prove
from ketnoi_portal.connection.refusals import NotProved
from ketnoi_portal.connection.server_examination import ServerExamination
from ketnoi_portal.connection.subject import Subject
from ketnoi_portal.onboarding.models import IntegrationAccount
from ketnoi_portal.publication.adapter import SecurityServer
from ketnoi_portal.publication.admin_client import AdminError
from ketnoi_portal.troubles import of_refused
from ketnoi_protocol.services import Environment
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused


def examine(subject: Subject, message_id: str) -> list[Finding]:
    """Every item of the table, in its order; what lies behind a failed one is told as not examined."""
    found = {each.item: each for each in _Examination(subject, message_id).findings()}
    return [
        found.get(item) or Finding(item, subject.platform, passed=False, detail=NOT_EXAMINED) for item in CHECK_ITEMS
    ]


class _Examination:
    """One run on one platform of the test environment."""

    def __init__(self, subject: Subject, message_id: str) -> None:
        self._subject = subject
        self._message_id = message_id
        self._server = ServerExamination(
            subject.platform, Environment.TEST, subject.server, subject.client, registered=subject.certificate
        )
        self._found = self._server.found

    def findings(self) -> Iterator[Finding]:
        """The items that could be examined."""
        yield from self._server.findings()
        if self._server.known is not None:
            yield self._call(self._server.known)
        yield self._rights()
        yield self._account()

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
            return self._found("rights", False, f"máy chủ của C06: {error.told.vi}", f"C06's server: {error.told.en}")
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
            told = of_refused(error) if isinstance(error, Refused) else error.told
            return self._found("account", False, f"danh bạ: {told.vi}", f"directory: {told.en}")
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
            vi = f"máy chủ của C06 không có bằng chứng của {self._message_id} ({error.told.vi})"
            return self._found("call", False, vi, f"C06's server has no evidence of {self._message_id} ({error})")
        except Unreachable as error:
            return self._found("call", False, f"máy chủ của C06: {error.told.vi}", f"C06's server: {error.told.en}")
        except NotProved as error:
            title = error.reason.title
            return self._found("call", False, f"{self._message_id}: {title.vi}", f"{self._message_id}: {title.en}")
        at = f"{proof.signed_at:%d/%m/%Y %H:%M:%S} UTC"
        return self._found("call", True, f"{proof.service_code}, ký lúc {at}", f"{proof.service_code}, signed {at}")
