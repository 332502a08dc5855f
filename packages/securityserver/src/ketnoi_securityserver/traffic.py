"""How many exchanges the provider side carries: by day, subsystem, service and how each ended; nothing of a message.

Modelled on X-Road's operational monitoring, reduced to counts. A subsystem is named only once its signature has been
verified, a service only once it may be asked, so that nobody can fill the table with names. Counts are written every
few seconds; what a killed process had not written is lost, as in X-Road's own buffer: the message log is the record.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from types import TracebackType
from typing import Final

import asyncpg

from ketnoi_protocol.identifiers import ServiceId, SubsystemId
from ketnoi_runtime.clock import Clock
from ketnoi_runtime.database import DATABASE_ERRORS
from ketnoi_securityserver.observer import outcome_of

logger = logging.getLogger(__name__)

VIETNAM: Final = timezone(timedelta(hours=7))
OK: Final = "ok"
WRITE_SECONDS: Final = 5.0
KEEP_DAYS: Final = 400
"""Long enough to compare a month with that of the year before: our choice."""

Key = tuple[date, str, str, str]


@dataclass(frozen=True, slots=True)
class Count:
    """One row: so many exchanges of a day, of a subsystem, for a service, that ended so (`ok`, a refusal's code, or
    `http_404` where the information system behind answered with that status). Identifiers in colon form, or empty."""

    day: date
    client: str
    service: str
    code: str
    count: int


class Carried:
    """One exchange, counted when the `with` block ends. Its parts are told as soon as they are proved."""

    __slots__ = ("_traffic", "client", "service", "status")

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self.client: SubsystemId | None = None
        self.service: ServiceId | None = None
        self.status = 200

    def __enter__(self) -> Carried:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        code = outcome_of(error)
        if error is None and self.status >= 400:
            code = f"http_{self.status}"
        self._traffic.count(self.client, self.service, code)


class Traffic:
    """The counts of one server; all nodes on one database add to the same rows."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, *, write_seconds: float = WRITE_SECONDS) -> None:
        self._pool = pool
        self._clock = clock
        self._write_seconds = write_seconds
        self._waiting: Counter[Key] = Counter()
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Write in the background from now on."""
        self._task = asyncio.create_task(self._keep_writing())

    async def stop(self) -> None:
        """Write what waits, and end."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        with contextlib.suppress(*DATABASE_ERRORS):
            await self.write()

    def carried(self) -> Carried:
        """An exchange that begins."""
        return Carried(self)

    def count(self, client: SubsystemId | None, service: ServiceId | None, code: str) -> None:
        """One exchange has ended."""
        self._waiting[day_of(self._clock.now()), str(client or ""), str(service or ""), code] += 1

    async def write(self) -> None:
        """Write what waits. What cannot be written waits on; raises what the database raises."""
        async with self._writing:
            taken, self._waiting = self._waiting, Counter()
            if not taken:
                return
            days, clients, services, codes = zip(*taken, strict=True)
            try:
                await self._pool.execute(_ADD, days, clients, services, codes, list(taken.values()))
            except BaseException:
                self._waiting += taken
                raise

    async def since(self, day: date, most: int) -> list[Count]:
        """The counts from `day` on, at most so many, in order; what waits is written first."""
        await self.write()
        rows = await self._pool.fetch(_SINCE, day, most)
        return [Count(*row) for row in rows]

    async def forget(self) -> None:
        """Delete what is older than KEEP_DAYS."""
        before = day_of(self._clock.now()) - timedelta(days=KEEP_DAYS)
        await self._pool.execute("DELETE FROM traffic WHERE day < $1", before)

    async def _keep_writing(self) -> None:
        today: date | None = None
        while True:
            await asyncio.sleep(self._write_seconds)
            try:
                await self.write()
                if today != (today := day_of(self._clock.now())):
                    await self.forget()
            except DATABASE_ERRORS as error:
                logger.warning("the counts of exchanges could not be written: %s", type(error).__name__)


def day_of(at: datetime) -> date:
    """The day in Vietnam."""
    return at.astimezone(VIETNAM).date()


# Sorted, so that two nodes that write at once wait for one another instead of for ever.
_ADD: Final = """
INSERT INTO traffic (day, client, service, code, count)
SELECT * FROM unnest($1::date[], $2::text[], $3::text[], $4::text[], $5::bigint[]) AS t (day, client, service, code, n)
ORDER BY day, client, service, code
ON CONFLICT (day, client, service, code) DO UPDATE SET count = traffic.count + excluded.count
"""
_SINCE: Final = """
SELECT day, client, service, code, count FROM traffic WHERE day >= $1 ORDER BY day, client, service, code LIMIT $2
"""
