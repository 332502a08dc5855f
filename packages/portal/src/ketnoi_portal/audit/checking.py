"""Whether the audit log is whole: every hash, every link, and each subject's own chain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ketnoi_portal.audit.models import GENESIS, Event


@dataclass(frozen=True, slots=True)
class Checked:
    """How many events were read, the last hash, and the first event that is wrong with what is wrong about it."""

    events: int
    last: str
    broken: int | None = None
    why: str = ""


def check(told: Callable[[int], None] = lambda count: None) -> Checked:
    """Read the whole log. `told` hears now and then how many events have been read."""
    previous, count = GENESIS, 0
    newest: dict[tuple[str, str], str] = {}
    for event in Event.objects.order_by("id").iterator(chunk_size=2000):
        count += 1
        subject = (event.kind, event.subject)
        why = ""
        if event.previous != previous:
            why = "the event before it is missing or another"
        elif event.subject_previous != newest.get(subject, GENESIS):
            why = "the event before it about the same subject is missing or another"
        elif event.hash != event.computed_hash():
            why = "what it says is not what was recorded"
        if why:
            return Checked(count, previous, int(event.pk), why)
        previous = newest[subject] = event.hash
        if count % 10_000 == 0:
            told(count)
    return Checked(count, previous)


def first_broken() -> int | None:
    """The number of the first event that is wrong, or None when the whole log holds."""
    return check().broken
