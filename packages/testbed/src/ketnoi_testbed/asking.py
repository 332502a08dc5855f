"""The register's people as an officer would write them down in a question."""

from __future__ import annotations

from typing import Any, Unpack

from ketnoi_client.agency import Agency, Call, Member, Person, Sent
from ketnoi_protocol.services import Service
from ketnoi_registry.store.people import PersonRow
from ketnoi_testbed.population import Sample


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


def ask(agency: Agency, people: Sample, service: Service, **call: Unpack[Call]) -> Sent[Any]:
    """One right question of any service, about somebody of a world. Raises what the client raises."""
    row = people.full
    if service is Service.CONFIRM_IDENTITY_NUMBER:
        return agency.confirm_identity_number(person_of(row, old_number=row.old_id_numbers[-1].number), **call)
    if service is Service.VERIFY_HOUSEHOLD:
        return agency.verify_household(person_of(row), [member_of(each) for each in people.family[1:]], **call)
    if service is Service.LOOK_UP_CITIZEN:
        return agency.look_up_citizen(person_of(row), **call)
    return agency.verify_citizen(person_of(row), **call)
