"""Letting messages that pass side by side reach the log together, so that one commit carries several.

A commit costs the same for one message as for ten, on this server and on the database's. Left to themselves, messages
trickle in by ones and twos; so while others are being written, the next ones wait a few milliseconds for company
(PostgreSQL's own commit_delay does the same, but spares only the flush). A message that comes alone never waits.
"""

from __future__ import annotations

import asyncio

from ketnoi_securityserver.messagelog import Record, ReplayKey
from ketnoi_securityserver.parties import Records


class Gathering:
    """Hands records to `log` in groups that begin at least `pause` seconds apart while there is company."""

    def __init__(self, log: Records, pause: float) -> None:
        self._log = log
        self._pause = pause
        self._under_way = 0
        self._last = 0.0
        self._group: list[asyncio.Future[None]] = []

    async def record(self, *records: Record, replay: ReplayKey | None = None) -> None:
        """As MessageLog.record, perhaps a little later."""
        if self._under_way or self._group:
            await self._company()
        self._under_way += 1
        try:
            await self._log.record(*records, replay=replay)
        finally:
            self._under_way -= 1

    async def _company(self) -> None:
        loop = asyncio.get_running_loop()
        if not self._group:
            now = loop.time()
            begins = self._last + self._pause
            if now >= begins:
                self._last = now
                return
            loop.call_at(begins, self._begin, begins)
        # One for each: an exchange that is given up must not take the others with it.
        waits = loop.create_future()
        self._group.append(waits)
        await waits

    def _begin(self, moment: float) -> None:
        group, self._group, self._last = self._group, [], moment
        for waits in group:
            if not waits.done():
                waits.set_result(None)
