"""People and places into a registry's database, over several processes and connections at once."""

from __future__ import annotations

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import asyncpg

from ketnoi_registry.loading import load_people, load_units
from ketnoi_runtime.database import migrate, open_pool
from ketnoi_testbed.population.country import administrative_units
from ketnoi_testbed.population.people import CHUNK, Population

# Below this many people a second process costs more than it saves.
WORTH_A_PROCESS = 4 * CHUNK


async def load_units_of_both_maps(pool: asyncpg.Pool) -> None:
    """The administrative units that the invented addresses name."""
    await load_units(pool, administrative_units())


async def prepare(dsn: str) -> None:
    """Make a registry's tables, and the units that the invented addresses name. Raises what asyncpg raises."""
    pool = await open_pool(dsn, max_size=1)
    try:
        await migrate(pool, "ketnoi_registry")
        await load_units_of_both_maps(pool)
    finally:
        await pool.close()


def load(dsn: str, population: Population, *, processes: int = 2) -> int:
    """Load everybody into a database whose tables are there; returns how many. Blocks; call it in a thread.

    Chunks are loaded each in one transaction, so a crash leaves whole households only.
    Raises what asyncpg raises, when the database cannot be reached or the people are there already.
    """
    chunks = range(population.chunks)
    if processes == 1 or population.people < WORTH_A_PROCESS:
        return asyncio.run(_load(dsn, population, list(chunks)))
    # Not forked: the caller has threads and connections of its own.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        shares = [list(chunks[start::processes]) for start in range(processes)]
        seed, people = population.seed, population.people
        return sum(pool.map(_load_share, *zip(*((dsn, seed, people, share) for share in shares), strict=True)))


def _load_share(dsn: str, seed: int, people: int, chunks: list[int]) -> int:
    return asyncio.run(_load(dsn, Population(seed, people), chunks))


async def _load(dsn: str, population: Population, chunks: list[int]) -> int:
    pool = await open_pool(dsn, max_size=1)
    try:
        return await load_people(pool, (row for chunk in chunks for row in population.chunk(chunk)))
    finally:
        await pool.close()
