"""Many callers, one statement: keys that are waited for go out together as one `= any($1)`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

_BATCH = 1_000


class Lookups(Generic[Key, Value]):
    """One kind of look-up. While one query is in flight, callers gather for the next; nobody waits for a timer."""

    def __init__(self, read: Callable[[list[Key]], Awaitable[Mapping[Key, Value]]]) -> None:
        self._read = read
        self._waiting: dict[Key, asyncio.Future[Value | None]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def get(self, key: Key) -> Value | None:
        """The value of `key`, or None. Raises what the query raised, to everybody who waited for it."""
        found = self._waiting.get(key)
        if found is None:
            found = self._waiting[key] = asyncio.get_running_loop().create_future()
            if self._reading is None:
                self._reading = asyncio.create_task(self._read_waiting())
        # A caller that goes away must not cancel the answer of the others.
        return await asyncio.shield(found)

    async def get_many(self, keys: list[Key]) -> list[Value | None]:
        """The values of `keys`, in their order, asked for together."""
        if len(keys) == 1:
            return [await self.get(keys[0])]
        return list(await asyncio.gather(*(self.get(key) for key in keys)))

    async def _read_waiting(self) -> None:
        try:
            while self._waiting:
                batch = dict(list(self._waiting.items())[:_BATCH])
                for key in batch:
                    del self._waiting[key]
                try:
                    values = await self._read(list(batch))
                except Exception as error:
                    for found in batch.values():
                        found.set_exception(error)
                        found.exception()  # seen: a caller may have gone away
                else:
                    for key, found in batch.items():
                        found.set_result(values.get(key))
        finally:
            self._reading = None
