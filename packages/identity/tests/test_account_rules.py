"""Who may have an account at which level, passcodes, limits, codes: the rules, and those that need a database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from ketnoi_identity.accounts import enrolment, limits, passcodes, registering, rules, terms
from ketnoi_identity.accounts.terms import TermsError, Wording
from ketnoi_protocol.birth_date import BirthDate, InvalidBirthDate

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
SECRET = "of these tests"


@pytest.mark.parametrize(
    ("birth", "today", "years"),
    [
        ("2012-03-02", date(2026, 3, 1), 13),
        ("2012-03-02", date(2026, 3, 2), 14),
        ("2012-02-29", date(2026, 2, 28), 13),
        ("2012-02-29", date(2026, 3, 1), 14),
        # What is not known counts as the latest.
        ("2012-03", date(2026, 3, 31), 13),
        ("2012-03", date(2026, 4, 1), 14),
        ("2012", date(2026, 12, 31), 13),
        ("2012", date(2027, 1, 1), 14),
        ("2026-05-01", date(2026, 3, 1), 0),
    ],
)
def test_age_is_what_has_passed_for_certain(birth: str, today: date, years: int) -> None:
    assert rules.age(BirthDate.parse(birth), today) == years


@pytest.mark.parametrize(
    ("years", "guardian", "highest"), [(0, True, 1), (5, True, 1), (6, True, 2), (13, True, 2), (14, False, 2)]
)
def test_ages_of_decree_69(years: int, guardian: bool, highest: int) -> None:
    assert (rules.needs_guardian(years), rules.highest_level(years)) == (guardian, highest)


@pytest.mark.parametrize(
    "passcode",
    [
        "12345", "1234567890123", "12a456", "", "000000", "123456", "654321", "901234", "121212", "123123", "111222",
        "112233", "445445", "02031989", "19890302", "020389", "890302", "089000",
    ],
)  # fmt: skip
def test_a_passcode_that_can_be_guessed_is_refused(passcode: str) -> None:
    assert rules.against_passcode(passcode, personal_number="990089000001", birth="1989-03-02") is not None


@pytest.mark.parametrize("passcode", ["407193", "590314", "8203571946"])
def test_other_passcodes_are_taken(passcode: str) -> None:
    assert rules.against_passcode(passcode, personal_number="990089000001", birth="1989-03-02") is None


def test_a_kept_passcode_agrees_with_itself_alone() -> None:
    kept = passcodes.keep("407193")
    assert passcodes.agrees("407193", kept)
    assert not passcodes.agrees("407194", kept)
    assert not passcodes.agrees("407193", None)
    assert passcodes.keep("407193") != kept


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("02/03/1989", "1989-03-02"), ("2-3-1989", "1989-03-02"), (" 2.3.1989 ", "1989-03-02"), ("03/1989", "1989-03"),
        ("1989", "1989"), ("1989-03-02", "1989-03-02"), ("02031989", "1989-03-02"),
        ("2 tháng 3 năm 1989", "1989-03-02"), ("ngày 2 / 3 / 1989", "1989-03-02"), ("2 thang 3 1989", "1989-03-02"),
        ("2,3,1989", "1989-03-02"),
    ],
)  # fmt: skip
def test_birth_dates_as_people_write_them(typed: str, read: str) -> None:
    assert str(registering.birth_date(typed)) == read


@pytest.mark.parametrize("typed", ["", "30/02/1989", "30021989", "1111989", "1/13/1989", "89", "2/3/89", "hôm qua"])
def test_what_is_no_birth_date(typed: str) -> None:
    with pytest.raises(InvalidBirthDate):
        registering.birth_date(typed)


def test_a_number_that_was_issued_is_not_taken_for_one_of_a_rehearsal() -> None:
    told = registering.read("990089000001", "Nguyễn Văn An", "1989", unissued_allowed=False)
    assert isinstance(told, dict)
    assert set(told) == {registering.NUMBER}


def test_attempts_at_once_are_all_counted(connection: psycopg.Connection[Any], race: Callable[..., list[Any]]) -> None:
    limit = limits.Limit("try", 3, timedelta(minutes=10))

    def attempt(other: psycopg.Connection[Any]) -> int:
        return limits.wait(other.cursor(), SECRET, limit, "somebody", AT)

    assert sorted(race(attempt, 6)) == [0, 0, 0, 10, 10, 10]
    cursor = connection.cursor()
    assert limits.wait(cursor, SECRET, limit, "somebody else", AT) == 0
    assert limits.wait(cursor, SECRET, limit, "somebody", AT + timedelta(minutes=9, seconds=30)) == 1
    assert limits.wait(cursor, SECRET, limit, "somebody", AT + timedelta(minutes=10)) == 0
    assert b"somebody" not in b"".join(bytes(who) for (who,) in cursor.execute("SELECT who FROM attempt").fetchall())


def account(connection: psycopg.Connection[Any]) -> Any:
    made = uuid4()
    applicant = registering.Applicant("990089000001", "Nguyễn Văn An", "1989-03-02")
    assert registering.create(connection.cursor(), made, applicant, AT, made)
    return made


def test_a_code_is_used_once_in_time_and_a_newer_one_voids_it(
    connection: psycopg.Connection[Any], race: Callable[..., list[Any]]
) -> None:
    cursor, holder = connection.cursor(), account(connection)
    first = enrolment.make(cursor, holder, AT, "desk")
    second = enrolment.make(cursor, holder, AT, "desk")
    assert enrolment.use(cursor, first, AT) is None
    assert enrolment.find(cursor, second, AT + enrolment.LASTS) is None
    found = enrolment.find(cursor, f" {second.lower()} ", AT)
    assert found is not None
    assert found.id == holder

    def use(other: psycopg.Connection[Any]) -> bool:
        return enrolment.use(other.cursor(), second, AT) is not None

    assert sorted(race(use, 4)) == [False, False, False, True]
    assert second.replace("-", "").encode() not in b"".join(
        bytes(kept) for (kept,) in cursor.execute("SELECT sha256 FROM enrolment_code").fetchall()
    )


def test_terms_become_current_on_their_day_and_their_text_stays(connection: psycopg.Connection[Any]) -> None:
    cursor, holder = connection.cursor(), account(connection)
    newer = Wording("2026-04-01", "khác", "other")
    terms.keep(cursor, terms.wordings() | {newer.version: newer})
    assert terms.current(cursor, newer.valid_from - timedelta(seconds=1)).version == "2026-01-02"
    assert terms.current(cursor, newer.valid_from).version == "2026-04-01"
    assert terms.accept(cursor, holder, "2026-01-02", AT)
    assert terms.are_accepted(cursor, holder, AT)
    assert not terms.are_accepted(cursor, holder, newer.valid_from)
    assert not terms.accept(cursor, holder, "2026-01-02", newer.valid_from)
    assert not terms.accept(cursor, holder, "2026-04-01", AT)
    with pytest.raises(TermsError):
        terms.keep(cursor, {"2026-04-01": Wording("2026-04-01", "lén đổi", "changed by stealth")})
    with pytest.raises(TermsError):
        terms.current(cursor, datetime(2020, 1, 1, tzinfo=UTC))
