"""The own tables as a store: people, old numbers and administrative units in PostgreSQL."""

from __future__ import annotations

import datetime
from typing import Any

import asyncpg

from ketnoi_protocol.birth_date import BirthDate, InvalidBirthDate
from ketnoi_protocol.citizen import Citizen, Head, Life, LifeStatus, Name
from ketnoi_protocol.citizen import Place as ShownPlace
from ketnoi_protocol.citizen import Relative as ShownRelative
from ketnoi_protocol.envelope import Claimed
from ketnoi_protocol.personal_number import Sex

from .interface import Asking, Found
from .lookups import Lookups
from .people import PersonRow, Place, Relative, read_holders, read_own_old_numbers, read_people
from .units import Units

NOBODY = ""
"""A key that nobody has, looked up where there is nobody to look up."""

_LIFE = {"alive": LifeStatus.ALIVE, "dead": LifeStatus.DEAD, "missing": LifeStatus.MISSING}


class PostgresStore:
    """The register's people, read for many callers at a time. `timeout` of one statement in seconds."""

    def __init__(self, pool: asyncpg.Pool, units: Units, timeout: float) -> None:
        self._units = units
        self._pool = pool
        self._timeout = timeout
        self._persons = Lookups(lambda numbers: read_people(pool, numbers, timeout))
        self._holders = Lookups(lambda numbers: read_holders(pool, numbers, timeout))

    async def find(self, claim: Claimed, asking: Asking) -> Found | None:
        """As Store says. An old number alone may lead to several people (some were issued twice): name and birth
        date decide, and where they cannot, nobody is found."""
        matching = asking.matching
        matched = [
            person
            for person in await self._candidates(claim)
            if matching.same_name(claim.name, person.full_name) & matching.same_birth(claim.birth, _birth(person))
        ]
        person = matched[0] if len(matched) == 1 else None
        head = await self._head_of(person) if asking.head else None
        if person is None:
            return None
        return Found(person.personal_number, self._citizen(person, head, asking), _household(person), _relation(person))

    async def confirm(self, claim: Claimed, asking: Asking) -> str | None:
        """As Store says."""
        found = await self.find(claim, asking)
        return found.personal_number if found is not None else None

    async def has_held(self, old_number: str, claim: Claimed, found: Found | None, asking: Asking) -> bool:
        """As Store says, by the history of old numbers."""
        number = found.personal_number if found is not None else None
        return number in (await self._holders.get(old_number) or ())

    async def old_numbers(self, claim: Claimed, asking: Asking) -> tuple[str, ...]:
        """As Store says, by the history of old numbers and the personal number alone."""
        if claim.personal_number is None:
            return ()
        return tuple(await read_own_old_numbers(self._pool, claim.personal_number, self._timeout))

    def health(self) -> dict[str, Any]:
        """Its kind; the database has its own instruments."""
        return {"kind": "postgresql"}

    async def _candidates(self, claim: Claimed) -> list[PersonRow]:
        if claim.old_number is None:
            numbers = [claim.personal_number] if claim.personal_number is not None else []
        else:
            numbers = await self._holders.get(claim.old_number) or []
            if claim.personal_number is not None:
                numbers = [number for number in numbers if number == claim.personal_number]
        return [person for person in await self._persons.get_many(numbers or [NOBODY]) if person is not None]

    async def _head_of(self, person: PersonRow | None) -> PersonRow | None:
        """The head of this person's household; themselves when they are. A look-up is made also when nobody is."""
        number = person.head_number if person is not None and _household(person) is not None else None
        return await self._persons.get(number or NOBODY)

    def _citizen(self, person: PersonRow, head: PersonRow | None, asking: Asking) -> Citizen:
        def place(of: Place | None) -> ShownPlace | None:
            return None if of is None else self._place(of, asking.day)

        return Citizen(
            personal_number=person.personal_number,
            old_number=_newest_old_number(person),
            name=Name(family=person.family_name, middle=person.middle_name, given=person.given_name),
            sex=Sex(str(person.sex)),
            ethnic_group=person.ethnic_group,
            religion=person.religion,
            marital_status=str(person.marital_status),
            blood_group=person.blood_group,
            birth=_birth(person),
            birth_registration=place(person.birth_registration),
            hometown=place(person.hometown),
            permanent_residence=place(person.permanent_residence),
            current_residence=place(person.current_residence),
            nationality=person.nationality,
            father=_relative(person.father),
            mother=_relative(person.mother),
            spouse=_relative(person.spouse),
            representative=_relative(person.representative),
            head=_head(person, head) if asking.head else None,
            life=Life(status=_LIFE[person.life_status], since=person.life_status_since),
        )

    def _place(self, place: Place, day: datetime.date) -> ShownPlace:
        """The place by the codes of that day's map. Where the recorded unit has ended, its names go into the free
        text, so that nothing is lost when it was divided or merged; where nobody knows which unit the recorded code
        meant on its day, the code itself does, and none is told: it may mean another unit today."""
        recorded = self._units.line(place)
        codes = {level: unit.code for level, unit in self._units.line_on(day, place).items()}
        names = []
        if place.unit_code is not None and not recorded:
            names = [f"mã đơn vị {place.unit_code} từ {place.unit_valid_from}"]
        elif any(unit.valid_until is not None and unit.valid_until < day for unit in recorded.values()):
            names = [unit.name for unit in recorded.values()]
        detail = ", ".join(text for text in (place.detail, *names) if text)
        return ShownPlace(**codes, detail=detail or None, country=place.country)


def _birth(person: PersonRow) -> BirthDate | None:
    """The register's birth date, as partial as the register has it; None when it has an impossible one."""
    try:
        return BirthDate(person.birth_year, person.birth_month, person.birth_day)
    except InvalidBirthDate:
        return None


def _household(person: PersonRow) -> str | None:
    """The household where somebody is registered as resident.

    The dead and the missing are struck off the register of residence (law on residence 68/2020/QH14, article 24),
    also where their record still names a household.
    """
    return person.household_id if person.life_status == "alive" else None


def _relation(person: PersonRow) -> str | None:
    return person.relation_to_head if _household(person) is not None else None


def _head(person: PersonRow, head: PersonRow | None) -> Head | None:
    relation = _relation(person)
    if relation is None:
        return None
    if head is None:
        return Head(personal_number=person.head_number, relation=relation)
    return Head(
        name=head.full_name,
        personal_number=head.personal_number,
        old_number=_newest_old_number(head),
        nationality=head.nationality,
        relation=relation,
    )


def _relative(relative: Relative | None) -> ShownRelative | None:
    if relative is None:
        return None
    return ShownRelative(
        name=relative.full_name,
        personal_number=relative.personal_number,
        old_number=relative.old_id_number,
        nationality=relative.nationality,
    )


def _newest_old_number(person: PersonRow) -> str | None:
    return person.old_id_numbers[-1].number if person.old_id_numbers else None
