"""How much one process holds at one moment: octets of messages, and exchanges under way (docs/decisions, 6)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ketnoi_protocol.errors import Refusal


class Budget:
    """Counts what is held. `octets` and `exchanges` are the most of each."""

    def __init__(self, octets: int, exchanges: int) -> None:
        self._octets = octets
        self._exchanges = exchanges
        self.octets_held = 0
        self.exchanges_held = 0

    @contextmanager
    def exchange(self) -> Iterator[Share]:
        """One exchange, and the octets that it takes with `Share.take`; all are given back at its end.

        Raises Refusal `server_busy` when there are too many exchanges.
        """
        if self.exchanges_held >= self._exchanges:
            raise Refusal("server_busy", "too many exchanges at once")
        self.exchanges_held += 1
        share = Share(self)
        try:
            yield share
        finally:
            self.exchanges_held -= 1
            self.octets_held -= share.octets

    def hold(self, octets: int) -> None:
        """Count `octets` more. Raises Refusal `server_busy` when they do not fit."""
        if self.octets_held + octets > self._octets:
            raise Refusal("server_busy", "too many octets at once")
        self.octets_held += octets


class Share:
    """The octets of one exchange."""

    __slots__ = ("_budget", "octets")

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.octets = 0

    def take(self, octets: int) -> None:
        """Hold `octets` more until the exchange ends. Raises Refusal `server_busy`."""
        self._budget.hold(octets)
        self.octets += octets
