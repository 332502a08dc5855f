"""A circuit breaker: who fails again and again is left alone for a while, then tried with one call.

A number of failures alone would not do: where thousands ask, a handful fails at any time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import StrEnum
from time import monotonic
from typing import Final

LATEST: Final = 20
"""Of so many calls that ended last a share must have failed [our choice]."""


class State(StrEnum):
    """CLOSED: calls pass. OPEN: none does. HALF_OPEN: one is under way, and decides."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Opens after `failures` within `window` seconds, when they are a `share` of the LATEST calls too; `pause` seconds
    later one call may try.

    Of the `failures`, those about one thing count once, however often it is asked about: what fails may be that thing
    alone.

    Every call that `try_pass` let through ends with exactly one of `succeeded` and `failed`. A call that
    had begun before the circuit opened decides nothing when it ends: only the trial does. `told` gets each new state.
    """

    def __init__(
        self,
        failures: int,
        window: float,
        pause: float,
        share: float,
        *,
        told: Callable[[State], None] = lambda _state: None,
        moment: Callable[[], float] = monotonic,
    ) -> None:
        self._most, self._window, self._pause, self._share = failures, window, pause, share
        self._told, self._moment = told, moment
        self._failed: deque[tuple[float, object]] = deque(maxlen=failures)
        self._latest: deque[bool] = deque(maxlen=LATEST)
        self._opened_at = 0.0
        self._trial = 0
        self.state = State.CLOSED

    @property
    def failures(self) -> int:
        """How many failures count at this moment, at most as many as open it."""
        since = self._moment() - self._window
        return sum(at > since for at, _ in self._failed)

    @property
    def seconds_left(self) -> float:
        """How long no call will be let through; 0 when one may try."""
        if self.state is State.CLOSED:
            return 0.0
        if self.state is State.HALF_OPEN:
            return 1.0
        return max(0.0, self._opened_at + self._pause - self._moment())

    def try_pass(self) -> int | None:
        """A pass for one call, to be given back with its outcome; None when it may not go."""
        if self.state is State.CLOSED:
            return 0
        if self.state is State.HALF_OPEN or self.seconds_left > 0:
            return None
        self._trial += 1
        self._become(State.HALF_OPEN)
        return self._trial

    def succeeded(self, passed: int) -> None:
        """The call was answered."""
        if self._decides(passed):
            self._failed.clear()
            self._latest.clear()
            self._become(State.CLOSED)
        elif self.state is State.CLOSED:
            self._latest.append(True)

    def failed(self, passed: int, about: object = None) -> None:
        """The call was not answered as it should be. `about` is what it asked about, as something to compare."""
        if self._decides(passed):
            self._open()
        elif self.state is State.CLOSED:
            others = [each for each in self._failed if about is None or each[1] != about]
            self._failed.clear()
            self._failed.extend([*others, (self._moment(), about)])
            self._latest.append(False)
            failed = self._latest.count(False) / len(self._latest)
            if self.failures >= self._most and failed >= self._share:
                self._open()

    def _decides(self, passed: int) -> bool:
        return self.state is State.HALF_OPEN and passed == self._trial

    def _open(self) -> None:
        self._opened_at = self._moment()
        self._become(State.OPEN)

    def _become(self, state: State) -> None:
        self.state = state
        self._told(state)
