"""A server of a world: an object in this process, or a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

READY_SECONDS = 120.0
STOP_SECONDS = 15.0

KEPT_MEMORY = {
    "PYTHONMALLOC": "malloc",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=33554432"
    ":glibc.malloc.trim_threshold=268435456:glibc.malloc.top_pad=67108864",
}
"""The environment of servers, as packages/securityserver/README.md tells operators: large pages, kept once taken."""


class Stoppable(Protocol):
    """A server that is running."""

    async def stop(self) -> None:
        """Finish what is under way and close everything."""


S = TypeVar("S", bound=Stoppable)


class StartFailed(Exception):  # noqa: N818
    """A process did not become ready; the text is the end of what it said."""


class ServerProcess:
    """A server as a process, from its settings file, until it is stopped."""

    def __init__(self, process: asyncio.subprocess.Process, ready: dict[str, Any]) -> None:
        self._process = process
        self.ready = ready

    @classmethod
    async def start(cls, command: Sequence[str], log: Path) -> ServerProcess:
        """Start it and wait for the JSON line that says it is ready. Raises StartFailed."""
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **KEPT_MEMORY},
            )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(READY_SECONDS):
                line = await process.stdout.readline()
        except TimeoutError:
            line = b""
        except BaseException:
            # Whoever no longer waits for it would not stop it either.
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            raise
        if not line:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            said = await asyncio.to_thread(log.read_text, errors="replace")
            raise StartFailed(f"{command[-1]}: {said[-2000:]}")
        return cls(process, json.loads(line))

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def kill(self) -> None:
        """End it at once, where nobody can wait for it any more."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def stop(self) -> None:
        """Tell it to end, and wait."""
        if self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


class Hosted(Generic[S]):
    """One server of a world, which can be stopped and started again.

    `program` is the package whose command line runs it as a process, with `arguments` (`run --settings …` unless
    given); `start_here` starts it in this process.
    """

    def __init__(
        self,
        name: str,
        program: str,
        settings: Path,
        start_here: Callable[[], Awaitable[S]],
        log: Path,
        arguments: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.settings = settings
        self.program = program
        self._start_here = start_here
        self._arguments = arguments or ("run", "--settings", str(settings))
        self._log = log
        self._running: S | None = None
        self.process: ServerProcess | None = None

    @property
    def running(self) -> S:
        """The server itself. Raises RuntimeError while it is stopped, or runs as a process of its own."""
        if self._running is None:
            raise RuntimeError(f"{self.name} is not running in this process")
        return self._running

    @property
    def is_running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._running is not None or self.process is not None

    async def start(self, *, as_process: bool) -> None:
        """Start it. Raises what the server raises, or StartFailed."""
        if as_process:
            code = f"import sys; from {self.program}.cli import main; sys.exit(main())"
            command = [sys.executable, "-c", code, *self._arguments]
            self.process = await ServerProcess.start(command, self._log)
        else:
            self._running = await self._start_here()

    async def stop(self) -> None:
        """Stop it, if it runs."""
        running, self._running = self._running, None
        process, self.process = self.process, None
        if running is not None:
            await running.stop()
        if process is not None:
            await process.stop()
