"""By when an objection is answered: two working days, whatever lies between."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ketnoi_identity.looks.working_days import HANOI, due, is_working_day

TET = [date(2026, 2, day) for day in range(16, 21)]


@pytest.mark.parametrize(
    ("made", "last"),
    [
        ("2026-03-02T09:00", "2026-03-04"),  # Monday: Wednesday
        ("2026-03-05T09:00", "2026-03-09"),  # Thursday: Monday
        ("2026-03-06T23:59", "2026-03-10"),  # Friday: Tuesday
        ("2026-03-07T00:00", "2026-03-10"),  # Saturday: Tuesday
        ("2026-03-08T12:00", "2026-03-10"),  # Sunday: Tuesday
        ("2026-04-29T12:00", "2026-05-05"),  # the 30th, the 1st and a weekend between
        ("2026-12-31T12:00", "2027-01-05"),  # New Year, a weekend
        ("2026-02-13T12:00", "2026-02-24"),  # Tết and two weekends
    ],
)
def test_it_is_due_when_the_second_working_day_ends(made, last):
    at = due(datetime.fromisoformat(made).replace(tzinfo=HANOI), 2, TET)
    assert at.isoformat() == f"{date.fromordinal(date.fromisoformat(last).toordinal() + 1)}T00:00:00+07:00"


def test_the_day_is_that_of_vietnam():
    # Monday evening in UTC is Tuesday in Hanoi.
    assert due(datetime(2026, 3, 2, 18, tzinfo=UTC), 2, ()).date() == date(2026, 3, 6)


def test_longer_terms_and_no_holidays():
    made = datetime(2026, 2, 13, 12, tzinfo=HANOI)
    assert due(made, 2, ()).date() == date(2026, 2, 18)
    assert due(made, 10, ()).date() == date(2026, 2, 28)


@pytest.mark.parametrize(("day", "works"), [("2026-09-02", False), ("2026-09-03", True), ("2026-02-17", False)])
def test_holidays_are_those_of_every_year_and_those_that_are_told(day, works):
    assert is_working_day(date.fromisoformat(day), TET) is works
