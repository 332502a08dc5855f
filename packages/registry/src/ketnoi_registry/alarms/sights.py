"""What is noted of calls until it is counted: in memory, for seconds, without any number or name of a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ..access_log import Call


@dataclass(frozen=True, slots=True)
class Officer:
    """Whose calls are counted together: an officer, under the organisation that signs."""

    organisation: str
    code: str


@dataclass(frozen=True, slots=True)
class Sight:
    """One call, as an alarm tells of the last one."""

    at: datetime
    instance: str
    account: str
    unit: str
    procedure: str
    message_id: str

    @classmethod
    def of(cls, call: Call) -> Sight:
        """What an alarm may tell of a call."""
        return cls(
            call.at,
            call.instance,
            call.integration_account or "",
            call.unit or "",
            call.procedure_code or "",
            call.message_id,
        )


@dataclass(slots=True)
class Tally:
    """How many calls there were, how many of them found somebody, since when, and the last one."""

    since: datetime
    last: Sight
    calls: int = 0
    found: int = 0

    def add(self, other: Tally) -> None:
        """Take over what another has counted."""
        self.calls += other.calls
        self.found += other.found
        self.since = min(self.since, other.since)
        self.last = max(self.last, other.last, key=lambda sight: sight.at)


InHour = tuple[Officer, datetime]
"""An officer, and the beginning of an hour."""

STEP: Final = timedelta(minutes=10)
"""So finely calls are counted; it divides an hour [our choice]."""

InStep = tuple[Officer, datetime]
"""An officer, and the beginning of a step."""

Asked = tuple[Officer, bytes, bytes]
"""An officer, the pseudonym of a block of numbers, and that of the person asked."""


def hour_of(at: datetime) -> datetime:
    """The beginning of the hour; Vietnam's hours begin when UTC's do."""
    return at.replace(minute=0, second=0, microsecond=0)


def step_of(at: datetime) -> datetime:
    """The beginning of the step."""
    return at - (at - hour_of(at)) % STEP
