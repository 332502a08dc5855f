"""By when an objection is answered: within two working days (law 91/2025/QH15). Pure.

Weekends and public holidays do not count. Those of a fixed day stand here (Labour Code 45/2019/QH14, article 112); Tết,
the day of the Hùng kings, the second day of National Day and days off in lieu are another day each year, and come from
the settings. A working day ends at midnight in Vietnam [OC].
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

HANOI: Final = ZoneInfo("Asia/Ho_Chi_Minh")
EVERY_YEAR: Final = frozenset({(1, 1), (4, 30), (5, 1), (9, 2)})
"""Public holidays of the same (month, day) each year."""

_SATURDAY: Final = 5
_DAY: Final = timedelta(days=1)


def is_working_day(day: date, holidays: Collection[date]) -> bool:
    """Whether offices work on that day. `holidays` are those that are not the same each year."""
    return day.weekday() < _SATURDAY and (day.month, day.day) not in EVERY_YEAR and day not in holidays


def due(made_at: datetime, working_days: int, holidays: Collection[date]) -> datetime:
    """The end of the last of so many working days after that on which something was made."""
    day = made_at.astimezone(HANOI).date()
    left = working_days
    while left > 0:
        day += _DAY
        left -= is_working_day(day, holidays)
    return datetime.combine(day + _DAY, time(), HANOI)
