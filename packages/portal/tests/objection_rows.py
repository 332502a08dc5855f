"""An objection as the worker keeps it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ketnoi_pages import clock
from ketnoi_portal.identities.models import Objection


def an_objection(number: int = 1, **changes: Any) -> Objection:
    """One to Thái Nguyên that nobody has answered."""
    at = clock.now()
    told = {
        "source": "identity-test", "number": number, "organisation": "H55", "unit": "H55.02", "message_id": "m1",
        "system": "population", "service": "look_up_citizen", "procedure": "1.001", "looked_at": at,
        "reason": "Tôi không làm thủ tục này", "made_at": at, "due_at": at + timedelta(days=2), "fetched_at": at,
    }  # fmt: skip
    return Objection.objects.create(**told | changes)
