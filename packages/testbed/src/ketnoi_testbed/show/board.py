"""The calls of a world as they go, put together from what the servers tell. No personal data reaches it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ketnoi_protocol.identifiers import SecurityServerId
from ketnoi_registry.observer import CallEvent
from ketnoi_securityserver.observer import CONSUMER, PROVIDER, StepEvent

KEPT = 200
LAST_STEP = 9


@dataclass
class Step:
    """One step of one side: when it began, in milliseconds after the call did, and how long it took."""

    number: int
    began_ms: float
    took_ms: float
    outcome: str


@dataclass
class Call:
    """One call, as far as it has come.

    `service_code` is the one that was asked for, `service` what the registry calls it; metaservices never reach it.
    `outcome` is `ok`, MaKetQua's `01`, or a code; empty while it is under way.
    """

    message_id: str
    server: str
    started_at: datetime
    steps: dict[str, list[Step]] = field(default_factory=lambda: {CONSUMER: [], PROVIDER: []})
    provider: str = ""
    service: str = ""
    service_code: str = ""
    gates: list[tuple[str, float]] = field(default_factory=list)
    answered: str = ""
    outcome: str = ""

    @property
    def took_ms(self) -> float:
        """From the first step's beginning to the end of the last one told."""
        ends = [each.began_ms + each.took_ms for each in self.steps[CONSUMER]]
        return max(ends, default=0.0)

    def shown(self) -> dict[str, Any]:
        """For the page."""
        return {
            "id": self.message_id,
            "server": self.server,
            "agency": SecurityServerId.from_colon(self.server).member_code,
            "instance": SecurityServerId.from_colon(self.server).instance,
            "provider": self.provider,
            "service": self.service,
            "serviceCode": self.service_code,
            "startedAt": self.started_at.isoformat(timespec="milliseconds"),
            "tookMs": round(self.took_ms, 3),
            "outcome": self.outcome,
            "answered": self.answered,
            "steps": {
                side: [
                    {
                        "number": each.number,
                        "beganMs": round(each.began_ms, 3),
                        "tookMs": round(each.took_ms, 3),
                        "outcome": each.outcome,
                    }
                    for each in steps
                ]
                for side, steps in self.steps.items()
            },
            "gates": [{"name": name, "tookMs": round(seconds * 1000, 3)} for name, seconds in self.gates],
        }


class Board:
    """The latest calls. `changed` is called on the world's loop, with the call that has gone on."""

    def __init__(self, changed: Callable[[Call], None] = lambda call: None) -> None:
        self.changed = changed
        self._calls: OrderedDict[str, Call] = OrderedDict()
        self._unnamed: dict[str, StepEvent] = {}
        self._lock = threading.Lock()

    def told(self, event: Any) -> None:
        """Take in an event of a server; those of other kinds are passed over."""
        call = None
        with self._lock:
            if isinstance(event, StepEvent):
                call = self._step(event)
            elif isinstance(event, CallEvent):
                call = self._calls.get(event.message_id)
                if call is not None:
                    call.service, call.gates, call.answered = event.service, list(event.steps), event.outcome
        if call is not None:
            self.changed(call)

    def call(self, message_id: str) -> Call | None:
        """A call that is still remembered."""
        with self._lock:
            return self._calls.get(message_id)

    def latest(self) -> list[Call]:
        """All that are remembered, oldest first."""
        with self._lock:
            return list(self._calls.values())

    def _step(self, event: StepEvent) -> Call | None:
        if not event.message_id:
            # The provider's first step: who called is known before the message's id is.
            self._unnamed[event.server] = event
            return None
        call = self._calls.get(event.message_id)
        if call is None:
            if event.side != CONSUMER:
                return None
            call = self._calls[event.message_id] = Call(event.message_id, event.server, event.started_at)
            while len(self._calls) > KEPT:
                self._calls.popitem(last=False)
        call.service_code = event.service
        if event.side == PROVIDER:
            call.provider = event.server
            first = self._unnamed.pop(event.server, None) if event.number == 2 else None
            if first is not None and first.number == 1:
                self._add(call, first)
        self._add(call, event)
        if event.side == CONSUMER and (event.outcome != "ok" or event.number == LAST_STEP):
            call.outcome = event.outcome if event.outcome != "ok" else _outcome(call)
        return call

    @staticmethod
    def _add(call: Call, event: StepEvent) -> None:
        began = (event.started_at - call.started_at).total_seconds() * 1000
        call.steps[event.side].append(Step(event.number, began, event.seconds * 1000, event.outcome))


def _outcome(call: Call) -> str:
    return "ok" if call.answered in ("", "00") else call.answered
