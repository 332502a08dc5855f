"""How far a load is, for whoever waits for it, and the file that lists the lines with remarks."""

from __future__ import annotations

import asyncio
import csv
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

import asyncpg

from .remarks import words
from .runs import Run

_WIDTH = 30
HEADER = ("dong_line", "ma_code", "ly_do", "reason")


class Progress:
    """On standard error: one bar that is written over at a terminal, else a line for each twentieth of the file."""

    def __init__(self, out: TextIO | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self._out = out or sys.stderr
        self._bar = self._out.isatty()
        self._now = now
        self._began = self._told = now()
        self._before: tuple[int, float] | None = None
        self._step = -1

    def begin(self, run: Run, share: float) -> None:
        """Say where this load begins: what an earlier one did says nothing about the speed of this one."""
        self._began, self._before = self._now(), (run.lines, share)

    def __call__(self, run: Run, share: float) -> None:
        """One more batch: `share` (0 to 1) of the file is read."""
        now = self._now()
        step = int(share * 20)
        if (now - self._told > 0.2 or share >= 1) if self._bar else step > self._step:
            self._told, self._step = now, step
            print(self._line(run, share, now), end="" if self._bar else "\n", file=self._out, flush=True)

    def end(self) -> None:
        """Leave the bar's line."""
        if self._bar:
            print(file=self._out)

    def _line(self, run: Run, share: float, now: float) -> str:
        took = max(now - self._began, 1e-3)
        lines, read = self._before or (0, 0.0)
        rate = (run.lines - lines) / took
        left = took * (1 - share) / (share - read) if share > read else 0.0
        told = (
            f"{share:4.0%}  {run.lines:,} dòng · lines  từ chối · refused {run.refused:,}  {rate:,.0f}/s  "
            f"còn · left {int(left) // 60}:{int(left) % 60:02}"
        )
        if not self._bar:
            return told
        full = int(share * _WIDTH)
        return f"\r[{'█' * full}{'·' * (_WIDTH - full)}] {told}\x1b[K"


async def write_remarks(connection: asyncpg.Connection, run: Run, file: Path) -> int:
    """Write the remarks of `run` as a CSV file, anew; returns how many there are, and leaves no file for none.

    A line's number stands there and nothing else of it, so the file holds no personal data. Raises OSError.
    """
    rows = await connection.fetch("SELECT line, code FROM load_remark WHERE load_run = $1 ORDER BY line, code", run.id)
    await asyncio.to_thread(_write, file, rows)
    return len(rows)


def _write(file: Path, rows: Sequence[asyncpg.Record]) -> None:
    if not rows:
        file.unlink(missing_ok=True)
        return
    part = file.with_name(file.name + ".part")
    with part.open("w", encoding="utf-8-sig", newline="") as out:
        write = csv.writer(out).writerow
        write(HEADER)
        for line, code in rows:
            write((line, code, *words(code)))
    part.replace(file)
