"""Reading a question: what the message's form does not say but holds for every question, whoever asks.

Nothing here depends on any person in the register, so none of these refusals tells anything about one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ketnoi_protocol.consent_messages import WITH_FIELDS, ConsentMessage, RequestConsent, decode_message
from ketnoi_protocol.envelope import Claimed, ConfirmRequest, HouseholdRequest, Request, VerifyRequest
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.names import InvalidName, key_legacy
from ketnoi_protocol.personal_number import InvalidPersonalNumber, PersonalNumber
from ketnoi_protocol.services import CatalogueEntry, ConsentEntry, System

from .dialects import JSON, Dialect
from .relations import RELATIONS

_CODE_1 = re.compile("[0-3]")
_CODE_2 = re.compile("[0-9]{2}")
_COUNTRY = re.compile("[A-Z]{2}")
_UNIT = re.compile("[0-9]{2}|[0-9]{3}|[0-9]{5}")
_OLD_NUMBER = re.compile("[0-9]{9}")

ATTRIBUTES: Final[dict[str, re.Pattern[str] | None]] = {
    "SoCMND": _OLD_NUMBER,
    "GioiTinh": _CODE_1,
    "DanToc": _CODE_2,
    "TonGiao": _CODE_2,
    "TinhTrangHonNhan": _CODE_1,
    "NhomMau": _CODE_2,
    "NoiDangKyKhaiSinh": _UNIT,
    "QueQuan": _UNIT,
    "ThuongTru": _UNIT,
    "NoiOHienTai": _UNIT,
    "QuocTich": _COUNTRY,
    "Cha": None,
    "Me": None,
    "VoChong": None,
    "NguoiDaiDien": None,
    "ChuHo": None,
    "TinhTrangChetMatTich": _CODE_1,
}
"""Attributes that verify_citizen compares → the form of a claimed value; None: a name, or one of the two numbers.

Places are claimed by the code of a unit on today's map, at any level; a relative by name or number [our choice].
"""


def read(entry: CatalogueEntry, dialect: Dialect, body: bytes, *, unissued_allowed: bool) -> Request:
    """Read the body of a question to this service, written in this dialect.

    Raises Refusal `10`, whose detail names the field and quotes no value, or `11`. Personal numbers that begin with
    9 are never issued; they are taken only where `unissued_allowed` says so, which is in rehearsals.
    """
    request = dialect.read(entry, body)
    if request.ma_tich_hop != entry.ma_tich_hop:
        raise Refusal("10", "MaTichHop is another service's")
    if entry.system is System.POPULATION and (request.consent, request.officer_token) != (None, None):
        raise Refusal("10", "MaGiaoDichDongY and TheCanBo are for the identity system")
    for where, claimed in _everybody(request):
        _check_number(where, claimed, unissued_allowed)
    if isinstance(request, ConfirmRequest) and request.personal_number is None and request.birth_text is None:
        # Old numbers were issued twice: one of them and a name are not enough to tell who is meant.
        raise Refusal("10", "NgayThangNamSinh is needed where SoDinhDanh is missing")
    if isinstance(request, HouseholdRequest):
        for number, member in enumerate(request.members):
            if member.relation not in RELATIONS:
                raise Refusal("10", f"ThanhVien[{number}].QuanHe is no code of a relation")
    if isinstance(request, VerifyRequest):
        _check_attributes(request, unissued_allowed)
    return request


def read_consent(entry: ConsentEntry, dialect: Dialect, body: bytes, *, unissued_allowed: bool) -> ConsentMessage:
    """Read the body of a consent operation's message, which is JSON. Raises as `read`."""
    if dialect is not JSON:
        raise Refusal("10", "this operation is asked in JSON")
    message = decode_message(entry.operation, body)
    if message.ma_tich_hop != entry.ma_tich_hop:
        raise Refusal("10", "MaTichHop is another operation's")
    if isinstance(message, Claimed):
        _check_number("", message, unissued_allowed)
    if isinstance(message, RequestConsent):
        unknown = [name for name in message.fields if name not in WITH_FIELDS[message.service]]
        if unknown:
            # Letters alone, here as below.
            raise Refusal("10", f"CacTruong: không có trường · there is no field {', '.join(unknown)}")
    return message


def _check_number(where: str, claimed: Claimed, unissued_allowed: bool) -> None:
    if claimed.personal_number is not None:
        try:
            PersonalNumber.parse(claimed.personal_number, unissued_allowed=unissued_allowed)
        except InvalidPersonalNumber as error:
            raise Refusal("10", f"{where}SoDinhDanh: {error}") from None


def _everybody(request: Request) -> Iterator[tuple[str, Claimed]]:
    yield "", request
    if isinstance(request, HouseholdRequest):
        for number, member in enumerate(request.members):
            yield f"ThanhVien[{number}].", member


def _check_attributes(request: VerifyRequest, unissued_allowed: bool) -> None:
    for name, value in request.attributes.items():
        if name not in ATTRIBUTES:
            # Letters alone, as the message's form has it: whoever wrote a name wrongly is told which.
            raise Refusal("10", f"ThuocTinh: không có trường · there is no field {name}")
        form = ATTRIBUTES[name]
        if form is not None and not form.fullmatch(value):
            raise Refusal("10", f"ThuocTinh.{name} is no value of this attribute")
        if form is None and not _OLD_NUMBER.fullmatch(value):
            try:
                if value.isdecimal():
                    PersonalNumber.parse(value, unissued_allowed=unissued_allowed)
                else:
                    key_legacy(value)
            except (InvalidName, InvalidPersonalNumber) as error:
                raise Refusal("10", f"ThuocTinh.{name}: {error}") from None
