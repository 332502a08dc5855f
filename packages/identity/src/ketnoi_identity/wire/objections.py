"""Objections go out to whoever answers them, and their answers come back."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote

import asyncpg

from ketnoi_protocol.citizens import AnswerGiven, Objection, ObjectionAnswer, Objections
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.services import Service, System
from ketnoi_runtime.clock import Clock

from .door import Asked as Request

MOST: Final = 200
_AFTER: Final = re.compile(r"after=([0-9]{1,18})(?:&made=([0-9A-FTZ:.%+-]{20,60}))?")

_NEXT: Final = """
SELECT id, organisation, unit, message_id, system, service, procedure_code, looked_at, reason, made_at, due_at
FROM objection WHERE id > $1 ORDER BY id LIMIT $2
"""
_ANSWERS: Final = "SELECT objection, by_whom, words, at FROM objection_answer WHERE objection = ANY ($1) ORDER BY at"
_OF: Final = "SELECT organisation, made_at FROM objection WHERE id = $1"
_MADE: Final = "SELECT made_at FROM objection WHERE id = $1"
_ANSWER: Final = """
INSERT INTO objection_answer (objection, by_whom, words, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""
_ANSWERED: Final = "SELECT words FROM objection_answer WHERE objection = $1 AND by_whom = $2"


class ObjectionDesk:
    """Answers `GET /v1/objections?after=ID` and `POST /v1/objections/{id}/answers`."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def after(self, request: Request) -> tuple[int, Objections]:
        """Those behind an id; all of them where the one that is named was never made here. Raises `bad_request`."""
        asked = _AFTER.fullmatch(request.query or "after=0")
        if asked is None:
            raise Refusal("bad_request", "after is the id of an objection")
        after = int(asked[1])
        made = _moment(asked[2])
        anew = made is not None and await self._pool.fetchval(_MADE, after) != made
        rows = await self._pool.fetch(_NEXT, 0 if anew else after, MOST + 1)
        answers: dict[int, list[ObjectionAnswer]] = {}
        for row in await self._pool.fetch(_ANSWERS, [row["id"] for row in rows[:MOST]]):
            given = ObjectionAnswer(by=row["by_whom"], words=row["words"], at=row["at"])
            answers.setdefault(row["objection"], []).append(given)
        told = tuple(_objection(row, tuple(answers.get(row["id"], ()))) for row in rows[:MOST])
        return 200, Objections(objections=told, more=len(rows) > MOST, anew=anew)

    async def answer(self, request: Request) -> tuple[int, dict[str, Any]]:
        """Keep an answer, once of C06 and once of the agency; told again the same, it is the same.

        Raises Refusal `10`; `unknown_service` where there is no such objection to this organisation; `12` for other
        words than those that were kept.
        """
        given = request.read(AnswerGiven)
        if not given.words.strip():
            raise Refusal("10", "words")
        number = int(request.named[0])
        known = await self._pool.fetchrow(_OF, number)
        if (
            known is None
            or known["organisation"] != given.organisation
            or given.made_at not in (None, known["made_at"])
        ):
            raise Refusal("unknown_service", "no such objection to this organisation")
        done = await self._pool.execute(_ANSWER, number, given.by, given.words, self._clock.now())
        if done.endswith(" 0") and await self._pool.fetchval(_ANSWERED, number, given.by) != given.words:
            raise Refusal("12", "it is answered already")
        return 201, {}


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        told = datetime.fromisoformat(unquote(text))
    except ValueError:
        raise Refusal("bad_request", "made is a moment") from None
    if told.tzinfo is None:
        raise Refusal("bad_request", "made is a moment with its offset")
    return told


def _objection(row: asyncpg.Record, answers: tuple[ObjectionAnswer, ...]) -> Objection:
    return Objection(
        id=row["id"],
        organisation=row["organisation"],
        unit=row["unit"],
        message_id=row["message_id"],
        system=System(row["system"]),
        service=Service(row["service"]),
        procedure=row["procedure_code"],
        looked_at=row["looked_at"],
        reason=row["reason"],
        made_at=row["made_at"],
        due_at=row["due_at"],
        answers=answers,
    )
