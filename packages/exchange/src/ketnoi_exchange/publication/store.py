"""Publications in the database: one after the other, each expiring later than the one before.

Whoever publishes holds an advisory lock, so that of several nodes one signs and the others take over what it signed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from ketnoi_exchange.publication.registered import Registered, read_registered
from ketnoi_exchange.publication.signing import Directories, Written

_LOCK = "SELECT pg_advisory_lock(hashtext('ketnoi-exchange publication'))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtext('ketnoi-exchange publication'))"


class ClockBehind(Exception):  # noqa: N818
    """The clock stands so far before the last publication that nothing may be published over it."""


@dataclass(frozen=True, slots=True)
class Publication:
    """One publication. `version` is the platform's, `paths` the files that its directories list."""

    sequence: int
    version: int
    signer: str
    node: str
    published_at: datetime
    expires_at: datetime
    paths: frozenset[str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the platform and its last publication stand to each other. `signer` is the key that must sign now."""

    instance: str
    rehearsal: bool
    version: int
    signer: str | None
    last: Publication | None

    def is_due(self, at: datetime, interval: timedelta) -> bool:
        """Whether there is anything new to publish, or the last publication has grown old."""
        if self.last is None or self.last.version != self.version:
            return True
        # A clock set back makes the last publication look like one of the future.
        return not self.last.published_at <= at < self.last.published_at + interval


class PublicationStore:
    """The publications of one platform."""

    def __init__(self, pool: asyncpg.Pool, node: str) -> None:
        self._pool = pool
        self._node = node

    async def standing(self) -> Standing | None:
        """None before `init`. Raises OSError or asyncpg's errors when the database is away."""
        async with self._pool.acquire(timeout=10) as connection:
            return await _standing(connection)

    async def publish(
        self,
        is_due: Callable[[Standing], bool],
        make: Callable[[Registered], Written],
        sign: Callable[[Registered, Written, datetime], Directories],
        now: Callable[[], datetime],
        validity: timedelta,
        keep: timedelta,
    ) -> tuple[Publication, Directories, dict[str, bytes]] | None:
        """Publish what is registered; None when another node has just done it.

        `make` and `sign` run in a thread. Raises what they raise, ClockBehind, and as `standing` does.
        """
        async with self._pool.acquire(timeout=10) as connection:
            try:
                await connection.execute(_LOCK, timeout=30)
                # The moment that is read begins after the lock is ours.
                async with connection.transaction(isolation="repeatable_read"):
                    standing = await _standing(connection)
                    if standing is None or not is_due(standing):
                        made = None
                    else:
                        at = now()
                        expires_at = _expiry(standing.last, at, validity)
                        registered = await read_registered(connection)
                        written = await asyncio.to_thread(make, registered)
                        directories = await asyncio.to_thread(sign, registered, written, expires_at)
                        assert registered.signer is not None
                        paths = frozenset(written.files)
                        signer = registered.signer[0]
                        publication = Publication(0, written.version, signer, self._node, at, expires_at, paths)
                        publication = await _write(connection, publication, directories, written.files, keep)
                        made = publication, directories, written.files
                await connection.execute(_UNLOCK)
            except BaseException:
                # The lock ends with the session; the pool opens another.
                connection.terminate()
                raise
        return made

    async def read(self, publication: Publication) -> tuple[Directories, dict[str, bytes]] | None:
        """A publication's directories and files; None when it has been cleared away meanwhile."""
        async with self._pool.acquire(timeout=10) as connection, connection.transaction(isolation="repeatable_read"):
            listed = await connection.fetch(
                "SELECT kind, version, data FROM published_directory WHERE sequence = $1", publication.sequence
            )
            files = await connection.fetch(
                "SELECT path, data FROM published_file WHERE path = ANY($1)", list(publication.paths)
            )
        if not listed or len(files) != len(publication.paths):
            return None
        return (
            {(row["kind"], row["version"]): row["data"] for row in listed},
            {row["path"]: row["data"] for row in files},
        )


def _expiry(last: Publication | None, at: datetime, validity: timedelta) -> datetime:
    """When a publication made now expires: strictly later than the last one, to the second as it is written.

    So nobody who has seen a configuration can be given an older one. Raises ClockBehind.
    """
    expires_at = (at + validity).replace(microsecond=0)
    if last is not None and expires_at <= last.expires_at:
        expires_at = last.expires_at + timedelta(seconds=1)
        # Changes in quick succession, and nodes whose clocks differ a little, may lead; a clock set back may not.
        if expires_at > at + 2 * validity:
            raise ClockBehind
    return expires_at


async def _standing(connection: Any) -> Standing | None:
    row = await connection.fetchrow(
        "SELECT platform.instance, rehearsal, platform.version AS at_version,"
        " (SELECT id FROM signing_key WHERE active) AS active_signer, publication.*"
        " FROM platform LEFT JOIN LATERAL"
        " (SELECT * FROM publication ORDER BY sequence DESC LIMIT 1) publication ON true"
    )
    if row is None:
        return None
    last = None
    if row["sequence"] is not None:
        last = Publication(
            row["sequence"],
            row["version"],
            row["signer"],
            row["node"],
            row["published_at"],
            row["expires_at"],
            frozenset(row["paths"]),
        )
    return Standing(row["instance"], row["rehearsal"], row["at_version"], row["active_signer"], last)


async def _write(
    connection: Any,
    publication: Publication,
    directories: Directories,
    files: dict[str, bytes],
    keep: timedelta,
) -> Publication:
    sequence = await connection.fetchval(
        "INSERT INTO publication (version, signer, node, published_at, expires_at, paths)"
        " VALUES ($1, $2, $3, $4, $5, $6) RETURNING sequence",
        publication.version,
        publication.signer,
        publication.node,
        publication.published_at,
        publication.expires_at,
        sorted(publication.paths),
    )
    await connection.executemany(
        "INSERT INTO published_directory VALUES ($1, $2, $3, $4)",
        [(sequence, kind, version, data) for (kind, version), data in directories.items()],
    )
    needed_until = publication.expires_at + keep
    known = await connection.fetch(
        "UPDATE published_file SET needed_until = greatest(needed_until, $2) WHERE path = ANY($1) RETURNING path",
        list(files),
        needed_until,
    )
    fresh = files.keys() - {row["path"] for row in known}
    await connection.executemany(
        "INSERT INTO published_file VALUES ($1, $2, $3)", [(path, files[path], needed_until) for path in sorted(fresh)]
    )
    await connection.execute("DELETE FROM published_file WHERE needed_until < $1", publication.published_at)
    # The last one always stays: it says which expiry must be surpassed.
    await connection.execute(
        "DELETE FROM publication WHERE expires_at < $1 AND sequence < $2", publication.published_at - keep, sequence
    )
    return Publication(
        sequence,
        publication.version,
        publication.signer,
        publication.node,
        publication.published_at,
        publication.expires_at,
        publication.paths,
    )
