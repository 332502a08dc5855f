"""Loading a CSV file of people, beside a plain COPY of the same rows into the same tables; and look-ups by size.

Both loads go through one driver, from a file, into a database of one cluster with the same indexes and constraints.
The plain COPY is what a dump would be restored by: it takes the tables' own text form, and ends at the first wrong row.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from bench.lookups import GatheredLookups
from bench.sides import Side, take_turns
from ketnoi_registry.loading.kinds import AddPeople
from ketnoi_registry.loading.people_file import load_file
from ketnoi_registry.loading.progress import Progress
from ketnoi_runtime.clock import SystemClock
from ketnoi_testbed.population import Population, prepare, write_csv
from ketnoi_testbed.postgres import private_cluster

TABLES = ("person", "old_id_number")
FEW = 100_000
ASKED = 100_000
ROUNDS = 3
BUFFERS = "2GB"
"""What a server of this size would have, and any server with ten million people: rows asked about stay in it."""
Tell = Callable[[str], None]


def load_over_copy(people: int, tell: Tell) -> dict[str, float]:
    """Rows a second of our load over those of a plain COPY, in turns."""
    with private_cluster() as cluster, _folder() as folder:
        tell(f"loading {people:,} people, ours and a plain COPY, {ROUNDS} times")
        file = folder / "people.csv"
        write_csv(file, Population(people=people))
        database = cluster.create_database()
        asyncio.run(prepare(database))
        _load(database, file)
        asyncio.run(_dump(database, folder))
        took: dict[str, list[float]] = {"ours": [], "copy": []}
        for number in range(ROUNDS):
            for side in ("copy", "ours") if number % 2 else ("ours", "copy"):
                asyncio.run(_empty(database))
                begun = time.perf_counter()
                if side == "ours":
                    _load(database, file)
                else:
                    asyncio.run(_copy(database, folder))
                took[side].append(time.perf_counter() - begun)
            tell(f"  {number + 1}/{ROUNDS}: ours {took['ours'][-1]:.1f} s, copy {took['copy'][-1]:.1f} s")
    ours, copy = sum(took["ours"]), sum(took["copy"])
    return {"load_over_copy": copy / ours, "loaded_per_second": people * ROUNDS / ours}


def lookups_by_size(many: int, csv: Path | None, seconds: float, tell: Tell) -> dict[str, float]:
    """Look-ups a second among `many` people over those among a hundred thousand, in turns, each of anybody.

    `csv` is a file of `many` people that is there already; else one is made.
    """
    with private_cluster(shared_buffers=BUFFERS) as cluster, _folder() as folder:
        sides = []
        for people in (FEW, many):
            file = folder / f"{people}.csv" if csv is None or people == FEW else csv
            begun = time.perf_counter()
            if file != csv:
                write_csv(file, Population(people=people))
                tell(f"{people:,} people invented in {time.perf_counter() - begun:,.0f} s")
            database = cluster.create_database()
            asyncio.run(prepare(database))
            begun = time.perf_counter()
            added = _load(database, file)
            tell(f"{added:,} people loaded in {time.perf_counter() - begun:,.0f} s")
            if file != csv:
                file.unlink()
            sides.append(Side(_short(people), GatheredLookups(database, asyncio.run(_anybody(database))).run))
        tell(f"look-ups by personal number, {seconds:.0f} s a side")
        for side in sides:  # everybody who will be asked about, once: what is compared is not the disk
            side.run(10.0)
        take_turns(sides, seconds, tell, turn=2.0)
    few, most = sides
    return {f"lookups_{most.name}_over_{few.name}": most.rate / few.rate, f"lookups_{most.name}_per_second": most.rate}


def _short(people: int) -> str:
    return f"{people // 1_000_000}m" if people % 1_000_000 == 0 else f"{people // 1_000}k"


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ketnoi-bench-") as name:
        yield Path(name)


def _load(database: str, file: Path) -> int:
    return asyncio.run(load_file(database, file, AddPeople(), SystemClock(), Progress())).added


async def _dump(database: str, folder: Path) -> None:
    connection = await asyncpg.connect(database)
    try:
        for table in TABLES:
            await connection.copy_from_table(table, output=folder / table)
    finally:
        await connection.close()


async def _copy(database: str, folder: Path) -> None:
    """One transaction, and the statistics afterwards, as our load makes them."""
    connection = await asyncpg.connect(database)
    try:
        async with connection.transaction():
            for table in TABLES:
                await connection.copy_to_table(table, source=folder / table)
        await connection.execute(f"ANALYZE {', '.join(TABLES)}")
    finally:
        await connection.close()


async def _empty(database: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(f"TRUNCATE {', '.join(TABLES)}, load_run, load_remark")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


async def _anybody(database: str) -> list[str]:
    """Personal numbers of people all over the register, in no order."""
    chance = random.Random(2026)
    connection = await asyncpg.connect(database)
    try:
        first, last = map(
            int, await connection.fetchrow("SELECT min(personal_number), max(personal_number) FROM person")
        )
        rows = await connection.fetch(
            "SELECT DISTINCT found.personal_number FROM unnest($1::text[]) AS aim, LATERAL ("
            "SELECT personal_number FROM person WHERE personal_number >= aim ORDER BY 1 LIMIT 1) AS found",
            [str(chance.randint(first, last)) for _ in range(ASKED)],
        )
    finally:
        await connection.close()
    numbers = [row[0] for row in rows]
    chance.shuffle(numbers)
    return numbers
