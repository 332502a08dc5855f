"""The register's people as an officer would write them down in a question."""

from __future__ import annotations

from ketnoi_client.agency import Member, Person
from ketnoi_registry.store.people import PersonRow


def birth_of(row: PersonRow) -> str:
    """`yyyy-mm-dd`, or `yyyy` for whom the register has only the year."""
    if row.birth_month is None or row.birth_day is None:
        return f"{row.birth_year:04}"
    return f"{row.birth_year:04}-{row.birth_month:02}-{row.birth_day:02}"


def person_of(row: PersonRow, **other: str | None) -> Person:
    """The person, rightly named; `other` replaces what is to be asked otherwise."""
    values: dict[str, str | None] = {
        "personal_number": row.personal_number,
        "name": row.full_name,
        "birth": birth_of(row),
    }
    return Person(**(values | other))  # type: ignore[arg-type]


def member_of(row: PersonRow, **other: str | None) -> Member:
    """Somebody of a household, with the relation to its head that the register has."""
    values: dict[str, str | None] = {
        "personal_number": row.personal_number,
        "name": row.full_name,
        "birth": birth_of(row),
        "relation": row.relation_to_head,
    }
    return Member(**(values | other))  # type: ignore[arg-type]
