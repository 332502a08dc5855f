"""Two or more sides measured in one run, in turns, so that a noisy machine is noisy for all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.cpu import cpu_seconds


@dataclass
class Side:
    """One of the things compared.

    `run(seconds)` works for about that long and returns the latency of every finished operation, in seconds; `pids`
    are the processes whose CPU time counts as this side's, by name.
    """

    name: str
    run: Callable[[float], list[float]]
    pids: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    cpu: dict[str, float] = field(default_factory=dict)
    rates: list[float] = field(default_factory=list)

    def turn(self, seconds: float) -> None:
        """One turn of this side."""
        before = {name: cpu_seconds(pid) for name, pid in self.pids.items()}
        begun = time.perf_counter()
        latencies = self.run(seconds)
        took = time.perf_counter() - begun
        if not latencies:
            raise RuntimeError(f"{self.name}: nothing was finished within {seconds} s")
        for name, pid in self.pids.items():
            self.cpu[name] = self.cpu.get(name, 0.0) + cpu_seconds(pid) - before[name]
        self.seconds += took
        self.latencies += latencies
        self.rates.append(len(latencies) / took)

    @property
    def rate(self) -> float:
        """Operations a second over all turns."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency that `share` (0 to 1) of all operations did not exceed, in seconds."""
        return sorted(self.latencies)[min(len(self.latencies) - 1, int(share * len(self.latencies)))]

    def cpu_per_operation(self, name: str) -> float:
        """CPU time of one process for one operation, in seconds."""
        return self.cpu[name] / len(self.latencies)

    @property
    def spread(self) -> float:
        """Standard deviation of the turns' rates over their mean."""
        return statistics.pstdev(self.rates) / statistics.fmean(self.rates)


def take_turns(sides: Sequence[Side], seconds: float, tell: Callable[[str], None], turn: float = 5.0) -> None:
    """Run every side for at least `seconds`, in turns of `turn` seconds; each round in the opposite order."""
    rounds = max(1, round(seconds / turn))
    for side in sides:  # warm: connections, caches, prepared statements
        side.run(1.0)
    for number in range(rounds):
        for side in sides if number % 2 == 0 else reversed(sides):
            side.turn(seconds / rounds)
        told = ", ".join(f"{side.name} {side.rates[-1]:,.0f}/s" for side in sides)
        tell(f"  {number + 1}/{rounds}: {told}")
