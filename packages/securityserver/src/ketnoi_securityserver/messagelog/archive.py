"""Archives: the messages of a node as ASiC-E containers in files that are linked to each other, sealed on the disk.

X-Road's form (x-road.md D.5): an uncompressed ZIP of containers with `linkinginfo`, in which each digest covers the one
before and so the whole past. What is ours: the file is sealed with the message log's key, and while bodies are to be
deleted after a time, archives hold none, since nobody could delete them there.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import logging
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from ketnoi_runtime.clock import Clock
from ketnoi_securityserver.messagelog import export
from ketnoi_securityserver.messagelog.encryption import BodyCipher
from ketnoi_securityserver.messagelog.reading import Logged, read_on

logger = logging.getLogger(__name__)

LINKING_INFO = "linkinginfo"
SEALED = ".sealed"
LARGEST = 32 * 1024 * 1024
"""Octets of containers in one file."""

MOST_MESSAGES = 10_000
"""In one file; readers take no more (ketnoi_trust.archives)."""

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Link:
    """The last archive of a chain: its file name and its last digest (hexadecimal); empty before the first."""

    file_name: str = ""
    digest: str = ""


def archive_of(containers: Sequence[tuple[str, bytes]], before: Link) -> tuple[bytes, str]:
    """The ZIP of (name, container) in order, linked to the archive before, and its own last digest."""
    digest = before.digest
    lines = [f"{before.digest or '-'} {before.file_name or '-'} SHA-512"]
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        for name, content in containers:
            digest = hashlib.sha512((digest + hashlib.sha512(content).hexdigest()).encode()).hexdigest()
            lines.append(f"{digest} {name}")
            archive.writestr(zipfile.ZipInfo(name), content)
        archive.writestr(zipfile.ZipInfo(LINKING_INFO), "\n".join(lines) + "\n")
    return written.getvalue(), digest


def open_archive(path: Path, cipher: BodyCipher) -> bytes:
    """The ZIP within a sealed archive file. Raises OSError, MessageLogKeyError."""
    return cipher.open_archive(path.name, path.read_bytes())


class Archiver:
    """Writes what has been time-stamped into files below `folder`, every `interval_seconds`.

    Each node's messages make a chain of their own; whichever node holds the advisory lock writes it, so that the
    messages of a node that is gone are archived too. `bodies` says whether bodies go in.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        cipher: BodyCipher,
        clock: Clock,
        folder: Path,
        *,
        interval_seconds: float = 21_600.0,
        bodies: bool = True,
        largest: int = LARGEST,
    ) -> None:
        self._pool = pool
        self._cipher = cipher
        self._clock = clock
        self._folder = folder
        self._interval_seconds = interval_seconds
        self._bodies = bodies
        self._largest = largest
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to archive on the interval. Raises OSError when the folder cannot be made."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._task = asyncio.create_task(self._keep_archiving())

    async def stop(self) -> None:
        """Stop; what is not archived yet waits for the next start."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def archive(self) -> list[Path]:
        """Archive everything that is time-stamped by now; the files written."""
        files = []
        for row in await self._pool.fetch("SELECT node_id FROM log_node ORDER BY node_id"):
            while path := await self._archive_next(row["node_id"]):
                files.append(path)
        return files

    async def _keep_archiving(self) -> None:
        while True:
            await asyncio.sleep(self._interval_seconds)
            try:
                await self.archive()
            except Exception as error:
                logger.error("the message log could not be archived: %s", type(error).__name__)

    async def _archive_next(self, node: str) -> Path | None:
        """The node's next file; None when nothing waits or another process is at it."""
        async with self._pool.acquire() as connection, connection.transaction():
            mine = await connection.fetchval(
                "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))", f"message log archive {node}"
            )
            if not mine:
                return None
            last = await connection.fetchrow(
                "SELECT last_sequence, file_name, digest FROM archive WHERE node_id = $1"
                " ORDER BY last_sequence DESC LIMIT 1",
                node,
            )
            before = Link() if last is None else Link(last["file_name"], last["digest"])
            messages = await self._gathered(connection, node, 0 if last is None else last["last_sequence"])
            if not messages:
                return None
            logged = [each for each, _ in messages]
            named = [(export.file_name(each), content) for each, content in messages]
            content, digest = await asyncio.to_thread(archive_of, named, before)
            times = (f"{each.logged_at:%Y%m%d%H%M%S}" for each in (logged[0], logged[-1]))
            name = f"mlog-{export.escaped(node)}-{'-'.join(times)}-{digest[:16]}.zip"
            path = self._folder / (name + SEALED)
            await asyncio.to_thread(_write_durably, path, self._cipher.seal_archive(path.name, content))
            await connection.execute(
                "INSERT INTO archive VALUES ($1, $2, $3, $4, $5, $6)",
                node,
                logged[0].sequence,
                logged[-1].sequence,
                name,
                digest,
                self._clock.now(),
            )
            return path

    async def _gathered(self, connection: Any, node: str, after: int) -> list[tuple[Logged, bytes]]:
        """As many of the node's next messages as fit one file, with their containers."""
        stamped = await connection.fetchval("SELECT max(last_sequence) FROM batch WHERE node_id = $1", node)
        gathered: list[tuple[Logged, bytes]] = []
        size = 0
        while stamped is not None:
            messages = await read_on(connection, self._cipher, node, after, stamped, _AT_ONCE, bodies=self._bodies)
            if not messages:
                break
            for logged, content in zip(messages, await asyncio.to_thread(_containers, messages), strict=True):
                size += len(content)
                if gathered and (size > self._largest or len(gathered) == MOST_MESSAGES):
                    return gathered
                gathered.append((logged, content))
            after = messages[-1].sequence
        return gathered


def _containers(messages: Sequence[Logged]) -> list[bytes]:
    return [export.container_of(each) for each in messages]


def _write_durably(path: Path, content: bytes) -> None:
    """Whole under its name, and on the disk before the database says that it is there."""
    fresh = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
