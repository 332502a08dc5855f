"""What this node serves: files by their content on disk, and the directories in memory, swapped last.

    <folder>/V<version>/<SHA-256>/<name>    the files
    <folder>/state                          the directories, and which files are still needed

A reader who has a directory gets its files, however often it is published meanwhile: files that are not listed any
more stay for a while. After a restart the last publication is served from here, whether or not the database is there.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from ketnoi_exchange.files import write_whole
from ketnoi_exchange.publication.signing import KINDS, VERSIONS, Directories, Kind
from ketnoi_exchange.publication.store import Publication
from ketnoi_runtime.clock import Clock

logger = logging.getLogger(__name__)

_STATE: Final = "state"


class _State(msgspec.Struct, frozen=True):
    """The file `state`. `retired` says until when files are kept that are listed no more."""

    instance: str
    sequence: int
    version: int
    published_at: datetime
    expires_at: datetime
    directories: dict[str, bytes]
    paths: frozenset[str]
    retired: dict[str, datetime]


class Shelf:
    """The publication of one platform that a node serves at the moment."""

    def __init__(self, folder: Path, instance: str, clock: Clock, keep: timedelta) -> None:
        self._folder = folder
        self._instance = instance
        self._clock = clock
        self._keep = keep
        self._state: _State | None = None

    def open(self) -> None:
        """Take up what was served before the last stop, unless it is of another platform or not whole."""
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            state = msgspec.msgpack.decode((self._folder / _STATE).read_bytes(), type=_State)
        except FileNotFoundError:
            return
        except (OSError, msgspec.DecodeError) as error:
            logger.warning("what was published before cannot be read: %s", type(error).__name__)
            return
        if state.instance == self._instance and all((self._folder / path[1:]).is_file() for path in state.paths):
            self._state = state

    @property
    def sequence(self) -> int:
        """Which publication is served; 0 before the first."""
        return 0 if self._state is None else self._state.sequence

    @property
    def version(self) -> int:
        """The version of the platform that is served; 0 before the first."""
        return 0 if self._state is None else self._state.version

    @property
    def published_at(self) -> datetime | None:
        """When it was signed."""
        return None if self._state is None else self._state.published_at

    @property
    def expires_at(self) -> datetime | None:
        """Until when it counts."""
        return None if self._state is None else self._state.expires_at

    @property
    def current(self) -> bool:
        """Whether there is a publication that still counts."""
        return self._state is not None and self._clock.now() <= self._state.expires_at

    def directory(self, kind: Kind, version: int) -> bytes | None:
        """A signed directory; None when nothing is current."""
        return self._state.directories[f"{kind} {version}"] if self._state is not None and self.current else None

    def file(self, path: str) -> Path | None:
        """Where a published file lies, by its address; None for anything that is not published."""
        if self._state is None or (path not in self._state.paths and path not in self._state.retired):
            return None
        return self._folder / path[1:]

    def put(self, publication: Publication, directories: Directories, files: Mapping[str, bytes]) -> None:
        """Serve this publication from now on, unless it is older than the one served. Raises OSError.

        Nothing changes for readers before everything is on disk.
        """
        before, at = self._state, self._clock.now()
        if before is not None and publication.sequence <= before.sequence:
            return
        for path, data in files.items():
            place = self._folder / path[1:]
            if not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                write_whole(place, data)
        retired, gone = self._retired(before, publication.paths, at)
        state = _State(
            self._instance,
            publication.sequence,
            publication.version,
            publication.published_at,
            publication.expires_at,
            {f"{kind} {version}": directories[kind, version] for kind in KINDS for version in VERSIONS},
            publication.paths,
            retired,
        )
        write_whole(self._folder / _STATE, msgspec.msgpack.encode(state))
        self._state = state
        for path in gone:
            self._remove(path)

    def _retired(
        self, before: _State | None, paths: frozenset[str], at: datetime
    ) -> tuple[dict[str, datetime], list[str]]:
        if before is None:
            return {}, []
        unlisted = dict.fromkeys(before.paths - paths, at + self._keep)
        retired = {**unlisted, **{path: until for path, until in before.retired.items() if path not in paths}}
        gone = [path for path, until in retired.items() if until < at]
        return {path: until for path, until in retired.items() if until >= at}, gone

    def _remove(self, path: str) -> None:
        place = self._folder / path[1:]
        with suppress(OSError):
            place.unlink(missing_ok=True)
            place.parent.rmdir()
