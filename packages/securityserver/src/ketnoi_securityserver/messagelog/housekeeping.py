"""What the log needs besides writing: partitions ahead of time, and an end to what need not be kept."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import asyncpg

from ketnoi_runtime.clock import Clock
from ketnoi_securityserver.messagelog.partitions import days_of, drop_bodies_of, drop_day, make_partitions_ahead
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused

logger = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
CLOCKS_MAY_DIFFER = timedelta(minutes=5)
_DELETED_AT_ONCE = 5000


class Housekeeping:
    """Looks after the log once a minute.

    `body_days` is how long bodies are kept, `record_days` how long records are, None for ever; a day's records go only
    once all of them are in an archive. `forget_replays` only where a message of any age is not taken anyway.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        clock: Clock,
        configuration: Callable[[], Configuration],
        *,
        body_days: int | None = None,
        record_days: int | None = None,
        forget_replays: bool = True,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._configuration = configuration
        self._body_days = body_days
        self._record_days = record_days
        self._forget_replays = forget_replays
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Make the first partitions, then go on in the background."""
        async with self._pool.acquire() as connection:
            await make_partitions_ahead(connection, self._clock.now().date())
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Stop looking after it."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def look(self) -> None:
        """Once: partitions, replay keys, bodies, records."""
        now = self._clock.now()
        async with self._pool.acquire() as connection:
            await make_partitions_ahead(connection, now.date())
            if self._forget_replays:
                with contextlib.suppress(Refused):
                    # A message older than the freshness and the clocks' difference is refused for its age; its key is
                    # kept twice that long.
                    window = self._configuration().ocsp_freshness + CLOCKS_MAY_DIFFER
                    await forget_replay_keys(connection, now - 2 * window)
            if self._body_days is not None:
                await drop_old_bodies(connection, now.date() - timedelta(days=self._body_days))
            if self._record_days is not None:
                await drop_old_days(connection, now.date() - timedelta(days=self._record_days))

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except Exception as error:
                logger.warning("the message log could not be looked after: %s", type(error).__name__)


async def forget_replay_keys(connection: Any, before: datetime) -> int:
    """Delete the replay keys seen before a moment, a few at a time; how many."""
    deleted = 0
    while True:
        done = await connection.execute(
            "DELETE FROM replay_key WHERE key IN (SELECT key FROM replay_key WHERE seen_at < $1 LIMIT $2)",
            before,
            _DELETED_AT_ONCE,
        )
        size = int(done.rpartition(" ")[2])
        deleted += size
        if size < _DELETED_AT_ONCE:
            return deleted


async def drop_old_bodies(connection: Any, before: date) -> int:
    """Delete the bodies of every day before `before`; of how many days."""
    days = await days_of(connection, "message_body")
    return sum([await drop_bodies_of(connection, day) for day in days if day < before])


async def drop_old_days(connection: Any, before: date) -> int:
    """Delete every day before `before` that is archived whole; how many."""
    return sum([await drop_day(connection, day) for day in await days_of(connection, "record") if day < before])
