"""The population: numbers given to people, household after household, in chunks that can be made apart."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import msgspec

from ketnoi_registry.store.people import OldIdNumber, PersonRow
from ketnoi_testbed.population.chance import Chance
from ketnoi_testbed.population.country import Country
from ketnoi_testbed.population.households import Households, Setting
from ketnoi_testbed.population.members import Person
from ketnoi_testbed.population.names import FEMALE, Names

T = TypeVar("T")

CHUNK = 5_000
MOST_PEOPLE = 40_000_000
# Multipliers without a common divisor with the size of the space: they scatter the numbers, and none comes twice.
_SERIALS, _SERIAL_STEP = 1_000_000, 387_421
_OLD_NUMBERS, _OLD_STEP = 100_000_000, 38_742_049
_CARDS_ENDED = date(2024, 12, 31)  # law 26/2023/QH15


@dataclass(frozen=True)
class Sample:
    """People of one population whom stories and journeys speak of.

    `full` has a full birth date, an old number and a household of four or more, `family`, whose first is the head;
    `year_only` has only a year of birth; `dead` has died.
    """

    full: PersonRow
    family: tuple[PersonRow, ...]
    year_only: PersonRow
    dead: PersonRow


class Population:
    """`people` invented people. Raises ValueError for more than forty million, whose numbers would come twice."""

    def __init__(self, seed: int = 2026, people: int = 100_000) -> None:
        if not 0 <= people <= MOST_PEOPLE:
            raise ValueError(f"a population has 0 to {MOST_PEOPLE} people")
        self.seed = seed
        self.people = people
        self._country = Country()
        self._households = Households(self._country, Names())
        self._offset = Chance(f"{seed} numbers").below(_SERIALS)

    def __iter__(self) -> Iterator[PersonRow]:
        """Everybody, in order."""
        for number in range(self.chunks):
            yield from self.chunk(number)

    @property
    def chunks(self) -> int:
        """Into how many chunks the population falls; a household never crosses their borders."""
        return -(-self.people // CHUNK)

    def chunk(self, number: int) -> Iterator[PersonRow]:
        """The people of one chunk, which needs no other one to be made."""
        first = number * CHUNK
        remaining = min(CHUNK, self.people - first)
        chance = Chance(f"{self.seed} {number}")
        while remaining > 0:
            setting, people = self._households.make(chance, remaining)
            for index, person in enumerate(people, first):
                self._number(person, index, chance)
            yield from self._rows(setting, people, f"HO{first:09}")
            first += len(people)
            remaining -= len(people)

    def digest(self) -> str:
        """SHA-256 over everybody, in hexadecimal: the same for the same seed and size."""
        encoder, digest = msgspec.json.Encoder(), hashlib.sha256()
        for row in self:
            digest.update(encoder.encode(row))
        return digest.hexdigest()

    def sample(self) -> Sample:
        """People for stories. Raises LookupError when the population is too small to have them."""
        households: dict[str, list[PersonRow]] = {}
        rows = list(self.chunk(0))
        for row in rows:
            if row.household_id is not None:
                households.setdefault(row.household_id, []).append(row)
        family = _first(
            households.values(), lambda each: len(each) >= 4 and each[0].birth_day is not None and _has_card(each[0])
        )
        return Sample(
            full=family[0],
            family=tuple(family),
            year_only=_first(rows, lambda row: row.birth_month is None and row.life_status == "alive"),
            dead=_first(rows, lambda row: row.life_status == "dead"),
        )

    def _number(self, person: Person, index: int, chance: Chance) -> None:
        century = (person.year - 1900) // 100
        sex = 2 * century + (person.sex == FEMALE)
        block, serial = divmod(index, _SERIALS)
        serial = (serial * _SERIAL_STEP + self._offset) % _SERIALS
        person.number = f"9{block:02}{sex}{person.year % 100:02}{serial:06}"
        if chance.happens(0.9 if person.year <= 1998 else 0.4 if person.year <= 2002 else 0.0):
            person.old = self._old_numbers(person, index, chance)

    def _old_numbers(self, person: Person, index: int, chance: Chance) -> tuple[OldIdNumber, ...]:
        issued = date(person.year + 15, chance.between(1, 12), chance.between(1, 28))
        # Now and then a number was issued to two people: here to this one and the one before.
        counted = 2 * max(0, index - 1) if chance.happens(0.001) else 2 * index
        if not chance.happens(0.05):
            return (OldIdNumber(self._old_number(counted), issued, _CARDS_ENDED),)
        # Whoever moved to another province got another number.
        moved = date(min(2015, issued.year + chance.between(1, 20)), 6, 15)
        first = OldIdNumber(self._old_number(counted), issued, max(issued, moved))
        return first, OldIdNumber(self._old_number(2 * index + 1), max(issued, moved), _CARDS_ENDED)

    def _old_number(self, counted: int) -> str:
        return f"9{(counted * _OLD_STEP + self._offset) % _OLD_NUMBERS:08}"

    def _rows(self, setting: Setting, people: list[Person], household: str) -> Iterator[PersonRow]:
        chance, country = setting.chance, self._country
        address = country.address(setting.province, chance)
        religion = country.religion.pick(chance)
        together = (household, people[0].number)
        for person in people:
            origin = setting.province if chance.happens(0.8) else country.province(chance)
            person.more = {
                "religion": religion,
                "blood_group": country.blood_group.pick(chance),
                "hometown": country.birthplace(origin, 0),
                "birth_registration": country.birthplace(origin, person.year),
                "permanent_residence": address,
                "current_residence": address if chance.happens(0.92) else country.address(setting.province, chance),
            }
            yield person.row(together if person.life == "alive" and people[0].life == "alive" else None)


def _has_card(row: PersonRow) -> bool:
    return bool(row.old_id_numbers)


def _first(values: Iterable[T], wanted: Callable[[T], bool]) -> T:
    for value in values:
        if wanted(value):
            return value
    raise LookupError("the population is too small for a story: make it 200 people or more")
