"""Time stamps over batches of records, and an end to logging when they have failed for too long.

Every node's records are stamped in their order, by whichever node holds the advisory lock for them, so that a node
that is gone leaves nothing unstamped. X-Road: messagelog, PR-MESS and its system parameters.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from ketnoi_runtime.clock import Clock
from ketnoi_securityserver.fetching import Outcome
from ketnoi_securityserver.messagelog.writer import MessageLog
from ketnoi_trust import timestamps
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused

logger = logging.getLogger(__name__)

MOST_RECORDS = 10_000
RETRY_SECONDS = 60.0
SHORTEST_SECONDS, LONGEST_SECONDS = 60.0, 86_400.0

Asks = Callable[[str, bytes], Awaitable[bytes]]
"""Asks a time-stamping authority: its URL and the query in, the response out. Raises OSError."""


class NotStamped(Exception):  # noqa: N818
    """No authority gave an acceptable time stamp; the text says why, for each of them."""


@dataclass(frozen=True, slots=True)
class TimestampingState:
    """How time-stamping fares. `failing_since` is None while it works; `waiting` counts records not stamped yet."""

    failing_since: datetime | None
    last_success: datetime | None
    last_error: str
    waiting: int
    oldest_waiting: datetime | None


class Timestamper:
    """Stamps what the log holds.

    `interval_seconds` is how often (None: what the configuration says, from a minute to a day); logging stops when
    stamping has failed for longer than `acceptable_failure` seconds (X-Road: acceptable-timestamp-failure-period).
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        log: MessageLog,
        clock: Clock,
        configuration: Callable[[], Configuration],
        asks: Asks,
        *,
        interval_seconds: float | None = None,
        acceptable_failure: float = 14_400.0,
    ) -> None:
        self._pool = pool
        self._log = log
        self._clock = clock
        self._configuration = configuration
        self._asks = asks
        self._interval_seconds = interval_seconds
        self._acceptable_failure = timedelta(seconds=acceptable_failure)
        self._task: asyncio.Task[None] | None = None
        self._stamping = asyncio.Lock()
        self.authorities: dict[str, Outcome] = {}

    async def start(self) -> None:
        """Begin to stamp on the interval."""
        await self._judge()
        self._task = asyncio.create_task(self._keep_stamping())

    async def stop(self) -> None:
        """Stop; what is not stamped yet waits for the next start."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def state(self) -> TimestampingState:
        """How it fares at this moment, for all nodes together."""
        state = await self._pool.fetchrow("SELECT * FROM timestamping_state")
        row = await self._pool.fetchrow(
            "SELECT count(*) AS waiting, min(r.logged_at) AS oldest FROM log_node n JOIN record r"
            " ON r.node_id = n.node_id AND r.sequence > coalesce("
            "  (SELECT max(b.last_sequence) FROM batch b WHERE b.node_id = n.node_id), 0)"
        )
        return TimestampingState(
            state["failing_since"], state["last_success"], state["last_error"], row["waiting"], row["oldest"]
        )

    async def stamp(self) -> int:
        """Stamp everything that waits, whichever node wrote it; the number of records stamped.

        Raises NotStamped. Records that another node is stamping at this moment are left to it; what this process is
        stamping already is waited for, so that nobody is told that their record has no stamp while it gets one.
        """
        async with self._stamping:
            return await self._stamp_all()

    async def _stamp_all(self) -> int:
        nodes = [row["node_id"] for row in await self._pool.fetch("SELECT node_id FROM log_node ORDER BY node_id")]
        stamped = 0
        try:
            for node in nodes:
                while size := await self._stamp_next(node):
                    stamped += size
        except (NotStamped, Refused) as error:
            await self._note_failure(str(error))
            raise NotStamped(str(error)) from error
        if stamped:
            await self._pool.execute(
                "UPDATE timestamping_state SET failing_since = NULL, last_error = '', last_success = $1",
                self._clock.now(),
            )
        await self._judge()
        return stamped

    async def _keep_stamping(self) -> None:
        failed = False
        while True:
            await asyncio.sleep(min(self._seconds(), RETRY_SECONDS) if failed else self._seconds())
            try:
                await self.stamp()
                failed = False
            except NotStamped as error:
                failed = True
                logger.error("no time stamp: %s", error)
            except Exception:
                failed = True
                logger.exception("time-stamping failed")

    def _seconds(self) -> float:
        if self._interval_seconds is not None:
            return self._interval_seconds
        try:
            wanted = self._configuration().timestamp_interval.total_seconds()
        except Refused:
            return SHORTEST_SECONDS
        return min(max(wanted, SHORTEST_SECONDS), LONGEST_SECONDS)

    async def _stamp_next(self, node: str) -> int:
        """Stamp the node's next batch; 0 when nothing waits or another process is at it."""
        async with self._pool.acquire() as connection, connection.transaction():
            mine = await connection.fetchval(
                "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))", f"message log batches {node}"
            )
            if not mine:
                return 0
            records = await connection.fetch(
                "SELECT sequence, signature_digest, configuration_digest FROM record WHERE node_id = $1"
                " AND sequence > coalesce((SELECT max(last_sequence) FROM batch WHERE node_id = $1), 0)"
                " ORDER BY sequence LIMIT $2",
                node,
                MOST_RECORDS,
            )
            if not records:
                return 0
            snapshots = await self._new_snapshots(connection, {row["configuration_digest"] for row in records})
            leaves = [*(row["signature_digest"] for row in records), *snapshots]
            result: bytes | None = None
            if len(leaves) == 1:
                signature = await connection.fetchval(
                    "SELECT signature FROM record WHERE node_id = $1 AND sequence = $2", node, records[0]["sequence"]
                )
                data = timestamps.signature_value(signature)
            else:
                data = result = (await asyncio.to_thread(timestamps.batch, leaves)).result
            token, stamped_at = await self._token(data)
            await connection.execute(
                "INSERT INTO batch VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                node,
                records[0]["sequence"],
                records[-1]["sequence"],
                stamped_at,
                b"".join(leaves),
                snapshots,
                result,
                token,
            )
            return len(records)

    async def _new_snapshots(self, connection: Any, digests: set[bytes]) -> list[bytes]:
        """The configurations that these records name and no batch covers yet."""
        rows = await connection.fetch(
            "SELECT id FROM configuration_snapshot s WHERE digest = ANY($1)"
            " AND NOT EXISTS (SELECT FROM batch b WHERE b.snapshots @> ARRAY[s.id]) ORDER BY id",
            list(digests),
        )
        return [row["id"] for row in rows]

    async def _token(self, data: bytes) -> tuple[bytes, datetime]:
        configuration = self._configuration()
        problems = []
        query = timestamps.request(hashlib.sha512(data).digest())
        for authority in configuration.timestamp_authorities:
            try:
                token = timestamps.token_of(await self._asks(authority.url, query))
                stamp = timestamps.verify(token, data, configuration)
            except OSError as error:
                problem = str(error)
            except Refused as refused:
                problem = f"{refused.code}: {refused.message}"
            else:
                self.authorities[authority.url] = Outcome(self._clock.now(), "")
                return token, stamp.gen_time
            self.authorities[authority.url] = Outcome(self._clock.now(), problem)
            problems.append(f"{authority.url}: {problem}")
        raise NotStamped("; ".join(problems) or "the configuration approves no time-stamping authority")

    async def _note_failure(self, error: str) -> None:
        await self._pool.execute(
            "UPDATE timestamping_state SET failing_since = coalesce(failing_since, $1), last_error = $2",
            self._clock.now(),
            error[:2000],
        )
        await self._judge()

    async def _judge(self) -> None:
        """Open or close the log on this node, as the state of all nodes demands."""
        since = await self._pool.fetchval("SELECT failing_since FROM timestamping_state")
        if since is not None and self._clock.now() - since > self._acceptable_failure:
            self._log.halt("takes no record: time-stamping has failed for longer than is acceptable")
        else:
            self._log.halt(None)
