"""How far the load of a file has come, as the database knows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from ketnoi_runtime.clock import Clock

from .csv_input import CsvInput, InputError

# One load at a time holds the first for its whole life, as a session; each batch takes the second until its
# transaction ends, so that whoever goes on after a kill waits for the server to have done with the killed one.
_ONE_LOAD, _ONE_BATCH = "ketnoi load", "ketnoi load batch"
_ANOTHER = "đang có một lần nạp khác · another load is running"


@dataclass(slots=True)
class Run:
    """One load of one file: what it has taken so far. `lines` and `octets` count from the file's beginning.

    `left_alone` is when the file was loaded, where it was there already and nothing was done now.
    """

    id: int
    finished: bool
    lines: int
    octets: int
    added: int
    changed: int
    refused: int
    left_alone: datetime | None = None


_FOUND = """
SELECT *, state = 'finished' AS finished FROM load_run
WHERE kind = $1 AND (state = 'running' AND (file_digest = $2 OR file_name = $3)
    OR state = 'finished' AND file_digest = $2 AND NOT $4)
ORDER BY state = 'running' DESC, id DESC LIMIT 1
"""

# One that was broken off may have gone on and been broken off again since.
_OTHERS_SINCE = """
SELECT EXISTS (SELECT FROM load_run WHERE id <> $1 AND (id > $1 OR state = 'running' OR ended_at > $2))
"""


async def hold(connection: asyncpg.Connection) -> None:
    """Keep others from loading while this connection lives. Raises InputError when somebody else loads."""
    if not await connection.fetchval("SELECT pg_try_advisory_lock(hashtext($1))", _ONE_LOAD):
        raise InputError(_ANOTHER)


async def hold_for_transaction(connection: asyncpg.Connection) -> None:
    """The same until the connection's transaction ends."""
    if not await connection.fetchval("SELECT pg_try_advisory_xact_lock(hashtext($1))", _ONE_LOAD):
        raise InputError(_ANOTHER)


async def begin(
    connection: asyncpg.Connection, kind: str, given: CsvInput, clock: Clock, *, replaces: bool, anew: bool
) -> Run:
    """The run of this file: a new one, the one that was broken off, or the one that has finished.

    `replaces` says that this kind of file puts something in place of what is there. Then what the register holds
    depends on what was loaded last: such a file is never left alone, and one that was broken off begins again where
    another was loaded since.

    Raises InputError when a load of a file of this name was broken off and the file has changed since, unless `anew`.
    """
    name = str(given.file.resolve())
    async with connection.transaction():
        await lock_batch(connection)
        found = await connection.fetchrow(_FOUND, kind, given.digest, name, replaces)
        if found is not None and not anew and found["file_digest"] != given.digest:
            raise InputError(
                f"{given.file}: tệp đã thay đổi từ lần nạp dở; nạp lại đúng tệp cũ, hoặc thêm --anew · the file has "
                "changed since its load was broken off; load it as it was, or say --anew"
            )
        if found is not None and (
            anew or (replaces and await connection.fetchval(_OTHERS_SINCE, found["id"], found["started_at"]))
        ):
            await connection.execute(
                "UPDATE load_run SET state = 'given_up', ended_at = $2 WHERE id = $1 AND state = 'running'",
                found["id"], clock.now(),
            )  # fmt: skip
            found = None
        if found is None:
            found = await connection.fetchrow(
                "INSERT INTO load_run (kind, file_name, file_digest, started_at, lines, octets)"
                " VALUES ($1, $2, $3, $4, 1, $5) RETURNING *, false AS finished",
                kind, name, given.digest, clock.now(), given.header_octets,
            )  # fmt: skip
    run = Run(*(found[name] for name in ("id", "finished", "lines", "octets", "added", "changed", "refused")))
    if run.finished:
        run.added = run.changed = 0
        run.left_alone = found["ended_at"]
    return run


async def lock_batch(connection: asyncpg.Connection) -> None:
    """Wait until no other batch is being written, and keep others waiting until this transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext($1))", _ONE_BATCH)


async def advance(connection: asyncpg.Connection, run: Run, before: int, remarks: Iterable[tuple[int, str]]) -> None:
    """Write down how far `run` is, where the database has it `before` octets into the file, with new remarks.

    Raises InputError when the database has it elsewhere.
    """
    lines, codes = [], []
    for line, code in remarks:
        lines.append(line)
        codes.append(code)
    if lines:
        await connection.execute(
            "INSERT INTO load_remark SELECT $1, * FROM unnest($2::bigint[], $3::text[]) ON CONFLICT DO NOTHING",
            run.id, lines, codes,
        )  # fmt: skip
    status = await connection.execute(
        "UPDATE load_run SET lines = $3, octets = $4, added = $5, changed = $6, refused = $7"
        " WHERE id = $1 AND octets = $2 AND state = 'running'",
        run.id, before, run.lines, run.octets, run.added, run.changed, run.refused,
    )  # fmt: skip
    if status != "UPDATE 1":
        raise InputError("lần nạp này đã được tiếp tục ở nơi khác · this load has gone on elsewhere")


async def finish(connection: asyncpg.Connection, run: Run, clock: Clock) -> None:
    """Write down that the file has come to its end. Durable when this returns, with all that went before."""
    async with connection.transaction():
        await connection.execute("SET LOCAL synchronous_commit = on")
        await connection.execute(
            "UPDATE load_run SET state = 'finished', ended_at = $2 WHERE id = $1 AND state = 'running'",
            run.id, clock.now(),
        )  # fmt: skip
    run.finished = True
