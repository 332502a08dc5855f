"""What a registry tells about the calls it answers: one event a call, with times and no personal data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CallEvent:
    """One call. `steps` are the gates passed (or the one that refused), then `look up` and `log`, each with the
    seconds it took; `outcome` is the answer's MaKetQua or the code of the refusal. `message_id` is the X-Road-Id,
    empty when there was none to read."""

    node: str
    instance: str
    service: str
    message_id: str
    started_at: datetime
    seconds: float
    steps: tuple[tuple[str, float], ...]
    outcome: str


Observer = Callable[[CallEvent], None]
