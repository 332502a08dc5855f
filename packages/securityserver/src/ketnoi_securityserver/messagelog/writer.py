"""Writing the message log: one statement at a time for all messages that wait (group commit).

A node has one writer connection, which holds an advisory lock in the node's name, and one sequence. While a statement
is under way, the messages that come gather for the next one; nobody waits for more than two commits.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from datetime import date
from typing import Any

import asyncpg
import msgspec

from ketnoi_protocol.errors import Refusal
from ketnoi_securityserver.messagelog.encryption import BodyCipher, Place, Sealed
from ketnoi_securityserver.messagelog.partitions import make_partitions
from ketnoi_securityserver.messagelog.records import Record, ReplayKey
from ketnoi_securityserver.messagelog.statements import WRITE, WRITE_WITH_REPLAY_KEYS, Row, row_of

logger = logging.getLogger(__name__)

LARGE_BODY = 64 * 1024
"""Octets; a longer body is written by itself, so that small messages do not wait for it."""

MOST_IN_ONE_COMMIT = 256

LONGEST_MESSAGE_ID = 255
"""Characters; what X-Road's own message log holds."""

_START_PAUSE = 0.1

_SESSION = {
    "synchronous_commit": "on",
    "timezone": "UTC",
    "statement_timeout": "5000",
    "client_connection_check_interval": "1000",
    # A node whose machine is gone must not hold its place for the two hours that systems wait by themselves.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}


class _Waiting(msgspec.Struct):
    rows: list[Row]
    replay_key: bytes | None
    done: asyncio.Future[None]


class MessageLog:
    """The log of one node. `timeout` in seconds is how long a commit may take before its messages are refused."""

    def __init__(self, dsn: str, node_id: str, cipher: BodyCipher, *, timeout: float = 5.0) -> None:
        if not node_id or "\n" in node_id:
            raise ValueError("a node needs a name of one line")
        self._dsn = dsn
        self.node_id = node_id
        self._cipher = cipher
        self._timeout = timeout
        self._connection: Any = None
        self._write: Any = None
        self._write_with_replay_keys: Any = None
        self._side: Any = None
        self._side_lock = asyncio.Lock()
        self._sequence = 0
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None
        self._days: set[date] = set()
        self._halted: str | None = None

    async def start(self) -> None:
        """Take the node's place as its only writer; a process that was killed may hold it for a moment longer.

        Raises OSError or asyncpg.PostgresError when the database is not there, Refusal `logging_failed` when another
        process still writes under this node's name after `timeout`.
        """
        deadline = asyncio.get_running_loop().time() + self._timeout
        while self._connection is None:
            try:
                await self._connected()
            except Refusal:
                if asyncio.get_running_loop().time() >= deadline:
                    raise
                await asyncio.sleep(_START_PAUSE)
        if await self._connection.fetchval("SHOW log_error_verbosity") != "terse":
            logger.warning("PostgreSQL may quote messages in its own log: set log_error_verbosity to terse")

    async def stop(self) -> None:
        """Write what waits, then close."""
        while self._writing is not None:
            await asyncio.shield(self._writing)
        for connection in (self._connection, self._side):
            if connection is not None and not connection.is_closed():
                await connection.close(timeout=self._timeout)
        self._connection = self._side = None

    def halt(self, reason: str | None) -> None:
        """Refuse all records from now on for this reason; None lets them through again."""
        if reason != self._halted:
            logger.log(logging.ERROR if reason else logging.INFO, "the message log %s", reason or "is open again")
        self._halted = reason

    @property
    def halted(self) -> str | None:
        """Why no record is taken, or None."""
        return self._halted

    async def record(self, *records: Record, replay: ReplayKey | None = None) -> None:
        """Make the records durable, all or none. With `replay`, only if this key was never recorded before.

        Raises Refusal: `replayed_message`; `logging_failed` when it is not certain that they are durable;
        `timestamping_failed` while records are not taken because they could not be time-stamped; `bad_request` for a
        message id that the log cannot hold.
        """
        if self._halted is not None:
            raise Refusal("timestamping_failed", self._halted)
        for record in records:
            # In the database's hands it would fail the whole commit, with everybody else's messages.
            if not 0 < len(record.message_id) <= LONGEST_MESSAGE_ID or not record.message_id.isprintable():
                raise Refusal("bad_request", f"a message id is 1 to {LONGEST_MESSAGE_ID} printable characters")
        key = None
        if replay is not None:
            key = hashlib.sha256(str(replay.client).encode() + b"\n" + replay.digest).digest()
        rows: list[Row] = []
        for record in records:
            elsewhere = record.body is not None and len(record.body) > LARGE_BODY
            digest, sealed = await self._large(record) if elsewhere else self._sealed(record)
            claims = key is not None and not rows
            rows.append(row_of(record, digest, sealed, body_elsewhere=elsewhere, replay_key=key, claims=claims))
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(rows, key, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_waiting())
        await done

    def _sealed(self, record: Record) -> tuple[bytes | None, Sealed | None]:
        if record.body is None:
            return None, None
        place = Place(self.node_id, record.at.date(), record.own, record.message_id, record.is_response)
        return record.body_digest or hashlib.sha512(record.body).digest(), self._cipher.seal(record.body, place)

    async def _large(self, record: Record) -> tuple[bytes | None, Sealed]:
        """Seal a large body in a thread and write it by itself. Without its record it is a row that names nothing."""
        digest, sealed = await asyncio.to_thread(self._sealed, record)
        assert sealed is not None
        day = record.at.date()
        try:
            async with asyncio.timeout(self._timeout), self._side_lock:
                if self._side is None or self._side.is_closed():
                    self._side = await asyncpg.connect(self._dsn, server_settings=_SESSION)
                if day not in self._days:
                    await make_partitions(self._side, day)
                await self._side.execute(
                    "INSERT INTO message_body (day, node_id, id, key_id, ciphertext) VALUES ($1, $2, $3, $4, $5)",
                    day, self.node_id, sealed.id, sealed.key_id, sealed.ciphertext,
                )  # fmt: skip
        except Exception as error:
            self._drop(self._side)
            self._side = None
            # Without its cause: what the database says may quote the row.
            raise _failed(error) from None
        return digest, sealed

    async def _write_waiting(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST_IN_ONE_COMMIT], self._waiting[MOST_IN_ONE_COMMIT:]
                await self._write_batch(batch)
        finally:
            self._writing = None

    async def _write_batch(self, batch: list[_Waiting]) -> None:
        claimed: dict[bytes, _Waiting] = {}
        try:
            fresh = await self._commit(batch, claimed)
        except Exception as error:
            # What the database did with the statement is not known: begin again on a new connection.
            self._drop(self._connection)
            self._connection = None
            for each in batch:
                if not each.done.done():
                    each.done.set_exception(error if isinstance(error, Refusal) else _failed(error))
            return
        for each in batch:
            if each.done.done():
                continue
            if each.replay_key is None or (claimed[each.replay_key] is each and each.replay_key in fresh):
                each.done.set_result(None)
            else:
                each.done.set_exception(Refusal("replayed_message", "this message was accepted before"))

    async def _commit(self, batch: list[_Waiting], claimed: dict[bytes, _Waiting]) -> set[bytes]:
        rows: list[Row] = []
        for each in batch:
            key = each.replay_key
            # Of two equal keys in one batch only the first goes to the database; the second is a replay either way.
            if key is None or claimed.setdefault(key, each) is each:
                rows += each.rows
        days = {row[0] for row in rows} - self._days
        if days or self._connection is None or self._connection.is_closed():
            async with asyncio.timeout(self._timeout):
                await self._prepare(days)
        before, self._sequence = self._sequence, self._sequence + len(rows)
        statement = self._write_with_replay_keys if claimed else self._write
        written = await statement.fetch(self.node_id, before, rows, timeout=self._timeout)
        return {row["key"] for row in written}

    async def _prepare(self, days: set[date]) -> None:
        await self._connected()
        for day in days:
            await make_partitions(self._connection, day)
            self._days.add(day)

    async def _connected(self) -> None:
        if self._connection is not None and not self._connection.is_closed():
            return
        connection = await asyncpg.connect(self._dsn, server_settings=_SESSION, timeout=self._timeout)
        try:
            # The lock goes with its session, so whatever an earlier connection still had under way is decided now.
            held = await connection.fetchval(
                "SELECT pg_try_advisory_lock(hashtextextended($1, 0))", f"message log writer {self.node_id}"
            )
            if not held:
                raise Refusal("logging_failed", "another process writes the message log under this node's name")
            await connection.execute("INSERT INTO log_node VALUES ($1) ON CONFLICT DO NOTHING", self.node_id)
            self._write = await connection.prepare(WRITE)
            self._write_with_replay_keys = await connection.prepare(WRITE_WITH_REPLAY_KEYS)
            # Preparing leaves a transaction open, with locks on the tables; this statement ends it.
            self._sequence = await connection.fetchval(
                "SELECT greatest((SELECT max(sequence) FROM record WHERE node_id = $1),"
                " (SELECT max(last_sequence) FROM batch WHERE node_id = $1), 0)",
                self.node_id,
            )
        except BaseException:
            connection.terminate()
            raise
        self._connection = connection

    @staticmethod
    def _drop(connection: Any) -> None:
        if connection is not None and not connection.is_closed():
            connection.terminate()


def _failed(error: Exception) -> Refusal:
    logger.error("the message log cannot be written: %s", type(error).__name__)
    return Refusal("logging_failed", "the message log cannot be written at this moment")
