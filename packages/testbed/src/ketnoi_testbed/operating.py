"""Servers as their operators run them: in this process, or each in a process of its own.

Both ways start from a settings file; a world is set up in the same way whichever is chosen.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import ketnoi_exchange.app
import ketnoi_exchange.settings
import ketnoi_registry.app
import ketnoi_registry.settings
import ketnoi_securityserver.app
import ketnoi_securityserver.settings
from ketnoi_runtime.clock import Clock
from ketnoi_runtime.settings import load_settings

READY_WITHIN = 30.0

_KINDS: dict[str, tuple[Any, Any]] = {
    "exchange": (ketnoi_exchange.app.Exchange, ketnoi_exchange.settings.Settings),
    "securityserver": (ketnoi_securityserver.app.SecurityServer, ketnoi_securityserver.settings.Settings),
    "registry": (ketnoi_registry.app.Registry, ketnoi_registry.settings.Settings),
}


class ServerFailed(Exception):  # noqa: N818
    """A server did not start; the text is the end of its log."""


class Running(Protocol):
    """One running server."""

    @property
    def pid(self) -> int | None:
        """Its process, when it has one of its own."""

    @property
    def server(self) -> Any:
        """The server itself, when it runs in this process."""

    async def stop(self) -> None:
        """Let it finish and end."""


class Here:
    """A server in this process, with the world's clock and an observer."""

    pid = None

    def __init__(self, server: Any) -> None:
        self.server = server

    @classmethod
    async def start(cls, kind: str, settings: Path, clock: Clock, observer: Callable[[Any], None] | None) -> Here:
        """Start it; it answers when this returns."""
        server, settings_kind = _KINDS[kind]
        return cls(await server.start(load_settings(settings, settings_kind), clock, observer))

    async def stop(self) -> None:
        await self.server.stop()


class Apart:
    """A server in a process of its own, with the machine's clock. Its output goes to `<settings>.log`."""

    server = None

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def pid(self) -> int | None:
        """The process."""
        return self._process.pid

    @classmethod
    async def start(cls, kind: str, settings: Path, module: str | None = None) -> Apart:
        """Start it and wait for its ready line. `module` runs another program that takes the same settings.

        Raises ServerFailed.
        """
        log = settings.with_suffix(".log")
        command = [sys.executable, "-m", module] if module else [sys.executable, "-m", f"ketnoi_{kind}.cli", "run"]
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *command, "--settings", str(settings), stdout=asyncio.subprocess.PIPE, stderr=errors
            )
        running = cls(process, log)
        assert process.stdout is not None
        try:
            line = await asyncio.wait_for(process.stdout.readline(), READY_WITHIN)
        except TimeoutError:
            line = b""
        if b'"ready"' not in line:
            await running.stop()
            raise ServerFailed(f"{kind} {settings.stem}: {log.read_text(errors='replace')[-2000:]}")
        return running

    async def stop(self) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), 15)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
