"""Keeping every configuration that was worked by, so that evidence can be judged when nobody publishes it any more."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

from ketnoi_securityserver.configuration_download import Downloaded

_MANIFEST_HEAD = "ketnoi-configuration-snapshot 1"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One kept configuration. `id` is the SHA-512 of `manifest`, a text that names the SHA-512 of all the rest."""

    id: bytes
    digest: str
    instance: str
    anchor: bytes = field(repr=False)
    directory: bytes = field(repr=False)
    manifest: bytes = field(repr=False)
    version: int
    files: dict[str, bytes] = field(repr=False)
    kept_at: datetime


def manifest_of(anchor: bytes, directory: bytes, files: dict[str, bytes]) -> bytes:
    """The text whose digest is time-stamped: one line each for the anchor, the signed directory and every file."""
    named = [("anchor", anchor), ("directory", directory), *((f"file {name}", files[name]) for name in sorted(files))]
    lines = [_MANIFEST_HEAD, *(f"{name} {hashlib.sha512(data).hexdigest()}" for name, data in named)]
    return ("\n".join(lines) + "\n").encode()


class Snapshots:
    """The kept configurations of all nodes, written for one node."""

    def __init__(self, pool: asyncpg.Pool, node_id: str) -> None:
        self._pool = pool
        self._node_id = node_id

    async def newest_expiry(self, instance: str) -> datetime | None:
        """The latest expiry that any node ever saw on a verified directory of this instance."""
        expiry: datetime | None = await self._pool.fetchval(
            "SELECT expires_at FROM configuration_seen WHERE instance = $1", instance
        )
        return expiry

    async def saw(self, instance: str, expires_at: datetime) -> None:
        """Remember the expiry of a verified directory, if it is the latest."""
        await self._pool.execute(
            "INSERT INTO configuration_seen VALUES ($1, $2) ON CONFLICT (instance) DO UPDATE"
            " SET expires_at = greatest(configuration_seen.expires_at, excluded.expires_at)",
            instance,
            expires_at,
        )

    async def keep(self, instance: str, downloaded: Downloaded, anchor: bytes, digest: str, at: datetime) -> None:
        """Keep a configuration and note that this node works by it from `at` on.

        A directory that was only signed anew, with the same files under the same anchor, is the same configuration.
        """
        files = dict(downloaded.files)
        names = sorted(files)
        manifest = manifest_of(anchor, downloaded.directory, files)
        async with self._pool.acquire() as connection, connection.transaction():
            id_ = await connection.fetchval(
                "SELECT id FROM configuration_snapshot WHERE digest = $1 AND anchor = $2 AND names = $3"
                " AND contents = $4 LIMIT 1",
                bytes.fromhex(digest),
                anchor,
                names,
                [files[name] for name in names],
            )
            if id_ is None:
                id_ = hashlib.sha512(manifest).digest()
                await connection.execute(
                    "INSERT INTO configuration_snapshot (id, digest, instance, anchor, directory, manifest, version,"
                    " names, contents, kept_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
                    " ON CONFLICT DO NOTHING",
                    id_,
                    bytes.fromhex(digest),
                    instance,
                    anchor,
                    downloaded.directory,
                    manifest,
                    downloaded.version,
                    names,
                    [files[name] for name in names],
                    at,
                )
            last = await connection.fetchval(
                "SELECT snapshot FROM configuration_use WHERE node_id = $1 ORDER BY used_from DESC LIMIT 1",
                self._node_id,
            )
            if last != id_:
                await connection.execute(
                    "INSERT INTO configuration_use VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", self._node_id, at, id_
                )

    async def used_at(self, at: datetime | None) -> Snapshot | None:
        """The configuration worked by at a moment (None: now), on this node if it knows one, else on any."""
        row = await self._pool.fetchrow(
            "SELECT s.* FROM configuration_use u JOIN configuration_snapshot s ON s.id = u.snapshot"
            " WHERE u.used_from <= coalesce($1, 'infinity'::timestamptz)"
            " ORDER BY u.node_id = $2 DESC, u.used_from DESC LIMIT 1",
            at,
            self._node_id,
        )
        return _snapshot(row)

    async def named(self, digest: str) -> Snapshot | None:
        """The configuration that records name by this digest."""
        row = await self._pool.fetchrow(
            "SELECT * FROM configuration_snapshot WHERE digest = $1 ORDER BY kept_at LIMIT 1", bytes.fromhex(digest)
        )
        return _snapshot(row)

    async def anchors(self, instance: str) -> list[tuple[datetime, bytes]]:
        """Every anchor this server has worked under, with the moment of its first configuration, oldest first."""
        rows = await self._pool.fetch(
            "SELECT anchor, min(kept_at) AS since FROM configuration_snapshot WHERE instance = $1"
            " GROUP BY anchor ORDER BY since",
            instance,
        )
        return [(row["since"], row["anchor"]) for row in rows]


def _snapshot(row: Any) -> Snapshot | None:
    if row is None:
        return None
    return Snapshot(
        row["id"],
        row["digest"].hex(),
        row["instance"],
        row["anchor"],
        row["directory"],
        row["manifest"],
        row["version"],
        dict(zip(row["names"], row["contents"], strict=True)),
        row["kept_at"],
    )
