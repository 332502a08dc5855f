"""When to publish, and who: at once after a change, again every minute, one node at a time.

While the database is away the last publication stays as it is, and is served until it expires.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import datetime, timedelta

from ketnoi_exchange.keys import KeyFolder, KeyUnusable
from ketnoi_exchange.observer import PUBLISHED, ExchangeEvent, Observer
from ketnoi_exchange.publication import signing
from ketnoi_exchange.publication.registered import Registered
from ketnoi_exchange.publication.shelf import Shelf
from ketnoi_exchange.publication.signing import Directories, Written
from ketnoi_exchange.publication.store import ClockBehind, Publication, PublicationStore, Standing
from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_exchange.settings import Publish
from ketnoi_runtime.clock import Clock
from ketnoi_runtime.database import DATABASE_ERRORS
from ketnoi_trust.errors import Refused

logger = logging.getLogger(__name__)

# Writing and signing a configuration of a whole country takes seconds, not minutes.
DEADLINE_SECONDS = 120.0


class Publisher:
    """Keeps one node's shelf at the platform's newest publication, and publishes when it is due."""

    def __init__(
        self,
        store: PublicationStore,
        shelf: Shelf,
        keys: KeyFolder,
        clock: Clock,
        settings: Publish,
        *,
        identity: tuple[str, bool],
        observer: Observer | None = None,
    ) -> None:
        self._store = store
        self._shelf = shelf
        self._keys = keys
        self._clock = clock
        self._settings = settings
        self._identity = identity
        self._observer = observer
        self._interval = timedelta(seconds=settings.interval)
        self._written: Written | None = None
        self._wake = asyncio.Event()
        self._served = asyncio.Condition()
        self._running: asyncio.Task[None] | None = None
        self._stopping = False
        self.problem = ""

    def changed(self) -> None:
        """Something was changed on this node: look at once."""
        self._wake.set()

    async def turn(self) -> None:
        """Publish if it is due and serve the newest publication.

        Raises ChangeRefused when the database is no platform's, or another's.
        """
        standing = await self._store.standing()
        if standing is None:
            raise ChangeRefused("not_initialized")
        if (standing.instance, standing.rehearsal) != self._identity:
            raise ChangeRefused("wrong_instance")
        # A node without the key serves what the others sign.
        if self._may_sign(standing) and standing.is_due(self._clock.now(), self._interval):
            made = await self._store.publish(
                lambda found: found.is_due(self._clock.now(), self._interval),
                self._make,
                self._sign,
                self._clock.now,
                timedelta(seconds=self._settings.validity),
                timedelta(seconds=self._settings.keep_files),
            )
            if made is not None:
                await self._serve(*made)
                return
            standing = await self._store.standing() or standing
        if standing.last is not None and standing.last.sequence > self._shelf.sequence:
            found = await self._store.read(standing.last)
            if found is not None:
                await self._serve(standing.last, *found)

    def start(self) -> None:
        """Begin to look, and go on until `stop`."""
        self._running = asyncio.create_task(self._run(), name="publisher")

    async def stop(self) -> None:
        """Finish what is under way, and look no more."""
        self._stopping = True
        self._wake.set()
        if self._running is not None:
            done, _ = await asyncio.wait([self._running], timeout=5)
            if not done:
                self._running.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._running

    async def until_served(self, version: int) -> None:
        """Wait until this node serves the platform's version, or a later one."""
        self._wake.set()
        async with self._served:
            await self._served.wait_for(lambda: self._shelf.version >= version)

    async def _run(self) -> None:
        while not self._stopping:
            try:
                async with asyncio.timeout(DEADLINE_SECONDS):
                    await self.turn()
                self._tell("")
            except (*DATABASE_ERRORS, TimeoutError) as error:
                self._tell(f"the database is out of reach: {type(error).__name__}")
            except (ChangeRefused, Refused, KeyUnusable) as error:
                self._tell(str(error))
            except ClockBehind:
                self._tell("the clock stands before the last publication; nothing is signed until it has caught up")
            except Exception as error:
                logger.exception("publishing failed")
                self._tell(f"publishing failed: {type(error).__name__}")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._settings.poll)
                # Changes rarely come alone.
                await asyncio.sleep(self._settings.gather)
            self._wake.clear()

    def _may_sign(self, standing: Standing) -> bool:
        return standing.signer is None or self._keys.holds(standing.signer)

    def _make(self, registered: Registered) -> Written:
        if self._written is None or self._written.version != registered.version:
            self._written = signing.write(registered)
        return self._written

    def _sign(self, registered: Registered, written: Written, expires_at: datetime) -> Directories:
        if registered.signer is None:
            raise ChangeRefused("no_configuration_signing_keys_configured")
        id_, certificate = registered.signer
        return signing.sign(written, self._keys.signing_key(id_), certificate, expires_at)

    async def _serve(self, publication: Publication, directories: Directories, files: dict[str, bytes]) -> None:
        await asyncio.to_thread(self._shelf.put, publication, directories, files)
        async with self._served:
            self._served.notify_all()
        if self._observer is not None:
            text = f"{publication.node} → {publication.expires_at.isoformat()}"
            instance, version = self._identity[0], publication.version
            self._observer(ExchangeEvent(PUBLISHED, instance, version, publication.published_at, text))

    def _tell(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            if problem:
                logger.error("the configuration is not being published anew: %s", problem)
            else:
                logger.info("the configuration is being published")
