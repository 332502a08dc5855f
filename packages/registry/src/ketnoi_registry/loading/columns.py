"""The columns of a CSV file of people: their names, which must be there, and which come together.

`docs/reference/people-csv.md` says the same in words.
"""

from __future__ import annotations

from typing import Final

from ..store.people import OldIdNumber, PersonRow, Place, Relative

PLACES: Final = ("birth_registration", "hometown", "permanent_residence", "current_residence")
RELATIVES: Final = ("father", "mother", "spouse", "representative")
PLACE_PARTS: Final = ("country", "unit", "unit_from", "detail")
RELATIVE_PARTS: Final = ("name", "personal_number", "old_id_number", "nationality")

NAME: Final = ("family_name", "middle_name", "given_name")
REQUIRED: Final = ("personal_number", "given_name", "birth_date")
REQUIRED_OF_UPDATES: Final = ("personal_number", *NAME, "birth_date")
"""An update says the whole name: from `given_name` alone nobody can tell what is to become of the other parts."""

HOUSEHOLD: Final = ("household_id", "relation_to_head", "head_number")
LIFE: Final = ("life_status", "life_status_since")

COLUMNS: Final = (
    "personal_number", *NAME, "birth_date", "sex", "marital_status",
    "ethnic_group", "religion", "nationality", "blood_group", "old_id_numbers",
    *(f"{place}_{part}" for place in PLACES for part in PLACE_PARTS),
    *(f"{relative}_{part}" for relative in RELATIVES for part in RELATIVE_PARTS),
    *HOUSEHOLD, *LIFE,
)  # fmt: skip

TOGETHER: Final = (
    HOUSEHOLD,
    LIFE,
    *((f"{place}_unit", f"{place}_unit_from") for place in PLACES),
)
"""Where one of these is in the header, so are the others: an update must not change half of a fact."""


def csv_record(row: PersonRow) -> tuple[object, ...]:
    """What a file says of one person, in the order of COLUMNS; None for what is not known."""
    birth = f"{row.birth_year:04}"
    if row.birth_month is not None:
        birth += f"-{row.birth_month:02}" if row.birth_day is None else f"-{row.birth_month:02}-{row.birth_day:02}"
    return (
        row.personal_number, row.family_name, row.middle_name, row.given_name, birth, row.sex, row.marital_status,
        row.ethnic_group, row.religion, row.nationality, row.blood_group,
        ";".join(map(_old_number, row.old_id_numbers)),
        *_place(row.birth_registration), *_place(row.hometown), *_place(row.permanent_residence),
        *_place(row.current_residence), *_relative(row.father), *_relative(row.mother), *_relative(row.spouse),
        *_relative(row.representative), row.household_id, row.relation_to_head, row.head_number, row.life_status,
        row.life_status_since,
    )  # fmt: skip


_NOTHING: Final = (None,) * 4


def _place(place: Place | None) -> tuple[object, ...]:
    return (place.country, place.unit_code, place.unit_valid_from, place.detail) if place else _NOTHING


def _relative(one: Relative | None) -> tuple[object, ...]:
    return (one.full_name, one.personal_number, one.old_id_number, one.nationality) if one else _NOTHING


def _old_number(old: OldIdNumber) -> str:
    return ":".join(str(part or "") for part in (old.number, old.valid_from, old.valid_until)).rstrip(":")
