"""Households with plausible relations and ages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ketnoi_registry.store.people import Relative
from ketnoi_testbed.population.chance import Chance, Weighted
from ketnoi_testbed.population.country import Country, is_southern
from ketnoi_testbed.population.members import ALONE_AGAIN, AS_OF, MARRIED, SINGLE, Person
from ketnoi_testbed.population.names import FEMALE, MALE, Names

HEAD, WIFE, HUSBAND, FATHER, MOTHER, FATHER_IN_LAW, MOTHER_IN_LAW = (f"QH0{number}" for number in range(7))
CHILD, DAUGHTER_IN_LAW, GRANDCHILD, SIBLING, LODGER = "QH11", "QH15", "QH19", "QH21", "QH29"
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_KINDS = Weighted(
    {"family": 46.0, "with_parents": 14.0, "elders": 10.0, "alone": 13.0, "single_parent": 9.0, "with_others": 8.0}
)
# A first child comes when the mother is 19 or older, the last before she is 42.
YOUNGEST_MOTHER, OLDEST_MOTHER = 19, 41


@dataclass(frozen=True, slots=True)
class Setting:
    """What the members of one household share."""

    province: str
    ethnic_group: str
    chance: Chance


class Households:
    """Makes households, one after another, as lists of people whose first is the head.

    People who died or are missing come after the living, without a relation.
    """

    def __init__(self, country: Country, names: Names) -> None:
        self._country = country
        self._names = names

    def make(self, chance: Chance, most: int) -> tuple[Setting, list[Person]]:
        """A household of at most `most` people (at least one)."""
        province = self._country.province(chance)
        setting = Setting(province, self._country.ethnic_group.pick(chance), chance)
        people: list[Person] = getattr(self, f"_{_KINDS.pick(chance)}")(setting)
        if len(people) > most:
            people = self._alone(setting)[:1] if most == 1 else self._couple(setting, chance.between(22, 70))
        for person in people:
            self._recall_parents(setting, person)
        return setting, people

    def person(self, setting: Setting, sex: int, age: int, family: str | None = None) -> Person:
        """Somebody of about this age."""
        chance = setting.chance
        year = AS_OF.year - 1 - age
        group = setting.ethnic_group
        surname = family or self._names.surname(group, chance, southern=is_southern(setting.province))
        middle, given = self._names.given(sex, year, group, chance)
        month, day = self._birthday(setting, year)
        one = group == "12" or chance.happens(0.03)
        return Person(sex, year, month, day, surname, middle, given, group, whole_name_in_one=one)

    @staticmethod
    def _birthday(setting: Setting, year: int) -> tuple[int | None, int | None]:
        """Month and day; neither for many of the old, whose civil records hold only a year."""
        chance = setting.chance
        unknown = 0.35 if year < 1955 else 0.12 if year < 1975 else 0.002
        if chance.happens(unknown if setting.ethnic_group == "01" else min(1.0, unknown * 2)):
            return None, None
        month = chance.between(1, 12)
        return month, chance.between(1, _DAYS[month - 1])

    def _couple(self, setting: Setting, age: int) -> list[Person]:
        """Head and spouse; two thirds of the heads are men."""
        chance = setting.chance
        sex = MALE if chance.happens(0.67) else FEMALE
        head = self.person(setting, sex, age)
        other = FEMALE if sex == MALE else MALE
        # The husband is a few years older, as a rule.
        apart = chance.between(-2, 6)
        spouse = self.person(setting, other, max(20, age - apart if sex == MALE else age + apart))
        head.relation, spouse.relation = HEAD, WIFE if other == FEMALE else HUSBAND
        _marry(head, spouse)
        return [head, spouse]

    def _children(self, setting: Setting, parents: list[Person], relation: str, most: int) -> list[Person]:
        """Children of a couple, or of a mother alone, oldest first; grown ones have mostly moved out."""
        chance = setting.chance
        mother = next(each for each in parents if each.sex == FEMALE)
        father = next((each for each in parents if each.sex == MALE), mother)
        children: list[Person] = []
        mothers_age = YOUNGEST_MOTHER + max(0, mother.age - father.age) + chance.between(0, 9)
        for _ in range(most):
            age = mother.age - mothers_age
            if age < 0 or mothers_age > OLDEST_MOTHER:
                break
            if age < 22 or chance.happens(0.15):
                child = self.person(setting, MALE if chance.happens(0.525) else FEMALE, age, father.family)
                child.relation, child.parents = relation, tuple(parents)
                children.append(child)
            mothers_age += chance.between(2, 6)
        return children

    def _family(self, setting: Setting) -> list[Person]:
        couple = self._couple(setting, setting.chance.between(24, 62))
        return couple + self._children(setting, couple, CHILD, setting.chance.between(0, 4))

    def _with_parents(self, setting: Setting) -> list[Person]:
        people = self._family(setting)
        head, spouse = people[0], people[1]
        own = setting.chance.happens(0.8)
        child = head if own else spouse
        old = self._parents_of(setting, child)
        for parent in old:
            if parent.sex == MALE:
                parent.relation = FATHER if own else FATHER_IN_LAW
            else:
                parent.relation = MOTHER if own else MOTHER_IN_LAW
        return people + old

    def _parents_of(self, setting: Setting, child: Person) -> list[Person]:
        """Both parents, or the mother when the father has died: she comes first then, and he is dead."""
        chance = setting.chance
        mother = self.person(setting, FEMALE, child.age + chance.between(20, 36))
        father = self.person(setting, MALE, mother.age + chance.between(0, 5), child.family)
        child.parents = (father, mother)
        if father.age > 95 or chance.happens(0.4):
            self._bury(setting, father)
            mother.marital = ALONE_AGAIN
        else:
            _marry(father, mother)
        return [mother, father]

    def _elders(self, setting: Setting) -> list[Person]:
        """An old couple, often with a grown son, his wife and their children."""
        chance = setting.chance
        couple = self._couple(setting, chance.between(60, 84))
        if chance.happens(0.5):
            return couple
        mother = next(each for each in couple if each.sex == FEMALE)
        father = next(each for each in couple if each.sex == MALE)
        son = self.person(setting, MALE, mother.age - chance.between(20, 33), father.family)
        son.relation, son.parents = CHILD, (father, mother)
        wife = self.person(setting, FEMALE, max(20, son.age - chance.between(0, 5)))
        wife.relation = DAUGHTER_IN_LAW
        _marry(son, wife)
        return [*couple, son, wife, *self._children(setting, [son, wife], GRANDCHILD, chance.between(1, 3))]

    def _alone(self, setting: Setting) -> list[Person]:
        """A young person, or a widow whose husband still stands in the register as dead."""
        chance = setting.chance
        sex = MALE if chance.happens(0.45) else FEMALE
        if chance.happens(0.55):
            head = self.person(setting, sex, chance.between(18, 45))
            head.relation = HEAD
            if chance.happens(0.03):
                head.life, head.life_since = "missing", date(chance.between(2015, 2025), chance.between(1, 12), 1)
            return [head]
        head = self.person(setting, FEMALE, chance.between(58, 96))
        head.relation, head.marital = HEAD, ALONE_AGAIN
        husband = self.person(setting, MALE, head.age + chance.between(0, 6))
        self._bury(setting, husband)
        return [head, husband]

    def _single_parent(self, setting: Setting) -> list[Person]:
        chance = setting.chance
        mother = self.person(setting, FEMALE, chance.between(24, 55))
        mother.relation = HEAD
        mother.marital = ALONE_AGAIN if chance.happens(0.7) else SINGLE
        children = self._children(setting, [mother], CHILD, chance.between(1, 3))
        for child in children:
            if child.age < 14:
                child.representative = mother
        return [mother, *children]

    def _with_others(self, setting: Setting) -> list[Person]:
        """A family with a brother or sister of the head, or with a lodger."""
        people, chance = self._family(setting), setting.chance
        sex = MALE if chance.happens(0.5) else FEMALE
        related = chance.happens(0.6)
        age = max(16, people[0].age + chance.between(-9, 9)) if related else chance.between(18, 50)
        other = self.person(setting, sex, age, people[0].family if related else None)
        other.relation = SIBLING if related else LODGER
        return [*people, other]

    def _bury(self, setting: Setting, person: Person) -> None:
        chance = setting.chance
        earliest = min(AS_OF.year - 1, max(2005, person.year + 40))
        year = chance.between(earliest, AS_OF.year - 1)
        person.life, person.marital = "dead", MARRIED
        person.life_since = date(year, chance.between(1, 12), chance.between(1, 28))

    def _recall_parents(self, setting: Setting, person: Person) -> None:
        """Most know their parents by name, though the parents stand in the register elsewhere, or not at all."""
        chance = setting.chance
        if person.parents or not chance.happens(0.7):
            return
        middle, given = self._names.given(MALE, person.year - 27, setting.ethnic_group, chance)
        person.father = Relative(self._names.whole(person.family, middle, given, setting.ethnic_group))
        mother = self.person(setting, FEMALE, person.age + 25)
        person.mother = Relative(mother.name)


def _marry(one: Person, other: Person) -> None:
    one.partner, other.partner = other, one
    one.marital = other.marital = MARRIED
