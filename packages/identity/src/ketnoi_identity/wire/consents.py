"""Consents are begun and asked after."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

import asyncpg
import msgspec

from ketnoi_protocol.consent import (
    ANOTHER_AGENCYS,
    ANOTHER_QUESTION,
    LONGEST_PURPOSE,
    NO_CONSENT,
    Ask,
    Begin,
    Begun,
    Standing,
)
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.purposes import why_no_purpose
from ketnoi_runtime.clock import Clock

from ..consent.codes import new_code
from ..consent.rules import ALLOWED, DAY, REPEAT_WITHIN, Asked, seconds_to_wait, state
from ..settings import Consents
from .door import Asked as Request
from .rows import COLUMNS, LONGEST_TEXT, consent_of

BEGUN: Final = "02"
TOO_OFTEN: Final = "30"
MOST_FIELDS: Final = 100
_BY_NUMBER: Final = "about"
_BY_PERSON: Final = "personal_number"
_NUMBER: Final = re.compile("[0-9]{12}")

_EARLIER: Final = f"""
SELECT {COLUMNS}, message_id, about, question, purpose, lasts_seconds, asked_at FROM consent
WHERE organisation = $1 AND (message_id = $2 OR (question = $3 AND asked_at > $4))
ORDER BY message_id = $2 DESC LIMIT 1
"""  # noqa: S608
# By whom the agency named where the registry says it, else by whom it is.
_ASKED: Final = """
SELECT asked_at, answer_by, decided_at IS NOT NULL AS decided FROM consent
WHERE organisation = $1 AND {by} = $2 AND (asked_at > $3 OR answer_by > $4)
"""
_INSERT: Final = """
INSERT INTO consent (id, organisation, unit, officer, message_id, service, fields, procedure_code, purpose, one_time,
    lasts_seconds, personal_number, about, question, asked_at, answer_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
"""
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_STANDING: Final = f"SELECT {COLUMNS} FROM consent WHERE id = $1"  # noqa: S608


class ConsentDesk:
    """Answers `POST /v1/consents` and `POST /v1/consents/state`."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, measures: Consents) -> None:
        self._pool = pool
        self._clock = clock
        self._measures = measures

    async def begin(self, request: Request) -> tuple[int, Begun]:
        """Begin a consent; the same one for the same message, however often, and `12` for another request under its id.

        Raises Refusal `10`.
        """
        asked = request.read(Begin)
        _check(asked)
        try:
            return 200, await self._begin(asked)
        except asyncpg.UniqueViolationError:
            # Another request under this message id came first, about another number; it stands there now.
            return 200, await self._begin(asked)

    async def _begin(self, asked: Begin) -> Begun:
        async with self._pool.acquire() as connection, connection.transaction():
            # One at a time about one number, so that asking at once passes no limit and asks no question twice.
            await connection.execute(_LOCK, f"consent {asked.organisation} {_about(asked)[1] or asked.message_id}")
            since = self._clock.now() - REPEAT_WITHIN
            earlier = await connection.fetchrow(_EARLIER, asked.organisation, asked.message_id, asked.question, since)
            if earlier is not None:
                return self._begun(earlier, asked)
            wait = await self._wait(connection, asked.organisation, *_about(asked))
            if wait is not None:
                return Begun(code=TOO_OFTEN, retry_after=wait)
            return await self._insert(connection, asked, await self._whose(connection, asked))

    async def _whose(self, connection: asyncpg.Connection, asked: Begin) -> str | None:
        """Who is shown the request. Somebody whom the agency asks too often under several numbers is not, and the
        agency is not told: it would learn whose numbers they are."""
        number = asked.personal_number
        if number is None or asked.about is None:
            return number
        await connection.execute(_LOCK, f"consent of {asked.organisation} {number}")
        wait = await self._wait(connection, asked.organisation, _BY_PERSON, number)
        return number if wait is None else None

    async def state(self, request: Request) -> tuple[int, Standing]:
        """How a consent stands. Of another agency's nothing else is told."""
        asked = request.read(Ask)
        row = await self._pool.fetchrow(_STANDING, asked.consent)
        if row is None:
            return 200, Standing(code=NO_CONSENT)
        consent = consent_of(row)
        if consent.organisation != asked.organisation:
            return 200, Standing(code=ANOTHER_AGENCYS)
        standing = Standing(
            code=ALLOWED,
            state=state(consent, self._clock.now()),
            service=consent.service,
            fields=tuple(consent.fields),
            one_time=consent.one_time,
            used_up=consent.used_up_by is not None,
            answer_by=consent.answer_by,
            valid_until=consent.valid_until,
        )
        return 200, standing

    def _begun(self, row: asyncpg.Record, asked: Begin) -> Begun:
        consent = consent_of(row)
        if asked.question is not None:
            same = row["question"] == asked.question
        else:
            # Not whether a person was found: it would tell whether another name is as right, or as wrong, as the first.
            kept = (
                row["about"], consent.service, set(consent.fields), consent.procedure_code,
                row["purpose"], consent.one_time, row["lasts_seconds"], consent.answer_by - row["asked_at"],
            )  # fmt: skip
            same = kept == (
                asked.about, asked.service, set(asked.fields), asked.procedure_code,
                asked.purpose, asked.one_time, self._lasts(asked), self._waits(asked),
            )  # fmt: skip
        if not same:
            return Begun(code=ANOTHER_QUESTION)
        stands = state(consent, self._clock.now())
        return Begun(code=BEGUN, consent=row["id"], state=stands, answer_by=consent.answer_by)

    def _lasts(self, asked: Begin) -> int:
        return min(asked.lasts_seconds, int(self._measures.longest_seconds))

    def _waits(self, asked: Begin) -> timedelta:
        """The agency's wish alone, never longer for somebody without an account: it would tell who has one."""
        wish = self._measures.answer_within_seconds if asked.waits_seconds is None else asked.waits_seconds
        return timedelta(
            seconds=min(wish, max(self._measures.wait_at_most_seconds, self._measures.answer_within_seconds))
        )

    async def _wait(
        self, connection: asyncpg.Connection, organisation: str, column: str, value: str | None
    ) -> int | None:
        if value is None:
            return None
        now = self._clock.now()
        rows = await connection.fetch(_ASKED.format(by=column), organisation, value, now - DAY, now)
        return seconds_to_wait(
            (Asked(row["asked_at"], row["answer_by"], row["decided"]) for row in rows),
            now,
            most_waiting=self._measures.most_waiting_of_one,
            most_a_day=self._measures.most_a_day,
        )

    async def _insert(self, connection: asyncpg.Connection, asked: Begin, whose: str | None) -> Begun:
        now = self._clock.now()
        answer_by = now + self._waits(asked)
        lasts = self._lasts(asked)
        code = new_code()
        values: tuple[Any, ...] = (
            code, asked.organisation, asked.unit, asked.officer, asked.message_id, asked.service.value,
            list(asked.fields), asked.procedure_code, asked.purpose, asked.one_time, lasts, whose,
            asked.about, asked.question, now, answer_by,
        )  # fmt: skip
        await connection.execute(_INSERT, *values)
        return Begun(code=BEGUN, consent=code, answer_by=answer_by)


def _about(asked: Begin) -> tuple[str, str | None]:
    """By what requests are counted: the number that was claimed, where the registry tells its digest."""
    return (_BY_NUMBER, asked.about) if asked.about is not None else (_BY_PERSON, asked.personal_number)


def _check(asked: Begin) -> None:
    if asked.lasts_seconds <= 0:
        raise Refusal("10", "lasts_seconds")
    if asked.waits_seconds is not None and asked.waits_seconds <= 0:
        raise Refusal("10", "waits_seconds")
    if len(asked.purpose) > LONGEST_PURPOSE or why_no_purpose(asked.purpose) is not None:
        raise Refusal("10", "purpose")
    if len(asked.fields) > MOST_FIELDS or len(set(asked.fields)) != len(asked.fields):
        raise Refusal("10", "fields")
    if asked.personal_number is not None and _NUMBER.fullmatch(asked.personal_number) is None:
        raise Refusal("10", "personal_number")
    texts = msgspec.structs.asdict(asked)
    for name in ("organisation", "unit", "officer", "message_id", "procedure_code"):
        if not texts[name] or len(texts[name]) > LONGEST_TEXT:
            raise Refusal("10", name)
    if any(not each or len(each) > LONGEST_TEXT for each in asked.fields):
        raise Refusal("10", "fields")
