"""Two agencies that compare what they know of a person learn nothing."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from uuid import uuid4

import pytest

from ketnoi_identity.openid import pseudonyms
from ketnoi_identity.openid.pseudonyms import Pseudonyms

A, B = "G01.001", "G01.002"


@pytest.fixture
def names(tmp_path: Path) -> Pseudonyms:
    pseudonyms.begin(tmp_path)
    return Pseudonyms.of(tmp_path)


def test_an_organisation_knows_an_account_by_one_name_and_another_organisation_by_another(names: Pseudonyms) -> None:
    one, other = uuid4(), uuid4()
    assert names.subject(A, one) == names.subject(A, one)
    assert len({names.subject(A, one), names.subject(B, one), names.subject(A, other), names.subject(B, other)}) == 4


def test_the_officers_code_is_twenty_letters_and_no_part_of_the_citizens_name(names: Pseudonyms) -> None:
    account = uuid4()
    code = names.officer(A, account)
    assert re.fullmatch("[A-Z2-7]{20}", code)
    assert code != names.officer(B, account)
    assert not names.subject(A, account).startswith(code)


def test_under_another_secret_the_same_account_has_another_name(names: Pseudonyms, tmp_path: Path) -> None:
    account = uuid4()
    assert Pseudonyms(b"x" * 32).subject(A, account) != names.subject(A, account)
    with pytest.raises(ValueError, match="too short"):
        Pseudonyms(b"x" * 31)


def test_the_secret_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    pseudonyms.begin(tmp_path)
    file = tmp_path / pseudonyms.FILE
    made = file.read_bytes()
    pseudonyms.begin(tmp_path)
    assert file.read_bytes() == made
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
