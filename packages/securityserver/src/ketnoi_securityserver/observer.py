"""What a server tells about the exchanges it carries: one event per step, with times and no personal data."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from types import TracebackType
from typing import Final

from ketnoi_protocol.errors import Refusal
from ketnoi_runtime.clock import Clock

CONSUMER: Final = "consumer"
PROVIDER: Final = "provider"

STEPS: Final = {
    CONSUMER: ("read", "recognise", "route", "allow", "sign", "log", "send", "verify", "log, answer"),
    PROVIDER: ("peer", "read", "verify", "fresh", "allow", "log", "ask", "sign, log", "answer"),
}
"""The nine steps of each side, as consumer.py and provider.py number them."""


@dataclass(frozen=True, slots=True)
class StepEvent:
    """One step of one exchange on one server.

    `server` is the security server's identifier in colon form, `message_id` the X-Road-Id (empty until it has been
    read), `service` the code of the service that is asked (likewise), `seconds` how long the step took, `outcome` is
    `ok` or the code that ended the exchange.
    """

    server: str
    side: str
    message_id: str
    service: str
    number: int
    step: str
    started_at: datetime
    seconds: float
    outcome: str


Observer = Callable[[StepEvent], None]


class Steps:
    """The steps of one exchange: `begin(n)` ends the step before, leaving the `with` block ends the last one."""

    __slots__ = (
        "_began",
        "_clock",
        "_names",
        "_number",
        "_observer",
        "_server",
        "_side",
        "_started_at",
        "message_id",
        "service",
    )

    def __init__(self, observer: Observer | None, clock: Clock, server: str, side: str) -> None:
        self._observer = observer
        self._clock = clock
        self._server = server
        self._side = side
        self._names = STEPS[side]
        self._number = 0
        self._began = 0.0
        self._started_at: datetime | None = None
        self.message_id = ""
        self.service = ""

    def __enter__(self) -> Steps:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if self._observer is not None:
            self._tell(outcome_of(error))
            self._started_at = None

    def begin(self, number: int) -> None:
        """Enter step `number`, which must follow the one under way."""
        assert number == self._number + 1, "the steps are taken in order"
        if self._observer is not None:
            self._tell("ok")
            self._started_at = self._clock.now()
            self._began = perf_counter()
        self._number = number

    def _tell(self, outcome: str) -> None:
        if self._observer is not None and self._started_at is not None:
            self._observer(
                StepEvent(
                    self._server,
                    self._side,
                    self.message_id,
                    self.service,
                    self._number,
                    self._names[self._number - 1],
                    self._started_at,
                    perf_counter() - self._began,
                    outcome,
                )
            )


def outcome_of(error: BaseException | None) -> str:
    """`ok`, or the code that ended an exchange."""
    if error is None:
        return "ok"
    if isinstance(error, Refusal):
        return error.code
    # An exchange is cancelled by its deadline, or when the server stops.
    return "deadline_passed" if isinstance(error, asyncio.CancelledError) else "internal_error"
