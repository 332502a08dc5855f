"""From when on something is conspicuous. Every number here is our choice: no public document names one."""

from __future__ import annotations

from typing import Annotated

import msgspec

Count = Annotated[int, msgspec.Meta(ge=1)]
Hour = Annotated[int, msgspec.Meta(ge=0, le=23)]


class Alarming(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Measures of one officer of one organisation [our choice, all of them].

    Odd hours are those from `odd_from` to `odd_until` o'clock in Vietnam; `odd_calls` in one of them raise an alarm. So
    do `rate_calls` calls in an hour of which fewer than `rate_percent` per cent found somebody, and `block_persons`
    persons asked within 24 hours whose numbers differ in their last three digits alone. Every `check_seconds` it is
    looked at; a person of the canaries is told at once.
    """

    odd_from: Hour = 22
    odd_until: Hour = 5
    odd_calls: Count = 20
    rate_calls: Count = 50
    rate_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 30
    block_persons: Count = 10
    check_seconds: Annotated[float, msgspec.Meta(gt=0, le=30)] = 10.0

    def is_odd(self, hour: int) -> bool:
        """Whether an hour of the day in Vietnam (0 to 23) is an odd one."""
        if self.odd_from <= self.odd_until:
            return self.odd_from <= hour < self.odd_until
        return hour >= self.odd_from or hour < self.odd_until
