"""A server as a process of its own: start, wait for SIGTERM or SIGINT, drain, stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Protocol

import uvloop


class Server(Protocol):
    """Anything that runs until it is stopped."""

    async def stop(self) -> None:
        """Finish running requests and close everything."""


def run(start: Callable[[], Awaitable[Server]], ready: Callable[[], None] = lambda: None) -> None:
    """Run one server on a new event loop until the process is told to end.

    `start` makes and starts the server, `ready` is called once it accepts requests.
    """

    async def until_told() -> None:
        told = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, told.set)
        server = await start()
        try:
            ready()
            await told.wait()
        finally:
            await server.stop()

    uvloop.run(until_told())
