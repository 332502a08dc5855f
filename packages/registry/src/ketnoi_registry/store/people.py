"""People as the registry keeps them: the typed row, and reading many rows with one statement.

The keyspace of people is addressed by personal number only. A household is no table: every person carries the
household's identifier, the relation to its head and the head's number, so that a question about a household is a
fan-out by key and a comparison, also when people are spread over many databases.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Literal

import asyncpg
import msgspec

LifeStatus = Literal["alive", "dead", "missing"]


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """An address or a place: country, administrative unit with the day its code began to apply, and free text.

    `unit_code` is the two, three or five digit code of a province, district or commune; the same code means
    different units at different times (provinces changed on 2025-07-01), so it never stands without
    `unit_valid_from`. Both are absent for a place abroad.
    """

    country: str = "VN"
    unit_code: str | None = None
    unit_valid_from: date | None = None
    detail: str = ""


class Relative(msgspec.Struct, frozen=True, omit_defaults=True):
    """A father, mother, spouse or representative, as the register recorded them (also when not in it themselves)."""

    full_name: str
    personal_number: str | None = None
    old_id_number: str | None = None
    nationality: str = "VN"


class OldIdNumber(msgspec.Struct, frozen=True, omit_defaults=True):
    """One nine-digit number a person once held, and from when until when. Not unique: two people may share one."""

    number: str
    valid_from: date | None = None
    valid_until: date | None = None


class PersonRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One person, whole: what is loaded, and what a look-up reads.

    Names stand in three parts, of which only `given_name` must be filled (a register may hold the whole name
    there). Codes: sex 0, 1 male, 2 female; marital_status 0 to 3; blood_group 00 to 04; ethnic_group and religion
    two digits; nationality ISO 3166-1; relation_to_head a code of `ketnoi_registry.relations`. A birth date may
    lack its day, or its day and month. `household_id`, `relation_to_head` and `head_number` are filled together.
    """

    personal_number: str
    given_name: str
    middle_name: str = ""
    family_name: str = ""
    birth_year: int
    birth_month: int | None = None
    birth_day: int | None = None
    sex: int = 0
    ethnic_group: str = "99"
    religion: str = "00"
    nationality: str = "VN"
    marital_status: int = 0
    blood_group: str = "00"
    birth_registration: Place | None = None
    hometown: Place | None = None
    permanent_residence: Place | None = None
    current_residence: Place | None = None
    father: Relative | None = None
    mother: Relative | None = None
    spouse: Relative | None = None
    representative: Relative | None = None
    household_id: str | None = None
    relation_to_head: str | None = None
    head_number: str | None = None
    life_status: LifeStatus = "alive"
    life_status_since: date | None = None
    old_id_numbers: tuple[OldIdNumber, ...] = ()
    """Oldest first; the last one is the one a look-up answers with."""

    @property
    def full_name(self) -> str:
        """The filled parts in Vietnamese order, joined by single spaces."""
        return " ".join(part for part in (self.family_name, self.middle_name, self.given_name) if part)


_PLAIN = (
    "personal_number", "family_name", "middle_name", "given_name", "birth_year", "birth_month", "birth_day", "sex",
    "marital_status", "ethnic_group", "religion", "nationality", "blood_group", "household_id", "relation_to_head",
    "head_number", "life_status", "life_status_since",
)  # fmt: skip
_PLACES = ("birth_registration", "hometown", "permanent_residence", "current_residence")
_RELATIVES = ("father", "mother", "spouse", "representative")

PERSON_COLUMNS = (*_PLAIN, *_PLACES, *_RELATIVES, "old_id_number")


def person_record(row: PersonRow) -> tuple[object, ...]:
    """`row` in the order of PERSON_COLUMNS, composites as tuples, as COPY takes it."""
    return (
        *(getattr(row, name) for name in _PLAIN),
        *(_parts(getattr(row, name)) for name in (*_PLACES, *_RELATIVES)),
        row.old_id_numbers[-1].number if row.old_id_numbers else None,
    )


def _parts(value: Place | Relative | None) -> tuple[object, ...] | None:
    return None if value is None else msgspec.structs.astuple(value)


_SELECT = f"SELECT {', '.join(PERSON_COLUMNS)} FROM person WHERE personal_number = any($1)"  # noqa: S608


async def read_people(pool: asyncpg.Pool, numbers: Iterable[str], timeout: float | None = None) -> dict[str, PersonRow]:
    """The people with these personal numbers; a number that nobody has is absent. `timeout` in seconds.

    `old_id_numbers` of the answer holds the newest number only: the history lies in its own keyspace.
    """
    rows = await pool.fetch(_SELECT, list(numbers), timeout=timeout)
    return {row["personal_number"]: _person(row) for row in rows}


def _person(record: asyncpg.Record) -> PersonRow:
    values = dict(record)
    newest = values.pop("old_id_number")
    for name in _PLACES:
        if (parts := values[name]) is not None:
            values[name] = Place(*parts)
    for name in _RELATIVES:
        if (parts := values[name]) is not None:
            values[name] = Relative(*parts)
    return PersonRow(**values, old_id_numbers=(OldIdNumber(newest),) if newest else ())


async def read_own_old_numbers(pool: asyncpg.Pool, personal_number: str, timeout: float | None = None) -> list[str]:
    """The old numbers that this person has held and nobody else. `timeout` in seconds."""
    rows = await pool.fetch(
        "SELECT number FROM old_id_number WHERE number IN"
        " (SELECT number FROM old_id_number WHERE personal_number = $1)"
        " GROUP BY number HAVING count(*) = 1 ORDER BY number",
        personal_number,
        timeout=timeout,
    )
    return [row["number"] for row in rows]


async def read_holders(
    pool: asyncpg.Pool, old_numbers: Iterable[str], timeout: float | None = None
) -> dict[str, list[str]]:
    """For each of these old numbers the personal numbers of all who ever held it. `timeout` in seconds."""
    holders: dict[str, list[str]] = {}
    for row in await pool.fetch(
        "SELECT number, personal_number FROM old_id_number WHERE number = any($1) ORDER BY number, personal_number",
        list(old_numbers),
        timeout=timeout,
    ):
        holders.setdefault(row["number"], []).append(row["personal_number"])
    return holders
