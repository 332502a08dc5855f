"""The watch of one node: notes calls as they are answered, and counts them with the other nodes' every few seconds.

A call only adds to a few dictionaries; the database is asked beside it, on a connection of its own. What a node has
noted and not counted yet is lost when it is killed: seconds of it.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TypeVar

import asyncpg

from ketnoi_protocol.consent_messages import RequestConsent
from ketnoi_protocol.envelope import FOUND, NO_MATCH, HouseholdRequest, Request, VerifyRequest
from ketnoi_runtime.clock import Clock
from ketnoi_runtime.database import DATABASE_ERRORS

from ..access_log import Call, Pseudonyms
from . import canaries, rows
from .counting import count_asked, count_calls, forget, named
from .settings import Alarming
from .sights import Asked, InHour, InStep, Officer, Sight, Tally, hour_of, step_of

_log = logging.getLogger(__name__)
_K = TypeVar("_K")
_V = TypeVar("_V")

_NUMBER = re.compile("[0-9]{12}|[0-9]{9}")
Noted = Request | RequestConsent
"""What is about somebody."""

_AT_ONCE = 1_000
_MOST = 200_000
"""Rows that wait while the database cannot count; beyond them calls are no longer noted [our choice]."""
_SECONDS = 10.0
_PAUSE = 1.0


class Watch:
    """What `note` is told, judged by the measures; `start` before the first call."""

    def __init__(self, dsn: str, pseudonyms: Pseudonyms, clock: Clock, measures: Alarming) -> None:
        self._dsn = dsn
        self._pseudonyms = pseudonyms
        self._clock = clock
        self._measures = measures
        self._canaries: frozenset[bytes] = frozenset()
        self._calls: dict[InStep, Tally] = {}
        self._asked: dict[Asked, Sight] = {}
        self._named: dict[InHour, Tally] = {}
        self._told: set[InHour] = set()
        self._hurry = asyncio.Event()
        self._connection: asyncpg.Connection | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Learn the canaries and begin. Raises OSError or asyncpg.PostgresError."""
        await rows.begin(await self._connected(), self._clock.now())
        await self.count()
        self._task = asyncio.create_task(self._for_ever())

    async def stop(self) -> None:
        """Count what is left, and end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            await self._try()
        self._close()

    def note(self, call: Call, organisation: str, request: Noted) -> None:
        """One call that is in the access log, by the organisation that signed it. Waits for nothing.

        A question that is repeated is the same one, and tells nothing new; only a canary is told of again.
        """
        officer, sight = Officer(organisation, call.officer or ""), Sight.of(call)
        key = (officer, hour_of(call.at))
        if self._canaries and not self._canaries.isdisjoint(self._named_in(call, request)):
            _add(self._named, key, Tally(call.at, sight, 1))
            if key not in self._told:
                self._told.add(key)
                self._hurry.set()
        if call.repeats or call.result_code not in (FOUND, NO_MATCH) or len(self._asked) >= _MOST:
            return
        _add(self._calls, (officer, step_of(call.at)), Tally(call.at, sight, 1, call.result_code == FOUND))
        number = request.personal_number or request.old_number
        if number is not None and call.subjects:
            self._asked[officer, self._pseudonyms.of_block(number), call.subjects[0].pseudonym] = sight
        for number in _claimed_numbers(request):
            self._asked[officer, self._pseudonyms.of_block(number), self._pseudonyms.of_any(number)] = sight

    def _named_in(self, call: Call, request: Noted) -> Iterator[bytes]:
        """The pseudonyms of everybody whom a call was about, and of every number in it, whoever was found."""
        yield from (subject.pseudonym for subject in call.subjects)
        members = request.members if isinstance(request, HouseholdRequest) else ()
        for claimed in (request, *members):
            yield from (self._pseudonyms.of_any(each) for each in (claimed.personal_number, claimed.old_number) if each)
        yield from map(self._pseudonyms.of_any, _claimed_numbers(request))

    async def count(self) -> None:
        """Count what was noted, raise what is conspicuous, learn the canaries. Raises DATABASE_ERRORS, TimeoutError."""
        at = self._clock.now()
        hour = hour_of(at)
        async with asyncio.timeout(_SECONDS):
            connection = await self._connected()
            self._canaries = await canaries.known(connection)
            while self._named:
                some = _take(self._named)
                try:
                    async with connection.transaction():
                        await rows.keep(connection, list(named(some)), at)
                except BaseException:
                    _put_back(self._named, some)
                    raise
            while self._calls:
                some = _take(self._calls)
                try:
                    async with connection.transaction():
                        await rows.keep(connection, await count_calls(connection, some, self._measures), at)
                except BaseException:
                    _put_back(self._calls, some)
                    raise
            while self._asked:
                asked = _take(self._asked)
                try:
                    async with connection.transaction():
                        raised = await count_asked(connection, asked, self._measures, hour, at)
                        await rows.keep(connection, raised, at)
                except BaseException:
                    self._asked = asked | self._asked
                    raise
            await forget(connection, at)
        self._told = {key for key in self._told if key[1] >= hour}

    async def _for_ever(self) -> None:
        while True:
            try:
                await asyncio.wait_for(self._hurry.wait(), self._measures.check_seconds)
            except TimeoutError:
                pass
            self._hurry.clear()
            await self._try()

    async def _try(self) -> None:
        try:
            await self.count()
        except (*DATABASE_ERRORS, TimeoutError) as error:
            _log.error("calls could not be counted for alarms: %s", type(error).__name__)
            self._close()
            self._hurry.set()
            await asyncio.sleep(_PAUSE)

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._dsn, server_settings={"timezone": "UTC"})
        return self._connection

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


def _claimed_numbers(request: Noted) -> Iterator[str]:
    """Numbers that a question names beside whom it is about: who goes through them learns as much as by asking."""
    if isinstance(request, HouseholdRequest):
        for member in request.members:
            yield from (each for each in (member.personal_number, member.old_number) if each)
    if isinstance(request, VerifyRequest):
        yield from (value for value in request.attributes.values() if _NUMBER.fullmatch(value))


def _add(tallies: dict[InHour, Tally], key: InHour, tally: Tally) -> None:
    known = tallies.get(key)
    if known is None:
        tallies[key] = tally
    else:
        known.add(tally)


def _put_back(tallies: dict[InHour, Tally], some: Mapping[InHour, Tally]) -> None:
    for key, tally in some.items():
        _add(tallies, key, tally)


def _take(noted: dict[_K, _V]) -> dict[_K, _V]:
    """Some of it, taken out."""
    some = dict(islice(noted.items(), _AT_ONCE))
    for key in some:
        del noted[key]
    return some
