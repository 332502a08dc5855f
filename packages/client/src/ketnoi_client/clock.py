"""The agency's clock. Tests and rehearsals hand in another one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Now = Callable[[], datetime]


def system_now() -> datetime:
    """The machine's present moment, aware, in UTC."""
    return datetime.now(UTC)
