"""What everybody in a world shares: the plan, the place, the clock, the pace, and who is told what happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ketnoi_runtime.clock import AdjustableClock
from ketnoi_testbed.parts.premises import Premises
from ketnoi_testbed.plan import Plan


@dataclass(frozen=True)
class Pace:
    """How often things happen by themselves, in seconds. The default is quicker than the country's, for tests."""

    publish: float = 2.0
    fetch: float = 0.5
    directory: float = 2.0
    poll_directory: float = 0.5
    ocsp: float = 5.0
    timestamp: float = 2.0


@dataclass
class Surroundings:
    """Shared by all parts of one world. `listeners` are called with every event that a server tells."""

    plan: Plan
    premises: Premises
    clock: AdjustableClock
    pace: Pace = field(default_factory=Pace)
    listeners: list[Callable[[Any], None]] = field(default_factory=list)

    def told(self, event: Any) -> None:
        """Pass an event on: StepEvent, CallEvent or ExchangeEvent."""
        for listener in self.listeners:
            listener(event)
