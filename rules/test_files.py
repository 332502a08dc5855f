"""Files are small, speak of the project alone, and hold nobody's number."""

import re
from pathlib import Path

from tree import ROOT, kept_files, text_of

LONGEST = 400
# Twelve digits that stand alone. Numbers that belong to nobody begin with the unissued 9; a test that needs an
# issued prefix puts it together from parts, so that no whole number stands in any file.
TWELVE_DIGITS = re.compile(r"(?<![\w.+/=-])(\d{12})(?![\w+/=-])")
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(?:work|root|home/\w+)/")


def relative(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def test_no_python_file_is_a_hall() -> None:
    # Migrations are written by Django.
    files = [file for file in kept_files(".py") if "migrations" not in file.parts]
    long = {relative(file): text_of(file).count("\n") for file in files}
    assert {name: lines for name, lines in long.items() if lines > LONGEST} == {}


def test_no_file_holds_a_number_that_could_be_a_persons() -> None:
    guilty = set()
    for file in kept_files():
        if "requirements" not in file.parts:
            guilty |= {relative(file) for number in TWELVE_DIGITS.findall(text_of(file)) if not number.startswith("9")}
    assert guilty == set()


def test_no_file_names_a_path_of_one_machine() -> None:
    guilty = {relative(file) for file in kept_files() if MACHINE_PATH.search(text_of(file))}
    assert guilty - {"rules/test_files.py"} == set()


def test_no_private_key_is_kept() -> None:
    # The words alone stand in tests that look for them; a key has a body.
    key = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{60,}")
    assert {relative(file) for file in kept_files() if key.search(text_of(file))} == set()
