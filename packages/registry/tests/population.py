"""A handful of people and administrative units, each there for one question that the services must answer right."""

from __future__ import annotations

from datetime import date

from ketnoi_registry.provinces import provinces
from ketnoi_registry.store.people import OldIdNumber, PersonRow, Place, Relative
from ketnoi_registry.store.units import UnitRow

OLD, NEW = date(2008, 8, 1), date(2025, 7, 1)
LAST = date(2025, 6, 30)
_PROVINCES = provinces()
OLD_MAP = next(unit.valid_from for unit in _PROVINCES if unit.valid_until is not None)

UNITS = [
    *_PROVINCES,
    UnitRow(code="170", valid_from=OLD, valid_until=LAST, level="district", name="Huyện Định Hóa", parent_code="19",
            parent_valid_from=OLD_MAP),
    UnitRow(code="05551", valid_from=OLD, valid_until=LAST, level="commune", name="Xã Kim Phượng", parent_code="170",
            parent_valid_from=OLD, successors=(("05551", NEW),)),
    UnitRow(code="05551", valid_from=NEW, level="commune", name="Xã Kim Phượng", parent_code="19",
            parent_valid_from=NEW),
    UnitRow(code="05560", valid_from=OLD, valid_until=LAST, level="commune", name="Xã Đã Chia", parent_code="170",
            parent_valid_from=OLD, successors=(("05551", NEW), ("05569", NEW))),
    UnitRow(code="05569", valid_from=NEW, level="commune", name="Xã Mới", parent_code="19", parent_valid_from=NEW),
]  # fmt: skip

HOME = {"household_id": "ho-1", "head_number": "990089000001"}

AN = PersonRow(
    personal_number="990089000001",
    family_name="Nguyễn",
    middle_name="Văn",
    given_name="An",
    birth_year=1989,
    birth_month=3,
    birth_day=2,
    sex=1,
    ethnic_group="02",
    religion="01",
    marital_status=2,
    blood_group="04",
    birth_registration=Place("VN", "05551", OLD, ""),
    hometown=Place("LA"),
    permanent_residence=Place("VN", "05569", NEW, "Số 1"),
    current_residence=Place("VN", "05560", OLD, "Xóm 2"),
    father=Relative("Nguyễn Văn Cha", "990060000002"),
    mother=Relative("Trần Thị Hòa", old_id_number="990000022"),
    spouse=Relative("Lê Thị Bình", "990190000003"),
    relation_to_head="QH00",
    old_id_numbers=(OldIdNumber("990000001"), OldIdNumber("990000009")),
    **HOME,
)
BINH = PersonRow(
    personal_number="990190000003",
    given_name="LÊ THỊ BÌNH",
    birth_year=1990,
    sex=2,
    relation_to_head="QH01",
    old_id_numbers=(OldIdNumber("990000777"),),
    **HOME,
)
CHILD = PersonRow(
    personal_number="990215000004", family_name="Nguyễn", given_name="Em", birth_year=2015, birth_month=6,
    relation_to_head="QH11", **HOME,
)  # fmt: skip
DEAD = PersonRow(
    personal_number="990060000002", family_name="Nguyễn", middle_name="Văn", given_name="Cha", birth_year=1960,
    relation_to_head="QH03", life_status="dead", life_status_since=date(2024, 5, 6), **HOME,
)  # fmt: skip
MISSING = PersonRow(
    personal_number="990061000005", family_name="Đỗ", given_name="Lạc", birth_year=1961, life_status="missing",
)  # fmt: skip
# Two people who were given one old number; the third shares name and birth year with the second too.
TWIN_1 = PersonRow(
    personal_number="990071000006", family_name="Phạm", given_name="Thủy", birth_year=1971,
    old_id_numbers=(OldIdNumber("990000555"),),
)  # fmt: skip
TWIN_2 = PersonRow(
    personal_number="990072000007", family_name="Phạm", given_name="Quý", birth_year=1972,
    old_id_numbers=(OldIdNumber("990000555"), OldIdNumber("990000666")),
)  # fmt: skip
TWIN_3 = PersonRow(
    personal_number="990072000008", family_name="Phạm", given_name="Quý", birth_year=1972,
    old_id_numbers=(OldIdNumber("990000666"),),
)  # fmt: skip
NEIGHBOUR = PersonRow(
    personal_number="990080000009", family_name="Vũ", given_name="Xóm", birth_year=1980, household_id="ho-2",
    head_number="990080000009", relation_to_head="QH00",
)  # fmt: skip

PEOPLE = [AN, BINH, CHILD, DEAD, MISSING, TWIN_1, TWIN_2, TWIN_3, NEIGHBOUR]
