"""Alarms as they stand in the portal."""

from __future__ import annotations

from typing import Any

from ketnoi_pages import clock
from ketnoi_portal.alarms.models import Alarm, AlarmSource


def an_alarm(number: int = 1, **changes: Any) -> Alarm:
    """An open alarm about an officer of Thái Nguyên."""
    at = clock.now()
    told = {
        "registry": "population-test", "number": number, "kind": "canary", "raised_at": at, "organisation": "H55",
        "officer": "cb.lan", "instance": "VDXP-TEST", "account": "tk-h55", "unit": "H55.02", "procedure": "1.001",
        "count": 1, "since": at, "last_at": at, "message_id": "m1", "fetched_at": at,
    }  # fmt: skip
    AlarmSource.objects.get_or_create(registry=told["registry"])
    return Alarm.objects.create(**told | changes)
