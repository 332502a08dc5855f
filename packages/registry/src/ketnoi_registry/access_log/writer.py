"""Writing the access log: one statement at a time for all calls that wait (group commit), durable when it returns."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import asyncpg

from .entries import Call, Earlier

REPEATED = "12"
"""Result code of a call whose MaYeuCau was used before with other content."""

_BATCH = 500


class AccessLogError(Exception):
    """The row is not known to be durable; the answer must not leave."""


# The calls' rows and their MaYeuCau in one statement, so in one commit. DO UPDATE takes over a use that is older than
# the window; otherwise it changes nothing, but waits for and returns a row that another node is inserting at this
# moment. Whose use it is then, the random `claim` tells. DISTINCT ON in key order keeps two calls of one batch apart
# and two nodes from locking crosswise. A repetition of the same content is not written here, since only its kept
# answer tells what leaves.
_WRITE = """
WITH call AS (
    SELECT * FROM unnest(
        $1::int[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::bytea[], $15::bytea[], $16::bigint[],
        $17::bytea[], $18::bool[], $19::text[], $20::text[], $21::text[]
    ) AS c(n, at, instance, consumer, service, message_id, result_code, released_fields, subject_key_id,
           integration_account, unit, officer, procedure_code, request_digest, content_digest, claim, answer, repeats,
           system, consent, officer_identity)
), subject AS (
    SELECT * FROM unnest($22::int[], $23::bytea[], $24::text[]) AS s(n, pseudonym, role)
), used AS (
    INSERT INTO used_request AS old (request_digest, content_digest, first_used_at, claim, answer)
    SELECT DISTINCT ON (request_digest) request_digest, content_digest, at, claim, answer
    FROM call WHERE claim IS NOT NULL ORDER BY request_digest, n
    ON CONFLICT (request_digest) DO UPDATE SET
        (content_digest, first_used_at, claim, answer) = (
            SELECT newer.* FROM (
                SELECT excluded.content_digest, excluded.first_used_at, excluded.claim, excluded.answer
                WHERE old.first_used_at <= excluded.first_used_at - $27::interval
                UNION ALL
                SELECT old.content_digest, old.first_used_at, old.claim, old.answer
                WHERE old.first_used_at > excluded.first_used_at - $27::interval
            ) AS newer)
    RETURNING request_digest, content_digest, claim, answer
), judged AS (
    SELECT call.*, used.answer AS kept,
        CASE WHEN call.claim IS NULL OR used.claim = call.claim THEN 'first'
             WHEN used.content_digest = call.content_digest THEN 'same' ELSE 'other' END AS standing
    FROM call LEFT JOIN used USING (request_digest)
), written AS (
    INSERT INTO access_log (
        logged_at, node_id, subject_key_id, subject_pseudonym, subject_role, instance, consumer,
        integration_account, unit, officer, officer_identity, procedure_code, service, message_id, request_digest,
        result_code, released_fields, repeats, system, consent)
    SELECT at, $25, CASE WHEN pseudonym IS NOT NULL THEN subject_key_id END, pseudonym, role, instance, consumer,
        integration_account, unit, officer, CASE WHEN officer IS NOT NULL THEN officer_identity END,
        procedure_code, service, message_id, request_digest,
        CASE WHEN standing = 'other' THEN $26 ELSE result_code END,
        CASE WHEN standing = 'other' THEN '{}' ELSE string_to_array(released_fields, ',') END, repeats,
        system, consent
    FROM judged LEFT JOIN subject USING (n) WHERE standing <> 'same'
)
SELECT n, standing, kept FROM judged WHERE standing <> 'first'
"""


class AccessLog:
    """The writer of one node: one connection of its own, one statement in flight, everybody else waits for the next.

    `timeout` is how long a write may take, in seconds, before the calls in it are refused; `window` how long a
    MaYeuCau stays taken.
    """

    def __init__(self, dsn: str, node_id: str, *, timeout: float = 5.0, window: timedelta = timedelta(days=1)) -> None:
        self._dsn = dsn
        self._node_id = node_id
        self._timeout = timeout
        self._window = window
        self._connection: asyncpg.Connection | None = None
        self._waiting: list[tuple[Call, asyncio.Future[Earlier | None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._months: set[tuple[int, int]] = set()

    async def start(self) -> None:
        """Connect. Raises OSError or asyncpg.PostgresError when the database cannot be reached."""
        await self._connected()

    async def stop(self) -> None:
        """Write what waits, then close."""
        while self._writing is not None:
            await asyncio.shield(self._writing)
        await self._close()

    async def record(self, call: Call) -> Earlier | None:
        """Make `call` durable, and None: it is written as it is told.

        When it claims a MaYeuCau that was taken before, the earlier use: with other content it is logged as such; with
        the same content nothing is logged yet, and the caller must record what it answers with, as one that repeats.
        Raises AccessLogError when durability is not certain.
        """
        done: asyncio.Future[Earlier | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((call, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_waiting())
        return await done

    async def _write_waiting(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
                await self._write_batch(batch)
        finally:
            self._writing = None

    async def _write_batch(self, batch: list[tuple[Call, asyncio.Future[Earlier | None]]]) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                earlier = await self._write([call for call, _ in batch])
        except Exception as error:
            # What the database did with the statement is not known: begin again on a new connection.
            await self._close()
            for _, done in batch:
                if not done.done():
                    done.set_exception(AccessLogError(type(error).__name__))
        else:
            for number, (_, done) in enumerate(batch):
                if not done.done():
                    done.set_result(earlier.get(number))

    async def _write(self, calls: Sequence[Call]) -> dict[int, Earlier]:
        connection = await self._connected()
        for month in {(call.at.year, call.at.month) for call in calls} - self._months:
            await _make_partition(connection, *month)
            self._months.add(month)
        rows = await connection.fetch(
            _WRITE, *_columns(calls), *_subjects(calls), self._node_id, REPEATED, self._window
        )
        return {row["n"]: _earlier(row["standing"] == "same", row["kept"]) for row in rows}

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(
                self._dsn, server_settings={"synchronous_commit": "on", "timezone": "UTC"}
            )
        return self._connection

    async def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


def _earlier(same: bool, kept: bytes | None) -> Earlier:
    return Earlier(same, kept if same else None)


def _columns(calls: Sequence[Call]) -> tuple[list[object], ...]:
    rows = [
        (
            n, call.at, call.instance, call.consumer, call.service, call.message_id, call.result_code,
            ",".join(call.released_fields), call.subject_key_id, call.integration_account, call.unit, call.officer,
            call.procedure_code, call.request_digest, call.content_digest,
            secrets.randbits(63) if call.claims else None, call.answer, call.repeats,
            call.system, call.consent, call.officer_identity,
        )
        for n, call in enumerate(calls)
    ]  # fmt: skip
    return tuple(list(column) for column in zip(*rows, strict=True))


def _subjects(calls: Sequence[Call]) -> tuple[list[int], list[bytes], list[str]]:
    found = [(n, subject) for n, call in enumerate(calls) for subject in call.subjects]
    return [n for n, _ in found], [s.pseudonym for _, s in found], [s.role for _, s in found]


async def _make_partition(connection: asyncpg.Connection, year: int, month: int) -> None:
    begin = datetime(year, month, 1, tzinfo=UTC)
    end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('access_log partitions'))")
        name = f"access_log_{year:04}_{month:02}"
        if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", name):
            return
        await connection.execute(
            f"CREATE TABLE {name} PARTITION OF access_log"
            f" FOR VALUES FROM ('{begin.isoformat()}') TO ('{end.isoformat()}')"
        )
        await connection.execute(
            f"CREATE TRIGGER is_never_emptied BEFORE TRUNCATE ON {name}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
