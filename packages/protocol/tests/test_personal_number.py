"""Personal numbers: place, century and sex, year, six at random; never shown whole unless asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as some
from protocol_samples import old_numbers, personal_numbers

from ketnoi_protocol.birth_date import BirthDate
from ketnoi_protocol.personal_number import (
    InvalidPersonalNumber,
    OldIdNumber,
    PersonalNumber,
    Sex,
    holds_personal_number,
    may_hold_personal_number,
)
from ketnoi_protocol.places import ABROAD, PROVINCES

ANY = "990089000123"


@given(personal_numbers)
def test_a_number_is_its_twelve_digits(digits):
    number = PersonalNumber.parse(digits, unissued_allowed=True)
    assert number.text == digits
    assert number.is_unissued
    assert number.place.kind == "unissued"


@pytest.mark.parametrize("code", [*PROVINCES, *ABROAD])
def test_every_issued_place_is_taken(code):
    number = PersonalNumber.parse(code + "0" * 9, unissued_allowed=False)
    assert number.place.code == code
    assert not number.is_unissued


@pytest.mark.parametrize(
    ("digit", "year", "sex"),
    [(0, 1989, "1"), (1, 1989, "2"), (2, 2089, "1"), (3, 2089, "2"), (5, 2189, "2"), (6, 2289, "1"), (9, 2389, "2")],
)
def test_the_fourth_digit_tells_century_and_sex(digit, year, sex):
    number = PersonalNumber.parse(f"990{digit}89000123", unissued_allowed=True)
    assert (number.birth_year, number.sex) == (year, Sex(sex))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "99008900012",
        ANY + "1",
        "９" * 12,
        "99008900012x",
        "003" + "0" * 9,
        "296" + "0" * 9,
        ANY + "\n",
        "-" + ANY[1:],
    ],
)
def test_what_is_no_number_is_refused_without_being_quoted(text):
    with pytest.raises(InvalidPersonalNumber) as refused:
        PersonalNumber.parse(text, unissued_allowed=True)
    assert not text or text not in str(refused.value)


def test_unissued_numbers_are_taken_in_rehearsals_only():
    with pytest.raises(InvalidPersonalNumber) as refused:
        PersonalNumber.parse(ANY, unissued_allowed=False)
    assert ANY not in str(refused.value)


def test_spaces_and_points_between_the_digits_are_dropped():
    assert PersonalNumber.parse("990 089\u00a0000.123", unissued_allowed=True).text == ANY
    assert OldIdNumber.parse("123 456.789").text == "123456789"


def test_a_number_is_never_shown_whole():
    number = PersonalNumber.parse(ANY, unissued_allowed=True)
    old = OldIdNumber.parse("123456789")
    for shown in (str(number), repr(number), f"{number}", repr([number])):
        assert ANY not in shown
        assert "99********23" in shown
    for shown in (str(old), repr(old), repr({"old": old})):
        assert "123456789" not in shown
        assert "12*****89" in shown


@pytest.mark.parametrize(
    ("birth", "sex", "found"),
    [
        (None, None, ()),
        (BirthDate(1989), Sex.MALE, ()),
        (BirthDate(1989, 2, 3), Sex.UNKNOWN, ()),
        (BirthDate(1990), None, ("birth_year",)),
        (None, Sex.FEMALE, ("sex",)),
        (BirthDate(2089), Sex.FEMALE, ("birth_year", "sex")),
    ],
)
def test_a_number_that_disagrees_is_a_warning(birth, sex, found):
    assert PersonalNumber.parse(ANY, unissued_allowed=True).disagreements(birth, sex) == found


@given(old_numbers)
def test_an_old_number_is_its_nine_digits(digits):
    assert OldIdNumber.parse(digits).text == digits


@pytest.mark.parametrize("text", ["", "12345678", "1234567890", "12345678x", "１２３４５６７８９"])
def test_what_is_no_old_number_is_refused(text):
    with pytest.raises(InvalidPersonalNumber):
        OldIdNumber.parse(text)


PIECES = (
    ("990", "089", "000123"),
    ("001", "0", "89", "000123"),
    ("0010", "8900", "0123"),
    ("295", "2", "1", "2", "345678"),
)


@pytest.mark.parametrize("pieces", PIECES)
@pytest.mark.parametrize("separator", ["", " ", "-", ".", "_", "/", "\u2013", "\u00a0", " - "])
@pytest.mark.parametrize("around", ["{}", "HS-{}", "cb{}", "123-{}-5", "55.{}x", "{{{}}}", "552-{}"])
def test_a_text_holds_a_number_however_it_is_separated(pieces, separator, around):
    assert holds_personal_number(around.format(separator.join(pieces)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "h55.cb01",
        "000.00.12.H26-240105-0001",
        "000.00.01.H29-241231-0012",
        "2026-0301-0001",
        "VDXP-TEST-20261126-160500-001",
        "20261126160500",
        # No place has these digits, and nobody born in that century lives yet.
        "300" + "089000123",
        "001" + "489000123",
        # Eleven digits, thirteen, and a letter in their midst.
        "001" + "08900012",
        "001" + "0890001234",
        "001" + "089x000123",
        "001" + "-089----000123",
    ],
)
def test_a_text_that_holds_none(text):
    assert not holds_personal_number(text)


def test_the_digits_of_a_uuid_are_there_by_chance():
    tail = "001" + "089000123"
    assert not holds_personal_number(f"VDXP-TEST-12345678-{tail[:4]}-{tail[4:8]}-{tail[8:]}-{tail}")
    assert holds_personal_number(f"x-{tail}")
    assert holds_personal_number(f"{tail}/12345678-1234-4234-8234-{tail}")


TEXTS = some.text(alphabet="0129 .-/x\u00a0", max_size=20)


@given(TEXTS, some.lists(TEXTS, max_size=3), some.sampled_from("x/?&;="))
def test_the_quick_question_asked_of_joined_texts_overlooks_none(text, others, between):
    joined = between.join([*others, text, *others])
    if holds_personal_number(text):
        assert may_hold_personal_number(joined)
    assert may_hold_personal_number(between.join([*others, "990 08-9000123", *others]))
