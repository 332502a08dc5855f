"""What watchers ask at the door: the alarms behind the last one they have."""

from __future__ import annotations

import asyncio
import logging
import re

import asyncpg
import msgspec

from ketnoi_protocol.errors import Refusal
from ketnoi_runtime.database import DATABASE_ERRORS

from . import rows

_log = logging.getLogger(__name__)
_AFTER = re.compile(r"after=([0-9]{1,18})")


class AlarmReading:
    """Reads alarms for watchers, each time within `timeout` seconds."""

    def __init__(self, pool: asyncpg.Pool, timeout: float) -> None:
        self._pool = pool
        self._timeout = timeout

    async def read(self, query: str) -> bytes:
        """The answer to `/alarms?query` as JSON. Raises Refusal `bad_request`, `99`."""
        after = _AFTER.fullmatch(query or "after=0")
        if after is None:
            raise Refusal("bad_request", "after is the id of an alarm")
        try:
            async with asyncio.timeout(self._timeout):
                return msgspec.json.encode(await rows.after(self._pool, int(after[1])))
        except (*DATABASE_ERRORS, TimeoutError) as error:
            _log.error("alarms could not be read: %s", type(error).__name__)
            raise Refusal("99", "the alarms cannot be read at this moment") from None
