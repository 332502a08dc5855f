"""Quotas: how often may be asked under a grant, counted over all nodes.

The count stands in the database. So that not every call asks there, a node takes calls in advance, a hundredth of the
quota at once: all nodes together never let more through than the quota says, and what a stopped node had taken in
advance is lost until the span ends. A call counts when it has passed the gates, whatever it finds, and once for each
person it names: a household's members too. Requests for a consent are counted for themselves, by the same measures; to
ask how one stands counts for nothing, since it reads nothing of the register.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, NamedTuple

import asyncpg

from ketnoi_protocol.consent_messages import AskConsent
from ketnoi_protocol.directory import Quota
from ketnoi_protocol.envelope import HouseholdRequest
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.services import ConsentEntry
from ketnoi_runtime.clock import Clock
from ketnoi_runtime.database import DATABASE_ERRORS

from .gates import Case
from .store.lookups import Lookups

_log = logging.getLogger(__name__)

AHEAD: Final = 100
"""A node takes one of so many parts of a quota in advance, and so many calls at most [our choice]."""

MOST_SPANS: Final = 50_000
"""When a node remembers so many spans, or twice as many as were left the last time, it forgets those that are over
[our choice]."""

_VIETNAM: Final = timezone(timedelta(hours=7))
_NARROWEST_FIRST: Final = ("officer", "procedure", "organisation")
_FORGET_SECONDS: Final = 600.0
_STILL_ASKED: Final = timedelta(hours=1)
"""So long after a span's end a call that began before it may still want its row."""

_OPEN = """
INSERT INTO quota_use (key, begins_at, ends_at, taken)
SELECT key, begins_at, ends_at, 0
FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) AS asked(key, begins_at, ends_at) ORDER BY key, begins_at
ON CONFLICT DO NOTHING
"""
_TAKE = """
WITH asked AS (
    SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::bigint[], $4::bigint[], $5::bigint[])
    AS asked(key, begins_at, wanted, quota, short)
), before AS (
    -- In one order on every node, so that none waits for another in a ring.
    SELECT taken, key, begins_at FROM quota_use WHERE (key, begins_at) IN (SELECT key, begins_at FROM asked)
    ORDER BY key, begins_at FOR UPDATE
)
UPDATE quota_use SET taken = CASE
    -- What is not enough for the call is left for another, on whichever node.
    WHEN before.taken + short > quota THEN before.taken ELSE least(before.taken + wanted, quota)
END
FROM asked JOIN before USING (key, begins_at)
WHERE quota_use.key = asked.key AND quota_use.begins_at = asked.begins_at
RETURNING quota_use.key, quota_use.begins_at, quota_use.taken - before.taken AS got, quota_use.taken
"""


class _Take(NamedTuple):
    """One row of what is asked of the database: `wanted` calls of a span, but none where `short` are over the quota."""

    key: str
    begins_at: datetime
    wanted: int
    quota: int
    short: int
    ends_at: datetime


@dataclass(slots=True)
class _Span:
    """What a node knows of one span: how many calls it has left of those it took in advance, and how many all nodes had
    taken then. Grants may share one span under different quotas. `asking` is the one question under way, and for how
    many calls of which quota."""

    begins_at: datetime
    ends_at: datetime
    left: int = 0
    taken: int = 0
    asking: tuple[int, int, asyncio.Task[int]] | None = None

    def holds(self, calls: int, limit: int) -> bool:
        """Whether so many calls are left, and within this quota."""
        return self.left >= calls and self.taken - self.left + calls <= limit


