"""The rules of consents: how one stands, what its use is refused with, how often may be asked. Pure.

No public text orders the refusals [OC]. Ours is such that whoever asks learns nothing that is not its own affair:

1. There is none (50), or it is another agency's (53) and nothing else is told of it.
2. How it stands: waiting (51), refused (52), taken back (57), expired (56), used up (58). This comes before the person:
   a consent that was asked of nobody waits and expires like any other, whoever is then asked about. Were another
   person's (54) told first, a request and a use would show whether a number and a name belong together.
3. The question itself: wider than agreed (55).
4. Last, with a consent in force and for what it allows: another person's (54). So nobody finds out to whom an old
   number belongs with a consent that is over, or for another service.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from ketnoi_protocol import consent as codes
from ketnoi_protocol.consent import REPEAT_SECONDS, ConsentState, Use
from ketnoi_protocol.services import Service

ALLOWED: Final = "00"
DAY: Final = timedelta(days=1)
REPEAT_WITHIN: Final = timedelta(seconds=REPEAT_SECONDS)


@dataclass(frozen=True, slots=True)
class Consent:
    """What rules need to know of a consent; the names are those of the table's columns.

    `agreed` is None until it is decided; `valid_until` stands where it was agreed; `used_up_by` is the question that
    used up a one-time consent, first at `used_up_at`.
    """

    organisation: str
    service: Service
    fields: Collection[str]
    procedure_code: str
    one_time: bool
    personal_number: str | None
    answer_by: datetime
    agreed: bool | None = None
    valid_until: datetime | None = None
    revoked_at: datetime | None = None
    used_up_by: str | None = None
    used_up_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of an agency to a person."""

    asked_at: datetime
    answer_by: datetime
    decided: bool


@dataclass(frozen=True, slots=True)
class Used:
    """A use that is on record: under which consent, for which question, when, and how it was answered."""

    consent: str
    question: str
    at: datetime
    code: str


class Verdict(NamedTuple):
    """`00` and the fields that may be shown, or the code of a refusal and none."""

    code: str
    fields: tuple[str, ...] = ()


def state(consent: Consent, at: datetime) -> ConsentState:
    """How a consent stands at a moment. What was taken back stays so, also when its time is over."""
    if consent.agreed is None:
        return ConsentState.WAITING if at < consent.answer_by else ConsentState.EXPIRED
    if not consent.agreed:
        return ConsentState.REFUSED
    if consent.revoked_at is not None:
        return ConsentState.REVOKED
    in_time = consent.valid_until is not None and at < consent.valid_until
    return ConsentState.AGREED if in_time else ConsentState.EXPIRED


_NOT_IN_FORCE: Final = {
    ConsentState.WAITING: codes.STILL_WAITING,
    ConsentState.REFUSED: codes.REFUSED,
    ConsentState.REVOKED: codes.TAKEN_BACK,
    ConsentState.EXPIRED: codes.EXPIRED,
}


def verdict(consent: Consent | None, use: Use, at: datetime) -> Verdict:
    """Whether this use is allowed now. `consent` is the one that it names, None for none."""
    if consent is None:
        return Verdict(codes.NO_CONSENT)
    if consent.organisation != use.organisation:
        return Verdict(codes.ANOTHER_AGENCYS)
    stands = state(consent, at)
    if stands is not ConsentState.AGREED:
        return Verdict(_NOT_IN_FORCE[stands])
    if consent.one_time and not _is_left(consent, use, at):
        return Verdict(codes.USED_UP)
    fields = _agreed_fields(consent, use)
    if fields is None:
        return Verdict(codes.WIDER_THAN_AGREED)
    if use.personal_number is None or use.personal_number != consent.personal_number:
        return Verdict(codes.ANOTHER_PERSONS)
    return Verdict(ALLOWED, fields)


def verdict_again(earlier: Used, consent: Consent | None, use: Use, at: datetime) -> Verdict:
    """The verdict on a use whose message id is on record, for which no second row is written.

    It is told again for the same question under the same consent alone, and as long as a question may be repeated. A
    refusal stays: else something would be allowed of which there is no row. What was allowed is judged anew, since the
    consent may have been taken back.
    """
    if (earlier.consent, earlier.question) != (use.consent, use.question):
        return Verdict(codes.ANOTHER_QUESTION)
    if earlier.code != ALLOWED:
        return Verdict(earlier.code)
    now = verdict(consent, use, at)
    too_late = now.code == ALLOWED and at >= earlier.at + REPEAT_WITHIN
    return Verdict(codes.ANOTHER_QUESTION) if too_late else now


def may_be_answered(consent: Consent, at: datetime) -> bool:
    """Whether the citizen may agree or refuse now."""
    return state(consent, at) is ConsentState.WAITING


def may_be_taken_back(consent: Consent, at: datetime) -> bool:
    """Whether there is something to take back: agreed, and its time is not over."""
    return state(consent, at) is ConsentState.AGREED


def seconds_to_wait(earlier: Iterable[Asked], at: datetime, *, most_waiting: int, most_a_day: int) -> int | None:
    """In how many seconds an agency may ask a person again; None: now. `earlier` are its requests to that person.

    At most `most_waiting` wait at once, and at most `most_a_day` are made within any 24 hours.
    """
    asked = list(earlier)
    waiting = sorted(each.answer_by for each in asked if not each.decided and at < each.answer_by)
    recent = sorted(each.asked_at + DAY for each in asked if at < each.asked_at + DAY)
    ends = [
        moments[len(moments) - most]
        for moments, most in ((waiting, most_waiting), (recent, most_a_day))
        if len(moments) >= most
    ]
    return math.ceil((max(ends) - at).total_seconds()) if ends else None


def _is_left(consent: Consent, use: Use, at: datetime) -> bool:
    """Whether a one-time consent is unused, or used by this very question, which may be repeated for a while."""
    if consent.used_up_by is None or consent.used_up_at is None:
        return True
    return consent.used_up_by == use.question and at < consent.used_up_at + REPEAT_WITHIN


def _agreed_fields(consent: Consent, use: Use) -> tuple[str, ...] | None:
    """Those of the use's fields that were agreed to; None where it is wider.

    A look-up shows what was agreed to and leaves out the rest. A claim that is answered yes or no cannot be left out.
    """
    if use.service != consent.service or use.procedure_code != consent.procedure_code:
        return None
    agreed = tuple(field for field in use.fields if field in consent.fields)
    if use.service is Service.LOOK_UP_CITIZEN:
        return agreed or None
    return agreed if len(agreed) == len(use.fields) else None
