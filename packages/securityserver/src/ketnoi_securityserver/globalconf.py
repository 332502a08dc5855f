"""The global configuration of the moment: polled, verified, kept by digest, and never an old one.

PR-GCONF 2.12. What differs from X-Road is narrower [our choice]: a directory that expires earlier than one already
seen is refused, and only the anchor's own certificates may sign.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from ketnoi_runtime.clock import Clock
from ketnoi_securityserver.configuration_download import Downloaded, Sources
from ketnoi_securityserver.configuration_files import ConfigurationFolder
from ketnoi_trust.configuration import Anchor, Configuration, DirectoryListing, SignedDirectory
from ketnoi_trust.errors import Refused

logger = logging.getLogger(__name__)

POLL_SECONDS = 60.0


class Keeps(Protocol):
    """Whoever keeps every configuration that was worked by (messagelog/snapshots.py)."""

    async def newest_expiry(self, instance: str) -> datetime | None:
        """The latest expiry ever seen from this instance."""

    async def saw(self, instance: str, expires_at: datetime) -> None:
        """A verified directory with this expiry was seen."""

    async def keep(self, instance: str, downloaded: Downloaded, anchor: bytes, digest: str, at: datetime) -> None:
        """From `at` on this is the configuration worked by."""


class GlobalConfiguration:
    """Follows one instance's configuration.

    `anchor` and `folder` are paths: of the anchor file, and of the configuration directory in X-Road's layout.
    """

    def __init__(
        self,
        anchor: Path,
        folder: Path,
        clock: Clock,
        sources: Sources,
        keeps: Keeps,
        *,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._anchor_file = anchor
        self._anchor = Anchor.parse(anchor.read_bytes())
        self._folder = ConfigurationFolder(folder, self._anchor.instance)
        self._clock = clock
        self._sources = sources
        self._keeps = keeps
        self._poll_seconds = poll_seconds
        self._current: Configuration | None = None
        self._downloaded: Downloaded | None = None
        self._kept_under: Anchor | None = None
        self._last_good: str | None = None
        self._polling: asyncio.Task[None] | None = None
        self._one_at_a_time = asyncio.Lock()
        self.problem = "nothing downloaded yet"
        self.polled_at: datetime | None = None

    @property
    def anchor(self) -> Anchor:
        """The anchor that everything hangs on."""
        return self._anchor

    def current(self) -> Configuration:
        """The configuration to work by at this moment.

        Raises Refused("global_conf_outdated") when there is none that is still valid.
        """
        if self._current is None:
            raise Refused("global_conf_outdated", "no configuration has been downloaded and verified yet")
        self._current.check_current(self._clock.now())
        return self._current

    async def start(self) -> None:
        """Take up what was kept, if it is still good, then poll for newer."""
        with contextlib.suppress(Refused):
            kept = self._folder.read()
            if kept is not None:
                await self._take(await self._verify(kept.directory), kept)
        await self.poll()
        self._polling = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Stop polling."""
        if self._polling is not None:
            self._polling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._polling
            self._polling = None

    @property
    def poll_seconds(self) -> float:
        """How often the sources are asked."""
        return self._poll_seconds

    async def poll(self) -> bool:
        """Ask the sources in order until one gives an acceptable configuration; False when none does."""
        async with self._one_at_a_time:
            return await self._poll()

    async def replace_anchor(self, data: bytes) -> Anchor:
        """Hang everything on another anchor of the same instance, once a configuration under it has been verified.

        Raises Refused, also when no source gives an acceptable configuration; all stays as it was then.
        """
        fresh = Anchor.parse(data)
        if fresh.instance != self._anchor.instance:
            raise Refused("malformed_global_conf", "the anchor is that of another instance")
        async with self._one_at_a_time:
            before, last_good = self._anchor, self._last_good
            self._anchor, self._last_good = fresh, None
            if not await self._poll():
                self._anchor, self._last_good = before, last_good
                raise Refused("global_conf_outdated", f"no configuration is acceptable under it: {self.problem}")
            written = self._anchor_file.with_name(f".{self._anchor_file.name}.new")
            written.write_bytes(data)
            written.replace(self._anchor_file)
            logger.warning("the anchor is now %s", fresh.fingerprint)
        return fresh

    async def _poll(self) -> bool:
        problems = []
        self.polled_at = self._clock.now()
        for url in self._addresses():
            try:
                directory = await self._sources.directory(url)
                listing = await self._verify(directory)
                before = self._downloaded.files if self._downloaded is not None else {}
                files = await self._sources.files(url, listing, before)
                await self._take(listing, Downloaded(directory, listing.version, files))
            except Refused as refused:
                problems.append(f"{url}: {refused.code}: {refused.message}")
            except Exception as error:
                # Also the database's troubles: a configuration that cannot be kept is not worked by.
                problems.append(f"{url}: {type(error).__name__}: {error}")
            else:
                self._last_good, self.problem = url, ""
                return True
        self.problem = "; ".join(problems)
        logger.warning("no new configuration: %s", self.problem)
        return False

    def _addresses(self) -> Sequence[str]:
        """The last good one first, then the anchor's, then those that the configuration itself names."""
        known = [source.url for source in self._anchor.sources]
        if self._current is not None:
            path = urlsplit(known[0]).path
            named = [source.address for source in self._current.shared.sources]
            known += [f"{scheme}://{address}{path}" for scheme in ("https", "http") for address in named]
        first = [self._last_good] if self._last_good is not None else []
        return list(dict.fromkeys(first + known))

    async def _verify(self, directory: bytes) -> DirectoryListing:
        newest = await self._keeps.newest_expiry(self._anchor.instance)
        return SignedDirectory.verify(
            directory,
            self._anchor.certificates,
            self._clock.now(),
            instance=self._anchor.instance,
            newest_seen=newest,
        )

    async def _take(self, listing: DirectoryListing, downloaded: Downloaded) -> None:
        """Work by this from now on: kept durably first, then at hand, then on the disk for others to read."""
        unchanged = self._downloaded is not None and self._downloaded.files == downloaded.files
        if unchanged and self._current is not None and self._kept_under is self._anchor:
            fresh = dataclasses.replace(self._current, expires_at=listing.expires_at)
        else:
            fresh = await asyncio.to_thread(Configuration.from_signed_directory, listing, downloaded.files)
            instance, anchor = self._anchor.instance, self._anchor.write()
            await self._keeps.keep(instance, downloaded, anchor, fresh.digest, self._clock.now())
        await self._keeps.saw(self._anchor.instance, listing.expires_at)
        self._current, self._downloaded, self._kept_under = fresh, downloaded, self._anchor
        await asyncio.to_thread(self._folder.write, listing, downloaded)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(self._poll_seconds)
            try:
                await self.poll()
            except Exception:
                logger.exception("polling the configuration failed")
