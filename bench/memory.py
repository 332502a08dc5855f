"""The memory of a registry under steady load: what it holds at the end, over what it held once it was warm."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench.load import Load
from bench.worlds import CALM, straight_to_the_registry
from ketnoi_testbed.world import World

TURN = 10.0
"""Seconds between two looks at it."""


def registry_memory(seconds: float, people: int, callers: int, tell: Callable[[str], None]) -> dict[str, float]:
    """Callers ask the registry for `seconds`; its resident memory in the last tenth of them over the second tenth."""
    tell(f"memory of the registry, {callers} callers, {seconds:.0f} s")
    with ExitStack() as stack:
        world = stack.enter_context(World(people=people, processes=True, pace=CALM))
        way = straight_to_the_registry(world)
        load = Load(way.target, way.questions, callers)
        held, calls = [], 0
        for turn in range(max(2, int(seconds / TURN))):
            calls += len(load.run(TURN))
            held.append(resident_octets(way.pids["registry"]))
            if turn % 6 == 5:
                tell(f"  {(turn + 1) * TURN:.0f} s: {calls:,} calls, {held[-1] / 2**20:.1f} MiB")
    tenth = max(1, len(held) // 10)
    warm, end = median(held[tenth : 2 * tenth]), median(held[-tenth:])
    return {"registry_memory_end_over_warm": end / warm, "registry_memory_mib": end / 2**20, "registry_calls": calls}


def resident_octets(pid: int) -> int:
    """What a process holds in memory now, in octets."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:"))
