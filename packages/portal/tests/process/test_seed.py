"""Every sentence of the guidance has its place in the process."""

from __future__ import annotations

import importlib
import re
import unicodedata
from pathlib import Path

import pytest

from ketnoi_portal.process.account_steps import ACCOUNT_STEPS
from ketnoi_portal.process.requirements import REQUIREMENTS
from ketnoi_portal.process.seed import PASSAGE, PASSAGES
from ketnoi_portal.process.unit_commitments import UNIT_STEPS
from ketnoi_portal.process.workflow import STEPS

ROOT = Path(__file__).resolve().parents[4]
SEED = ROOT.parent / "shared" / "seed"


def plain(text: str) -> str:
    """Words alone: bullets, dashes at a line's beginning and white space say nothing."""
    text = unicodedata.normalize("NFC", text).replace("[bookmark: _GoBack]", "")
    text = re.sub(r"^[\s·+\-–]+", "", text, flags=re.MULTILINE)
    return re.sub(r"\s+", " ", text).strip()


def test_the_passages_are_the_guidance_word_for_word() -> None:
    files = sorted(SEED.glob("*.txt"))
    if not files:
        pytest.skip(f"NOT COMPARED word for word: the guidance is not there, put its text into {SEED}")
    whole = files[0].read_text(encoding="utf-8")
    told = plain(whole[whole.index("1. Hình thức kết nối") :])
    assert plain("\n".join(passage.text for passage in PASSAGES)) == told


def named() -> dict[str, set[str]]:
    """What names each passage."""
    found: dict[str, set[str]] = {}
    for step in STEPS:
        for id_ in step.seed:
            found.setdefault(id_, set()).add(f"step {step.name}")
    for account_step in (*ACCOUNT_STEPS, *UNIT_STEPS):
        for id_ in account_step.seed:
            found.setdefault(id_, set()).add(f"account step {account_step.name}")
    for requirement in REQUIREMENTS:
        found.setdefault(requirement.seed, set()).add(f"requirement {requirement.key}")
    return found


def test_every_passage_is_carried_out_by_something() -> None:
    carried = named()
    bare = [id_ for id_, passage in PASSAGE.items() if not carried.get(id_) and not passage.carried_by]
    assert bare == []


@pytest.mark.parametrize(("id_", "first"), [("2.2/9", "c06"), ("2.2/10", "pc06"), ("2.2/11", "district_police")])
def test_accounts_at_each_level_are_run_by_steps(id_: str, first: str) -> None:
    assert {f"account step hand_over_to_{first}", "account step create"} <= named()[id_]


def test_nothing_names_a_passage_that_is_not_there() -> None:
    assert set(named()) <= set(PASSAGE)


def test_only_titles_are_left_out() -> None:
    titles = [passage.text for passage in PASSAGES if passage.is_title]
    assert len(titles) == 6
    assert all(title.endswith(":") or re.match(r"\d", title) for title in titles)


@pytest.mark.parametrize("place", sorted({each for passage in PASSAGES for each in passage.carried_by}))
def test_what_carries_a_passage_exists(place: str) -> None:
    module, names = place, []
    while True:
        try:
            found: object = importlib.import_module(module)
            break
        except ModuleNotFoundError:
            module, _, name = module.rpartition(".")
            names.insert(0, name)
    for name in names:
        found = getattr(found, name, None) or getattr(found, "__annotations__", {}).get(name)
        assert found is not None, place
