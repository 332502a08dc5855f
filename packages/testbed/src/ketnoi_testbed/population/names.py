"""What invented people are called."""

from __future__ import annotations

import tomllib
from importlib import resources

from ketnoi_testbed.population.chance import Chance, Weighted

MALE, FEMALE = 1, 2
# From about this year of birth on, middle names other than Văn and Thị are the rule.
NEW_NAMES_FROM = 1985
_EDE = "12"


class Names:
    """Chooses surnames, middle and given names."""

    def __init__(self) -> None:
        text = (resources.files(__package__) / "data" / "names.toml").read_text(encoding="utf-8")
        table = tomllib.loads(text)
        self._surnames = [
            Weighted[str]({name.split("|")[-southern]: share for name, share in table["surnames"].items()})
            for southern in (0, 1)
        ]
        self._of_groups = {group: Weighted[str](names) for group, names in table["surnames_of_groups"].items()}
        sexes = {MALE: "male", FEMALE: "female"}
        self._given = {sex: Weighted.evenly(table["given"][key]["names"].split()) for sex, key in sexes.items()}
        self._middle = {
            (sex, age): Weighted.evenly(table["middle"][key][age].split())
            for sex, key in sexes.items()
            for age in ("old", "new")
        }
        self._double = Weighted.evenly(table["middle"]["female"]["double"].split())

    def surname(self, ethnic_group: str, chance: Chance, *, southern: bool) -> str:
        """A surname by the group's custom and the region's spelling."""
        return self._of_groups.get(ethnic_group, self._surnames[southern]).pick(chance)

    def given(self, sex: int, year: int, ethnic_group: str, chance: Chance) -> tuple[str, str]:
        """A middle name (empty for a few) and a given name."""
        given = self._given[sex].pick(chance)
        if ethnic_group == _EDE:
            # Y and H' tell the sex; the surname is written last, so such a name has no parts that could be told apart.
            return "", (f"Y {given}" if sex == MALE else f"H'{given}")
        if chance.happens(0.02):
            return "", given
        middle = self._middle[sex, "new" if year >= NEW_NAMES_FROM else "old"].pick(chance)
        if middle == "Thị" and chance.happens(0.3):
            middle = f"Thị {self._double.pick(chance)}"
        return middle, given

    @staticmethod
    def whole(family: str, middle: str, given: str, ethnic_group: str) -> str:
        """The name as it is spoken and compared."""
        if ethnic_group == _EDE:
            return f"{given} {family}"
        return " ".join(part for part in (family, middle, given) if part)
