"""Messages by which an agency asks for a citizen's consent, and how it stands: JSON, both ways.

The header fields are those of the four services (claims.py). DichVu names the service of the identity system that the
consent is for, by its name here (`look_up_citizen`); the gates judge that service. Our choice [OC] throughout.
"""

from __future__ import annotations

import datetime
from typing import Annotated, ClassVar, Final, TypeAlias

import msgspec

from ketnoi_protocol.citizen import ATTRIBUTES, CLAIMABLE, Personal
from ketnoi_protocol.claims import (
    END,
    PLAIN,
    Headed,
    OfficerCode,
    ProcedureCode,
    RequestCode,
    ServiceDigits,
    UnitCode,
    check_header,
    decode_strictly,
    where_wrong,
)
from ketnoi_protocol.consent import (
    LONGEST_CONSENT,
    LONGEST_PURPOSE,
    LONGEST_WAIT,
    SHORTEST_WAIT,
    ConsentCode,
    ConsentState,
)
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import OrganisationCode
from ketnoi_protocol.officer_token import OfficerToken
from ketnoi_protocol.purposes import why_no_purpose
from ketnoi_protocol.services import ConsentOperation, Service

ASKED: Final = "02"
"""MaKetQua of a request for consent: it is with the citizen."""
TOLD: Final = "00"
MOST_FIELDS: Final = 40
WITH_FIELDS: Final[dict[Service, tuple[str, ...]]] = {
    Service.LOOK_UP_CITIZEN: tuple(ATTRIBUTES),
    Service.VERIFY_CITIZEN: CLAIMABLE,
}
"""Services whose consent names fields → what there is to name: what an answer may show, or claims that are answered yes
or no."""

FieldName: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[A-Za-z]{1,40}" + END)]
FieldNames: TypeAlias = Annotated[tuple[FieldName, ...], msgspec.Meta(max_length=MOST_FIELDS)]
Purpose: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_PURPOSE, pattern=f"^{PLAIN}+" + END)]
Lasting: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=LONGEST_CONSENT)]
Waiting: TypeAlias = Annotated[int, msgspec.Meta(ge=SHORTEST_WAIT, le=LONGEST_WAIT)]


