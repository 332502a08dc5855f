"""Which of a person's old ID numbers is the newest, after updates: what look-ups answer as theirs."""

from __future__ import annotations

import pytest

from ketnoi_registry.loading.kinds import UpdatePeople

from .people_csv import CHANGED, ONE, made, text_of

A, B, C = "990000001", "990000002", "990000003"


@pytest.mark.parametrize(
    ("first", "update", "newest"),
    [
        ("", A, A),
        (A, B, B),
        (f"{A};{B}", f"{A}:2000-01-01:2010-01-01", B),
        (f"{A};{B}", A, B),
        (f"{A}:2000-01-01:2010-01-01;{B}:2011-01-01", f"{A}:2000-01-01:2009-01-01", B),
        (f"{A}:2000-01-01:2010-01-01", f"{B}:1980-01-01:1999-12-31", A),
        (f"{A}:2000-01-01", f"{B}::1999-12-31", A),
        (f"{A}::2010-01-01", f"{B}::1999-12-31", A),
        (f"{A}::1999-12-31", f"{B}::2010-01-01", B),
        (f"{B};{A}", f"{A}:2000-01-01:2010-01-01;{B}:2010-01-01", B),
        (f"{B};{A}", f"{A};{B}", B),
        (f"{A};{B}", f"{C};{B}", B),
        (f"{A}:2005-01-01;{B}:2000-01-01", f"{A}:2005-01-01", A),
        (A, "", A),
    ],
    ids=[
        "the first one", "a new one", "the older one's period", "the older one again", "both periods known",
        "an older one that was missed", "one that ended before the known one began", "two ends, the earlier",
        "two ends, the later", "the right order by periods", "the right order", "a missed one beside the newest",
        "a wrong order by a known period", "none told",
    ],
)  # fmt: skip
def test_an_update_and_the_newest_old_number(register, tmp_path, first, update, newest):
    other = {**ONE, "personal_number": "990089000002", "old_id_numbers": A}
    register.load(made(tmp_path, text_of({**ONE, "old_id_numbers": first}, other)))
    told = made(tmp_path, text_of({**CHANGED, "old_id_numbers": update}), "update.csv")
    assert register.load(told, UpdatePeople()).changed == 1
    kept = dict(register.fetch("SELECT personal_number, old_id_number FROM person"))
    assert kept == {ONE["personal_number"]: newest, other["personal_number"]: A}


def test_somebody_who_is_added_by_an_update_has_the_last_one(register, tmp_path):
    register.load(made(tmp_path, text_of({**CHANGED, "old_id_numbers": f"{B};{A}"})), UpdatePeople())
    assert register.fetch("SELECT old_id_number FROM person") == [(A,)]


def test_an_update_without_the_column_changes_none(register, tmp_path):
    register.load(made(tmp_path, text_of({**ONE, "old_id_numbers": A})))
    register.load(made(tmp_path, text_of({**CHANGED, "given_name": "Ân"}), "update.csv"), UpdatePeople())
    assert register.fetch("SELECT given_name, old_id_number FROM person") == [("Ân", A)]
