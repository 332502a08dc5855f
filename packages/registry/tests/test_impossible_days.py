"""Days that have not come yet are refused; a death before the birth is taken and remarked on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from ketnoi_registry.loading.kinds import AddPeople, SetLife, UpdatePeople
from ketnoi_registry.loading.people_file import load_file
from ketnoi_runtime.clock import AdjustableClock

from .people_csv import CHANGED, ONE, Silent, made, text_of

EVENING = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
"""In Vietnam it is the third of March."""
LIFE = ("personal_number", "life_status", "life_status_since")


def load(register, tmp_path, kind, *rows):
    """What is remarked of these lines on that evening."""
    clock = AdjustableClock()
    clock.advance(EVENING - clock.now())
    file = made(tmp_path, text_of(*rows), f"{kind.name}.csv")
    asyncio.run(load_file(register.dsn, file, kind, clock, Silent()))
    return register.remarks()


def numbered(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{**row, "personal_number": f"990089{serial:06}"} for serial, row in enumerate(rows, 1)]


@pytest.mark.parametrize("kind", [AddPeople, UpdatePeople])
def test_nobody_is_born_tomorrow(register, tmp_path, kind):
    days = ("2026-03-03", "2026-03", "2026", "2026-03-04", "2026-04", "2027", "2399-12-31")
    remarks = load(register, tmp_path, kind(), *numbered([{**CHANGED, "birth_date": day} for day in days]))
    assert remarks == [(line, "birth_date") for line in (5, 6, 7, 8)]


@pytest.mark.parametrize("kind", [AddPeople, SetLife])
def test_nobody_died_tomorrow(register, tmp_path, kind):
    days = ("2026-03-03", "2026-03-04", "2399-12-31")
    rows = numbered([{**ONE, "life_status": "dead", "life_status_since": day} for day in days])
    if kind is SetLife:
        load(register, tmp_path, AddPeople(), *numbered([ONE] * len(rows)))
        rows = [{name: row[name] for name in LIFE} for row in rows]
    assert load(register, tmp_path, kind(), *rows) == [(line, "life_status") for line in (3, 4)]


BIRTHS = ("1989-03-02", "1989-03", "1989")
DEATHS = {"1989-03-02": [], "1989-03-01": [2], "1989-02-28": [2, 3], "1988-12-31": [2, 3, 4]}
"""In which lines of these births a death on that day is too early."""


@pytest.mark.parametrize("since", DEATHS)
@pytest.mark.parametrize("kind", [AddPeople, UpdatePeople, SetLife])
def test_a_death_before_the_birth_is_taken_and_remarked_on(register, tmp_path, kind, since):
    born = numbered([{**CHANGED, "birth_date": birth} for birth in BIRTHS])
    rows = [{**row, "life_status": "dead", "life_status_since": since} for row in born]
    if kind is not AddPeople:
        load(register, tmp_path, AddPeople(), *born)
    if kind is SetLife:
        rows = [{name: row[name] for name in LIFE} for row in rows]
    assert load(register, tmp_path, kind(), *rows) == [(line, "dead_before_birth") for line in DEATHS[since]]
    assert register.fetch("SELECT count(*) FROM person WHERE life_status = 'dead'") == [(3,)]


def test_a_birth_that_is_moved_behind_the_death_is_remarked_on(register, tmp_path):
    dead = {**CHANGED, "life_status": "dead", "life_status_since": "2001-01-01"}
    assert load(register, tmp_path, AddPeople(), dead) == []
    moved = load(register, tmp_path, UpdatePeople(), {**CHANGED, "birth_date": "2002"})
    assert moved == [(2, "dead_before_birth")]
