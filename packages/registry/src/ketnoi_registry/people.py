"""Finding the one person a question is about, and saying nothing about anybody else.

Everything that is asked (number, old number, name, birth date) must agree with one single person. Whatever fails,
the outcome is the same None, so that no service can tell its caller which field it was.
"""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from ketnoi_protocol.birth_date import BirthDate
from ketnoi_protocol.names import key_exact, key_legacy

from .store.lookups import Lookups
from .store.people import PersonRow, read_holders, read_people


@dataclass(frozen=True, slots=True)
class Matching:
    """How a service compares: by the legacy name key too, and whether a year alone may stand for a full date."""

    legacy_names: bool = False
    year_only_permitted: bool = False

    def same_name(self, asked: str, person: PersonRow) -> bool:
        """The names are the same at level E, or at level L where this service compares so."""
        if key_exact(asked) == key_exact(person.full_name):
            return True
        return self.legacy_names and key_legacy(asked) == key_legacy(person.full_name)

    def same_birth(self, asked: BirthDate | None, person: PersonRow) -> bool:
        """The birth dates agree as far as the register knows; no date asked agrees with every date."""
        return asked is None or asked.matches(birth_of(person), year_only_permitted=self.year_only_permitted)


def birth_of(person: PersonRow) -> BirthDate:
    """The register's birth date, as partial as the register has it."""
    return BirthDate(person.birth_year, person.birth_month, person.birth_day)


@dataclass(frozen=True, slots=True)
class Claim:
    """Who somebody is said to be. At least one of the two numbers is there."""

    personal_number: str | None
    old_number: str | None
    name: str
    birth: BirthDate | None = None


class People:
    """The register's people, read for many callers at a time."""

    def __init__(self, pool: asyncpg.Pool, timeout: float) -> None:
        self._persons = Lookups(lambda numbers: read_people(pool, numbers, timeout))
        self._holders = Lookups(lambda numbers: read_holders(pool, numbers, timeout))

    async def find(self, claim: Claim, matching: Matching) -> PersonRow | None:
        """The one person with whom every part of `claim` agrees; None when there is none, or more than one.

        An old number alone may lead to several people (some were issued twice): name and birth date decide, and
        where they cannot, nobody is found.
        """
        matched = [
            person
            for person in await self._candidates(claim)
            if matching.same_name(claim.name, person) and matching.same_birth(claim.birth, person)
        ]
        return matched[0] if len(matched) == 1 else None

    async def _candidates(self, claim: Claim) -> list[PersonRow]:
        if claim.old_number is None:
            numbers = [claim.personal_number] if claim.personal_number is not None else []
        else:
            numbers = await self._holders.get(claim.old_number) or []
            if claim.personal_number is not None:
                numbers = [number for number in numbers if number == claim.personal_number]
        return [person for person in await self._persons.get_many(numbers) if person is not None]
