"""Migrated databases and started registries, and a way to use them from a plain test function."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest

from ketnoi_runtime.database import migrate, open_pool

from .people_csv import Register
from .worlds import World


@pytest.fixture
def with_pool(database: str) -> Callable[[Callable[[asyncpg.Pool], Awaitable[Any]]], Any]:
    """`with_pool(act)` runs `await act(pool)` on a fresh, migrated database and returns what it returned."""

    def run(act: Callable[[asyncpg.Pool], Awaitable[Any]]) -> Any:
        async def inside() -> Any:
            pool = await open_pool(database)
            try:
                await migrate(pool, "ketnoi_registry")
                return await act(pool)
            finally:
                await pool.close()

        return asyncio.run(inside())

    return run


class Running:
    """A world on a loop of its own, shared by the tests of one file."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def do(self, act: Callable[[World], Awaitable[Any]]) -> Any:
        """`await act(world)`, and what it returned."""

        async def inside() -> Any:
            return await act(self.world)

        return asyncio.run_coroutine_threadsafe(inside(), self.loop).result(60)

    def start(self) -> None:
        self.do(lambda world: world.start(self._stack, poll_seconds=3600.0))

    def stop(self) -> None:
        async def end(_world: World) -> None:
            await self._stack.aclose()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self.do(end)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


@pytest.fixture(scope="module")
def running(cluster: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A registry with the people of `population`, started once for a file."""
    running = Running(World(tmp_path_factory.mktemp("world"), cluster.create_database()))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def do(running: Running) -> Iterator[Callable[[Callable[[World], Awaitable[Any]]], Any]]:
    """`do(act)` runs `await act(world)`; what `act` changed in the directory is undone afterwards."""
    yield running.do

    async def undo(world: World) -> None:
        if world.changed:
            world.set_up()
            await world.publish_and_poll()
            world.changed = False

    running.do(undo)


@pytest.fixture
def register(database: str) -> Register:
    """A migrated, empty database, and ways to load a file into it."""
    return Register(database)
