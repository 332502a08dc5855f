"""Finding the one person a question is about, and saying nothing about anybody else.

Everything that is asked (number, old number, name, birth date) must agree with one single person. Whatever fails,
the outcome is the same None, so that no service can tell its caller which field it was.
"""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from ketnoi_protocol.birth_date import BirthDate, InvalidBirthDate
from ketnoi_protocol.envelope import Claimed
from ketnoi_protocol.names import InvalidName, key_exact, key_legacy

from .store.lookups import Lookups
from .store.people import PersonRow, read_holders, read_people

NOBODY = ""
"""A key that nobody has, looked up where there is nobody to look up."""


@dataclass(frozen=True, slots=True)
class Matching:
    """How a service compares: by the legacy name key too, and whether a year alone may stand for a full date."""

    legacy_names: bool = False
    year_only_permitted: bool = False

    def same_name(self, asked: str, registered: str) -> bool:
        """The names are the same at level E, or at level L where this service compares so."""
        try:
            exact = key_exact(asked) == key_exact(registered)
            return exact | (self.legacy_names and key_legacy(asked) == key_legacy(registered))
        except InvalidName:
            return False

    def same_birth(self, asked: BirthDate | None, person: PersonRow) -> bool:
        """The birth dates agree as far as the register knows; no date asked agrees with every date."""
        birth = birth_of(person)
        if asked is None or birth is None:
            return asked is None
        return asked.matches(birth, year_only_permitted=self.year_only_permitted)


def birth_of(person: PersonRow) -> BirthDate | None:
    """The register's birth date, as partial as the register has it; None when it has an impossible one."""
    try:
        return BirthDate(person.birth_year, person.birth_month, person.birth_day)
    except InvalidBirthDate:
        return None


def household_of(person: PersonRow | None) -> str | None:
    """The household where somebody is registered as resident.

    The dead and the missing are struck off the register of residence (law on residence 68/2020/QH14, article 24),
    also where their record still names a household.
    """
    return person.household_id if person is not None and person.life_status == "alive" else None


class People:
    """The register's people, read for many callers at a time."""

    def __init__(self, pool: asyncpg.Pool, timeout: float) -> None:
        self._persons = Lookups(lambda numbers: read_people(pool, numbers, timeout))
        self._holders = Lookups(lambda numbers: read_holders(pool, numbers, timeout))

    async def find(self, claim: Claimed, matching: Matching) -> PersonRow | None:
        """The one person with whom every part of `claim` agrees; None when there is none, or more than one.

        An old number alone may lead to several people (some were issued twice): name and birth date decide, and
        where they cannot, nobody is found. Whoever is found or not, the same look-ups are made, so that the time it
        takes does not tell a wrong name from an unknown number.
        """
        matched = [
            person
            for person in await self._candidates(claim)
            if matching.same_name(claim.name, person.full_name) & matching.same_birth(claim.birth, person)
        ]
        return matched[0] if len(matched) == 1 else None

    async def _candidates(self, claim: Claimed) -> list[PersonRow]:
        if claim.old_number is None:
            numbers = [claim.personal_number] if claim.personal_number is not None else []
        else:
            numbers = await self._holders.get(claim.old_number) or []
            if claim.personal_number is not None:
                numbers = [number for number in numbers if number == claim.personal_number]
        return [person for person in await self._persons.get_many(numbers or [NOBODY]) if person is not None]

    async def head_of(self, person: PersonRow | None) -> PersonRow | None:
        """The head of this person's household; themselves when they are. A look-up is made also when nobody is."""
        number = person.head_number if person is not None and household_of(person) is not None else None
        return await self._persons.get(number or NOBODY)

    async def has_held(self, old_number: str, personal_number: str | None) -> bool:
        """Whether this person ever held that old number. The same look-up is made when there is no person."""
        return personal_number in (await self._holders.get(old_number) or ())
