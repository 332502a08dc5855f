"""Who may have an account, at which level, and how long wrong attempts lock it. Nothing here asks anybody anything.

Ages are those of decree 69/2024/NĐ-CP: from 14 on both levels; from 6 to under 14 on request, with a guardian; under 6
level 1 alone, with a guardian. Locks and the rules of passcodes are our choice [OC].
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final

from ketnoi_pages.text import Text
from ketnoi_protocol.birth_date import BirthDate

OF_AGE: Final = 14
"""From this age on a person has an account without a guardian."""

AGE_OF_LEVEL_2: Final = 6

ATTEMPTS: Final = 5
"""So many wrong passcodes in a row lock."""

LOCKS: Final = (timedelta(minutes=15), timedelta(hours=1), timedelta(days=1))
"""The first lock, the second, the third; the next has no end, and is lifted at a police desk."""

SHORTEST: Final = 6
LONGEST: Final = 12
_COMMON: Final = frozenset(
    re.findall(
        "[0-9]+",
        "112233 123123 121212 131313 123321 123654 147258 147369 159357 159753 258369 789456 456789 101010 202020 "
        "112211 098765 102030 246810 135790 159951 696969 686868 868686 888666 666888 668899 778899 989898",
    )
)


def age(birth: BirthDate, today: date) -> int:
    """Whole years that have passed for certain: what is not known of the birth date counts as the latest."""
    month, day = birth.month or 12, birth.day
    had = (today.month, today.day) >= (month, day) if day is not None else today.month > month
    return max(today.year - birth.year - (0 if had else 1), 0)


def needs_guardian(years: int) -> bool:
    """Whether somebody of this age has an account only through a guardian whose own is at level 2."""
    return years < OF_AGE


def highest_level(years: int) -> int:
    """The highest level that an account of somebody of this age may have."""
    return 2 if years >= AGE_OF_LEVEL_2 else 1


def is_open(state: str, locked_until: datetime | None, at: datetime) -> bool:
    """Whether an account may be used: active, or its lock has run out."""
    return state == "active" or (state == "locked" and locked_until is not None and locked_until <= at)


def lock_after(wrong: int, at: datetime) -> tuple[bool, datetime | None]:
    """Whether so many wrong attempts in a row lock, and until when: None for a lock without an end."""
    if wrong < ATTEMPTS or wrong % ATTEMPTS:
        return False, None
    turn = wrong // ATTEMPTS - 1
    return True, at + LOCKS[turn] if turn < len(LOCKS) else None


def against_passcode(passcode: str, *, personal_number: str, birth: str) -> Text | None:
    """Why this must not be a passcode; None when it may."""
    if not re.fullmatch(r"[0-9]+", passcode):
        return Text("Mật khẩu chỉ gồm chữ số.", "A passcode has digits alone.")
    if not SHORTEST <= len(passcode) <= LONGEST:
        return Text(
            f"Mật khẩu có từ {SHORTEST} đến {LONGEST} chữ số.", f"A passcode has {SHORTEST} to {LONGEST} digits."
        )
    if _is_common(passcode):
        return Text("Mật khẩu này quá dễ đoán, hãy chọn dãy số khác.", "This is too easy to guess; choose another.")
    if _is_of_person(passcode, personal_number, birth):
        return Text(
            "Mật khẩu không được là ngày sinh hay một phần số định danh.",
            "It must not be your birth date or part of your personal number.",
        )
    return None


def _is_common(passcode: str) -> bool:
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(passcode)}
    # All alike, counted up or down, one half said twice or thrice, or on every list.
    return (
        len(steps) == 1
        or len(set(passcode)) < 3
        or passcode in _COMMON
        or any(passcode == passcode[:size] * (len(passcode) // size) for size in (1, 2, 3, 4))
    )


def _is_of_person(passcode: str, personal_number: str, birth: str) -> bool:
    if passcode in personal_number:
        return True
    year, month, day = [*birth.split("-"), "", ""][:3]
    pieces = [piece for piece in (day, month, year) if piece]
    dates = {"".join(pieces), "".join(reversed(pieces)), day + month + year[2:], year[2:] + month + day}
    return passcode in {each for each in dates if len(each) >= SHORTEST}
