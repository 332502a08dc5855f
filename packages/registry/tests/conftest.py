"""A migrated database and a way to use it from a plain test function."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from ketnoi_runtime.database import migrate, open_pool


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
