"""A citizen as the look-up answers, apart from how an answer is written; citizen_shapes.py has the two ways.

Every field may be absent: an answer holds the licensed fields only, and of those what the register knows. The names
of fields in licences are those of QCVN 109:2017/BTTTT. `repr` never tells anything about a person.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from ketnoi_protocol.birth_date import BirthDate
from ketnoi_protocol.personal_number import Sex


class LifeStatus(StrEnum):
    """Whether somebody is alive, with the codes of TinhTrang in TinhTrangChetMatTich [our choice]."""

    ALIVE = "0"
    DEAD = "1"
    MISSING = "2"


class Personal(msgspec.Struct, frozen=True, kw_only=True):
    """What tells something about a person. Only the kind is shown in logs, traces and test output."""

    def __repr__(self) -> str:
        """The kind alone."""
        return f"{type(self).__name__}(…)"


class Name(Personal, frozen=True, kw_only=True):
    """A name in three parts, of which real registers may fill only the last, with the whole name in it."""

    family: str = ""
    middle: str = ""
    given: str

    @property
    def full(self) -> str:
        """The filled parts in Vietnamese order. Compare this, never part by part."""
        return " ".join([part for part in (self.family, self.middle, self.given) if part])


class Place(Personal, frozen=True, kw_only=True):
    """An address or a place. Codes of administrative units: province 2 digits, district 3, commune 5.

    Codes changed their meaning on 2025-07-01 and districts ended then; the answer's `as_of` says which are meant.
    """

    province: str | None = None
    district: str | None = None
    commune: str | None = None
    detail: str | None = None
    country: str = "VN"


class Relative(Personal, frozen=True, kw_only=True):
    """A father, mother, spouse, representative or head of household, as the register recorded them."""

    name: str | None = None
    personal_number: str | None = None
    old_number: str | None = None
    nationality: str | None = None


class Head(Relative, frozen=True, kw_only=True):
    """The head of the household, and the citizen's relation to them (a code such as QH01)."""

    relation: str


class Life(Personal, frozen=True, kw_only=True):
    """Whether somebody is alive, and since which day not."""

    status: LifeStatus
    since: datetime.date | None = None


class Citizen(Personal, frozen=True, kw_only=True):
    """The fields of one citizen.

    Codes: marital_status 0 unknown, 1 single, 2 married, 3 divorced or widowed; blood_group 00 unknown, 01 A, 02 B,
    03 AB, 04 O; ethnic_group and religion two digits; nationality ISO 3166-1 alpha-2.
    """

    personal_number: str | None = None
    old_number: str | None = None
    name: Name | None = None
    sex: Sex | None = None
    ethnic_group: str | None = None
    religion: str | None = None
    marital_status: str | None = None
    blood_group: str | None = None
    birth: BirthDate | None = None
    birth_registration: Place | None = None
    hometown: Place | None = None
    permanent_residence: Place | None = None
    current_residence: Place | None = None
    nationality: str | None = None
    father: Relative | None = None
    mother: Relative | None = None
    spouse: Relative | None = None
    representative: Relative | None = None
    head: Head | None = None
    life: Life | None = None

    def only(self, fields: Iterable[str]) -> Citizen:
        """The same citizen with nothing but the named fields; a name that is no field opens nothing."""
        kept = {ATTRIBUTES[name] for name in fields if name in ATTRIBUTES}
        return Citizen(**{name: getattr(self, name) for name in kept})

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that are there, in the order of ATTRIBUTES."""
        return tuple([name for name, attribute in ATTRIBUTES.items() if getattr(self, attribute) is not None])


ATTRIBUTES: Final[dict[str, str]] = {
    "SoDinhDanh": "personal_number",
    "SoCMND": "old_number",
    "HoVaTen": "name",
    "GioiTinh": "sex",
    "DanToc": "ethnic_group",
    "TonGiao": "religion",
    "TinhTrangHonNhan": "marital_status",
    "NhomMau": "blood_group",
    "NgayThangNamSinh": "birth",
    "NoiDangKyKhaiSinh": "birth_registration",
    "QueQuan": "hometown",
    "ThuongTru": "permanent_residence",
    "NoiOHienTai": "current_residence",
    "QuocTich": "nationality",
    "Cha": "father",
    "Me": "mother",
    "VoChong": "spouse",
    "NguoiDaiDien": "representative",
    "ChuHo": "head",
    "TinhTrangChetMatTich": "life",
}
"""Field, as licences and answers name it → attribute of Citizen."""

CLAIMABLE: Final[tuple[str, ...]] = tuple(
    name for name in ATTRIBUTES if name not in ("SoDinhDanh", "HoVaTen", "NgayThangNamSinh")
)
"""What verify_citizen compares beside who is asked about: everything but number, name and birth date [our choice]."""
