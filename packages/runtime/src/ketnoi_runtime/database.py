"""PostgreSQL as the servers use it: a small pool, and migrations that run once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from typing import Any, Final

import asyncpg

DATABASE_ERRORS: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What a statement can fail with, whoever is to blame. The last one is raised on a connection that is still busy with
ending a statement which somebody gave up; a moment later it serves again. Whatever goes on by itself must outlive it.
"""

_MIGRATION = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")


async def open_pool(
    dsn: str, *, max_size: int = 3, min_size: int = 1, server_settings: Mapping[str, str] | None = None
) -> asyncpg.Pool:
    """A pool of at most `max_size` connections, whose sessions are handed back without being reset.

    `server_settings` are those of PostgreSQL that hold in every session.
    No statement of ours leaves session state behind, so the reset that asyncpg sends at each release would only
    cost a round trip.

    Raises OSError or asyncpg.PostgresError when the database cannot be reached.
    """
    held = dict(server_settings or {})
    return await asyncpg.create_pool(
        dsn, min_size=min_size, max_size=max_size, reset=_keep_session, server_settings=held
    )


async def _keep_session(_connection: Any) -> None:
    return None


async def migrate(pool: asyncpg.Pool, package: str) -> list[str]:
    """Apply the files `migrations/NNNN_name.sql` of `package` that this database has not seen, in order.

    Runs in one transaction under an advisory lock, so that several nodes may start at once. Returns the names of
    the files applied now.
    """
    folder = resources.files(package) / "migrations"
    files = sorted(entry.name for entry in folder.iterdir() if _MIGRATION.match(entry.name))
    applied = []
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext($1))", f"migrate {package}")
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_version (package text, file text, PRIMARY KEY (package, file))"
        )
        rows = await connection.fetch("SELECT file FROM schema_version WHERE package = $1", package)
        seen = {row["file"] for row in rows}
        for name in files:
            if name not in seen:
                await connection.execute((folder / name).read_text(encoding="utf-8"))
                await connection.execute("INSERT INTO schema_version VALUES ($1, $2)", package, name)
                applied.append(name)
    return applied
