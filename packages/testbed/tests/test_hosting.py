"""Servers as processes: nobody's when whoever started one has given it up."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from ketnoi_testbed.parts.hosting import ServerProcess, StartFailed

NEVER_READY = "import os, pathlib, time; pathlib.Path('{}').write_text(str(os.getpid())); time.sleep(120)"


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_start_that_is_given_up_leaves_no_process(tmp_path: Path) -> None:
    told = tmp_path / "pid"

    async def act() -> int:
        starting = asyncio.create_task(
            ServerProcess.start([sys.executable, "-c", NEVER_READY.format(told)], tmp_path / "log")
        )
        until = time.monotonic() + 60
        while not (told.exists() and told.read_text()):
            assert time.monotonic() < until
            await asyncio.sleep(0.02)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        pid = int(told.read_text())
        while is_running(pid):
            assert time.monotonic() < until
            await asyncio.sleep(0.02)
        return pid

    assert asyncio.run(act()) > 0


def test_a_process_that_ends_before_it_is_ready_says_why(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; print('no key', file=sys.stderr); sys.exit(1)"]
    with pytest.raises(StartFailed, match="no key"):
        asyncio.run(ServerProcess.start(command, tmp_path / "log"))
