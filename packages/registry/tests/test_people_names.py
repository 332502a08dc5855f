"""Names in a file of people: whoever comes in can be asked about, and nobody else comes in."""

from __future__ import annotations

import unicodedata
from contextlib import suppress

from ketnoi_protocol.names import InvalidName, key_legacy

from .people_csv import ONE, made, text_of


def number(serial: int) -> str:
    return f"990089{serial:06}"


def test_a_name_is_refused_where_no_question_could_hold_it(register, tmp_path):
    signs = [chr(point) for point in (*range(1, 0x2100), 0xFB01, 0xFF21, 0x1D00) if chr(point) not in "\r\n\0"]
    rows = [{**ONE, "personal_number": number(serial), "given_name": f"An{sign}"} for serial, sign in enumerate(signs)]
    run = register.load(made(tmp_path, text_of(*rows)))

    def is_name(sign):
        with suppress(InvalidName):
            return bool(key_legacy(f"An{sign}"))
        return False

    taken = {number(serial) for serial, sign in enumerate(signs) if is_name(sign)}
    assert set(register.numbers()) == taken
    assert (run.added, run.refused) == (len(taken), len(signs) - len(taken))


def test_a_name_of_letters_and_marks_apart_is_kept_as_others_write_it(register, tmp_path):
    row = {
        **ONE, "family_name": unicodedata.normalize("NFD", "Nguyễn"), "middle_name": "Thị",
        "given_name": unicodedata.normalize("NFD", "Thuỳ" * 22),
    }  # fmt: skip
    assert register.load(made(tmp_path, text_of(row))).added == 1
    assert register.fetch("SELECT family_name, middle_name, given_name FROM person") == [("Nguyễn", "Thị", "Thuỳ" * 22)]
