"""The two ways in which a citizen is written: `qcvn-109` and `c06-037`.

QCVN 109:2017/BTTTT has structures: a name in three parts, codes of ethnic group and religion inside an element, one
code of the most detailed administrative unit. C06's service 037, as callers of it show, is flat: the whole name in
upper case in `Ten`, plain codes, three codes of units, dates without hyphens. A birth date of year and month, and
TinhTrangChetMatTich, have no known form; theirs is our choice.

Reading is lenient about what a later version may add, and takes an empty text for nothing.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Any, TypeAlias

import msgspec

from ketnoi_protocol.birth_date import BirthDate, InvalidBirthDate
from ketnoi_protocol.citizen import Citizen, Head, Life, LifeStatus, Name, Personal, Place, Relative
from ketnoi_protocol.personal_number import Sex

UnitCode: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^(?:[0-9]{2}|[0-9]{3}|[0-9]{5})?$(?!\n)")]

_LEVELS = {2: "province", 3: "district", 5: "commune"}
_TEXTS = ("personal_number", "old_number", "sex", "marital_status", "blood_group", "nationality")
_PLACES = ("birth_registration", "hometown", "permanent_residence", "current_residence")
_RELATIVES = ("father", "mother", "spouse", "representative")


class WireName(Personal, frozen=True, kw_only=True, omit_defaults=True):
    """HoVaTen as a structure."""

    family: str | None = msgspec.field(name="Ho", default=None)
    middle: str | None = msgspec.field(name="ChuDem", default=None)
    given: str = msgspec.field(name="Ten")

    def name(self) -> Name | None:
        """What was written. An empty Ten is how callers of 037 see that nobody was found, so it is no name."""
        return Name(family=self.family or "", middle=self.middle or "", given=self.given) if self.given else None


class WireBirth(Personal, frozen=True, kw_only=True, omit_defaults=True):
    """NgayThangNamSinh: a full date, or a year and month, or a year; c06-037 writes the year beside a full date."""

    full: str | None = msgspec.field(name="NgayThangNam", default=None)
    month: str | None = msgspec.field(name="NamThang", default=None)
    year: str | None = msgspec.field(name="Nam", default=None)

    def birth(self) -> BirthDate | None:
        """What was written most precisely. Raises InvalidBirthDate, also where one element denies another."""
        told = [BirthDate.parse(text) for text in (self.full, self.month, self.year) if text]
        if any(not str(told[0]).startswith(str(each)) for each in told[1:]):
            raise InvalidBirthDate("two elements tell different birth dates")
        return told[0] if told else None


class WireLife(Personal, frozen=True, kw_only=True, omit_defaults=True):
    """TinhTrangChetMatTich: 0 alive, 1 dead, 2 missing, and since which day."""

    status: LifeStatus = msgspec.field(name="TinhTrang")
    since: datetime.date | None = msgspec.field(name="TuNgay", default=None)


class WireCitizen(Personal, frozen=True, kw_only=True, omit_defaults=True):
    """What both shapes write alike."""

    personal_number: str | None = msgspec.field(name="SoDinhDanh", default=None)
    old_number: str | None = msgspec.field(name="SoCMND", default=None)
    name: WireName | None = msgspec.field(name="HoVaTen", default=None)
    sex: Sex | None = msgspec.field(name="GioiTinh", default=None)
    marital_status: str | None = msgspec.field(name="TinhTrangHonNhan", default=None)
    blood_group: str | None = msgspec.field(name="NhomMau", default=None)
    birth: WireBirth | None = msgspec.field(name="NgayThangNamSinh", default=None)
    nationality: str | None = msgspec.field(name="QuocTich", default=None)
    life: WireLife | None = msgspec.field(name="TinhTrangChetMatTich", default=None)


class QcvnEthnicGroup(Personal, frozen=True, kw_only=True):
    """DanToc of qcvn-109."""

    code: str = msgspec.field(name="MaDanToc")


class QcvnReligion(Personal, frozen=True, kw_only=True):
    """TonGiao of qcvn-109."""

    code: str = msgspec.field(name="MaTonGiao")


class QcvnPlace(Personal, frozen=True, kw_only=True, omit_defaults=True):
    """A place of qcvn-109: one unit code, whose length tells its level."""

    unit: UnitCode | None = msgspec.field(name="MaDonViHanhChinh", default=None)
    detail: str | None = msgspec.field(name="ChiTiet", default=None)
    country: str | None = msgspec.field(name="QuocGia", default=None)

    @classmethod
    def of(cls, place: Place) -> QcvnPlace:
        """The place with its most detailed unit only."""
        return cls(unit=place.commune or place.district or place.province, detail=place.detail, country=place.country)

    def place(self) -> Place:
        """What was written; a missing country is Vietnam."""
        unit = {_LEVELS[len(self.unit)]: self.unit} if self.unit else {}
        return Place(**unit, detail=self.detail or None, country=self.country or "VN")


class QcvnRelative(Personal, frozen=True, kw_only=True, omit_defaults=True):
    """A relative of qcvn-109."""

    personal_number: str | None = msgspec.field(name="SoDinhDanh", default=None)
    old_number: str | None = msgspec.field(name="SoCMND", default=None)
    nationality: str | None = msgspec.field(name="QuocTich", default=None)
    name: WireName | None = msgspec.field(name="HoVaTen", default=None)
    relation: str | None = msgspec.field(name="QuanHe", default=None)

    @classmethod
    def of(cls, relative: Relative) -> QcvnRelative:
        """The relative, with the name in Ten: a name cannot be split reliably."""
        return cls(**_relative(relative), name=WireName(given=relative.name) if relative.name else None)

    def full_name(self) -> str | None:
        """The whole name, None when there is none."""
        name = self.name.name() if self.name else None
        return name.full if name else None


class QcvnCitizen(WireCitizen, frozen=True, kw_only=True, omit_defaults=True):
    """CongDan of qcvn-109."""

    ethnic_group: QcvnEthnicGroup | None = msgspec.field(name="DanToc", default=None)
    religion: QcvnReligion | None = msgspec.field(name="TonGiao", default=None)
    birth_registration: QcvnPlace | None = msgspec.field(name="NoiDangKyKhaiSinh", default=None)
    hometown: QcvnPlace | None = msgspec.field(name="QueQuan", default=None)
    permanent_residence: QcvnPlace | None = msgspec.field(name="ThuongTru", default=None)
    current_residence: QcvnPlace | None = msgspec.field(name="NoiOHienTai", default=None)
    father: QcvnRelative | None = msgspec.field(name="Cha", default=None)
    mother: QcvnRelative | None = msgspec.field(name="Me", default=None)
    spouse: QcvnRelative | None = msgspec.field(name="VoChong", default=None)
    representative: QcvnRelative | None = msgspec.field(name="NguoiDaiDien", default=None)
    head: QcvnRelative | None = msgspec.field(name="ChuHo", default=None)

    @classmethod
    def of(cls, citizen: Citizen) -> QcvnCitizen:
        """The citizen in this shape."""
        name, birth = citizen.name, citizen.birth
        return cls(
            **_alike(citizen, QcvnPlace, QcvnRelative),
            name=WireName(family=name.family or None, middle=name.middle or None, given=name.given) if name else None,
            ethnic_group=QcvnEthnicGroup(code=citizen.ethnic_group) if citizen.ethnic_group else None,
            religion=QcvnReligion(code=citizen.religion) if citizen.religion else None,
            birth=_birth(birth, str(birth), beside=False) if birth else None,
        )

    def citizen(self) -> Citizen:
        """What was written. Raises InvalidBirthDate."""
        return _read(
            self,
            self.ethnic_group.code if self.ethnic_group else None,
            self.religion.code if self.religion else None,
        )


class C06Place(Personal, frozen=True, kw_only=True, omit_defaults=True):
    """A place of c06-037: up to three unit codes."""

    province: str | None = msgspec.field(name="MaTinhThanh", default=None)
    district: str | None = msgspec.field(name="MaQuanHuyen", default=None)
    commune: str | None = msgspec.field(name="MaPhuongXa", default=None)
    detail: str | None = msgspec.field(name="ChiTiet", default=None)
    country: str | None = msgspec.field(name="QuocGia", default=None)

    @classmethod
    def of(cls, place: Place) -> C06Place:
        """The place, whole."""
        return cls(**msgspec.structs.asdict(place))

    def place(self) -> Place:
        """What was written; a missing country is Vietnam."""
        return Place(
            province=self.province or None,
            district=self.district or None,
            commune=self.commune or None,
            detail=self.detail or None,
            country=self.country or "VN",
        )


class C06Relative(Personal, frozen=True, kw_only=True, omit_defaults=True):
    """A relative of c06-037: the name is plain text."""

    name: str | None = msgspec.field(name="HoVaTen", default=None)
    nationality: str | None = msgspec.field(name="QuocTich", default=None)
    personal_number: str | None = msgspec.field(name="SoDinhDanh", default=None)
    old_number: str | None = msgspec.field(name="SoCMND", default=None)
    relation: str | None = msgspec.field(name="QuanHe", default=None)

    @classmethod
    def of(cls, relative: Relative) -> C06Relative:
        """The relative, with the name in upper case."""
        return cls(**_relative(relative), name=relative.name.upper() if relative.name else None)

    def full_name(self) -> str | None:
        """The whole name, None when there is none."""
        return self.name or None


class C06Citizen(WireCitizen, frozen=True, kw_only=True, omit_defaults=True):
    """CongDan of c06-037."""

    ethnic_group: str | None = msgspec.field(name="DanToc", default=None)
    religion: str | None = msgspec.field(name="TonGiao", default=None)
    birth_registration: C06Place | None = msgspec.field(name="NoiDangKyKhaiSinh", default=None)
    hometown: C06Place | None = msgspec.field(name="QueQuan", default=None)
    permanent_residence: C06Place | None = msgspec.field(name="ThuongTru", default=None)
    current_residence: C06Place | None = msgspec.field(name="NoiOHienTai", default=None)
    father: C06Relative | None = msgspec.field(name="Cha", default=None)
    mother: C06Relative | None = msgspec.field(name="Me", default=None)
    spouse: C06Relative | None = msgspec.field(name="VoChong", default=None)
    representative: C06Relative | None = msgspec.field(name="NguoiDaiDien", default=None)
    head: C06Relative | None = msgspec.field(name="ChuHo", default=None)

    @classmethod
    def of(cls, citizen: Citizen) -> C06Citizen:
        """The citizen in this shape: the name whole and in upper case, as callers of 037 see it."""
        birth = citizen.birth
        return cls(
            **_alike(citizen, C06Place, C06Relative),
            name=WireName(family="", middle="", given=citizen.name.full.upper()) if citizen.name else None,
            ethnic_group=citizen.ethnic_group,
            religion=citizen.religion,
            birth=_birth(birth, birth.compact, beside=True) if birth else None,
        )

    def citizen(self) -> Citizen:
        """What was written. Raises InvalidBirthDate."""
        return _read(self, self.ethnic_group, self.religion)


def _alike(
    citizen: Citizen, place: type[QcvnPlace | C06Place], relative: type[QcvnRelative | C06Relative]
) -> dict[str, Any]:
    """The fields that differ in nothing but the shape of places and relatives."""
    life = citizen.life
    values: dict[str, Any] = {key: getattr(citizen, key) for key in (*_TEXTS, *_PLACES, *_RELATIVES, "head")}
    for keys, shape in ((_PLACES, place), ((*_RELATIVES, "head"), relative)):
        for key in keys:
            values[key] = None if values[key] is None else shape.of(values[key])
    return {**values, "life": WireLife(status=life.status, since=life.since) if life else None}


def _birth(birth: BirthDate, full: str, *, beside: bool) -> WireBirth:
    year = f"{birth.year:04}"
    if birth.month is None:
        return WireBirth(year=year)
    # Callers of 037 read the year or the whole date: a month of a year shows its year beside it.
    more = year if beside else None
    return WireBirth(full=full, year=more) if birth.day is not None else WireBirth(month=str(birth), year=more)


def _relative(relative: Relative) -> dict[str, str | None]:
    return {
        "personal_number": relative.personal_number,
        "old_number": relative.old_number,
        "nationality": relative.nationality,
        "relation": relative.relation or None if isinstance(relative, Head) else None,
    }


def _read(wire: QcvnCitizen | C06Citizen, ethnic_group: str | None, religion: str | None) -> Citizen:
    values: dict[str, Any] = {key: getattr(wire, key) or None for key in _TEXTS}
    for key in _PLACES:
        place: QcvnPlace | C06Place | None = getattr(wire, key)
        values[key] = place.place() if place else None
    for key in _RELATIVES:
        relative: QcvnRelative | C06Relative | None = getattr(wire, key)
        values[key] = Relative(**_read_person(relative)) if relative else None
    return Citizen(
        **values,
        name=wire.name.name() if wire.name else None,
        ethnic_group=ethnic_group or None,
        religion=religion or None,
        birth=wire.birth.birth() if wire.birth else None,
        head=Head(**_read_person(wire.head), relation=wire.head.relation or "") if wire.head else None,
        life=Life(status=wire.life.status, since=wire.life.since) if wire.life else None,
    )


def _read_person(wire: QcvnRelative | C06Relative) -> dict[str, Any]:
    return {
        "name": wire.full_name(),
        "personal_number": wire.personal_number or None,
        "old_number": wire.old_number or None,
        "nationality": wire.nationality or None,
    }
