"""The process that publishes one environment's directory. It alone holds the key, and needs the database only."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from django.db import connection

from ketnoi_pages import clock
from ketnoi_portal.accounts.directory_view import changes_since, officers_in
from ketnoi_portal.publication import stops
from ketnoi_portal.publication.desired import directory_content
from ketnoi_portal.publication.directory_board import Parts
from ketnoi_portal.publication.directory_server import DirectoryServer, NotTheSigner
from ketnoi_portal.publication.inherited import Inherited, beside
from ketnoi_portal.publication.legacy import ended_services
from ketnoi_portal.publication.reading import approved_applications, bodies_today
from ketnoi_portal.publication.revisions import present_revision
from ketnoi_portal.settings import Directory, Settings
from ketnoi_portal.worker.loop import place_of
from ketnoi_protocol.directory import Officer
from ketnoi_protocol.services import Environment

logger = logging.getLogger(__name__)
T = TypeVar("T")

POLL_SECONDS: Final = 1.0
WHOLE_SECONDS: Final = 600.0
"""Everything is read again so often, whatever the counter says."""


class SettingsMissing(Exception):  # noqa: N818
    """The settings do not say what a publisher needs; the text says what."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the published content was read at: the counters of applications and of accounts, and the day."""

    revision: int
    accounts: int
    day: date


@dataclass(frozen=True, slots=True)
class _Change:
    """What was read: everything small, and the buckets in which an officer changed."""

    seen: _Seen
    parts: Parts
    conflicts: tuple[str, ...]
    others: dict[str, list[Officer]]
    buckets: dict[str, list[Officer]]


class DirectoryPublisher:
    """Reads the database when its counter has grown, and hands the changed buckets to a DirectoryServer."""

    def __init__(self, own: Settings, environment: Environment) -> None:
        told = next((each for each in own.directories if each.environment is environment), None)
        if told is None or not told.key:
            raise SettingsMissing(f"directories: nothing with a key for environment `{environment}`")
        self._environment = environment
        self._officers_calls = own.officers_calls_an_hour
        self._token = uuid.uuid4().hex
        self._seen: _Seen | None = None
        self._others: dict[str, list[Officer]] = {}
        self._conflicts: tuple[str, ...] = ()
        self._counts = (0, 0)
        self._changed_at = clock.now()
        self._inherited = Inherited.read(own.path(told.inherited).read_bytes()) if told.inherited else Inherited()
        # One thread and so one connection for each of the two things that must not wait for one another.
        self._reader, self._signer = ThreadPoolExecutor(1, "read"), ThreadPoolExecutor(1, "sign")
        self._task: asyncio.Task[None] | None = None
        self.server = self._make_server(own, told)

    def _make_server(self, own: Settings, told: Directory) -> DirectoryServer:
        key = load_pem_private_key(own.path(told.key).read_bytes(), None)
        if not isinstance(key, EllipticCurvePrivateKey):
            raise SettingsMissing("directories.key: must be a P-256 key")
        certificate = x509.load_pem_x509_certificate(own.path(told.certificate).read_bytes())
        server = DirectoryServer(
            self._environment,
            key,
            certificate.public_bytes(Encoding.DER),
            clock.current(),
            self._next_version,
            host=told.host,
            port=told.port,
            interval=told.interval,
        )
        if server.rehearsal is not own.rehearsal:
            raise SettingsMissing(
                "directories.certificate: a name with Unsafe goes with `rehearsal = true`, and only so"
            )
        return server

    async def start(self) -> None:
        """Claim the signature, read everything, sign, serve. Raises what the database raises, OSError."""
        await self._in(self._signer, self._claim)
        await self._look(whole=True)
        await self.server.start()
        self._task = asyncio.create_task(self._keep_looking())

    async def stop(self) -> None:
        """Stop publishing."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.server.stop()
        for executor in (self._reader, self._signer):
            executor.shutdown()

    async def until_replaced(self) -> None:
        """Returns when another publisher has claimed the signature."""
        await self.server.ended.wait()

    async def _keep_looking(self) -> None:
        loop = asyncio.get_running_loop()
        whole_at = loop.time() + WHOLE_SECONDS
        while not self.server.ended.is_set():
            await asyncio.sleep(POLL_SECONDS)
            try:
                whole = loop.time() >= whole_at
                if await self._look(whole=whole):
                    await self.server.sign()
                if whole:
                    whole_at = loop.time() + WHOLE_SECONDS
            except NotTheSigner:
                self.server.ended.set()
            except Exception as error:
                logger.error("the directory's content could not be read: %s", place_of(error))

    async def _look(self, *, whole: bool) -> bool:
        """Whether something has changed; then the board says it."""
        change = await self._in(self._reader, lambda: self._read(whole=whole))
        if change is None:
            return False
        at, board = clock.now(), self.server.board
        board.set_parts(change.parts, at)
        touched = board.set_buckets(change.buckets, at)
        self._seen, self._others, self._changed_at = change.seen, change.others, at
        self._conflicts = change.conflicts
        self._counts = (board.count, sum(grant.active for grant in change.parts.grants))
        logger.info("revision %d: %d buckets of officers differ", change.seen.revision, touched)
        return True

    def _read(self, *, whole: bool) -> _Change | None:
        # The counters first: what is committed while we read is read again.
        before = None if whole else self._seen
        revision, today = present_revision(), clock.today()
        accounts = changes_since(self._environment, before.accounts if before is not None else 0)
        seen = _Seen(revision, accounts.revision, today)
        if seen == before:
            return None
        content = directory_content(approved_applications(), bodies_today(), self._environment, self._officers_calls)
        parts = beside(content, self._inherited, ended_services(self._environment))
        parts = stops.close(parts, self._environment, stops.stopped_codes())
        # Whoever stands in the directory without an account of the accounts room, in the same buckets.
        others = self.server.board.spread((*self._inherited.officers, *content.stand_ins))
        touched = {name for name in others if before is None or others[name] != self._others[name]}
        held = officers_in(self._environment, touched | accounts.buckets)
        return _Change(seen, parts, content.conflicts, others, {name: [*others[name], *held[name]] for name in held})

    # The database

    def _claim(self) -> None:
        """From now on nobody else signs: a publisher that was thought dead finds itself replaced."""
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO publication_publisheddirectory"
                " (environment, version, signer, revision, officers, grants, conflicts)"
                " VALUES (%s, 0, %s, 0, 0, 0, '[]') ON CONFLICT (environment) DO UPDATE SET signer = excluded.signer",
                [self._environment.value, self._token],
            )

    async def _next_version(self) -> int:
        return await self._in(self._signer, self._draw_version)

    def _draw_version(self) -> int:
        """Committed before anything is signed. Never below the clock's seconds: a database that comes back from an
        old copy goes on above everything that was signed before."""
        at, seen = clock.now(), self._seen
        assert seen is not None
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE publication_publisheddirectory SET version = greatest(version + 1, %s), signed_at = %s,"
                " revision = %s, changed_at = %s, officers = %s, grants = %s, conflicts = to_jsonb(%s::text[])"
                " WHERE environment = %s AND signer = %s RETURNING version",
                [
                    int(at.timestamp()),
                    at,
                    seen.revision,
                    self._changed_at,
                    *self._counts,
                    list(self._conflicts),
                    self._environment.value,
                    self._token,
                ],
            )
            row = cursor.fetchone()
        if row is None:
            raise NotTheSigner
        return int(row[0])

    async def _in(self, executor: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        def run() -> T:
            try:
                return work()
            finally:
                connection.close()

        return await asyncio.get_running_loop().run_in_executor(executor, run)
