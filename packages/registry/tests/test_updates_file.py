"""People who are there are changed by a file, and those who died or are missing are told."""

from __future__ import annotations

from datetime import date

import pytest

from ketnoi_registry.loading.csv_input import InputError
from ketnoi_registry.loading.kinds import SetLife, UpdatePeople
from ketnoi_registry.loading.remarks import NOTICES

from .people_csv import CHANGED, ONE, made, text_of, text_of_people
from .population import AN, BINH, PEOPLE


@pytest.fixture
def filled(register, tmp_path):
    register.load(made(tmp_path, text_of_people(PEOPLE)))
    return register


def test_only_the_columns_of_the_file_are_changed(filled, tmp_path):
    before = filled.fetch("SELECT * FROM person WHERE personal_number <> $1 ORDER BY 1", AN.personal_number)
    row = {
        "personal_number": AN.personal_number, "family_name": "Nguyễn", "middle_name": "Văn", "given_name": "Ân",
        "birth_date": "1989-03-03", "marital_status": "3",
        "current_residence_unit": "05569", "current_residence_unit_from": "2025-07-01", "current_residence_detail": "",
        "spouse_name": "",
    }  # fmt: skip
    run = filled.load(made(tmp_path, text_of(row), "changes.csv"), UpdatePeople())
    assert (run.added, run.changed, run.refused) == (0, 1, 0)
    found = filled.fetch(
        "SELECT given_name, family_name, birth_day, marital_status, sex, household_id, old_id_number, religion,"
        " (current_residence).unit_code, (current_residence).detail, (permanent_residence).detail, spouse IS NULL"
        " FROM person WHERE personal_number = $1",
        AN.personal_number,
    )
    assert found == [("Ân", "Nguyễn", 3, 3, 1, "ho-1", "990000009", "01", "05569", "", "Số 1", True)]
    assert filled.fetch("SELECT * FROM person WHERE personal_number <> $1 ORDER BY 1", AN.personal_number) == before


def test_a_name_is_changed_whole_or_not_at_all(filled, tmp_path):
    with pytest.raises(InputError, match="missing: family_name, middle_name"):
        filled.load(made(tmp_path, text_of({**ONE, "given_name": "Nguyễn Văn An"}), "half.csv"), UpdatePeople())
    whole = text_of({**CHANGED, "given_name": "Nguyễn Văn Ân"})
    assert filled.load(made(tmp_path, whole, "whole.csv"), UpdatePeople()).changed == 1
    parts = "SELECT family_name, middle_name, given_name FROM person WHERE personal_number = $1"
    assert filled.fetch(parts, AN.personal_number) == [("", "", "Nguyễn Văn Ân")]


def test_a_new_old_number_is_the_newest_and_the_earlier_ones_still_lead_to_the_person(filled, tmp_path):
    row = {
        **CHANGED, "old_id_numbers": "990000009:2011-01-01:2015-01-01;990000088:2015-01-02",
    }  # fmt: skip
    filled.load(made(tmp_path, text_of(row), "changes.csv"), UpdatePeople())
    assert filled.fetch(
        "SELECT number, valid_from, valid_until FROM old_id_number WHERE personal_number = $1 ORDER BY 1",
        AN.personal_number,
    ) == [
        ("990000001", None, None),
        ("990000009", date(2011, 1, 1), date(2015, 1, 1)),
        ("990000088", date(2015, 1, 2), None),
    ]
    row["old_id_numbers"] = "990000009"
    filled.load(made(tmp_path, text_of(row), "again.csv"), UpdatePeople())
    assert filled.fetch("SELECT valid_until FROM old_id_number WHERE number = '990000009'") == [(date(2015, 1, 1),)]
    row["old_id_numbers"] = ""
    filled.load(made(tmp_path, text_of(row), "nothing.csv"), UpdatePeople())
    assert filled.fetch("SELECT old_id_number FROM person WHERE personal_number = $1", AN.personal_number) == [
        ("990000088",)
    ]


def test_whoever_is_not_there_is_added_and_the_last_line_counts(filled, tmp_path):
    rows = [
        {**CHANGED, "personal_number": number, "given_name": name}
        for number, name in (("990089000777", "Một"), (BINH.personal_number, "Hai"), ("990089000777", "Ba"), ("1", "x"))
    ]
    run = filled.load(made(tmp_path, text_of(*rows), "changes.csv"), UpdatePeople())
    assert (run.added, run.changed, run.refused) == (1, 1, 1)
    assert dict(
        filled.fetch("SELECT personal_number, given_name FROM person WHERE given_name IN ('Một', 'Hai', 'Ba')")
    ) == {"990089000777": "Ba", BINH.personal_number: "Hai"}


def test_an_update_that_was_loaded_is_not_the_first_load_of_the_same_file(register, tmp_path):
    file = made(tmp_path, text_of(CHANGED))
    assert register.load(file).added == 1
    run = register.load(file, UpdatePeople())
    assert (run.added, run.changed) == (0, 1)


def test_deaths_the_missing_and_those_found_again(filled, tmp_path):
    rows = [
        {"personal_number": number, "life_status": status, "life_status_since": since}
        for number, status, since in (
            (AN.personal_number, "missing", "2026-01-01"),
            (AN.personal_number, "dead", "2026-02-03"),
            (BINH.personal_number, "missing", ""),
            ("990061000005", "alive", ""),
            ("990089000777", "dead", "2026-02-03"),
            ("990080000009", "dead", "2026-02-30"),
            ("990080000009", "alive", "2026-02-03"),
            ("990080000009", "", ""),
            ("12", "dead", ""),
        )
    ]
    run = filled.load(made(tmp_path, text_of(*rows), "deaths.csv"), SetLife())
    assert (run.added, run.changed, run.refused) == (0, 3, 5)
    of_the_deaths = [remark for remark in filled.remarks() if remark[1] not in NOTICES]
    assert of_the_deaths == [
        (6, "not_there"), (7, "life_status"), (8, "life_status"),
        (9, "life_status"), (10, "personal_number"),
    ]  # fmt: skip
    assert filled.fetch(
        "SELECT personal_number, life_status, life_status_since FROM person WHERE personal_number = any($1) ORDER BY 1",
        [AN.personal_number, BINH.personal_number, "990061000005", "990080000009"],
    ) == [
        ("990061000005", "alive", None),
        ("990080000009", "alive", None),
        (AN.personal_number, "dead", date(2026, 2, 3)),
        (BINH.personal_number, "missing", None),
    ]


def test_a_file_of_deaths_has_three_columns(filled, tmp_path):
    with pytest.raises(InputError, match="missing: life_status_since"):
        filled.load(made(tmp_path, "personal_number,life_status\n", "deaths.csv"), SetLife())
    with pytest.raises(InputError, match=r"not known: 4 \(sex\)"):
        filled.load(made(tmp_path, "personal_number,life_status,life_status_since,sex\n", "deaths.csv"), SetLife())
