"""Loading a CSV file of people: batch after batch, each in one transaction with the note of how far it has come.

While one connection takes a batch over, the others copy and judge the next ones: batches are taken over in the file's
order, so that of two lines about one person it is always the same one that counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta, timezone
from pathlib import Path
from typing import Final, Protocol

import asyncpg

from ketnoi_runtime.clock import Clock

from . import runs, statements
from .csv_input import CsvInput
from .cutting import BLOCK, Batch, Cutter
from .kinds import Kind, take_out
from .runs import Run

CONNECTIONS = 3
_VIETNAM: Final = timezone(timedelta(hours=7))

_SESSION = {
    # A crash of the server takes progress and people together; the end of a load waits for the disk.
    "synchronous_commit": "off",
    "temp_buffers": "32MB",
    # Plans for a table without statistics: by index, a line at a time, and not compiled.
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
    # Many wrong lines are taken out by a list, which is hashed only where the plan knows it.
    "plan_cache_mode": "force_custom_plan",
    "timezone": "UTC",
    "datestyle": "ISO",
}


class Teller(Protocol):
    """Hears how far a load is: the run, and the share of the file that is read (0 to 1)."""

    def begin(self, run: Run, share: float) -> None:
        """Before the first batch."""

    def __call__(self, run: Run, share: float) -> None:
        """After each batch."""


async def load_file(
    dsn: str, file: Path, kind: Kind, clock: Clock, tell: Teller, *, anew: bool = False, block: int = BLOCK
) -> Run:
    """Load `file`, or go on with it where a load of it was broken off. A file of new people that was loaded whole is
    left alone; what changes people does so each time.

    `anew` begins again whatever happened before. Memory is bounded by a few times `block`, in octets.

    Raises InputError, OSError, asyncpg.PostgresError; what was committed until then stays, and the same call goes on.
    """
    given = await asyncio.to_thread(CsvInput.open, file, kind.columns, kind.required)
    async with AsyncExitStack() as stack:
        main = await stack.enter_async_context(_connection(dsn))
        await runs.hold(main)
        run = await runs.begin(main, kind.name, given, clock, replaces=kind.replaces, anew=anew)
        if run.finished:
            return run
        workers: asyncio.Queue[asyncpg.Connection] = asyncio.Queue()
        for _ in range(CONNECTIONS):
            worker = await stack.enter_async_context(_connection(dsn))
            await worker.execute(statements.STAGED)
            workers.put_nowait(worker)
        with given.at(run.octets) as (text, plain):
            size = max(1, given.stamp[0])
            tell.begin(run, plain.tell() / size)
            batches = Cutter(len(given.header)).batches(text, run.lines, run.octets, block)
            try:
                today = clock.now().astimezone(_VIETNAM).date().isoformat()
                await _take_all(
                    kind, given, run, today, lambda: (next(batches, None), plain.tell() / size), workers, tell
                )
            except BaseExceptionGroup as several:  # the batch that failed; those behind it fail with it
                raise several.exceptions[0] from None
        await runs.finish(main, run, clock)
        await main.execute("ANALYZE person, old_id_number")
    return run


@asynccontextmanager
async def _connection(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn, server_settings=_SESSION)
    try:
        yield connection
    finally:
        with suppress(Exception):
            await connection.close(timeout=5)


async def _take_all(
    kind: Kind,
    given: CsvInput,
    run: Run,
    today: str,
    read: Callable[[], tuple[Batch | None, float]],
    workers: asyncio.Queue[asyncpg.Connection],
    tell: Teller,
) -> None:
    before: asyncio.Task[None] | None = None
    async with asyncio.TaskGroup() as tasks:
        while True:
            worker = await workers.get()
            batch, share = await asyncio.to_thread(read)
            if batch is None:
                return
            given.check()

            async def take(
                worker: asyncpg.Connection = worker,
                batch: Batch = batch,
                share: float = share,
                before: asyncio.Task[None] | None = before,
            ) -> None:
                await _take(worker, kind, given, run, today, batch, before)
                tell(run, share)
                workers.put_nowait(worker)

            before = tasks.create_task(take())


async def _take(
    connection: asyncpg.Connection,
    kind: Kind,
    given: CsvInput,
    run: Run,
    today: str,
    batch: Batch,
    before: asyncio.Task[None] | None,
) -> None:
    async with connection.transaction():
        await connection.copy_to_table(
            "staged", source=_once(batch.text), format="csv", columns=("line", *given.header), force_null=given.header
        )
        await connection.execute(statements.COMPOSED)
        refused = batch.refused + await take_out(connection, kind.wrong, None, today)
        if before is not None:
            await asyncio.shield(before)
        await runs.lock_batch(connection)
        done = await kind.apply(connection, given.header)
        refused += done.refused
        reached = Run(
            run.id,
            False,
            batch.lines,
            batch.octets,
            run.added + done.added,
            run.changed + done.changed,
            run.refused + len(refused),
        )
        await runs.advance(connection, reached, run.octets, refused + done.noticed)
    run.lines, run.octets = reached.lines, reached.octets
    run.added, run.changed, run.refused = reached.added, reached.changed, reached.refused


async def _once(text: bytes) -> AsyncIterator[bytes]:
    yield text
