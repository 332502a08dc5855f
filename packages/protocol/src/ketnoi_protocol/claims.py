"""What every request has: who asks, about whom, and how a message is read strictly.

Lengths and forms are those of the only official fragment that was found (domain: "Dịch vụ tích hợp cung cấp thông tin
nhóm máu"). Reading is strict, so that nothing is sent that nobody looked at.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Annotated, Any, Final, TypeAlias, TypeVar

import msgspec

from ketnoi_protocol.birth_date import BirthDate
from ketnoi_protocol.citizen import Personal
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import OrganisationCode
from ketnoi_protocol.names import LONGEST_NAME, key_exact, key_legacy
from ketnoi_protocol.officer_token import OfficerToken
from ketnoi_protocol.personal_number import holds_personal_number

T = TypeVar("T")

PLAIN: Final = r"[^\x00-\x1f\x7f-\x9f]"
# The end of the text for JSON Schema's dialect and for Python's, where `$` alone forgives a line feed.
END: Final = r"$(?!\n)"
# Names of fields, in a text without escapes. What is no name may be among them, but no name is passed over.
_NAMES = re.compile(rb'"([^"]*)"[ \t\r\n]*:')
_WHERE = re.compile(r" - at `(\$[A-Za-z0-9.\[\]]*)`\Z")

RequestCode: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=f"^{PLAIN}+" + END)]
ProcedureCode: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=20, pattern=f"^{PLAIN}+" + END)]
ServiceDigits: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[0-9]{1,20}" + END)]
UnitCode: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=35)]
OfficerCode: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[!-~]{1,20}" + END)]
PersonalDigits: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[0-9]{12}" + END)]
OldDigits: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[0-9]{9}" + END)]
FullName: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=3 * LONGEST_NAME)]
BirthText: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[0-9]{4}(-[0-9]{2}-[0-9]{2})?" + END)]
RelationCode: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[A-Z0-9]{1,10}" + END)]

_PLAINLY: Final = {
    "Object contains unknown field": "a field that this service does not know",
    "Expected `str` matching regex": "a text of another form is expected",
}


class Claimed(Personal, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who somebody is said to be: at least one of the two numbers, and the name."""

    personal_number: PersonalDigits | None = msgspec.field(name="SoDinhDanh", default=None)
    old_number: OldDigits | None = msgspec.field(name="SoCMND", default=None)
    name: FullName = msgspec.field(name="HoVaTen")
    birth_text: BirthText | None = msgspec.field(name="NgayThangNamSinh", default=None)

    def __post_init__(self) -> None:
        """Check what a schema cannot say. Raises Refusal `11`, ValueError without quoting."""
        if self.personal_number is None and self.old_number is None:
            raise Refusal("11", "SoDinhDanh, SoCMND")
        if len(unicodedata.normalize("NFC", self.name)) > LONGEST_NAME:
            raise ValueError("HoVaTen is too long")
        key_exact(self.name)
        key_legacy(self.name)
        if self.birth_text is not None:
            BirthDate.parse(self.birth_text)

    @property
    def birth(self) -> BirthDate | None:
        """The birth date as far as it was given."""
        return BirthDate.parse(self.birth_text) if self.birth_text is not None else None


class Headed(Claimed, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The header fields, before the person. `ma_don_vi` is written in either form of an organisation code.

    `officer_token` proves who `ma_can_bo` is; the identity system alone takes one.
    """

    ma_yeu_cau: RequestCode = msgspec.field(name="MaYeuCau")
    ma_dvc: ProcedureCode = msgspec.field(name="MaDVC")
    ma_tich_hop: ServiceDigits = msgspec.field(name="MaTichHop")
    ma_don_vi: UnitCode = msgspec.field(name="MaDonVi")
    ma_can_bo: OfficerCode = msgspec.field(name="MaCanBo")
    officer_token: OfficerToken | None = msgspec.field(name="TheCanBo", default=None)

    def __post_init__(self) -> None:
        """Check what a schema cannot say. Raises Refusal `11`, ValueError without quoting."""
        super().__post_init__()
        check_header(self.ma_don_vi, self.ma_can_bo)

    @property
    def unit(self) -> OrganisationCode:
        """The organisation code of `ma_don_vi`, normalised."""
        return OrganisationCode.parse(self.ma_don_vi)


def check_header(ma_don_vi: str, ma_can_bo: str) -> None:
    """Raises ValueError, without quoting, for what the schema of two header fields cannot say."""
    OrganisationCode.parse(ma_don_vi)
    if holds_personal_number(ma_can_bo):
        # It stands in X-Road-UserId too, which two organisations log in clear.
        raise ValueError("MaCanBo is the code of an account, never a personal number")


def decode_strictly(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Read a message. Raises Refusal `10`, whose detail names the field, or `11`; neither quotes a value."""
    try:
        message = decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Refusal("10", where_wrong(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refusal("10", "the body is not JSON in UTF-8") from None
    names = _NAMES.findall(body)
    # A look at the octets is much cheaper than reading all of them once more.
    if b"\\" in body or len(set(names)) != len(names):
        json.loads(body, object_pairs_hook=_each_once)
    return message


def _each_once(pairs: list[tuple[str, Any]]) -> None:
    # Of two fields of one name, whoever looks at the message elsewhere may believe the other one.
    if len({name for name, _ in pairs}) != len(pairs):
        raise Refusal("10", "a field stands twice")


def where_wrong(error: msgspec.ValidationError) -> str:
    """What is wrong, and where, without any value or unknown name out of the message."""
    text = str(error)
    what = text.partition(" - at `")[0]
    for beginning, plainly in _PLAINLY.items():
        if text.startswith(beginning):
            what = plainly
    where = _WHERE.search(text)
    return f"{what} ({where.group(1)})" if where else what