class Quotas:
    """Counts calls against the quotas of their grants."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, timeout: float) -> None:
        self._pool = pool
        self._clock = clock
        self._timeout = timeout
        self._spans: dict[tuple[str, datetime], _Span] = {}
        self._most_spans = MOST_SPANS
        self._takes: Lookups[_Take, asyncpg.Record] = Lookups(self._take_many)
        self._forgetting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to remove what is over."""
        self._forgetting = asyncio.create_task(self._forget_for_ever())

    async def stop(self) -> None:
        """End. What this node had taken in advance stays taken."""
        if self._forgetting is not None:
            self._forgetting.cancel()
            await asyncio.gather(self._forgetting, return_exceptions=True)

    async def take(self, case: Case) -> None:
        """Count one call. Raises Refusal `30` with the seconds until the span ends; `99` when nobody can count."""
        if isinstance(case.request, AskConsent):
            return
        calls = 1 + len(case.request.members) if isinstance(case.request, HouseholdRequest) else 1
        counted: list[_Span] = []
        try:
            for key, quota in _quotas_of(case):
                span = self._span(key, quota, case.at)
                if not await self._taken(key, span, calls, quota.calls):
                    wait = max(1, -(-int((span.ends_at - case.at).total_seconds() * 1000) // 1000))
                    raise Refusal("30", f"{quota.of}: {quota.calls} in {quota.seconds} seconds", retry_after=wait)
                counted.append(span)
        except BaseException:
            # Who is refused has used up nothing: what one quota had let through stays this node's, for the next call.
            for span in counted:
                span.left += calls
            raise

    def _span(self, key: str, quota: Quota, at: datetime) -> _Span:
        # By its beginning too: calls that began on both sides of an edge come mixed.
        begins = _beginning(at, quota.seconds)
        span = self._spans.get((key, begins))
        if span is None:
            if len(self._spans) >= self._most_spans:
                self._spans = {name: each for name, each in self._spans.items() if at < each.ends_at}
                self._most_spans = max(MOST_SPANS, 2 * len(self._spans))
            span = self._spans[key, begins] = _Span(begins, begins + timedelta(seconds=quota.seconds))
        return span

    async def _taken(self, key: str, span: _Span, calls: int, limit: int) -> bool:
        while not span.holds(calls, limit):
            if span.asking is None:
                span.asking = calls, limit, asyncio.create_task(self._ask(key, span, calls, limit))
            *asked, answer = span.asking
            try:
                got = await asyncio.shield(answer)
            except (*DATABASE_ERRORS, TimeoutError) as error:
                _log.error("a quota could not be counted: %s", type(error).__name__)
                raise Refusal("99", "the quota cannot be counted at this moment") from None
            if got == 0 and asked == [calls, limit]:
                return False
        span.left -= calls
        return True

    async def _ask(self, key: str, span: _Span, calls: int, limit: int) -> int:
        short = max(1, calls - span.left)
        wanted = max(min(limit // AHEAD, AHEAD), short)
        try:
            row = await self._takes.get(_Take(key, span.begins_at, wanted, limit, short, span.ends_at))
            assert row is not None, "its row was made before"
            got: int = row["got"]
            span.left += got
            span.taken = row["taken"]
            return got
        finally:
            span.asking = None

    async def _take_many(self, takes: list[_Take]) -> dict[_Take, asyncpg.Record]:
        """What is asked at the same time in one transaction, no span twice: many officers begin their hour at once."""
        *columns, ends = (list(column) for column in zip(*takes, strict=True))
        async with asyncio.timeout(self._timeout), self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_OPEN, *columns[:2], ends)
            rows = {(row["key"], row["begins_at"]): row for row in await connection.fetch(_TAKE, *columns)}
        return {take: rows[take.key, take.begins_at] for take in takes if (take.key, take.begins_at) in rows}

    async def forget(self, at: datetime) -> None:
        """Remove the spans that are over at this moment."""
        await self._pool.execute("DELETE FROM quota_use WHERE ends_at <= $1", at)

    async def _forget_for_ever(self) -> None:
        while True:
            try:
                await self.forget(self._clock.now() - _STILL_ASKED)
            except DATABASE_ERRORS as error:
                _log.warning("spans of quotas could not be removed yet: %s", type(error).__name__)
            await asyncio.sleep(_FORGET_SECONDS)


def _quotas_of(case: Case) -> Iterator[tuple[str, Quota]]:
    """The call's quotas with the keys under which they are counted, the narrowest first: where several are used up,
    the answer says the one that the officer can do something about."""
    who = {
        "organisation": "",
        "officer": case.request.ma_can_bo,
        "procedure": case.request.ma_dvc,
    }
    grant = case.grant
    asked = f"{grant.system} {case.entry.operation}" if isinstance(case.entry, ConsentEntry) else grant.system
    for quota in sorted(grant.quotas, key=lambda each: _NARROWEST_FIRST.index(each.of)):
        # The volume of an organisation is one for all services that it was approved for.
        what = asked if quota.of == "organisation" else f"{asked} {grant.service}"
        yield f"{grant.organisation} {what} {quota.of} {quota.seconds} {who[quota.of]}".rstrip(), quota


def _beginning(at: datetime, seconds: int) -> datetime:
    local = at.astimezone(_VIETNAM)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    since = int((local - midnight).total_seconds())
    return (midnight + timedelta(seconds=since - since % seconds)).astimezone(UTC)
