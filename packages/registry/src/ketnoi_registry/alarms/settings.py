"""From when on something is conspicuous. Every number here is our choice: no public document names one."""

from __future__ import annotations

from typing import Annotated

import msgspec

Count = Annotated[int, msgspec.Meta(ge=1)]
Hour = Annotated[int, msgspec.Meta(ge=0, le=23)]


class Alarming(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Measures of one officer of one organisation, but for the last one [our choice, all of them].

    Odd hours are those from `odd_from` to `odd_until` o'clock in Vietnam; `odd_calls` of them within an hour raise an
    alarm. So do `rate_calls` calls within an hour of which fewer than `rate_percent` per cent found somebody, and
    `block_persons` persons asked within 24 hours whose numbers differ in their last three digits alone, or
    `block_persons_together` that several officers of one organisation asked for. An hour is any stretch of six steps of
    ten minutes before the one that lasts, and it. Every `check_seconds` it is looked at; a person of the canaries is
    told at once.
    """

    odd_from: Hour = 22
    odd_until: Hour = 5
    odd_calls: Count = 20
    rate_calls: Count = 50
    rate_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 30
    block_persons: Count = 10
    block_persons_together: Count = 50
    check_seconds: Annotated[float, msgspec.Meta(gt=0, le=30)] = 10.0

    def is_odd(self, hour: int) -> bool:
        """Whether an hour of the day in Vietnam (0 to 23) is an odd one."""
        if self.odd_from <= self.odd_until:
            return self.odd_from <= hour < self.odd_until
        return hour >= self.odd_from or hour < self.odd_until
