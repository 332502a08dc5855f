"""Requests and answers of the four services in their JSON dialect, both ways.

The five header fields and the claimed person (claims.py) are those of the one official fragment, used for all four
services [our choice]; so are the household request, the codes of MaKetQua and JSON itself. A birth date is asked for as
`yyyy-mm-dd` or `yyyy`, as there; other dialects have other forms. Reading a request is strict; reading an answer is
lenient about fields that a later version may add.

Attributes are English, or the snake_case of the official header field. `repr` never tells anything about a person.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Final, TypeAlias

import msgspec

from ketnoi_protocol.citizen import Citizen, Personal
from ketnoi_protocol.citizen_shapes import C06Citizen, QcvnCitizen
from ketnoi_protocol.claims import END, PLAIN, Headed, RelationCode, decode_strictly
from ketnoi_protocol.claims import Claimed as Claimed
from ketnoi_protocol.claims import where_wrong as where_wrong
from ketnoi_protocol.consent import ConsentCode
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.services import AnswerShape, Service

FOUND: Final = "00"
NO_MATCH: Final = "01"
LARGEST_HOUSEHOLD: Final = 50
"""Members that one household request may claim [our choice]."""
MOST_ATTRIBUTES: Final = 20

AttributeName: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[A-Za-z]{1,40}" + END)]
AttributeText: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=f"^{PLAIN}+" + END)]
Attributes: TypeAlias = Annotated[dict[AttributeName, AttributeText], msgspec.Meta(max_length=MOST_ATTRIBUTES)]


class _Request(Headed, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One of the four services, of either system. `consent` is what the person asked about has agreed to: a question
    to the identity system needs it, and the population takes none."""

    SERVICE: ClassVar[Service]

    consent: ConsentCode | None = msgspec.field(name="MaGiaoDichDongY", default=None)


