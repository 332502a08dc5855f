"""Which terms hold, and which ones the officers of an organisation have accepted, now and before."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

import asyncpg

from ketnoi_protocol.citizens import Acceptance, TermsStanding, TermsVersion
from ketnoi_protocol.errors import Refusal
from ketnoi_runtime.clock import Clock

from .door import Asked as Request
from .rows import LONGEST_TEXT

_CURRENT: Final = """
SELECT version, sha256, valid_from FROM terms WHERE valid_from <= $1 ORDER BY valid_from DESC, version DESC LIMIT 1
"""
# Those of closed accounts too: their calls were made under them, and the record stands in the place of a paper.
_ACCEPTED: Final = """
SELECT officer.code, accepted.version, accepted.sha256, accepted.accepted_at, account.closed_at
FROM officer
JOIN account ON account.id = officer.account
JOIN terms_acceptance AS accepted ON accepted.account = officer.account
WHERE officer.organisation = $1
ORDER BY officer.code, accepted.accepted_at DESC, accepted.version
"""


class TermsDesk:
    """Answers `GET /v1/terms?organisation=CODE`."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def standing(self, request: Request) -> tuple[int, TermsStanding]:
        """Raises Refusal `bad_request` without an organisation, `44` while no terms hold."""
        organisation = _organisation(request.query)
        current = await current_terms(self._pool, self._clock.now())
        rows = await self._pool.fetch(_ACCEPTED, organisation)
        told = TermsStanding(
            current=TermsVersion(
                version=current["version"], sha256=current["sha256"].hex(), valid_from=current["valid_from"]
            ),
            acceptances=tuple(
                Acceptance(
                    officer=row["code"],
                    version=row["version"],
                    sha256=row["sha256"].hex(),
                    accepted_at=row["accepted_at"],
                    closed_at=row["closed_at"],
                )
                for row in rows
            ),
        )
        return 200, told


async def current_terms(pool: asyncpg.Pool, at: datetime) -> asyncpg.Record:
    """version, sha256, valid_from of the terms that hold. Raises Refusal `44` while none do."""
    current = await pool.fetchrow(_CURRENT, at)
    if current is None:
        raise Refusal("44", "no terms hold; `ketnoi-identity init` brings them")
    return current


def _organisation(query: str) -> str:
    try:
        told = parse_qsl(query, keep_blank_values=True, strict_parsing=True, max_num_fields=4, errors="strict")
    except ValueError:
        told = []
    if len(told) != 1 or told[0][0] != "organisation" or "\0" in told[0][1]:
        raise Refusal("bad_request", "asked with ?organisation=CODE")
    organisation = told[0][1]
    if not 0 < len(organisation) <= LONGEST_TEXT:
        raise Refusal("bad_request", "organisation")
    return organisation
