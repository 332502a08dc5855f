"""Consents are used: judged, written down and committed before anybody is answered, many in one transaction."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeAlias

import asyncpg
import msgspec

from ketnoi_protocol.consent import Use, Uses, Verdicts
from ketnoi_runtime.clock import Clock

from ..consent.rules import ALLOWED, Consent, Used, Verdict, verdict, verdict_again
from .door import Asked as Request
from .rows import COLUMNS, LONGEST_TEXT, consent_of

_CODE: Final = re.compile("[A-Z2-7]{26}")
_FIELD: Final = re.compile("[A-Za-z0-9_.]{1,64}")

_ODD: Final = Verdict("10")

Key: TypeAlias = tuple[str, str]
"""Organisation and message id."""

# Lasting consents are shared with whoever else uses them; taking one back waits for the uses that run. A one-time
# consent is held alone. In the order of their ids, so that no two transactions wait for each other.
_HOLD: Final = f"""
WITH lasting AS (
    SELECT {COLUMNS} FROM consent WHERE id = ANY($1) AND NOT one_time ORDER BY id FOR SHARE
), single AS (
    SELECT {COLUMNS} FROM consent WHERE id = ANY($1) AND one_time ORDER BY id FOR NO KEY UPDATE
)
SELECT * FROM lasting UNION ALL SELECT * FROM single
"""  # noqa: S608
# After the consents are held: what another node has written under them stands there now.
_EARLIER: Final = """
SELECT organisation, message_id, consent, question, at, code FROM consent_use
WHERE (organisation, message_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))
"""
# Two nodes may be told one message at once; whoever comes second here writes nothing and reads again.
_WRITE: Final = """
WITH told AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::text[], $9::text[], $10::text[])
    AS told(organisation, message_id, question, consent, unit, officer, service, fields, procedure_code, code)
), written AS (
    INSERT INTO consent_use (organisation, message_id, question, consent, at, unit, officer, service, fields,
        procedure_code, code)
    SELECT organisation, message_id, question, consent, $11, unit, officer, service, string_to_array(fields, ','),
        procedure_code, code FROM told ORDER BY organisation, message_id
    ON CONFLICT DO NOTHING
    RETURNING consent, question, code
), used_up AS (
    UPDATE consent SET used_up_by = written.question, used_up_at = $11 FROM written
    WHERE consent.id = written.consent AND written.code = '00' AND consent.one_time AND consent.used_up_by IS NULL
)
SELECT count(*) FROM written
"""


class Usage:
    """Answers `POST /v1/uses`."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def use(self, request: Request) -> tuple[int, Verdicts]:
        """A verdict for each use, all of them durable. One that cannot be written down is `10`, and harms no other."""
        read = [_read(use) for use in request.read(Uses, nul_refused=False).uses]
        told = iter(await self._verdicts([use for use in read if use is not None]))
        verdicts = [_ODD if use is None else next(told) for use in read]
        return 200, Verdicts(
            codes=tuple(verdict.code for verdict in verdicts), fields=tuple(verdict.fields for verdict in verdicts)
        )

    async def _verdicts(self, uses: Sequence[Use]) -> Sequence[Verdict]:
        while uses:
            verdicts = await self._use(uses)
            if verdicts is not None:
                return verdicts
        return ()

    async def _use(self, uses: Sequence[Use]) -> tuple[Verdict, ...] | None:
        """The verdicts; None where another node wrote one of these messages meanwhile: nothing is written then."""
        async with self._pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                verdicts = await self._judge_and_write(connection, uses)
            except BaseException:
                await transaction.rollback()
                raise
            await (transaction.rollback() if verdicts is None else transaction.commit())
            return verdicts

    async def _judge_and_write(self, connection: asyncpg.Connection, uses: Sequence[Use]) -> tuple[Verdict, ...] | None:
        held = await connection.fetch(_HOLD, sorted({use.consent for use in uses}))
        consents = {row["id"]: consent_of(row) for row in held}
        rows = await connection.fetch(_EARLIER, *map(list, zip(*{_key(use) for use in uses}, strict=True)))
        earlier = {(row["organisation"], row["message_id"]): _used(row) for row in rows}
        # Now, not before: whoever waited for a consent is judged by the moment at which it is held.
        at = self._clock.now()
        verdicts, new = judge(uses, consents, earlier, at)
        if new:
            columns = [list(column) for column in zip(*(_row(*each) for each in new), strict=True)]
            if await connection.fetchval(_WRITE, *columns, at) != len(new):
                return None
        return verdicts


def judge(
    uses: Sequence[Use], consents: Mapping[str, Consent], earlier: Mapping[Key, Used], at: datetime
) -> tuple[tuple[Verdict, ...], list[tuple[Use, Verdict]]]:
    """The verdicts of uses that came together, and those that are to be written down.

    One after another: the first question that a one-time consent allows has used it up for the others.
    """
    standing = dict(consents)
    known = dict(earlier)
    verdicts: list[Verdict] = []
    new: list[tuple[Use, Verdict]] = []
    for use in uses:
        consent, key = standing.get(use.consent), _key(use)
        before = known.get(key)
        if before is not None:
            verdicts.append(verdict_again(before, consent, use, at))
            continue
        told = verdict(consent, use, at)
        verdicts.append(told)
        new.append((use, told))
        known[key] = Used(use.consent, use.question, at, told.code)
        if told.code == ALLOWED and consent is not None and consent.one_time and consent.used_up_by is None:
            standing[use.consent] = replace(consent, used_up_by=use.question, used_up_at=at)
    return tuple(verdicts), new


def _read(use: Use) -> Use | None:
    """A use as it is written down; None where it cannot be."""
    texts = (use.organisation, use.message_id, use.question, use.unit, use.officer, use.procedure_code)
    if any(not 0 < len(text) <= LONGEST_TEXT or "\0" in text for text in texts):
        return None
    if any(_FIELD.fullmatch(each) is None for each in use.fields):
        return None
    # What is no code names no consent, and may be anything: it is not kept.
    return use if _CODE.fullmatch(use.consent) else msgspec.structs.replace(use, consent="")


def _key(use: Use) -> Key:
    return use.organisation, use.message_id


def _used(row: asyncpg.Record) -> Used:
    return Used(row["consent"], row["question"], row["at"], row["code"])


def _row(use: Use, told: Verdict) -> tuple[str, ...]:
    """What was given, or where nothing was, what was asked."""
    fields = ",".join(told.fields if told.code == ALLOWED else use.fields)
    whose = use.organisation, use.message_id, use.question, use.consent, use.unit, use.officer
    return (*whose, use.service.value, fields, use.procedure_code, told.code)
