"""`ketnoi-registry load` and `set-life-status` as an operator runs them."""

from __future__ import annotations

import gzip
import io
import json

import pytest

from ketnoi_registry.cli import main
from ketnoi_registry.loading.progress import Progress
from ketnoi_registry.loading.runs import Run

from .people_csv import CHANGED, ONE, made, text_of, text_of_people
from .population import PEOPLE
from .test_program import settle_alone


@pytest.fixture
def command(register, tmp_path, capsys):
    """`command(word, …)` runs it; its exit status, the object it printed, and what it said."""
    settings = settle_alone(tmp_path, register.dsn)
    assert main(["init", "--settings", settings]) == 0

    def act(*words):
        status = main([*map(str, words), "--settings", settings])
        out, err = capsys.readouterr()
        return status, json.loads(out) if out else None, err

    return act


def test_a_clean_file_a_file_with_wrong_lines_and_deaths(command, register, tmp_path):
    status, told, err = command("load", made(tmp_path, text_of_people(PEOPLE)))
    assert (status, told["added"], told["refused"]) == (0, len(PEOPLE), 0)
    assert "100%" in err
    wrong = made(tmp_path, text_of({**ONE, "given_name": "Bí Mật"}, {**ONE, "birth_date": "hôm nay"}), "wrong.csv")
    status, told, err = command("load", wrong)
    assert (status, told["added"], told["refused"], told["remarks"]) == (3, 0, 2, 2)
    assert "wrong.csv.remarks.csv" in err
    remarks = (tmp_path / "wrong.csv.remarks.csv").read_text(encoding="utf-8-sig")
    assert remarks.splitlines()[1].startswith("2,already_there,")
    changes = made(tmp_path, text_of({**CHANGED, "given_name": "Bí Mật"}), "changes.csv")
    status, told, _ = command("load", "--update", changes, "--remarks", tmp_path / "elsewhere.csv")
    assert (status, told["changed"], told["remarks"]) == (0, 1, 0)
    assert not (tmp_path / "elsewhere.csv").exists()
    deaths = "personal_number,life_status,life_status_since\n990089000001,dead,2026-01-01\n"
    status, told, _ = command("set-life-status", made(tmp_path, deaths, "deaths.csv"))
    assert (status, told["changed"]) == (0, 1)
    assert register.fetch("SELECT given_name, life_status FROM person WHERE personal_number = '990089000001'") == [
        ("Bí Mật", "dead")
    ]
    for said in (err, remarks):
        assert "990089000001" not in said
        assert "Bí Mật" not in said


def test_units_come_from_a_file_and_what_is_in_force_is_told(command, tmp_path):
    text = "code,name,level,parent,from,until,successor\n98151,Xã Mới,commune,15,2025-07-01,,\n"
    status, told, _ = command("load", "--units", made(tmp_path, text, "units.csv"))
    assert (status, told["loaded"]) == (0, 1)
    assert told["in_force"] == {"province": 34, "district": 0, "commune": 1}
    status, _, err = command("load", "--units", made(tmp_path, text.replace(",15,", ",16,"), "units.csv"))
    assert (status, "line 2" in err) == (1, True)


def test_what_cannot_be_loaded_says_why(command, tmp_path):
    assert command("load", made(tmp_path, ""))[::2][0] == 1
    assert "has no header" in command("load", made(tmp_path, ""))[2]
    assert "cannot be opened" in command("load", tmp_path / "no.csv")[2]
    assert "are for CSV of people" in command("load", "--update", made(tmp_path, "", "people.jsonl"))[2]


@pytest.mark.parametrize("name", ["PEOPLE.CSV", "People.Csv.Gz", "people.csv.GZ", "people.CSV.gz"])
def test_names_are_read_in_capitals_too(command, register, tmp_path, name):
    text = text_of(ONE).encode()
    status, told, _ = command(
        "load", made(tmp_path, gzip.compress(text) if name.lower().endswith("gz") else text, name)
    )
    assert (status, told["added"]) == (0, 1)
    units = b"code,name,level,parent,from,until,successor\n98151,X,commune,15,2025-07-01,,\n"
    file = made(tmp_path, gzip.compress(units) if name.lower().endswith("gz") else units, f"units.{name}")
    assert command("load", "--units", file)[1]["loaded"] == 1


UPSTREAM = """
[upstream]
url = "https://localhost/TraCuuThongTinCongDan"
server_certificate = "theirs.crt"
ma_dvc = "VPCP"
ma_can_bo = "C06"
ma_don_vi = "G01.C06"
"""


def test_people_are_not_loaded_where_an_existing_database_is_asked(command, register, tmp_path):
    with (tmp_path / "registry.toml").open("a") as settings:
        settings.write(UPSTREAM)
    deaths = made(tmp_path, "personal_number,life_status,life_status_since\n990089000001,dead,\n", "deaths.csv")
    people, lines = made(tmp_path, text_of(ONE)), made(tmp_path, "", "people.jsonl")
    for words in (("load", people), ("load", "--update", people), ("load", lines), ("set-life-status", deaths)):
        status, told, err = command(*words)
        assert (status, told, "nothing was loaded" in err) == (1, None, True)
    assert register.fetch("SELECT count(*) FROM load_run") == [(0,)]
    units = "code,name,level,parent,from,until,successor\n98151,X,commune,15,2025-07-01,,\n"
    assert command("load", "--units", made(tmp_path, units, "units.csv"))[0] == 0, "names of places are our own"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(out, shares):
    clock = iter(range(0, 10_000, 10))
    progress = Progress(out, lambda: next(clock))
    progress.begin(Run(1, False, 1, 0, 0, 0, 0), 0.0)
    for number, share in enumerate(shares, 1):
        progress(Run(1, False, number * 1_000, 0, 0, 0, number), share)
    progress.end()
    return out.getvalue()


def test_a_terminal_has_one_bar_with_rate_and_time_left():
    text = told(Terminal(), [0.25, 0.5, 1.0])
    assert text.count("\n") == 1
    assert text.count("\r") == 3
    assert (
        "[███████·······················]  25%  1,000 dòng · lines  từ chối · refused 1  100/s  còn · left 0:30" in text
    )
    assert f"[{'█' * 30}] 100%" in text


def test_elsewhere_there_is_a_line_for_each_twentieth():
    text = told(io.StringIO(), [number / 200 for number in range(1, 201)])
    lines = text.splitlines()
    assert len(lines) == 21
    assert lines[-1].startswith("100%  200,000 dòng · lines")
    assert "\r" not in text