class RequestConsent(Headed, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """May this citizen's data be asked for? `fields` are the fields of a look-up or the claims of a verification.

    `purpose` is shown to the citizen as it stands, in words alone (purposes.py). A `one_time` consent is used up by the
    first question. `lasts` is for how many seconds it holds from the moment when the citizen agrees; `waits` for how
    many the citizen can answer, None for as long as the identity system has it.
    """

    OPERATION: ClassVar[ConsentOperation] = ConsentOperation.REQUEST

    service: Service = msgspec.field(name="DichVu")
    fields: FieldNames = msgspec.field(name="CacTruong", default=())
    purpose: Purpose = msgspec.field(name="MucDich")
    one_time: bool = msgspec.field(name="MotLan", default=True)
    lasts: Lasting = msgspec.field(name="ThoiHan")
    waits: Waiting | None = msgspec.field(name="ChoTraLoi", default=None)

    def __post_init__(self) -> None:
        """Check what a schema cannot say. Raises Refusal `11`, ValueError without quoting."""
        super().__post_init__()
        if self.birth_text is None:
            raise ValueError("NgayThangNamSinh is missing")
        unfit = why_no_purpose(self.purpose)
        if unfit is not None:
            raise ValueError(f"MucDich {unfit}")
        if len(set(self.fields)) != len(self.fields):
            raise ValueError("CacTruong names a field twice")
        if self.fields and self.service not in WITH_FIELDS:
            raise ValueError("CacTruong: this service shows no fields")
        if not self.fields and self.service is Service.LOOK_UP_CITIZEN:
            raise ValueError("CacTruong is missing")


class AskConsent(Personal, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How does this consent stand? `service` is the one that it was asked for."""

    OPERATION: ClassVar[ConsentOperation] = ConsentOperation.STATE

    ma_yeu_cau: RequestCode = msgspec.field(name="MaYeuCau")
    ma_dvc: ProcedureCode = msgspec.field(name="MaDVC")
    ma_tich_hop: ServiceDigits = msgspec.field(name="MaTichHop")
    ma_don_vi: UnitCode = msgspec.field(name="MaDonVi")
    ma_can_bo: OfficerCode = msgspec.field(name="MaCanBo")
    officer_token: OfficerToken | None = msgspec.field(name="TheCanBo", default=None)
    service: Service = msgspec.field(name="DichVu")
    consent: ConsentCode = msgspec.field(name="MaGiaoDichDongY")

    def __post_init__(self) -> None:
        """Check what a schema cannot say. Raises ValueError without quoting."""
        check_header(self.ma_don_vi, self.ma_can_bo)

    @property
    def unit(self) -> OrganisationCode:
        """The organisation code of `ma_don_vi`, normalised."""
        return OrganisationCode.parse(self.ma_don_vi)


ConsentMessage: TypeAlias = RequestConsent | AskConsent


class ConsentBegun(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The citizen is asked, if there is such a citizen: the answer is the same for anybody. `consent` then stands in
    the questions; until `answer_by` (UTC) the citizen can say something."""

    ma_yeu_cau: str = msgspec.field(name="MaYeuCau")
    ma_ket_qua: str = msgspec.field(name="MaKetQua")
    consent: ConsentCode = msgspec.field(name="MaGiaoDichDongY")
    state: ConsentState = msgspec.field(name="TrangThai")
    answer_by: datetime.datetime | None = msgspec.field(name="TraLoiTruoc", default=None)


class ConsentStanding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How it stands. `answer_by` and `valid_until` are in UTC; `valid_until` is there once the citizen has agreed.

    `used` is there for a one-time consent that was agreed to: whether a question has used it up. Its state stays.
    """

    ma_yeu_cau: str = msgspec.field(name="MaYeuCau")
    ma_ket_qua: str = msgspec.field(name="MaKetQua")
    consent: ConsentCode = msgspec.field(name="MaGiaoDichDongY")
    state: ConsentState = msgspec.field(name="TrangThai")
    service: Service = msgspec.field(name="DichVu")
    fields: tuple[str, ...] = msgspec.field(name="CacTruong", default=())
    one_time: bool = msgspec.field(name="MotLan")
    used: bool | None = msgspec.field(name="DaDung", default=None)
    answer_by: datetime.datetime | None = msgspec.field(name="TraLoiTruoc", default=None)
    valid_until: datetime.datetime | None = msgspec.field(name="HieuLucDen", default=None)


ConsentAnswer: TypeAlias = ConsentBegun | ConsentStanding

MESSAGES: Final[dict[ConsentOperation, type[ConsentMessage]]] = {
    each.OPERATION: each for each in (RequestConsent, AskConsent)
}
"""What is asked by each operation."""

CONSENT_ANSWERS: Final[dict[ConsentOperation, type[ConsentAnswer]]] = {
    ConsentOperation.REQUEST: ConsentBegun,
    ConsentOperation.STATE: ConsentStanding,
}
"""What it answers."""

_ENCODER = msgspec.json.Encoder()
_MESSAGES = {operation: msgspec.json.Decoder(kind) for operation, kind in MESSAGES.items()}
_ANSWERS = {operation: msgspec.json.Decoder(kind) for operation, kind in CONSENT_ANSWERS.items()}


def encode_message(message: ConsentMessage) -> bytes:
    """The message's body. Raises Refusal `10`, `11` when `decode_message` would not take it."""
    body = _ENCODER.encode(message)
    decode_message(message.OPERATION, body)
    return body


def decode_message(operation: ConsentOperation, body: bytes) -> ConsentMessage:
    """Read a message. Raises Refusal `10`, whose detail names the field, or `11`; neither quotes a value."""
    return decode_strictly(_MESSAGES[operation], body)


def encode_consent_answer(answer: ConsentAnswer) -> bytes:
    """The answer's body."""
    return _ENCODER.encode(answer)


def decode_consent_answer(operation: ConsentOperation, body: bytes) -> ConsentAnswer:
    """Read an answer. Raises Refusal `service_failed`, whose detail names the field and quotes no value."""
    try:
        return _ANSWERS[operation].decode(body)
    except msgspec.ValidationError as error:
        raise Refusal("service_failed", f"the answer: {where_wrong(error)}") from None
    except (ValueError, RecursionError):
        raise Refusal("service_failed", "the answer is not what the operation answers") from None
