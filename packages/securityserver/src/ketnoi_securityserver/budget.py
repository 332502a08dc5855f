"""How much one process holds at one moment: octets of messages, and exchanges under way (docs/decisions, 6)."""

from __future__ import annotations

from ketnoi_protocol.errors import Refusal


class Budget:
    """Counts what is held. `octets` and `exchanges` are the most of each."""

    def __init__(self, octets: int, exchanges: int) -> None:
        self._octets = octets
        self._exchanges = exchanges
        self.octets_held = 0
        self.exchanges_held = 0

    def exchange(self) -> Share:
        """One exchange, to be entered, and the octets that it takes with `Share.take`; all are given back at its end.

        Entering raises Refusal `server_busy` when there are too many exchanges.
        """
        return Share(self)

    def begin(self) -> None:
        """Count one exchange more. Raises Refusal `server_busy` when there are too many."""
        if self.exchanges_held >= self._exchanges:
            raise Refusal("server_busy", "too many exchanges at once")
        self.exchanges_held += 1

    def end(self, octets: int) -> None:
        """Give one exchange and its `octets` back."""
        self.exchanges_held -= 1
        self.octets_held -= octets

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

    def __enter__(self) -> Share:
        self._budget.begin()
        return self

    def __exit__(self, *_error: object) -> None:
        self._budget.end(self.octets)

    def take(self, octets: int) -> None:
        """Hold `octets` more until the exchange ends. Raises Refusal `server_busy`."""
        self._budget.hold(octets)
        self.octets += octets
