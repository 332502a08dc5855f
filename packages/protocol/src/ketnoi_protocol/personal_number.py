"""Personal numbers (số định danh cá nhân, 12 digits) and old ID numbers (CMND, 9 digits).

Decree 137/2015/NĐ-CP article 13, circulars 07/2016/TT-BCA article 7 and 59/2021/TT-BCA article 4: three digits for
the place of birth registration, one for century and sex, two for the year of birth, six at random. There is no check
digit. A number is a text (it may begin with zero) and stays valid when provinces merge.

Neither `str` nor `repr` tells a whole number: it has to be asked for by `.text`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from ketnoi_protocol.birth_date import BirthDate
from ketnoi_protocol.places import Place, place_of

_PERSONAL_NUMBER = re.compile(r"[0-9]{12}")
_OLD_NUMBER = re.compile(r"[0-9]{9}")
# Twelve digits in whole groups, with the place in one piece: so the last groups of a case's code do not count, such as
# 240105 and 0001 of 000.00.12.H55-240105-0001. The look-ahead finds those that overlap too.
_LIKE_ONE = re.compile(r"(?<![0-9])(?=([0-9]{3})[\W_]{0,3}[0-3](?:[\W_]{0,3}[0-9]){8}(?![0-9]))")
_UUID = re.compile("[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_SEPARATORS = str.maketrans("", "", " .\u00a0")

Disagreement = Literal["birth_year", "sex"]


class InvalidPersonalNumber(ValueError):  # noqa: N818
    """No personal number, or no old ID number. The number is never quoted."""


class Sex(StrEnum):
    """Sex, with the codes of GioiTinh on the wire."""

    UNKNOWN = "0"
    MALE = "1"
    FEMALE = "2"


def may_hold_personal_number(text: str) -> bool:
    """Whether digits stand in a text as those of a personal number would: a quick question before the exact one.

    When the answer is no for texts joined by letters, `/` or the like, it is no for each of them.
    """
    return _LIKE_ONE.search(text) is not None


def holds_personal_number(text: str) -> bool:
    """Whether a text that is kept in clear, such as an account's or a message's code, holds a personal number.

    Whatever is neither letter nor digit may separate its digits, up to three characters in one place. It begins with
    the code of a place, and its year of birth is one from 1900 to 2099 [our choice: later ones belong to nobody yet].
    Digits of a UUID stand there by chance and do not count.
    """
    if not may_hold_personal_number(text):
        return False
    return any(place_of(found[1]) is not None for found in _LIKE_ONE.finditer(_UUID.sub("x", text)))


@dataclass(frozen=True, slots=True, repr=False, order=True)
class PersonalNumber:
    """A personal number whose form has been checked; that it was ever issued is for the register to say."""

    text: str
    """All twelve digits."""

    @classmethod
    def parse(cls, text: str, *, unissued_allowed: bool) -> PersonalNumber:
        """Read a number; spaces and points between the digits are dropped. Raises InvalidPersonalNumber.

        Numbers that begin with 9 belong to nobody. They are taken only where `unissued_allowed` says so, which is in
        rehearsals.
        """
        digits = text.translate(_SEPARATORS)
        if not _PERSONAL_NUMBER.fullmatch(digits):
            raise InvalidPersonalNumber("a personal number has 12 digits")
        place = place_of(digits[:3])
        if place is None:
            raise InvalidPersonalNumber("the first three digits are no place of birth registration")
        if place.kind == "unissued" and not unissued_allowed:
            raise InvalidPersonalNumber("the number begins with 9, which is never issued")
        return cls(digits)

    @property
    def place(self) -> Place:
        """Where the birth was registered, by the names of that time."""
        place = place_of(self.text[:3])
        assert place is not None, "checked when parsed"
        return place

    @property
    def sex(self) -> Sex:
        """Sex as the number says it; it may have been corrected since."""
        return Sex.FEMALE if int(self.text[3]) % 2 else Sex.MALE

    @property
    def birth_year(self) -> int:
        """Year of birth as the number says it, 1900 to 2399; it may have been corrected since."""
        return 1900 + 100 * (int(self.text[3]) // 2) + int(self.text[4:6])

    @property
    def is_unissued(self) -> bool:
        """Whether the number can belong to nobody."""
        return self.text[0] == "9"

    def disagreements(self, birth: BirthDate | None, sex: Sex | None) -> tuple[Disagreement, ...]:
        """In what the number differs from a stated birth date and sex. A warning, never a proof [our choice]."""
        found: list[Disagreement] = []
        if birth is not None and birth.year != self.birth_year:
            found.append("birth_year")
        if sex not in (None, Sex.UNKNOWN, self.sex):
            found.append("sex")
        return tuple(found)

    def __str__(self) -> str:
        """The number, masked."""
        return f"{self.text[:2]}********{self.text[-2:]}"

    def __repr__(self) -> str:
        """The number, masked."""
        return f"PersonalNumber({self})"


@dataclass(frozen=True, slots=True, repr=False, order=True)
class OldIdNumber:
    """An old ID number (CMND). Some were issued twice, and one person may have had several, so it never finds a
    person alone; its first digits are no reason to refuse it. The cards expired with 2024 (law 26/2023/QH15)."""

    text: str
    """All nine digits."""

    @classmethod
    def parse(cls, text: str) -> OldIdNumber:
        """Read a number; spaces and points between the digits are dropped. Raises InvalidPersonalNumber."""
        digits = text.translate(_SEPARATORS)
        if not _OLD_NUMBER.fullmatch(digits):
            raise InvalidPersonalNumber("an old ID number has 9 digits")
        return cls(digits)

    def __str__(self) -> str:
        """The number, masked."""
        return f"{self.text[:2]}*****{self.text[-2:]}"

    def __repr__(self) -> str:
        """The number, masked."""
        return f"OldIdNumber({self})"
