"""The gates in front of the register, in their order. Each has its number and the code it refuses with.

What a gate finds out it writes into the `Case`, and the gates after it build on that; so a question is read only
once its sender is proved, and nothing of the register is read before the last gate. On the population side MaCanBo
is the agency's signed assertion: the officer gate checks that such an account is there, active, of that unit and
entitled, and cannot know who sat at the keyboard. On the identity side the officer's card (TheCanBo) proves it; where
cards are not required, an account that the directory marks as the information system's own may ask without one.

A message that asks for a consent, or how one stands, passes the gates of the service that the consent is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from ketnoi_protocol import http_signature, rest
from ketnoi_protocol.consent import NOT_PROVED_OFFICER
from ketnoi_protocol.consent_messages import ConsentMessage, RequestConsent
from ketnoi_protocol.directory import Grant, IntegrationAccount
from ketnoi_protocol.envelope import Request, VerifyRequest
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import InvalidIdentifier, OrganisationCode, SubsystemId
from ketnoi_protocol.services import CatalogueEntry, ConsentEntry, Service, System

from . import reading
from .dialects import Dialect
from .directory import Directory
from .disclosure import licensed
from .identity import OfficerCards

_ES256 = ECDSA(SHA256())
LONGEST_MESSAGE_ID = 255


@dataclass(slots=True, repr=False)
class Case:
    """One call on its way through the gates. Header names are in lower case; `signature_window` either way.

    `cards` judges officers' cards, where there is an identity system; `cards_required` says that nobody asks it
    without one.
    """

    instance: str
    entry: CatalogueEntry | ConsentEntry
    headers: dict[str, list[str]]
    body: bytes
    dialect: Dialect
    at: datetime
    directory: Directory
    signature_window: timedelta
    cards: OfficerCards | None = None
    cards_required: bool = False

    consumer: SubsystemId = field(init=False)
    organisation: OrganisationCode = field(init=False)
    message_id: str = field(init=False)
    account: IntegrationAccount = field(init=False)
    request: Request | ConsentMessage = field(init=False)
    service: Service = field(init=False)
    unit: OrganisationCode = field(init=False)
    grant: Grant = field(init=False)
    officer_identity: Literal["asserted_by_agency", "proved_by_eid"] = field(init=False, default="asserted_by_agency")

    def one(self, name: str, code: str) -> str:
        """The value of a header that must stand there exactly once. Raises Refusal with `code`, naming the header."""
        values = self.headers.get(name, ())
        if len(values) != 1:
            raise Refusal(code, f"{name} must stand there once")
        return values[0]


def _consumer(case: Case) -> None:
    try:
        case.consumer = SubsystemId.from_slash(case.one(rest.CLIENT, "21"))
    except InvalidIdentifier as error:
        raise Refusal("21", f"X-Road-Client: {error}") from None
    if case.consumer.instance != case.instance:
        raise Refusal("21", "X-Road-Client is of another instance than the security server")
    try:
        case.organisation = OrganisationCode.parse(case.consumer.member_code)
    except InvalidIdentifier:
        raise Refusal("21", "X-Road-Client: the member's code is no organisation code") from None
    if not case.directory.knows(case.organisation):
        raise Refusal("21", "X-Road-Client: the organisation is not registered")


def _account(case: Case) -> None:
    message_id = case.one(rest.ID, "20")
    if not (message_id.isascii() and message_id.isprintable() and 1 <= len(message_id) <= LONGEST_MESSAGE_ID):
        raise Refusal("20", f"X-Road-Id has 1 to {LONGEST_MESSAGE_ID} printable characters")
    case.message_id = message_id
    digest = case.one(http_signature.CONTENT_DIGEST, "20")
    http_signature.check_content_digest(digest, case.body)
    signed = http_signature.SignatureInput.parse(case.one(http_signature.SIGNATURE_INPUT, "20"))
    value = http_signature.parse_signature(case.one(http_signature.SIGNATURE, "20"))
    base = signed.base(digest, case.message_id)
    if abs(case.at.timestamp() - signed.created) > case.signature_window.total_seconds():
        raise Refusal("20", "created is too far from the register's clock")
    account = case.directory.account(signed.key_id)
    if (
        account is None
        or not account.active
        or (account.system, account.environment) != (case.entry.system, case.entry.environment)
        or account.organisation != case.organisation.value
    ):
        raise Refusal("20", "keyid names no active account of this organisation for this system and environment")
    key = case.directory.key_of(account)
    r, s = int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big")
    try:
        if key is None:
            raise InvalidSignature
        key.verify(encode_dss_signature(r, s), base, _ES256)
    except InvalidSignature:
        raise Refusal("20", "the signature is not the account's over this body and X-Road-Id") from None
    case.account = account


def _message(case: Case) -> None:
    rehearsal = case.directory.manifest.rehearsal
    if isinstance(case.entry, ConsentEntry):
        message = reading.read_consent(case.entry, case.dialect, case.body, unissued_allowed=rehearsal)
        case.request, case.service = message, message.service
    else:
        case.request = reading.read(case.entry, case.dialect, case.body, unissued_allowed=rehearsal)
        case.service = case.entry.service
    case.unit = case.request.unit


def _organisation(case: Case) -> None:
    if not case.organisation.covers(case.unit):
        raise Refusal("22", "MaDonVi is neither the organisation that signed nor beneath it")
    entry = case.entry
    grant = case.directory.grant(case.unit, entry.system, case.service, entry.environment)
    if grant is None or not grant.active:
        raise Refusal("22")
    case.grant = grant


def _procedure(case: Case) -> None:
    if case.request.ma_dvc not in case.grant.procedures:
        raise Refusal("23")


def _officer(case: Case) -> None:
    code = case.request.ma_can_bo
    if case.one(rest.USER_ID, "24") != code:
        raise Refusal("24", "X-Road-UserId is not MaCanBo")
    card = case.request.officer_token
    if card is not None and case.cards is not None:
        # Whose hands the agency's information system is in, the identity system says: nobody is listed for it here.
        case.cards.check(card, case.at, organisation=case.organisation.value, message_id=case.message_id, officer=code)
        case.officer_identity = "proved_by_eid"
        return
    unproved = case.entry.system is System.IDENTITY
    if unproved and case.cards_required:
        raise Refusal(NOT_PROVED_OFFICER, "TheCanBo is missing")
    officer = case.directory.officer(code)
    if (
        officer is None
        or not officer.active
        or officer.unit != case.unit.value
        or case.service not in officer.services
        or case.at < officer.valid_from
        or (officer.valid_until is not None and case.at >= officer.valid_until)
    ):
        raise Refusal("24")
    if unproved and not officer.of_system:
        raise Refusal(NOT_PROVED_OFFICER, "TheCanBo is missing; without it only an account of the system itself asks")


def _fields(case: Case) -> None:
    if case.service is Service.LOOK_UP_CITIZEN and not licensed(case.grant.fields):
        raise Refusal("26", "the licence opens no field")
    if isinstance(case.request, VerifyRequest):
        _licensed_alone("ThuocTinh", case.request.attributes, case.grant.match_fields)
    if isinstance(case.request, RequestConsent):
        looks_up = case.service is Service.LOOK_UP_CITIZEN
        opened = licensed(case.grant.fields if looks_up else case.grant.match_fields)
        _licensed_alone("CacTruong", case.request.fields, opened)


def _licensed_alone(where: str, named: Iterable[str], opened: Iterable[str]) -> None:
    unlicensed = sorted(set(named) - set(opened))
    if unlicensed:
        # Each is a field: what is none was refused when the message was read.
        raise Refusal("26", f"{where}: " + ", ".join(unlicensed))


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: `judge` writes what it found into the case, or raises Refusal with one of `codes`. Without a `judge`
    it asks a database or another system, which calls.py does in this place."""

    number: int
    name: str
    codes: tuple[str, ...]
    asks_vi: str
    asks_en: str
    judge: Callable[[Case], None] | None = None


