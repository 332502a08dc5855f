"""What a service gets and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from typing import Generic, Literal, TypeVar

import msgspec

from ketnoi_protocol.consent_messages import RequestConsent
from ketnoi_protocol.directory import Grant
from ketnoi_protocol.envelope import Answer, Claimed, HouseholdRequest, Request

from ..access_log import Pseudonyms, Subject
from ..matching import Matching
from ..store.interface import Asking, Found, Store

R = TypeVar("R", bound=Request, covariant=True)

_VIETNAM = timezone(timedelta(hours=7))


@dataclass(frozen=True, slots=True)
class Question(Generic[R]):
    """A question that may be answered: what is asked, what the grant opens, how to compare, and when (UTC)."""

    request: R
    grant: Grant
    matching: Matching
    at: datetime

    @property
    def day(self) -> date:
        """The day of the question in Vietnam, whose map of administrative units counts."""
        return self.day_of(self.at)

    @staticmethod
    def day_of(at: datetime) -> date:
        """The day in Vietnam at a moment."""
        return at.astimezone(_VIETNAM).date()

    def asking(self, *, head: bool = False, household: bool = False) -> Asking:
        """How the store is to look, and what of it is needed."""
        return Asking(self.matching, self.day, head, household)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer, and what the access log keeps of it: about whom it was and which fields left."""

    answer: Answer
    subjects: tuple[Subject, ...]
    released_fields: tuple[str, ...] = ()

    def under(self, consent: str | None) -> Outcome:
        """The same, which tells the consent that was used."""
        return replace(self, answer=msgspec.structs.replace(self.answer, consent=consent))


@dataclass(frozen=True, slots=True)
class Register:
    """What services read."""

    store: Store
    pseudonyms: Pseudonyms

    def subjects(self, request: Request | RequestConsent) -> tuple[Subject, ...]:
        """Whom the access log names for a question that found nobody: who is asked about, and members claimed."""
        members = request.members if isinstance(request, HouseholdRequest) else ()
        claimed = (self.subject(member, None, "claimed_member") for member in members)
        return (self.subject(request, None), *claimed)

    def subject(
        self, claim: Claimed, number: str | None, role: Literal["asked", "claimed_member"] = "asked"
    ) -> Subject:
        """Whom the access log names for `claim`: whoever was found under `number`; else who has the number claimed."""
        number = number if number is not None else claim.personal_number
        if number is not None:
            return Subject(self.pseudonyms.of_person(number), role)
        assert claim.old_number is not None, "a claim has at least one of the two numbers"
        return Subject(self.pseudonyms.of_old_number(claim.old_number), role)


def number_of(found: Found | None) -> str | None:
    """The personal number of whoever was found."""
    return found.personal_number if found is not None else None
