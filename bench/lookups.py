"""The registry's look-ups, gathered as its callers' are, beside PostgreSQL's own load generator on the same rows."""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from time import perf_counter

from ketnoi_registry.store.lookups import Lookups
from ketnoi_registry.store.people import PERSON_COLUMNS, read_people
from ketnoi_runtime.database import open_pool
from ketnoi_testbed.postgres import find_binaries

CALLERS = 64
CLIENTS = 8


class GatheredLookups:
    """`CALLERS` ask the registry's store side by side, each the next one when it has its answer."""

    def __init__(self, database: str, numbers: Sequence[str]) -> None:
        self._database = database
        self._numbers = cycle(numbers)

    def run(self, seconds: float) -> list[float]:
        """Latencies of all look-ups."""
        return asyncio.run(self._run(seconds))

    async def _run(self, seconds: float) -> list[float]:
        pool = await open_pool(self._database, max_size=2)
        lookups = Lookups(lambda keys: read_people(pool, keys))
        latencies: list[float] = []
        until = perf_counter() + seconds

        async def ask() -> None:
            while (begun := perf_counter()) < until:
                if await lookups.get(next(self._numbers)) is None:
                    raise RuntimeError("a look-up found nobody")
                latencies.append(perf_counter() - begun)

        try:
            await asyncio.gather(*(ask() for _ in range(CALLERS)))
        finally:
            await pool.close()
        return latencies


class Pgbench:
    """`pgbench` with prepared statements, one row by its key at a time, as fast as `CLIENTS` connections go."""

    def __init__(self, socket: Path, database: str, numbers: Sequence[str], folder: Path) -> None:
        self._statements = len(numbers)
        columns = ", ".join(PERSON_COLUMNS)
        script = folder / "lookups.sql"
        # One transaction of pgbench asks for everybody once; personal numbers are digits only.
        script.write_text(
            "".join(f"SELECT {columns} FROM person WHERE personal_number = '{number}';\n" for number in numbers)
        )
        name = re.sub(r"^.*@/([^?]+).*$", r"\1", database)
        self._command = [
            str(find_binaries() / "pgbench"), "-h", str(socket), "-U", "ketnoi", "-n", "-M", "prepared",
            "-c", str(CLIENTS), "-j", "2", "-f", str(script),
        ]  # fmt: skip
        self._database = name

    def run(self, seconds: float) -> list[float]:
        """As many equal latencies as there were look-ups: pgbench tells their mean."""
        whole = max(1, round(seconds))
        done = subprocess.run([*self._command, "-T", str(whole), self._database], capture_output=True, text=True)
        found = re.search(r"number of transactions actually processed: (\d+)", done.stdout)
        if found is None:
            raise RuntimeError(f"pgbench failed: {done.stderr[-500:]}")
        count = int(found[1]) * self._statements
        return [CLIENTS * whole / count] * count
