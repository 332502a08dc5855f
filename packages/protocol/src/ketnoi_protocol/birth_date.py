"""Birth dates as far as they are known: a year, a year and month, or a full date. Never an invented 1 January.

Civil records of many people hold only a year. A year alone and a full date are different facts, so both are compared
at the precision that the *register* has [our choice; the forms on the wire are those of the service's documents].
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Final

EARLIEST_YEAR: Final = 1800
LATEST_YEAR: Final = 2399
"""The last year that a personal number can express."""

_FORM = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?|([0-9]{2})([0-9]{2}))?")


class InvalidBirthDate(ValueError):  # noqa: N818
    """No birth date. The value is not quoted."""


@dataclass(frozen=True, slots=True)
class BirthDate:
    """A partial date: `month` is None when unknown, and then so is `day`. Raises InvalidBirthDate when impossible."""

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        if not EARLIEST_YEAR <= self.year <= LATEST_YEAR:
            raise InvalidBirthDate(f"the year of birth is not between {EARLIEST_YEAR} and {LATEST_YEAR}")
        if self.day is not None and self.month is None:
            raise InvalidBirthDate("a day of birth without its month")
        try:
            datetime.date(self.year, 1 if self.month is None else self.month, 1 if self.day is None else self.day)
        except ValueError:
            raise InvalidBirthDate("there is no such date") from None

    @classmethod
    def parse(cls, text: str) -> BirthDate:
        """Read `yyyy`, `yyyy-mm`, `yyyy-mm-dd` or `yyyyMMdd`. Raises InvalidBirthDate."""
        found = _FORM.fullmatch(text)
        if found is None:
            raise InvalidBirthDate("a birth date is written yyyy, yyyy-mm, yyyy-mm-dd or yyyyMMdd")
        year, month, day, compact_month, compact_day = [int(part) if part else None for part in found.groups()]
        assert year is not None
        return cls(year, month if month is not None else compact_month, day if day is not None else compact_day)

    def __str__(self) -> str:
        """`yyyy`, `yyyy-mm` or `yyyy-mm-dd`."""
        return "-".join([f"{self.year:04}", *(f"{part:02}" for part in (self.month, self.day) if part is not None)])

    @property
    def compact(self) -> str:
        """The same without hyphens, as C06's operations write full dates: `yyyyMMdd`."""
        return str(self).replace("-", "")

    def matches(self, register: BirthDate, *, year_only_permitted: bool = False) -> bool:
        """Whether this date, as asked, agrees with what the register has.

        What the register does not know is not compared. What the caller leaves out although the register has it is a
        mismatch, except a year alone where the service's profile permits that.
        """
        if self.year != register.year:
            return False
        if self.month is None and year_only_permitted:
            return True
        return register.month in (None, self.month) and register.day in (None, self.day)
