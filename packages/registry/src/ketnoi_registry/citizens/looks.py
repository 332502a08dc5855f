"""Who looked at a person's data: a page of the access log, newest first, by every pseudonym that the person can have.

Two statements and the log's own write make a page. What is sealed is not told at all before the seal's end: a line that
said "sealed" would itself betray what the law keeps secret. Afterwards the look is told like any other, with the moment
until which it was sealed [OC].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg

from ketnoi_protocol.citizens import (
    CLAIMED_MEMBER,
    Answered,
    AnsweredAsked,
    AnsweredCall,
    Look,
    Looks,
    LooksAsked,
)
from ketnoi_protocol.envelope import FOUND, NO_MATCH
from ketnoi_protocol.identifiers import InvalidIdentifier, OrganisationCode, SubsystemId
from ketnoi_protocol.services import Catalogue, Service, System

from ..access_log import Pseudonyms
from ..matching import Matching
from ..store.interface import Asking, Store
from .reads import claim_of

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_END: Final = (datetime(9999, 1, 1, tzinfo=UTC), 2**63 - 1)
_MICROSECOND: Final = timedelta(microseconds=1)

# For each pseudonym the newest rows by its index, and of those the newest. A seal of one message covers what was logged
# before it was made, so that nobody can hide a later look behind its id. What is called off early ends then.
_PAGE = """
SELECT found.* FROM unnest($1::bytea[]) AS mine(pseudonym) CROSS JOIN LATERAL (
    SELECT l.logged_at, l.sequence, l.subject_role, l.instance, l.consumer, l.unit, l.officer_identity,
        l.procedure_code, l.system, l.service, l.message_id, l.consent, l.result_code, l.released_fields,
        s.ended AS sealed_until
    FROM access_log AS l CROSS JOIN LATERAL (
        SELECT max(least(sealed_until, lifted_at)) AS ended FROM (
            SELECT * FROM seal WHERE message_id = l.message_id AND l.logged_at <= made_at
            UNION ALL
            SELECT * FROM seal
            WHERE procedure_code = l.procedure_code AND l.logged_at >= looked_from AND l.logged_at < looked_until
        ) AS over WHERE l.unit = organisation OR l.unit LIKE organisation || '.%'
    ) AS s
    WHERE l.subject_pseudonym = mine.pseudonym AND (l.logged_at, l.sequence) < ($2, $3)
        AND l.service = any($4) AND coalesce(s.ended <= $5, true)
    ORDER BY l.logged_at DESC, l.sequence DESC LIMIT $6
) AS found ORDER BY logged_at DESC, sequence DESC LIMIT $6
"""


_ANSWERED = """
SELECT DISTINCT consumer, message_id, result_code FROM access_log
WHERE message_id = any($1) AND subject_pseudonym = any($2) AND service = any($3)
"""


@dataclass(frozen=True, slots=True)
class LookReader:
    """Reads pages of looks. `timeout` of one statement in seconds."""

    pool: asyncpg.Pool
    store: Store
    pseudonyms: Pseudonyms
    catalogue: Catalogue
    timeout: float

    async def read(self, asked: LooksAsked, at: datetime) -> Looks:
        """One page. Raises Refusal, asyncpg.PostgresError."""
        old = await self.store.old_numbers(claim_of(asked), Asking(Matching(), at.date()))
        mine = self._pseudonyms_of(asked.personal_number)
        mine += [self.pseudonyms.of_old_number(number, key) for number in old for key in self.pseudonyms.key_ids]
        rows = await self.pool.fetch(
            _PAGE, mine, *_place(asked.before), list(Service), at, asked.limit + 1, timeout=self.timeout
        )
        page = rows[: asked.limit]
        before = _cursor(page[-1]) if len(rows) > len(page) else None
        return Looks(looks=tuple(self._look(row) for row in page), before=before)

    async def answered(self, asked: AnsweredAsked) -> Answered:
        """Which of these messages about the person were answered. Raises asyncpg.PostgresError."""
        mine = self._pseudonyms_of(asked.personal_number)
        rows = await self.pool.fetch(_ANSWERED, list(asked.messages), mine, list(Service), timeout=self.timeout)
        calls = [AnsweredCall(organisation=_organisation(who), message_id=id, result=code) for who, id, code in rows]
        return Answered(answered=tuple(calls))

    def _pseudonyms_of(self, personal_number: str) -> list[bytes]:
        return [self.pseudonyms.of_person(personal_number, key) for key in self.pseudonyms.key_ids]

    def _look(self, row: Mapping[str, Any]) -> Look:
        service = Service(row["service"])
        told: dict[str, Any] = {}
        if row["subject_role"] != CLAIMED_MEMBER:
            told = {
                "unit": row["unit"],
                "procedure": row["procedure_code"],
                "fields": tuple(row["released_fields"]),
                "result": _result(service, row["result_code"]),
                "consent": row["consent"],
                "officer_identity": row["officer_identity"],
            }
        return Look(
            at=row["logged_at"],
            place=_cursor(row),
            system=System(row["system"]) if row["system"] else self._system(row["instance"], service),
            service=service,
            organisation=_organisation(row["consumer"]),
            message_id=row["message_id"],
            role=row["subject_role"],
            sealed_until=row["sealed_until"],
            **told,
        )

    def _system(self, instance: str, service: Service) -> System:
        """Of which system a service is where an older row does not tell: by the catalogue; of both, population."""
        systems = {each.system for each in self.catalogue if (each.instance, each.service) == (instance, service)}
        return System.IDENTITY if systems == {System.IDENTITY} else System.POPULATION


def _result(service: Service, code: str) -> str | None:
    """What came of it. Whether all claims about a household held is told to nobody: it is the members' matter."""
    return None if service is Service.VERIFY_HOUSEHOLD and code in (FOUND, NO_MATCH) else code


def _organisation(consumer: str) -> str:
    """The code of the organisation whose information system asked."""
    try:
        return OrganisationCode.parse(SubsystemId.from_slash(consumer).member_code).value
    except InvalidIdentifier:
        return consumer


def _place(cursor: str | None) -> tuple[datetime, int]:
    if cursor is None:
        return _END
    moment, _, sequence = cursor.partition(".")
    return _EPOCH + int(moment) * _MICROSECOND, min(int(sequence), _END[1])


def _cursor(row: Mapping[str, Any]) -> str:
    return f"{(row['logged_at'] - _EPOCH) // _MICROSECOND}.{row['sequence']}"
