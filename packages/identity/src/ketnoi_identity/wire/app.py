"""The wire, put together: started, and stopped when its running calls are done."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from typing import Final

import asyncpg

from ketnoi_runtime.clock import Clock
from ketnoi_runtime.database import migrate, open_pool
from ketnoi_runtime.web import Listener

from ..initialise import PACKAGE
from ..openid.keys import OFFICERS, KeyRing, check_folder
from ..openid.keys import ring as ring_of
from ..settings import Settings
from .callers import Callers, Role
from .clients import ClientDesk
from .consents import ConsentDesk
from .door import Answer, Door, Route
from .keys import KeyDesk
from .objections import ObjectionDesk
from .terms import TermsDesk
from .uses import Usage

KEEPALIVE: Final = 75.0


class Wire:
    """A running wire. `port` is the one it listens on."""

    def __init__(self, door: Door, listener: Listener, closing: AsyncExitStack) -> None:
        self._door = door
        self.port = listener.port
        self._closing = closing

    @classmethod
    async def start(cls, settings: Settings, clock: Clock) -> Wire:
        """Bring the database's tables up to date and begin to answer.

        Raises PinningError, NoKeysError, OSError or asyncpg.PostgresError when it cannot start.
        """
        callers = Callers(settings)
        folder = settings.path(settings.keys)
        check_folder(folder)
        ring = ring_of(folder, OFFICERS)
        ring.told(clock.now())
        async with AsyncExitStack() as stack:
            # What is answered must be on the disk, whatever the database's own rule is.
            held = {"synchronous_commit": "on", "timezone": "UTC"}
            pool = await open_pool(settings.database, max_size=settings.wire.database_connections, server_settings=held)
            stack.push_async_callback(pool.close)
            await migrate(pool, PACKAGE)
            door = Door(settings.wire, callers, routes(settings, clock, pool, ring))
            listener = Listener(
                door.server(KEEPALIVE), settings.wire.host, settings.wire.port, tls=callers.tls, keepalive=KEEPALIVE
            )
            await listener.start()
            stack.push_async_callback(listener.stop)
            return cls(door, listener, stack.pop_all())
        raise AssertionError("unreachable")

    async def stop(self) -> None:
        """Accept nothing more, let running calls finish, close."""
        self._door.closing = True
        await self._closing.aclose()


def routes(settings: Settings, clock: Clock, pool: asyncpg.Pool, ring: KeyRing) -> tuple[Route, ...]:
    """Who may ask what, and who answers it."""
    consents = ConsentDesk(pool, clock, settings.consents)
    uses, keys = Usage(pool, clock), KeyDesk(pool, ring, clock)
    clients = ClientDesk(pool, clock, rehearsal=settings.rehearsal)
    terms, objections = TermsDesk(pool, clock), ObjectionDesk(pool, clock)
    table: tuple[tuple[Role, str, str, Answer], ...] = (
        (Role.REGISTRY, "POST", "/v1/consents", consents.begin),
        (Role.REGISTRY, "POST", "/v1/consents/state", consents.state),
        (Role.REGISTRY, "POST", "/v1/uses", uses.use),
        (Role.REGISTRY, "GET", "/v1/keys", keys.public),
        (Role.PORTAL, "PUT", "/v1/clients", clients.put),
        (Role.PORTAL, "GET", "/v1/terms", terms.standing),
        (Role.PORTAL, "GET", "/v1/objections", objections.after),
        (Role.PORTAL, "POST", "/v1/objections/([0-9]{1,18})/answers", objections.answer),
    )
    return tuple(Route(role, method, re.compile(path), answer) for role, method, path, answer in table)