class ConfirmRequest(_Request, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Service 1: do number, old number and name belong together? A birth date may be left out."""

    SERVICE: ClassVar[Service] = Service.CONFIRM_IDENTITY_NUMBER


class _WithBirth(_Request, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    def __post_init__(self) -> None:
        """Check that the birth date is there. Raises Refusal `11`, ValueError without quoting."""
        super().__post_init__()
        if self.birth_text is None:
            raise ValueError("NgayThangNamSinh is missing")


class LookUpRequest(_WithBirth, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Service 3: what does the register know about this citizen, as far as licensed?"""

    SERVICE: ClassVar[Service] = Service.LOOK_UP_CITIZEN


class VerifyRequest(_WithBirth, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Service 4: is there this citizen? `attributes` are further claims, by the name of the field."""

    SERVICE: ClassVar[Service] = Service.VERIFY_CITIZEN

    attributes: Attributes = msgspec.field(name="ThuocTinh", default_factory=dict)


class ClaimedMember(Claimed, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Somebody who is said to be in the household, and their relation to its head."""

    relation: RelationCode = msgspec.field(name="QuanHe")


class HouseholdRequest(_WithBirth, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Service 2: are these members in this citizen's household, in these relations to its head?"""

    SERVICE: ClassVar[Service] = Service.VERIFY_HOUSEHOLD

    members: Annotated[tuple[ClaimedMember, ...], msgspec.Meta(min_length=1, max_length=LARGEST_HOUSEHOLD)] = (
        msgspec.field(name="ThanhVien")
    )


Request: TypeAlias = ConfirmRequest | HouseholdRequest | LookUpRequest | VerifyRequest


class _Answer(Personal, frozen=True, kw_only=True, omit_defaults=True):
    """`ma_yeu_cau` is the request's. `ma_ket_qua` says nothing that the rest of the answer does not. `consent` is the
    one that was used, in an answer of the identity system."""

    ma_yeu_cau: str = msgspec.field(name="MaYeuCau")
    ma_ket_qua: Annotated[str, msgspec.Meta(pattern="^0[01]" + END)] = msgspec.field(name="MaKetQua")
    consent: str | None = msgspec.field(name="MaGiaoDichDongY", default=None)


class ExistsAnswer(_Answer, frozen=True, kw_only=True, omit_defaults=True):
    """Service 1."""

    exists: bool = msgspec.field(name="TonTai")

    @classmethod
    def of(cls, ma_yeu_cau: str, exists: bool) -> ExistsAnswer:
        """The answer to a request."""
        return cls(ma_yeu_cau=ma_yeu_cau, ma_ket_qua=FOUND if exists else NO_MATCH, exists=exists)


class MemberAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """About one claimed member: are they in the household, and in the claimed relation? Without the first, never
    the second."""

    in_household: bool = msgspec.field(name="CungHo")
    relation_confirmed: bool = msgspec.field(name="DungQuanHe")


class HouseholdAnswer(_Answer, frozen=True, kw_only=True, omit_defaults=True):
    """Service 2: one answer per claimed member, in the request's order. MaKetQua is 00 when every claim holds."""

    members: tuple[MemberAnswer, ...] = msgspec.field(name="ThanhVien")

    @classmethod
    def of(cls, ma_yeu_cau: str, members: tuple[MemberAnswer, ...]) -> HouseholdAnswer:
        """The answer to a request."""
        all_hold = all(each.in_household and each.relation_confirmed for each in members)
        return cls(ma_yeu_cau=ma_yeu_cau, ma_ket_qua=FOUND if all_hold else NO_MATCH, members=members)


class LookUpAnswer(_Answer, frozen=True, kw_only=True, omit_defaults=True):
    """Service 3: the citizen with the licensed fields, or nobody. `as_of` is the moment of the data (UTC)."""

    citizen: Citizen | None = None
    as_of: datetime.datetime | None = None

    @classmethod
    def of(cls, ma_yeu_cau: str, citizen: Citizen | None, as_of: datetime.datetime | None = None) -> LookUpAnswer:
        """The answer to a request."""
        result = FOUND if citizen is not None else NO_MATCH
        return cls(ma_yeu_cau=ma_yeu_cau, ma_ket_qua=result, citizen=citizen, as_of=as_of)


class CountAnswer(_Answer, frozen=True, kw_only=True, omit_defaults=True):
    """Service 4: 1 or 0, and yes or no per claimed attribute where licensed; nobody found says nothing more."""

    count: Annotated[int, msgspec.Meta(ge=0, le=1)] = msgspec.field(name="SoLuongCongDan")
    results: dict[str, bool] = msgspec.field(name="KetQua", default_factory=dict)

    @classmethod
    def of(cls, ma_yeu_cau: str, found: bool, results: dict[str, bool] | None = None) -> CountAnswer:
        """The answer to a request."""
        return cls(
            ma_yeu_cau=ma_yeu_cau,
            ma_ket_qua=FOUND if found else NO_MATCH,
            count=int(found),
            results=(results or {}) if found else {},
        )


Answer: TypeAlias = ExistsAnswer | HouseholdAnswer | LookUpAnswer | CountAnswer


class QcvnCollection(Personal, frozen=True, kw_only=True, omit_defaults=True):
    """CongdanCollection of qcvn-109."""

    as_of: datetime.datetime | None = msgspec.field(name="ThoiDiemDuLieu", default=None)
    count: Annotated[int, msgspec.Meta(ge=0, le=1)] = msgspec.field(name="SoCongDan")
    citizens: Annotated[tuple[QcvnCitizen, ...], msgspec.Meta(max_length=1)] = msgspec.field(name="CongDan", default=())


class C06Collection(Personal, frozen=True, kw_only=True, omit_defaults=True):
    """CongdanCollection of c06-037."""

    as_of: datetime.datetime | None = msgspec.field(name="ThoiDiemDuLieu", default=None)
    count: Annotated[int, msgspec.Meta(ge=0, le=1)] = msgspec.field(name="SoCongDan")
    citizens: Annotated[tuple[C06Citizen, ...], msgspec.Meta(max_length=1)] = msgspec.field(name="CongDan", default=())


class QcvnAnswer(_Answer, frozen=True, kw_only=True, omit_defaults=True):
    """A look-up's answer as qcvn-109 writes it."""

    collection: QcvnCollection = msgspec.field(name="CongdanCollection")


class C06Answer(_Answer, frozen=True, kw_only=True, omit_defaults=True):
    """A look-up's answer as c06-037 writes it."""

    collection: C06Collection = msgspec.field(name="CongdanCollection")


ShapedAnswer: TypeAlias = ExistsAnswer | HouseholdAnswer | CountAnswer | QcvnAnswer | C06Answer

REQUESTS: Final[dict[Service, type[Request]]] = {
    each.SERVICE: each for each in (ConfirmRequest, HouseholdRequest, LookUpRequest, VerifyRequest)
}
"""What is asked of each service."""

ANSWERS: Final = {
    AnswerShape.EXISTS: ExistsAnswer,
    AnswerShape.HOUSEHOLD: HouseholdAnswer,
    AnswerShape.COUNT: CountAnswer,
    AnswerShape.QCVN_109: QcvnAnswer,
    AnswerShape.C06_037: C06Answer,
}
"""What is written on the wire in each shape."""

_ENCODER = msgspec.json.Encoder()
_ANSWERS = {shape: msgspec.json.Decoder(kind) for shape, kind in ANSWERS.items()}
_REQUESTS = {service: msgspec.json.Decoder(kind) for service, kind in REQUESTS.items()}


def encode_request(request: Request) -> bytes:
    """The request's body. Raises Refusal `10`, `11` when `decode_request` would not take it."""
    body = _ENCODER.encode(request)
    decode_request(request.SERVICE, body)
    return body


def decode_request(service: Service, body: bytes) -> Request:
    """Read a request. Raises Refusal `10`, whose detail names the field, or `11`; neither quotes a value."""
    return decode_strictly(_REQUESTS[service], body)


def request_of(service: Service, fields: dict[str, Any]) -> Request:
    """The request with these fields, by their names on the wire. Raises what `decode_request` raises."""
    try:
        return msgspec.convert(fields, REQUESTS[service])
    except msgspec.ValidationError as error:
        raise Refusal("10", where_wrong(error)) from None


def encode_answer(shape: AnswerShape, answer: Answer) -> bytes:
    """The answer's body in the shape that the catalogue's entry names."""
    return _ENCODER.encode(shaped(shape, answer))


def shaped(shape: AnswerShape, answer: Answer) -> ShapedAnswer:
    """The answer as this shape writes it. Raises ValueError for an answer of another kind."""
    if not isinstance(answer, LookUpAnswer):
        _expect(type(answer) is ANSWERS[shape], shape)
        return answer
    citizens = () if answer.citizen is None else (answer.citizen,)
    header: dict[str, Any] = {
        "ma_yeu_cau": answer.ma_yeu_cau,
        "ma_ket_qua": answer.ma_ket_qua,
        "consent": answer.consent,
    }
    if shape is AnswerShape.QCVN_109:
        qcvn = QcvnCollection(
            as_of=answer.as_of, count=len(citizens), citizens=tuple([QcvnCitizen.of(each) for each in citizens])
        )
        return QcvnAnswer(**header, collection=qcvn)
    _expect(shape is AnswerShape.C06_037, shape)
    flat = C06Collection(
        as_of=answer.as_of, count=len(citizens), citizens=tuple([C06Citizen.of(each) for each in citizens])
    )
    return C06Answer(**header, collection=flat)


def decode_answer(shape: AnswerShape, body: bytes) -> Answer:
    """Read an answer. Raises Refusal `service_failed`, whose detail names the field and quotes no value."""
    return _read_answer(_ANSWERS[shape].decode, body)


def answer_of(shape: AnswerShape, fields: dict[str, Any]) -> Answer:
    """The answer with these fields, by their names on the wire. Raises what `decode_answer` raises."""
    return _read_answer(lambda told: msgspec.convert(told, ANSWERS[shape]), fields)


def _read_answer(read: Callable[[Any], ShapedAnswer], told: Any) -> Answer:
    try:
        wire = read(told)
        if not isinstance(wire, QcvnAnswer | C06Answer):
            return wire
        found = wire.collection.citizens
        citizen = found[0].citizen() if found else None
    except msgspec.ValidationError as error:
        raise Refusal("service_failed", f"the answer: {where_wrong(error)}") from None
    except (ValueError, RecursionError):
        raise Refusal("service_failed", "the answer is not what the service answers") from None
    return LookUpAnswer(
        ma_yeu_cau=wire.ma_yeu_cau,
        ma_ket_qua=wire.ma_ket_qua,
        consent=wire.consent,
        citizen=citizen,
        as_of=wire.collection.as_of,
    )


def _expect(right: bool, shape: AnswerShape) -> None:
    if not right:
        raise ValueError(f"an answer of this kind is not written as {shape}")