GATES: tuple[Gate, ...] = (
    Gate(
        1, "consumer", ("21",),
        "Hệ thống thông tin gọi có thuộc nền tảng của máy chủ bảo mật này và của một đơn vị đã đăng ký không?",
        "Is the calling information system of this security server's instance, and of a registered organisation?",
        _consumer,
    ),
    Gate(
        2, "account", ("20",),
        "Chữ ký của tài khoản tích hợp trên nội dung và X-Road-Id có đúng, còn mới, của đúng đơn vị không?",
        "Is the integration account's signature over body and X-Road-Id right, fresh, and of this organisation?",
        _account,
    ),
    Gate(
        3, "message", ("10", "11"),
        "Thông điệp có đúng cấu trúc của dịch vụ này không?",
        "Has the message the form of this service?",
        _message,
    ),
    Gate(
        4, "organisation", ("22",),
        "MaDonVi có phải là đơn vị đã ký hoặc trực thuộc, và được phê duyệt ở môi trường này không?",
        "Is MaDonVi the organisation that signed or beneath it, and approved for this service and environment?",
        _organisation,
    ),
    Gate(
        5, "procedure", ("23",),
        "Thủ tục (MaDVC) có được phép khai thác dịch vụ này không?",
        "Is the procedure (MaDVC) licensed for this service?",
        _procedure,
    ),
    Gate(
        6, "officer", ("24", "27"),
        "Tài khoản cán bộ có đang hoạt động, thuộc đơn vị đó và có quyền với dịch vụ này không? "
        "Với hệ thống định danh: thẻ cán bộ (TheCanBo) có đúng là của cán bộ, đơn vị và thông điệp này không?",
        "Is the officer's account active, of that unit, and entitled to this service? Where a card (TheCanBo) comes "
        "with it, as the identity system asks for: is it this officer's, this organisation's and this message's?",
        _officer,
    ),
    Gate(
        7, "fields", ("26",),
        "Các trường được hỏi có nằm trong giấy phép không?",
        "Are the fields that are asked for in the licence?",
        _fields,
    ),
    Gate(
        8, "quota", ("30",),
        "Hạn mức khai thác của giấy phép còn lượt không?",
        "Have the licence's quotas a call left?",
    ),
    Gate(
        9, "consent", ("50", "51", "52", "53", "54", "55", "56", "57", "58", "44"),
        "Chỉ với hệ thống định danh: công dân này đã đồng ý (MaGiaoDichDongY) cho đơn vị này, dịch vụ, thủ tục và các "
        "trường này, và sự đồng ý còn hiệu lực không?",
        "Of the identity system alone: has this citizen agreed (MaGiaoDichDongY) to this organisation, service, "
        "procedure and these fields, and does it still hold?",
    ),
)  # fmt: skip
"""One more, `12`: whether the MaYeuCau was used otherwise, in the statement that makes the access log durable."""
