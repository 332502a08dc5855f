"""Trouble on request: what goes wrong in a country, done to a world.

Each act takes the world first. Those that end by themselves are context managers, which put things right again;
whoever does not want that takes another world.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

import asyncpg
import msgspec
from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_protocol.directory import Grant, Officer
from ketnoi_protocol.services import Platform, Service
from ketnoi_runtime.web import Listener
from ketnoi_testbed.parts.exchanges import OPERATOR, ExchangePart
from ketnoi_testbed.parts.registry import RegistryPart
from ketnoi_testbed.parts.security_servers import SecurityServerPart
from ketnoi_testbed.world import World

VERSIONS = (2, 3, 6)

# Certificates


def revoke(world: World, server: SecurityServerPart, kind: Literal["authentication", "signing"]) -> None:
    """The authority revokes a server's certificate, and the server learns it as soon as it asks."""
    world.authority.revoke(server.certificate(kind))
    ask_ocsp_again(world, server)


def ask_ocsp_again(world: World, *servers: SecurityServerPart) -> None:
    """Let servers ask the authority about their certificates now rather than when it is due."""
    for each in servers or tuple(world.servers.values()):
        world.run(each.hosted.running.state.credentials.refresh(ask_again=True))


@contextmanager
def stale_ocsp(world: World, age: timedelta = timedelta(hours=2)) -> Iterator[None]:
    """The authority's answers are that old."""
    world.authority.ocsp_age = age
    ask_ocsp_again(world)
    try:
        yield
    finally:
        world.authority.ocsp_age = timedelta()
        ask_ocsp_again(world)


# Registration and rights


@contextmanager
def deregistered(world: World, server: SecurityServerPart, *, settle: bool = True) -> Iterator[None]:
    """A security server is struck off its platform, and put back afterwards.

    Without `settle` nobody is told before they ask, as in the seconds after a real deletion.
    """
    exchange = world.exchanges[server.party.instance]

    async def strike() -> None:
        async with exchange.actions() as actions:
            await actions.remove_security_server(OPERATOR, server.id)

    async def put_back() -> None:
        certificate = server.certificate("authentication")
        async with exchange.actions() as actions:
            await actions.add_security_server(
                OPERATOR, server.id, server.host, certificate.public_bytes(Encoding.DER), [server.party.subsystem]
            )

    world.run(strike())
    if settle:
        world.run(world.settle(exchange.instance))
    try:
        yield
    finally:
        world.run(put_back())
        world.run(world.settle(exchange.instance))


@contextmanager
def without_right(world: World, code: str, service: Service) -> Iterator[None]:
    """C06's security server no longer opens a service to an agency, though everything else still does."""
    entry = world.plan.entry(service)
    provider, consumer = world.provider(entry.platform), world.server(entry.platform, code).party
    world.run(provider.take_right(consumer, [entry.service_code]))
    try:
        yield
    finally:
        world.run(provider.give_right(consumer, [entry.service_code]))


# The signed directory


def change_officer(world: World, code: str, **change: object) -> None:
    """An officer's account becomes another; the registry works by it when this returns."""
    officer = next(each for each in world.directory.content.officers if each.code == code)
    changed: Officer = msgspec.structs.replace(officer, **change)
    _publish(world, lambda: world.directory.change(lambda content: content.with_officer(changed)))


def change_grant(world: World, code: str, service: Service, **change: object) -> None:
    """What an agency may ask becomes another; the registry works by it when this returns."""
    grant = next(
        each for each in world.directory.content.grants if (each.organisation, each.service) == (code, service)
    )
    changed: Grant = msgspec.structs.replace(grant, **change)
    _publish(world, lambda: world.directory.change(lambda content: content.with_grant(changed)))


@contextmanager
def frozen_directory(world: World) -> Iterator[None]:
    """Nobody signs the directory any more: ten minutes on it is stale."""
    world.directory.paused = True
    try:
        yield
    finally:
        world.directory.paused = False
        _publish(world, world.directory.sign)


def _publish(world: World, act: Callable[[], Awaitable[None]]) -> None:
    async def publish() -> None:
        await act()
        if world.registry.hosted.process is None:
            await world.registry.hosted.running.directory.poll()

    world.run(publish())


# The signed configuration


@dataclass
class FalseSource:
    """Somebody who answers at the address of an exchange. `served` may be changed by whoever plays that part.

    Keys are `/internalconf?version=6` (and 2, 3), and the paths of the files that a directory lists. `asked` counts
    the requests so far.
    """

    served: dict[str, bytes] = field(default_factory=dict)
    asked: int = 0

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request."""
        self.asked += 1
        found = self.served.get(request.path_qs) or self.served.get(request.path)
        return web.Response(status=404) if found is None else web.Response(body=found)


@contextmanager
def false_source(world: World, platform: Platform | str) -> Iterator[FalseSource]:
    """The exchange is away, and somebody else answers with what it published last, until they choose otherwise."""
    exchange = world.exchange(platform)
    source = FalseSource(published(exchange))
    with ExitStack() as stack:
        world.run(exchange.hosted.stop())
        stack.callback(lambda: world.run(exchange.hosted.start(as_process=world.processes)))
        listener = world.run(_listen(source, exchange))
        stack.callback(lambda: world.run(listener.stop()))
        yield source
    world.run(world.settle(exchange.instance))


def published(exchange: ExchangePart) -> dict[str, bytes]:
    """Everything that an exchange serves to its members at this moment."""
    shelf = exchange.hosted.running.shelf
    served = {}
    for version in VERSIONS:
        directory = shelf.directory("internal", version)
        assert directory is not None
        served[f"/internalconf?version={version}"] = directory
    folder = exchange.settings.path(exchange.settings.published)
    for path in folder.glob("V*/*/*"):
        served[f"/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
    return served


async def _listen(source: FalseSource, exchange: ExchangePart) -> Listener:
    listener = Listener(web.Server(source.answer), exchange.host, exchange.settings.listen.configuration, drain=0.1)
    await listener.start()
    return listener


# Databases


@contextmanager
def unwritable_log(world: World, server: SecurityServerPart | RegistryPart) -> Iterator[None]:
    """The database of a security server, or the registry's, takes no more writes."""
    database = server.database if isinstance(server, RegistryPart) else server.settings.database
    world.run(_read_only(database, True))
    try:
        yield
    finally:
        world.run(_read_only(database, False))


async def _read_only(dsn: str, on: bool) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        # Such a database's own sessions are read-only too, but for this one that says otherwise.
        await connection.execute("SET default_transaction_read_only = off")
        name = await connection.fetchval("SELECT quote_ident(current_database())")
        await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {'on' if on else 'off'}")
        await connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()
    await asyncio.sleep(0.05)  # so that the servers have seen it too
