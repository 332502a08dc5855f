"""The site's clock: everything that is recorded asks it for the moment."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from ketnoi_runtime.clock import Clock, SystemClock

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")

_clock: Clock = SystemClock()


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _clock.now()


def current() -> Clock:
    """The clock itself, for whoever keeps one."""
    return _clock


def today() -> date:
    """The date in Vietnam."""
    return now().astimezone(HANOI).date()


def use(clock: Clock) -> Clock:
    """Go by another clock from now on; returns the one before."""
    global _clock
    before, _clock = _clock, clock
    return before
