"""How far one call has come, and how long each step took."""

from __future__ import annotations

import re
from datetime import datetime
from time import perf_counter

from ketnoi_protocol.services import CatalogueEntry, ConsentEntry
from ketnoi_runtime.logs import redact

from .access_log import Pseudonyms
from .gates import LONGEST_MESSAGE_ID, Case
from .observer import CallEvent

_UUID = re.compile("([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})")


def shown(message_id: str, pseudonyms: Pseudonyms) -> str:
    """A message id as logs keep it: an information system that puts somebody's number there finds asterisks, and after
    them what tells one such id from another. The last twelve places of a UUID may all be digits by chance; they stay.
    """
    parts = _UUID.split(message_id)
    text = "".join(part if number % 2 else redact(part) for number, part in enumerate(parts))
    if text == message_id:
        return text
    mark = f"~{pseudonyms.of_message(message_id)}"
    return text[: LONGEST_MESSAGE_ID - len(mark)] + mark


def name_of(entry: CatalogueEntry | ConsentEntry) -> str:
    """What was asked, as logs name it: the service, or the consent operation."""
    return entry.service.value if isinstance(entry, CatalogueEntry) else entry.operation.value


class Journey:
    """One call. `outcome` is the code it ends with."""

    __slots__ = ("_began", "_entered", "_name", "_pseudonyms", "_steps", "at", "case", "outcome")

    def __init__(self, at: datetime, pseudonyms: Pseudonyms) -> None:
        self.at = at
        self._pseudonyms = pseudonyms
        self.case: Case | None = None
        self.outcome = "99"
        self._steps: list[tuple[str, float]] = []
        self._name = ""
        self._began = self._entered = perf_counter()

    @property
    def message_id(self) -> str:
        """The message's id as logs keep it; empty as long as none was read."""
        return shown(getattr(self.case, "message_id", ""), self._pseudonyms)

    def enter(self, name: str) -> None:
        """The next step begins; with an empty name none does."""
        now = perf_counter()
        if self._name:
            self._steps.append((self._name, now - self._entered))
        self._name, self._entered = name, now

    def event(self, node: str, entry: CatalogueEntry | ConsentEntry) -> CallEvent:
        """What an observer is told of it."""
        self.enter("")
        seconds = perf_counter() - self._began
        return CallEvent(
            node, entry.instance, name_of(entry), self.message_id, self.at, seconds, tuple(self._steps), self.outcome
        )
