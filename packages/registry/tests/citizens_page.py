"""The identity system's place in a test: a pinned certificate, and what it asks for citizens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp

from ketnoi_registry.settings import CitizensPage

from .behind import asked_at, stand_in
from .certificates import self_signed
from .worlds import World

AN = {"personal_number": "990089000001", "name": "Nguyễn Văn An", "birth": "1989-03-02"}
BINH = {"personal_number": "990190000003", "name": "Lê Thị Bình", "birth": "1990"}

Ask = Callable[..., Awaitable[tuple[int, Any]]]


def asking(
    folder: Path,
    database: str,
    act: Callable[[World, Ask], Awaitable[Any]],
    *,
    caller: str = "identity",
    behind: bool = False,
    **changes: Any,
) -> Any:
    """`await act(world, ask)`, where `ask(path, told, method="POST")` is status and body as the holder of `caller`.

    `behind` puts an existing database behind the registry. `changes` are of the settings.
    """
    for name in ("identity", "portal"):
        self_signed(folder, name)
    changes = {"citizens": (CitizensPage("identity.crt"),)} | changes

    async def inside() -> Any:
        async with AsyncExitStack() as stack:
            world = World(folder, database)
            if behind:
                existing = stand_in(folder, world.clock)
                await existing.start()
                stack.push_async_callback(existing.stop)
                changes["upstream"] = asked_at(existing)
            await world.start(stack, **changes)
            connector = aiohttp.TCPConnector(ssl=world.tls(caller))
            session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))

            async def ask(path: str, told: Any = None, method: str = "POST") -> tuple[int, Any]:
                body = told if isinstance(told, bytes) else json.dumps(told).encode()
                headers = {"Content-Type": "application/json"}
                async with session.request(method, world.url + path, data=body, headers=headers) as response:
                    return response.status, json.loads(await response.read() or b"null")

            return await act(world, ask)

    return asyncio.run(inside())
