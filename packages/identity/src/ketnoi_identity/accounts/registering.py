"""How an account is made: who is meant, whether the register agrees, who may."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from ketnoi_pages.text import Text
from ketnoi_protocol.birth_date import BirthDate, InvalidBirthDate
from ketnoi_protocol.citizens import Person
from ketnoi_protocol.names import InvalidName, key_exact
from ketnoi_protocol.personal_number import InvalidPersonalNumber, PersonalNumber

from . import records, rules
from .records import Cursor, tell

_DAY_FIRST: Final = re.compile(r"(?:(?:(\d{1,2})\s*[/.,\- ]\s*)?(\d{1,2})\s*[/.,\- ]\s*)?(\d{4})")
_DIGITS: Final = re.compile(r"(\d{2})(\d{2})(\d{4})")
"""What a keypad of digits alone gives."""
_WORDS: Final = re.compile(r"\b(?:ngày|ngay|tháng|thang|năm|nam)\b", re.IGNORECASE)

NUMBER, NAME, BIRTH = "personal_number", "name", "birth"


@dataclass(frozen=True, slots=True, repr=False)
class Applicant:
    """Who wants an account: number, name and birth date, well formed. Not shown by `repr`."""

    personal_number: str
    name: str
    birth: str

    @property
    def birth_shown(self) -> str:
        """The birth date, day first."""
        return day_first(self.birth)

    def person(self) -> Person:
        """As the registry is asked."""
        return Person(personal_number=self.personal_number, name=self.name, birth=self.birth)

    def age(self, today: date) -> int:
        """Whole years, for certain."""
        return rules.age(BirthDate.parse(self.birth), today)


def read(number: str, name: str, birth: str, *, unissued_allowed: bool) -> Applicant | dict[str, Text]:
    """What was typed, or what is wrong with it by field."""
    wrong: dict[str, Text] = {}
    told_number, told_birth = "", ""
    try:
        told_number = PersonalNumber.parse(number, unissued_allowed=unissued_allowed).text
    except InvalidPersonalNumber:
        wrong[NUMBER] = Text("Số định danh có 12 chữ số, như trên thẻ.", "It has 12 digits, as on the card.")
    told_name = " ".join(name.split())
    try:
        key_exact(told_name)
    except InvalidName:
        wrong[NAME] = Text("Viết họ và tên như trên thẻ.", "Write the name as on the card.")
    try:
        told_birth = str(birth_date(birth))
    except InvalidBirthDate:
        wrong[BIRTH] = Text(
            "Viết ngày/tháng/năm, ví dụ 02/03/1989; chỉ có năm thì viết năm.",
            "Write day/month/year, such as 02/03/1989; the year alone if no more is recorded.",
        )
    return wrong or Applicant(told_number, told_name, told_birth)


def birth_date(text: str) -> BirthDate:
    """A birth date as people write it: day first, with strokes, dots, spaces or nothing
    between; in words ("2 tháng 3 năm 1989"); month and year, or a year; or `yyyy-mm-dd`.

    Raises InvalidBirthDate.
    """
    told = _WORDS.sub(" ", text).strip()
    found = _DIGITS.fullmatch(told) or _DAY_FIRST.fullmatch(told)
    if found is None:
        return BirthDate.parse(told)
    day, month, year = (int(part) if part else None for part in found.groups())
    assert year is not None
    return BirthDate(year, month, day)


def day_first(birth: str) -> str:
    """`yyyy-mm-dd`, `yyyy-mm` or `yyyy` as people write it."""
    return "/".join(reversed(birth.split("-")))


def create(cursor: Cursor, account: UUID, applicant: Applicant, at: datetime, by_whom: UUID | str) -> bool:
    """Make an account at level 1; False when this person has one already."""
    cursor.execute(
        "INSERT INTO account (id, personal_number, full_name, birth_text, level, state, sessions_after, created_at)"
        " VALUES (%s, %s, %s, %s, 1, 'active', %s, %s) ON CONFLICT DO NOTHING",
        [str(account), applicant.personal_number, applicant.name, applicant.birth, at, at],
    )
    if cursor.rowcount != 1:
        return False
    tell(cursor, account, at, "registered", by_whom, level=1)
    return True


def has_account(cursor: Cursor, personal_number: str) -> bool:
    """Whether this person has an account."""
    return records.by_number(cursor, personal_number) is not None
