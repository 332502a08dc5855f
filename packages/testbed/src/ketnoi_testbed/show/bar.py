"""How many of many are done, on standard error: a bar at a terminal, else a line for each twentieth."""

from __future__ import annotations

import sys
import time

_WIDTH = 30


class Bar:
    """Call it with how many are done."""

    def __init__(self, total: int) -> None:
        self._total = max(1, total)
        self._began = self._told = time.monotonic()
        self._step = -1
        self._terminal = sys.stderr.isatty()

    def __call__(self, done: int) -> None:
        """So many are done."""
        now, step = time.monotonic(), done * 20 // self._total
        if (now - self._told > 0.2 or done >= self._total) if self._terminal else step > self._step:
            self._told, self._step = now, step
            rate = done / max(now - self._began, 1e-3)
            left = int((self._total - done) / rate) if rate else 0
            told = f"{done:,}/{self._total:,}  {rate:,.0f}/s  còn · left {left // 60}:{left % 60:02}"
            if self._terminal:
                full = done * _WIDTH // self._total
                print(f"\r[{'█' * full}{'·' * (_WIDTH - full)}] {told}\x1b[K", end="", file=sys.stderr, flush=True)
            else:
                print(told, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the bar's line."""
        if self._terminal:
            print(file=sys.stderr)
