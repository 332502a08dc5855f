"""Looking up what a call asks for, within its time, and with no other trouble told than a code of the table."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import TypeVar

import msgspec

from ketnoi_protocol.consent_messages import AskConsent, RequestConsent
from ketnoi_protocol.envelope import Claimed
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.services import Catalogue, CatalogueEntry, NameMatch, Service

from .gates import Case
from .matching import Matching
from .services import SERVICES, Outcome, Question, Register
from .store.interface import Asking

_log = logging.getLogger(__name__)

T = TypeVar("T")


class LookingUp:
    """The register, asked for calls; `timeout` of one of them in seconds."""

    def __init__(self, register: Register, catalogue: Catalogue, timeout: float) -> None:
        self._register = register
        self._catalogue = catalogue
        self._timeout = timeout

    async def answer(self, case: Case, agreed: tuple[str, ...] | None) -> Outcome:
        """What the service answers; a look-up shows no more than what was `agreed` to, where that counts.

        Raises Refusal, `41` when it takes too long, `99` when it fails.
        """
        request, entry, grant = case.request, case.entry, case.grant
        assert isinstance(entry, CatalogueEntry), "one of the services is asked"
        assert not isinstance(request, RequestConsent | AskConsent), "one of the services is asked"
        if agreed is not None and entry.service is Service.LOOK_UP_CITIZEN:
            # Licensed and agreed to: the one narrows the other.
            grant = msgspec.structs.replace(grant, fields=tuple(name for name in grant.fields if name in agreed))
        question = Question(request, grant, _matching(entry), case.at)
        outcome = await self._within(SERVICES[entry.service](question, self._register))
        if agreed is None:
            return outcome
        return outcome.under(request.consent)

    async def person(self, case: Case, claimed: Claimed) -> str | None:
        """The personal number of the one person with whom a claim agrees, as the service of the case compares.

        Raises as `answer`.
        """
        entry = self._catalogue.entry(case.entry.system, case.service, case.entry.environment)
        asking = Asking(_matching(entry), Question.day_of(case.at))
        return await self._within(self._register.store.confirm(claimed, asking))

    async def _within(self, looking: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._timeout):
                return await looking
        except TimeoutError:
            raise Refusal("41") from None
        except Refusal:
            raise
        except Exception as error:
            # The text of a database's error may quote what was asked.
            _log.error("a look-up failed: %s", type(error).__name__)
            raise Refusal("99") from None


def _matching(entry: CatalogueEntry) -> Matching:
    return Matching(entry.name_match is NameMatch.LEGACY, entry.year_only_permitted)
