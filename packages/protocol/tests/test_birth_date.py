"""Birth dates are as partial as they are known."""

import pytest
from hypothesis import given
from protocol_samples import birth_dates, full_dates

from ketnoi_protocol.birth_date import BirthDate, InvalidBirthDate


@given(birth_dates)
def test_a_birth_date_survives_its_text(birth):
    assert BirthDate.parse(str(birth)) == birth


@given(full_dates)
def test_both_forms_of_a_full_date_are_read(day):
    assert BirthDate.parse(day.isoformat()) == BirthDate.parse(day.isoformat().replace("-", ""))
    assert BirthDate.parse(day.isoformat()).compact == day.isoformat().replace("-", "")


def test_a_year_stays_a_year():
    assert BirthDate.parse("1950") == BirthDate(1950)
    assert str(BirthDate(1950)) == "1950"
    assert str(BirthDate(1950, 6)) == "1950-06"
    assert BirthDate(1950).compact == "1950"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "195",
        "1950-13",
        "1950-02-30",
        "19500230",
        "195006",
        "1950-6-1",
        " 1950",
        "1950\n",
        "1799",
        "2400",
        "１９５０",
    ],
)
def test_what_is_no_date_is_refused_without_being_quoted(text):
    with pytest.raises(InvalidBirthDate) as refused:
        BirthDate.parse(text)
    assert not text.strip() or text.strip() not in str(refused.value)


def test_a_day_needs_its_month():
    with pytest.raises(InvalidBirthDate):
        BirthDate(1950, None, 3)


@given(birth_dates)
def test_a_date_matches_itself(birth):
    assert birth.matches(birth)


@pytest.mark.parametrize(
    ("asked", "register", "year_only", "agrees"),
    [
        ("1950", "1950", False, True),
        ("1950-06-07", "1950", False, True),
        ("1950-06-07", "1950-06", False, True),
        ("1950-06", "1950", False, True),
        ("1951", "1950", True, False),
        ("1950", "1950-06-07", False, False),
        ("1950", "1950-06-07", True, True),
        ("1950", "1950-06", False, False),
        ("1950-06", "1950-06-07", False, False),
        ("1950-06", "1950-06-07", True, False),
        ("1950-06-08", "1950-06-07", True, False),
        ("1950-07-07", "1950-06-07", False, False),
        ("1950-01-01", "1950-06-07", True, False),
    ],
)
def test_dates_are_compared_at_the_registers_precision(asked, register, year_only, agrees):
    assert BirthDate.parse(asked).matches(BirthDate.parse(register), year_only_permitted=year_only) is agrees
