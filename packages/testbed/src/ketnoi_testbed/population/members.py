"""One invented person, before and after the household around them is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from ketnoi_registry.store.people import LifeStatus, OldIdNumber, PersonRow, Place, Relative
from ketnoi_testbed.population.names import FEMALE, Names

# What is invented is as of this day; no clock is asked, so that the same seed gives the same people for ever.
AS_OF = date(2026, 1, 1)
SINGLE, MARRIED, ALONE_AGAIN = 1, 2, 3


@dataclass(slots=True)
class Person:
    """Somebody with a name, a sex and a birth date. `number` and `old` are filled by whoever counts people."""

    sex: int
    year: int
    month: int | None
    day: int | None
    family: str
    middle: str
    given: str
    ethnic_group: str
    marital: int = SINGLE
    relation: str = ""
    number: str = ""
    old: tuple[OldIdNumber, ...] = ()
    father: Relative | None = None
    mother: Relative | None = None
    partner: Person | None = None
    parents: tuple[Person, ...] = ()
    representative: Person | None = None
    life: LifeStatus = "alive"
    life_since: date | None = None
    whole_name_in_one: bool = False
    more: dict[str, Place | str | None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The whole name."""
        return Names.whole(self.family, self.middle, self.given, self.ethnic_group)

    @property
    def age(self) -> int:
        """Full years, about."""
        return AS_OF.year - 1 - self.year

    def as_relative(self) -> Relative:
        """How the register names this person beside another."""
        return Relative(self.name, self.number, self.old[-1].number if self.old else None)

    def row(self, household: tuple[str, str] | None) -> PersonRow:
        """The register's row; `household` is its identifier and the head's number."""
        one = self.whole_name_in_one
        father, mother = self.father, self.mother
        for parent in self.parents:
            if parent.sex == FEMALE:
                mother = parent.as_relative()
            else:
                father = parent.as_relative()
        return PersonRow(
            personal_number=self.number,
            family_name="" if one else self.family,
            middle_name="" if one else self.middle,
            given_name=self.name if one else self.given,
            birth_year=self.year,
            birth_month=self.month,
            birth_day=self.day,
            sex=self.sex,
            ethnic_group=self.ethnic_group,
            marital_status=self.marital,
            father=father,
            mother=mother,
            representative=self.representative.as_relative() if self.representative is not None else None,
            spouse=self.partner.as_relative() if self.partner is not None else None,
            household_id=household[0] if household else None,
            relation_to_head=self.relation if household else None,
            head_number=household[1] if household else None,
            life_status=self.life,
            life_status_since=self.life_since,
            old_id_numbers=self.old,
            **self.more,  # type: ignore[arg-type]
        )
