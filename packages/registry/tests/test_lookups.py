"""Look-ups gather while one query is in flight."""

from __future__ import annotations

import asyncio

import pytest

from ketnoi_registry.store.lookups import Lookups


def test_callers_who_come_during_a_query_share_the_next_one():
    asked: list[list[str]] = []

    async def read(keys):
        asked.append(keys)
        await asyncio.sleep(0.01)
        return {key: key.upper() for key in keys if key != "nobody"}

    async def act():
        lookups = Lookups(read)
        first = asyncio.create_task(lookups.get("a"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        rest = await asyncio.gather(*(lookups.get(key) for key in ("b", "c", "b", "nobody")))
        return await first, rest

    assert asyncio.run(act()) == ("A", ["B", "C", "B", None])
    assert asked == [["a"], ["b", "c", "nobody"]]


def test_a_failed_query_fails_those_who_asked_and_nobody_after():
    async def read(keys):
        if "bad" in keys:
            raise OSError("gone")
        return dict.fromkeys(keys, 1)

    async def act():
        lookups = Lookups(read)
        with pytest.raises(OSError, match="gone"):
            await lookups.get("bad")
        return await lookups.get("good")

    assert asyncio.run(act()) == 1


def test_a_caller_who_goes_away_takes_nothing_from_the_others():
    async def read(keys):
        await asyncio.sleep(0.01)
        return dict.fromkeys(keys, 1)

    async def act():
        lookups = Lookups(read)
        leaving, staying = (asyncio.create_task(lookups.get("a")) for _ in range(2))
        await asyncio.sleep(0)
        leaving.cancel()
        return await staying

    assert asyncio.run(act()) == 1
