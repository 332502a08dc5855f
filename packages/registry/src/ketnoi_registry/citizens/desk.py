"""What the identity system asks at the door for its citizens: `POST /citizens/…` in JSON."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec

from ketnoi_protocol.citizens import (
    ANSWERED_PATH,
    LOOKS_PATH,
    MATCH_PATH,
    NAMES_PATH,
    RECORD_PATH,
    Answered,
    AnsweredAsked,
    LooksAsked,
    Matched,
    Names,
    NamesAsked,
    Person,
)
from ketnoi_protocol.errors import Refusal
from ketnoi_runtime.clock import Clock
from ketnoi_runtime.database import DATABASE_ERRORS

from ..access_log import AccessLogError
from ..directory import DirectoryPoller, StaleDirectoryError
from .looks import LookReader
from .reads import OwnReads

_log = logging.getLogger(__name__)

T = TypeVar("T")


class NobodyError(Exception):
    """There is no record under these particulars."""


class CitizensDesk:
    """Answers the identity system, each question within `timeout` seconds."""

    def __init__(
        self, reads: OwnReads, looks: LookReader, directory: DirectoryPoller, clock: Clock, timeout: float
    ) -> None:
        self._reads = reads
        self._looks = looks
        self._directory = directory
        self._clock = clock
        self._timeout = timeout
        self._acts: Final[dict[str, Callable[[bytes], Awaitable[Any]]]] = {
            MATCH_PATH: self._match,
            RECORD_PATH: self._record,
            LOOKS_PATH: self._list_looks,
            ANSWERED_PATH: self._answered,
            NAMES_PATH: self._name,
        }

    def knows(self, path: str) -> bool:
        """Whether anything is asked at this path."""
        return path in self._acts

    async def answer(self, path: str, body: bytes) -> bytes:
        """The answer's body. Raises Refusal, and NobodyError where a record is asked for that is nobody's."""
        try:
            async with asyncio.timeout(self._timeout):
                return msgspec.json.encode(await self._acts[path](body))
        except TimeoutError:
            raise Refusal("41") from None
        except (*DATABASE_ERRORS, AccessLogError) as error:
            # Not its text, which may quote what was asked.
            _log.error("a citizen's question could not be answered: %s", type(error).__name__)
            raise Refusal("99") from None

    async def _match(self, body: bytes) -> Matched:
        return Matched(matches=await self._reads.matches(_read(body, Person), self._clock.now()))

    async def _record(self, body: bytes) -> Any:
        found = await self._reads.record(_read(body, Person), self._clock.now())
        if found is None:
            raise NobodyError
        return found

    async def _list_looks(self, body: bytes) -> Any:
        asked, at = _read(body, LooksAsked), self._clock.now()
        await self._reads.note_looks(asked, at)
        return await self._looks.read(asked, at)

    async def _answered(self, body: bytes) -> Answered:
        asked = _read(body, AnsweredAsked)
        await self._reads.note_looks(asked, self._clock.now())
        return await self._looks.answered(asked)

    async def _name(self, body: bytes) -> Names:
        asked = _read(body, NamesAsked)
        try:
            directory = self._directory.current(self._clock.now())
        except StaleDirectoryError:
            raise Refusal("99", "the signed directory is not current") from None
        names = {code: directory.name_of(code) for code in asked.organisations}
        return Names(names={code: name for code, name in names.items() if name is not None})


def _read(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        # Its text may quote a value.
        raise Refusal("bad_request", "the body has not the form of this question") from None
