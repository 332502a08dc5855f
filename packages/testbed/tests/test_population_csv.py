"""A population as a file: what the registry loads from it is what the population holds."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path

import pytest

from ketnoi_registry.loading.kinds import AddPeople
from ketnoi_registry.loading.people_file import load_file
from ketnoi_registry.loading.progress import Progress
from ketnoi_registry.store.people import PERSON_COLUMNS
from ketnoi_runtime.clock import SystemClock
from ketnoi_runtime.database import open_pool
from ketnoi_testbed.cli import main
from ketnoi_testbed.population import Population, load, prepare, write_csv


def test_the_file_is_the_same_however_many_processes_write_it(tmp_path: Path) -> None:
    told: list[int] = []
    population = Population(7, 21_000)
    assert write_csv(tmp_path / "one.csv", population, processes=1, tell=told.append) == 21_000
    write_csv(tmp_path / "two.csv.gz", population, processes=2)
    assert gzip.decompress((tmp_path / "two.csv.gz").read_bytes()) == (tmp_path / "one.csv").read_bytes()
    assert told == [5_000, 10_000, 15_000, 20_000, 21_000]


def test_a_register_from_the_file_is_the_register_from_the_program(tmp_path: Path, cluster) -> None:  # type: ignore[no-untyped-def]
    population = Population(7, 3_000)
    write_csv(tmp_path / "people.csv", population)

    async def everything(dsn: str) -> list[list[tuple[object, ...]]]:
        pool = await open_pool(dsn)
        people = f"SELECT {', '.join(PERSON_COLUMNS)} FROM person ORDER BY personal_number"
        old = "SELECT number, personal_number, valid_from, valid_until FROM old_id_number ORDER BY 1, 2"
        found = [[tuple(row) for row in await pool.fetch(query)] for query in (people, old)]
        await pool.close()
        return found

    registers = []
    for way in ("file", "program"):
        dsn = cluster.create_database()
        asyncio.run(prepare(dsn))
        if way == "file":
            run = asyncio.run(load_file(dsn, tmp_path / "people.csv", AddPeople(), SystemClock(), Progress()))
            assert (run.added, run.refused) == (3_000, 0)
        else:
            assert load(dsn, population) == 3_000
        registers.append(asyncio.run(everything(dsn)))
    assert registers[0] == registers[1]


def test_the_command_writes_the_file_and_tells_the_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "people.csv"
    assert main(["population", "--people", "300", "--csv", str(file)]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["people"] == 300
    assert json.loads(out)["seconds"] >= 0
    assert "300/300" in err
    assert len(file.read_text().splitlines()) == 301
    assert main(["population", "--people", "300", "--csv", str(tmp_path / "no" / "file.csv")]) == 2
    assert main(["population", "--people", "40000001", "--csv", str(file)]) == 2


def test_the_command_fills_a_database_that_is_empty_and_no_other(cluster, capsys: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    dsn = cluster.create_database()
    assert main(["population", "--people", "300", "--database", dsn]) == 0
    assert json.loads(capsys.readouterr().out)["people"] == 300
    assert main(["population", "--people", "300", "--database", dsn]) == 2
    assert "UniqueViolationError" in capsys.readouterr().err
