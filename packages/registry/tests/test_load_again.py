"""What changes people is done each time it is told: the last file that was loaded is the one that holds."""

from __future__ import annotations

import asyncio

import pytest

from ketnoi_registry.loading.kinds import AddPeople, Kind, SetLife, UpdatePeople
from ketnoi_registry.loading.people_file import load_file
from ketnoi_registry.loading.runs import Run
from ketnoi_runtime.clock import SystemClock

from .people_csv import CHANGED, ONE, made, text_of
from .test_load_program import command

__all__ = ["command"]

DEATHS = "personal_number,life_status,life_status_since\n990089000001,{}\n"


def names(register) -> list[str]:
    return [row[0] for row in register.fetch("SELECT given_name FROM person ORDER BY personal_number")]


def life(register) -> str:
    return register.fetch("SELECT life_status FROM person WHERE personal_number = '990089000001'")[0][0]


def test_an_update_that_is_loaded_again_after_another_holds_again(command, register, tmp_path):
    command("load", made(tmp_path, text_of(ONE)))
    first = made(tmp_path, text_of({**CHANGED, "given_name": "Ân"}), "a.csv")
    second = made(tmp_path, text_of({**CHANGED, "given_name": "Bình"}), "b.csv")
    for file, name in ((first, "Ân"), (second, "Bình"), (first, "Ân"), (first, "Ân")):
        status, told, err = command("load", "--update", file)
        assert (status, told["changed"], names(register)) == (0, 1, [name])
        assert "nothing was done" not in err


def test_somebody_found_alive_and_then_dead_after_all_is_dead(command, register, tmp_path):
    command("load", made(tmp_path, text_of(ONE)))
    for number, status in enumerate(("dead,2026-01-01", "alive,", "dead,2026-01-01")):
        done = command("set-life-status", made(tmp_path, DEATHS.format(status), f"{number}.csv"))
        assert (done[0], done[1]["changed"], life(register)) == (0, 1, status.partition(",")[0])


def test_a_death_of_somebody_who_was_not_there_is_taken_once_they_are(command, register, tmp_path):
    deaths = made(tmp_path, DEATHS.format("dead,2026-01-01"), "deaths.csv")
    assert command("set-life-status", deaths)[0] == 3
    command("load", made(tmp_path, text_of(ONE)))
    assert command("set-life-status", deaths)[0] == 0
    assert life(register) == "dead"


def test_a_file_that_is_left_alone_says_so_and_counts_nothing(command, register, tmp_path):
    file = made(tmp_path, text_of(ONE, ONE))
    status, told, err = command("load", file)
    assert (status, told["added"], told["refused"], told["remarks"]) == (3, 1, 1, 1)
    assert "nothing was done" not in err
    status, told, err = command("load", file)
    assert (status, told["added"], told["changed"], told["refused"], told["remarks"]) == (3, 0, 0, 1, 1)
    assert "nothing was done now (--anew loads it again)" in err
    assert command("load", "--anew", file)[1]["refused"] == 2


class Breaks:
    """Breaks the load off after its first batch."""

    def begin(self, run: Run, share: float) -> None:
        pass

    def __call__(self, run: Run, share: float) -> None:
        raise KeyError


def broken_off(register, file, kind: Kind) -> int:
    with pytest.raises(KeyError):
        asyncio.run(load_file(register.dsn, file, kind, SystemClock(), Breaks(), block=2_000))
    return register.fetch("SELECT lines FROM load_run ORDER BY id DESC LIMIT 1")[0][0]


@pytest.mark.parametrize("other", [None, "update", "people"])
def test_an_update_that_was_broken_off_begins_again_where_another_was_loaded_since(register, tmp_path, other):
    rows = [{**CHANGED, "personal_number": f"990089{serial:06}", "given_name": "Ân"} for serial in range(300)]
    register.load(made(tmp_path, text_of(*[{**row, "given_name": "An"} for row in rows])))
    file = made(tmp_path, text_of(*rows), "update.csv")
    assert 1 < broken_off(register, file, UpdatePeople()) < 300
    if other == "update":
        register.load(made(tmp_path, text_of({**rows[0], "given_name": "Bình"}), "other.csv"), UpdatePeople())
    elif other == "people":
        broken_off(
            register, made(tmp_path, text_of({**ONE, "personal_number": "990190000001"}), "new.csv"), AddPeople()
        )
    run = register.load(file, UpdatePeople())
    assert names(register)[:300] == ["Ân"] * 300
    assert run.changed == 300
    states = [state for (state,) in register.fetch("SELECT state FROM load_run WHERE kind = 'update' ORDER BY id")]
    assert states == {None: ["finished"], "update": ["given_up", "finished", "finished"]}.get(
        other, ["given_up", "finished"]
    )


def test_new_people_whose_load_was_broken_off_go_on_whatever_came_between(register, tmp_path):
    rows = [{**ONE, "personal_number": f"990089{serial:06}"} for serial in range(300)]
    file = made(tmp_path, text_of(*rows))
    broken_off(register, file, AddPeople())
    first = rows[0]["personal_number"]
    died = f"personal_number,life_status,life_status_since\n{first},dead,\n"
    register.load(made(tmp_path, died, "deaths.csv"), SetLife())
    run = register.load(file)
    assert (run.added, run.refused) == (300, 0)
    assert register.fetch("SELECT life_status FROM person WHERE personal_number = $1", first) == [("dead",)]
