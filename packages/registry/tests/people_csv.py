"""CSV files of people for tests, and loading them."""

from __future__ import annotations

import asyncio
import csv
import io
from pathlib import Path

import asyncpg

from ketnoi_registry.loading.columns import COLUMNS, csv_record
from ketnoi_registry.loading.kinds import AddPeople, Kind
from ketnoi_registry.loading.people_file import load_file
from ketnoi_registry.loading.runs import Run
from ketnoi_registry.store.people import PersonRow
from ketnoi_runtime.clock import SystemClock
from ketnoi_runtime.database import migrate, open_pool

ONE = {"personal_number": "990089000001", "given_name": "An", "birth_date": "1989-03-02"}
CHANGED = {**ONE, "family_name": "", "middle_name": ""}
"""The same with the columns that an update has at least."""


class Silent:
    """Hears how far a load is, and keeps it."""

    def __init__(self) -> None:
        self.told: list[tuple[int, float]] = []

    def begin(self, run: Run, share: float) -> None:
        self.told.append((run.lines, share))

    def __call__(self, run: Run, share: float) -> None:
        self.told.append((run.lines, share))


def text_of(*rows: dict[str, str], columns: tuple[str, ...] | None = None, end: str = "\n") -> str:
    """A file with the columns of the first row."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns or tuple(rows[0]), lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def text_of_people(people: list[PersonRow]) -> str:
    """A file with all columns."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(csv_record(person) for person in people)
    return out.getvalue()


def made(folder: Path, text: str | bytes, name: str = "people.csv") -> Path:
    """The file, written."""
    file = folder / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


class Register:
    """A migrated database, and what the load of a file leaves in it."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

        async def prepare() -> None:
            pool = await open_pool(dsn)
            await migrate(pool, "ketnoi_registry")
            await pool.close()

        asyncio.run(prepare())

    def load(self, file: Path, kind: Kind | None = None, **more: object) -> Run:
        return asyncio.run(load_file(self.dsn, file, kind or AddPeople(), SystemClock(), Silent(), **more))  # type: ignore[arg-type]

    def fetch(self, query: str, *values: object) -> list[tuple[object, ...]]:
        async def ask() -> list[tuple[object, ...]]:
            connection = await asyncpg.connect(self.dsn)
            try:
                return [tuple(row) for row in await connection.fetch(query, *values)]
            finally:
                await connection.close()

        return asyncio.run(ask())

    def numbers(self) -> list[str]:
        return [str(row[0]) for row in self.fetch("SELECT personal_number FROM person ORDER BY 1")]

    def remarks(self) -> list[tuple[int, str]]:
        return self.fetch("SELECT line, code FROM load_remark ORDER BY load_run, line, code")  # type: ignore[return-value]
