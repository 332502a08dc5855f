"""A citizen's own record in words: each field with its name, its value as people say it, and whether it is sensitive.

Numbers of relatives are masked: they are in the record, but are no more the reader's to carry about than anybody's
[OC]. Names of the 54 ethnic groups are those of decision 121-TCTK/PPCĐ of 1979; no list of codes of religions was found
that the register would follow [NF], so their codes are shown.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from ketnoi_pages.fields import FIELDS, SENSITIVE
from ketnoi_pages.text import Text
from ketnoi_protocol.birth_date import BirthDate
from ketnoi_protocol.citizen import ATTRIBUTES, Head, Life, LifeStatus, Name, Place, Relative
from ketnoi_protocol.citizens import Record

_GROUPS: Final = (
    "Kinh", "Tày", "Thái", "Hoa", "Khơ-me", "Mường", "Nùng", "Mông", "Dao", "Gia-rai", "Ngái", "Ê-đê", "Ba-na",
    "Xơ-đăng", "Sán Chay", "Cơ-ho", "Chăm", "Sán Dìu", "Hrê", "Mnông", "Ra-glai", "Xtiêng", "Bru-Vân Kiều", "Thổ",
    "Giáy", "Cơ-tu", "Gié-Triêng", "Mạ", "Khơ-mú", "Co", "Tà-ôi", "Chơ-ro", "Kháng", "Xinh-mun", "Hà Nhì", "Chu-ru",
    "Lào", "La Chí", "La Ha", "Phù Lá", "La Hủ", "Lự", "Lô Lô", "Chứt", "Mảng", "Pà Thẻn", "Cơ Lao", "Cống", "Bố Y",
    "Si La", "Pu Péo", "Brâu", "Ơ-đu", "Rơ-măm",
)  # fmt: skip
_ETHNIC: Final = {f"{number:02}": name for number, name in enumerate(_GROUPS, 1)}
_UNKNOWN: Final = Text("Chưa có thông tin", "Not recorded")
_CODES: Final = {
    "GioiTinh": {"0": _UNKNOWN, "1": Text("Nam", "Male"), "2": Text("Nữ", "Female")},
    "TinhTrangHonNhan": {
        "0": _UNKNOWN,
        "1": Text("Chưa kết hôn", "Single"),
        "2": Text("Đang có vợ hoặc chồng", "Married"),
        "3": Text("Đã ly hôn hoặc góa", "Divorced or widowed"),
    },
    "NhomMau": {
        "00": _UNKNOWN,
        **{code: Text(name, name) for code, name in (("01", "A"), ("02", "B"), ("03", "AB"), ("04", "O"))},
    },
    "DanToc": {code: Text(name, name) for code, name in _ETHNIC.items()} | {"99": _UNKNOWN},
    "TonGiao": {"00": Text("Không", "None"), "99": _UNKNOWN},
    "QuocTich": {"VN": Text("Việt Nam", "Viet Nam")},
}
_NAMES: Final = FIELDS | {"TinhTrangChetMatTich": Text("Tình trạng", "Status")}
_LIFE: Final = {
    LifeStatus.ALIVE: Text("Còn sống", "Alive"),
    LifeStatus.DEAD: Text("Đã chết", "Dead"),
    LifeStatus.MISSING: Text("Mất tích", "Missing"),
}


class Line(NamedTuple):
    """One field: its name in licences, in words, its value in words, and whether it is sensitive."""

    field: str
    name: Text
    value: Text
    sensitive: bool


def lines(record: Record) -> list[Line]:
    """Every field of the record that has a value, in the order in which services answer."""
    citizen = record.citizen.citizen()
    found = []
    for field, attribute in ATTRIBUTES.items():
        value = getattr(citizen, attribute)
        if value is not None:
            found.append(Line(field, _NAMES[field], _value(field, value, record), field in SENSITIVE))
    return found


def _value(field: str, value: Any, record: Record) -> Text:
    if field in _CODES:
        code = str(value)
        return _CODES[field].get(code, Text(f"Mã {code}", f"Code {code}"))
    match value:
        case Name():
            return _same(value.full)
        case BirthDate():
            parts = (value.day, value.month, value.year)
            return _same("/".join(f"{part:02}" for part in parts if part is not None))
        case Place():
            return _place(value, record.units)
        case Life():
            status = _LIFE[value.status]
            return _with(status, f"{value.since:%d/%m/%Y}") if value.since else status
        case Relative():
            return _relative(value, record.relations)
    return _same(str(value))


def _place(place: Place, units: dict[str, str]) -> Text:
    codes = (place.commune, place.district, place.province)
    known = [place.detail or ""]
    # Where a unit has ended, the register writes its names into the free text: they are not told twice.
    known += [name for code in codes if code and (name := units.get(code, f"({code})")) not in known[0]]
    if place.country != "VN":
        known.append(place.country)
    return _same(", ".join(part for part in known if part)) if any(known) else _UNKNOWN


def _relative(person: Relative, relations: dict[str, tuple[str, str]]) -> Text:
    name = person.name or ""
    number = person.personal_number or person.old_number
    told = " – ".join(part for part in (name, _masked(number) if number else "") if part)
    if isinstance(person, Head):
        vi, en = relations.get(person.relation, (person.relation, person.relation))
        return Text(f"{told}; bạn là {vi}", f"{told}; you are: {en}")
    return _same(told) if told else _UNKNOWN


def _masked(number: str) -> str:
    return number[:2] + "•" * (len(number) - 4) + number[-2:]


def _same(text: str) -> Text:
    return Text(text, text)


def _with(text: Text, more: str) -> Text:
    return Text(f"{text.vi} ({more})", f"{text.en} ({more})")
