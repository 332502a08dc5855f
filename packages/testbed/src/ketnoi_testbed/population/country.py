"""The map of the invented country: the real provinces of both maps, and below them invented districts and communes.

The lists of districts and communes are not shipped with Ketnoi. So that addresses have all their levels, each province
of the old map has one district (code 9 and the province's) with three communes, which two communes of the new map
follow; commune codes from 9 on were never issued. The third commune was divided: nobody can tell its successor.
"""

from __future__ import annotations

import tomllib
from datetime import date
from importlib import resources

from ketnoi_registry.provinces import provinces
from ketnoi_registry.store.people import Place
from ketnoi_registry.store.units import UnitRow
from ketnoi_testbed.population.chance import Chance, Weighted

OLD_FROM, OLD_UNTIL, NEW_FROM = date(2008, 8, 1), date(2025, 6, 30), date(2025, 7, 1)
_COMMUNES = ("Xã Mẫu Một", "Xã Mẫu Hai", "Phường Mẫu Ba")
_NEW_COMMUNES = ("Xã Mẫu", "Phường Mẫu")
_STREETS = (
    "Trần Phú",
    "Lê Lợi",
    "Quang Trung",
    "Hai Bà Trưng",
    "Nguyễn Huệ",
    "Điện Biên Phủ",
    "Hùng Vương",
    "Lý Tự Trọng",
)


def administrative_units() -> list[UnitRow]:
    """Every unit of both maps: 63 and 34 real provinces, invented districts and communes."""
    rows = provinces()
    for province in [row for row in rows if row.valid_until is not None]:
        code, district = province.code, f"9{province.code}"
        (successor,) = province.successors
        rows.append(
            UnitRow(
                code=district,
                valid_from=OLD_FROM,
                valid_until=OLD_UNTIL,
                level="district",
                name=f"Huyện Mẫu ({province.name})",
                parent_code=code,
                parent_valid_from=province.valid_from,
            )
        )
        first, second = ((f"9{code}5{number}", NEW_FROM) for number in (1, 2))
        for number, (name, successors) in enumerate(
            zip(_COMMUNES, ((first,), (first,), (first, second)), strict=True), 1
        ):
            rows.append(
                UnitRow(
                    code=f"9{code}0{number}",
                    valid_from=OLD_FROM,
                    valid_until=OLD_UNTIL,
                    level="commune",
                    name=name,
                    parent_code=district,
                    parent_valid_from=OLD_FROM,
                    successors=successors,
                )
            )
        for (new_code, valid_from), name in zip((first, second), _NEW_COMMUNES, strict=True):
            rows.append(
                UnitRow(
                    code=new_code,
                    valid_from=valid_from,
                    level="commune",
                    name=name,
                    parent_code=successor[0],
                    parent_valid_from=successor[1],
                )
            )
    return rows


class Country:
    """Chooses where people live and what they are."""

    def __init__(self) -> None:
        text = (resources.files(__package__) / "data" / "country.toml").read_text(encoding="utf-8")
        table = tomllib.loads(text)
        self._province = Weighted[str](table["inhabitants"])
        self.ethnic_group = Weighted[str](table["ethnic_groups"])
        self.religion = Weighted[str](table["religions"])
        self.blood_group = Weighted[str](table["blood_groups"])

    def province(self, chance: Chance) -> str:
        """A province of the old map, by its inhabitants."""
        return self._province.pick(chance)

    def birthplace(self, province: str, year: int) -> Place:
        """The province as a place of birth or origin, on the map of that time."""
        if year > NEW_FROM.year:
            return Place(unit_code=f"9{province}51", unit_valid_from=NEW_FROM)
        return Place(unit_code=province, unit_valid_from=OLD_FROM)

    def address(self, province: str, chance: Chance) -> Place:
        """An address; most were written down before the map changed."""
        number = chance.between(1, 199)
        street = _STREETS[chance.below(len(_STREETS))]
        detail = f"Số {number} đường {street}" if chance.happens(0.4) else f"Thôn {chance.between(1, 12)}"
        if chance.happens(0.7):
            return Place(unit_code=f"9{province}0{chance.between(1, 3)}", unit_valid_from=OLD_FROM, detail=detail)
        return Place(unit_code=f"9{province}5{chance.between(1, 2)}", unit_valid_from=NEW_FROM, detail=detail)


def is_southern(province: str) -> bool:
    """Whether names take their southern forms there: from Đà Nẵng on, by the order of the codes."""
    return province >= "48"
