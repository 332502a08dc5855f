"""The identity side's tables in an empty database, without Django's."""

from __future__ import annotations

import asyncio

import psycopg

from ketnoi_identity.accounts import terms
from ketnoi_runtime.database import migrate, open_pool


def make_tables(database: str) -> None:
    """Migrate, and keep the terms that are shipped."""

    async def make() -> None:
        pool = await open_pool(database)
        try:
            await migrate(pool, "ketnoi_identity")
        finally:
            await pool.close()

    asyncio.run(make())
    with psycopg.connect(database) as connection, connection.cursor() as cursor:
        terms.keep(cursor, terms.wordings())
