"""The gates in front of the register, in their order. Each has its number and the code it refuses with.

What a gate finds out it writes into the `Case`, and the gates after it build on that; so a question is read only
once its sender is proved, and nothing of the register is read before the last gate. On the population side MaCanBo
is the agency's signed assertion: the officer gate checks that such an account is there, active, of that unit and
entitled, and cannot know who sat at the keyboard.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from ketnoi_protocol import http_signature, rest
from ketnoi_protocol.directory import Grant, IntegrationAccount, Officer
from ketnoi_protocol.envelope import Request, VerifyRequest
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import InvalidIdentifier, OrganisationCode, SubsystemId
from ketnoi_protocol.services import CatalogueEntry, Service

from . import reading
from .dialects import Dialect
from .directory import Directory
from .disclosure import licensed

_ES256 = ECDSA(SHA256())
LONGEST_MESSAGE_ID = 255


@dataclass(slots=True, repr=False)
class Case:
    """One call on its way through the gates. Header names are in lower case; `signature_window` either way."""

    instance: str
    entry: CatalogueEntry
    headers: dict[str, list[str]]
    body: bytes
    dialect: Dialect
    at: datetime
    directory: Directory
    signature_window: timedelta

    consumer: SubsystemId = field(init=False)
    organisation: OrganisationCode = field(init=False)
    message_id: str = field(init=False)
    account: IntegrationAccount = field(init=False)
    request: Request = field(init=False)
    unit: OrganisationCode = field(init=False)
    grant: Grant = field(init=False)
    officer: Officer = field(init=False)

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
    case.request = reading.read(case.entry, case.dialect, case.body, unissued_allowed=rehearsal)
    case.unit = case.request.unit


def _organisation(case: Case) -> None:
    if not case.organisation.covers(case.unit):
        raise Refusal("22", "MaDonVi is neither the organisation that signed nor beneath it")
    entry = case.entry
    grant = case.directory.grant(case.unit, entry.system, entry.service, entry.environment)
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
    officer = case.directory.officer(code)
    if (
        officer is None
        or not officer.active
        or officer.unit != case.unit.value
        or case.entry.service not in officer.services
        or case.at < officer.valid_from
        or (officer.valid_until is not None and case.at >= officer.valid_until)
    ):
        raise Refusal("24")
    case.officer = officer


def _fields(case: Case) -> None:
    if case.entry.service is Service.LOOK_UP_CITIZEN and not licensed(case.grant.fields):
        raise Refusal("26", "the licence opens no field")
    if isinstance(case.request, VerifyRequest):
        unlicensed = sorted(case.request.attributes.keys() - set(case.grant.match_fields))
        if unlicensed:
            raise Refusal("26", "ThuocTinh: " + ", ".join(name for name in unlicensed if name in reading.ATTRIBUTES))


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: `judge` writes what it found into the case, or raises Refusal with one of `codes`."""

    number: int
    name: str
    codes: tuple[str, ...]
    asks_vi: str
    asks_en: str
    judge: Callable[[Case], None]


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
        6, "officer", ("24",),
        "Tài khoản cán bộ có đang hoạt động, thuộc đơn vị đó và có quyền với dịch vụ này không?",
        "Is the officer's account active, of that unit, and entitled to this service?",
        _officer,
    ),
    Gate(
        7, "fields", ("26",),
        "Các trường được hỏi có nằm trong giấy phép không?",
        "Are the fields that are asked for in the licence?",
        _fields,
    ),
)  # fmt: skip
"""Two more ask the database: `12`, whether the MaYeuCau was used otherwise (repeats.py), judged once more in the
statement that makes the access log durable; and `30`, whether the grant's quotas have a call left (quotas.py). A
question that was answered before costs no call, and is answered though the people cannot be read."""
