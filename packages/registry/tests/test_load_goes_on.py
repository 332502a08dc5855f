"""A load that was broken off goes on: nothing lost, nothing twice; another file is not taken for the same one."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import pytest

from ketnoi_registry.loading import runs
from ketnoi_registry.loading.csv_input import InputError
from ketnoi_registry.loading.people_file import load_file
from ketnoi_registry.loading.runs import Run
from ketnoi_runtime.clock import SystemClock

from .people_csv import ONE, AddPeople, made, text_of

DRIVER = """
import asyncio, sys
from pathlib import Path
from ketnoi_registry.loading.kinds import AddPeople
from ketnoi_registry.loading.people_file import load_file
from ketnoi_registry.loading.progress import Progress
from ketnoi_runtime.clock import SystemClock
asyncio.run(load_file(sys.argv[1], Path(sys.argv[2]), AddPeople(), SystemClock(), Progress(), block=20_000))
"""


def people(count: int, start: int = 1) -> list[dict[str, str]]:
    """Every tenth has a birth date that does not exist, and every seventh comes a second time, right after."""
    rows = []
    for serial in range(start, start + count):
        row = {**ONE, "personal_number": f"990089{serial:06}", "old_id_numbers": f"99{serial:07}"}
        if serial % 10 == 0:
            row["birth_date"] = "1989-02-30"
        rows += [row] * (2 if serial % 7 == 0 else 1)
    return rows


def expected(rows: list[dict[str, str]]) -> tuple[list[str], list[tuple[int, str]]]:
    seen, remarks = set(), []
    for line, row in enumerate(rows, 2):
        if row["birth_date"] != ONE["birth_date"]:
            remarks.append((line, "birth_date"))
        elif row["personal_number"] in seen:
            remarks.append((line, "already_there"))
        else:
            seen.add(row["personal_number"])
    return sorted(seen), remarks


def test_a_load_killed_again_and_again_loses_nothing_and_takes_nothing_twice(register, tmp_path):
    rows = people(20_000)
    file = made(tmp_path, text_of(*rows))
    numbers, remarks = expected(rows)
    reached, kills = 0, 0
    for aim in (1, 4_000, 11_000):
        process = subprocess.Popen([sys.executable, "-c", DRIVER, register.dsn, str(file)], stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            found = register.fetch("SELECT lines FROM load_run")
            if found and found[0][0] > aim:
                break
            time.sleep(0.01)
        assert process.poll() is None, "it was to be killed in the middle"
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        kills += 1
        lines, added = register.fetch("SELECT lines, added FROM load_run")[0]
        assert reached < lines < len(rows), "each time it goes on from where it was"
        assert added == len(register.numbers()), "people and progress are one transaction"
        reached = lines
    run = register.load(file)
    assert kills == 3
    assert register.numbers() == numbers
    assert register.remarks() == remarks
    assert (run.added, run.refused, run.lines) == (len(numbers), len(remarks), len(rows) + 1)
    assert register.fetch("SELECT count(*), count(DISTINCT number) FROM old_id_number") == [(len(numbers),) * 2]
    assert register.fetch("SELECT state FROM load_run") == [("finished",)]


class Breaks:
    """Breaks the load off after some batches."""

    def __init__(self, after: int) -> None:
        self.after = after

    def begin(self, run: Run, share: float) -> None:
        pass

    def __call__(self, run: Run, share: float) -> None:
        self.after -= 1
        if not self.after:
            raise KeyError


def broken_off(register, file, after=2):
    with pytest.raises(KeyError):
        asyncio.run(load_file(register.dsn, file, AddPeople(), SystemClock(), Breaks(after), block=5_000))
    return register.fetch("SELECT lines FROM load_run WHERE state = 'running'")[0][0]


def test_a_file_that_changed_since_it_was_broken_off_is_refused_unless_begun_anew(register, tmp_path):
    file = made(tmp_path, text_of(*people(1_000)))
    lines = broken_off(register, file)
    there = register.numbers()
    assert 1 < lines < 1_000
    made(tmp_path, text_of(*people(1_000, start=3)))
    with pytest.raises(InputError, match="--anew"):
        register.load(file)
    assert register.numbers() == there
    run = register.load(file, anew=True)
    numbers, _ = expected(people(1_000, start=3))
    assert set(register.numbers()) == {*there, *numbers}
    assert run.added == len(set(numbers) - set(there))
    assert register.fetch("SELECT state FROM load_run ORDER BY id") == [("given_up",), ("finished",)]


def test_a_file_that_changes_while_it_is_loaded_stops_the_load(register, tmp_path):
    file = made(tmp_path, text_of(*people(3_000)))

    class Writes(Breaks):
        def __call__(self, run: Run, share: float) -> None:
            if run.lines < 500:
                with file.open("a") as more:
                    more.write("\n")

    with pytest.raises(InputError, match="while it was loaded"):
        asyncio.run(load_file(register.dsn, file, AddPeople(), SystemClock(), Writes(0), block=5_000))


def test_a_database_that_goes_away_loses_nothing(register, tmp_path):
    rows = people(3_000)
    file = made(tmp_path, text_of(*rows))

    class Ends(Breaks):
        def __call__(self, run: Run, share: float) -> None:
            self.after -= 1
            if not self.after:
                ended = (
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                with ThreadPoolExecutor(1) as pool:
                    pool.submit(register.fetch, ended).result()

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        asyncio.run(load_file(register.dsn, file, AddPeople(), SystemClock(), Ends(4), block=5_000))
    assert 0 < len(register.numbers()) < 2_000
    register.load(file)
    assert (register.numbers(), register.remarks()) == expected(rows)


def test_a_file_that_was_moved_is_known_by_its_content(register, tmp_path):
    rows = people(1_000)
    file = made(tmp_path, text_of(*rows))
    broken_off(register, file)
    run = register.load(file.rename(tmp_path / "moved.csv"))
    assert register.remarks() == expected(rows)[1]
    assert (run.lines, register.fetch("SELECT count(*) FROM load_run")) == (len(rows) + 1, [(1,)])


def test_a_file_loaded_whole_is_left_alone_unless_anew(register, tmp_path):
    file = made(tmp_path, text_of(*people(50)))
    first = register.load(file)
    left = register.load(file)
    assert (left.added, left.changed, left.refused, left.left_alone is None) == (0, 0, first.refused, False)
    assert first.left_alone is None
    again = register.load(file, anew=True)
    assert (again.added, again.refused) == (0, first.added + first.refused)


def test_one_load_runs_at_a_time(register, tmp_path):
    file = made(tmp_path, text_of(*people(50)))

    async def beside():
        other = await asyncpg.connect(register.dsn)
        try:
            await runs.hold(other)
            await load_file(register.dsn, file, AddPeople(), SystemClock(), Breaks(0))
        finally:
            await other.close()

    with pytest.raises(InputError, match="another load"):
        asyncio.run(beside())
    assert register.load(file).added > 0


def test_memory_does_not_grow_with_the_file(register, tmp_path):
    script = DRIVER.replace("block=20_000", "block=100_000") + (
        "print(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])\n"
    )
    peaks = []
    for count, start in ((10_000, 1), (150_000, 100_000)):
        file = made(tmp_path, text_of(*people(count, start)), f"{count}.csv")
        done = subprocess.run(
            [sys.executable, "-c", script, register.dsn, str(file)], capture_output=True, text=True, check=True
        )
        peaks.append(int(done.stdout) * 1024)
    assert file.stat().st_size > 6_000_000
    assert peaks[1] - peaks[0] < 3_000_000
