"""A real registry with people in it, beside the citizens' site: each knows the other by a pinned certificate."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

from packages.registry.tests.certificates import self_signed
from packages.registry.tests.worlds import World

from ketnoi_registry.settings import CitizensPage

from .site import Site


class Neighbourhood:
    """The registry on a loop of its own, and the pages as a process. A context manager."""

    def __init__(self, folder: Path, database: str, registry_database: str, **changes: Any) -> None:
        for name in ("registry", "identity"):
            (folder / name).mkdir()
        self.world = World(folder / "registry", registry_database)
        self_signed(folder / "registry", "identity")
        self._changes = changes
        self._folder, self._database = folder, database
        self._stack = AsyncExitStack()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.site: Site

    def do(self, act: Callable[[World], Awaitable[Any]]) -> Any:
        """`await act(world)` on the registry's loop, and what it returned."""

        async def inside() -> Any:
            return await act(self.world)

        return asyncio.run_coroutine_threadsafe(inside(), self._loop).result(60)

    def __enter__(self) -> Self:
        self._thread.start()
        self.do(lambda world: world.start(self._stack, citizens=(CitizensPage("identity.crt"),)))
        told = {
            "url": self.world.url,
            "certificate": str(self.world.folder / "registry.crt"),
            "client_certificate": str(self.world.folder / "identity.crt"),
            "client_key": str(self.world.folder / "identity.key"),
        }
        self.site = Site(self._folder / "identity", self._database, register=told, **self._changes)
        self.site.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.site.close()

        async def end(_world: World) -> None:
            await self._stack.aclose()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self.do(end)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
