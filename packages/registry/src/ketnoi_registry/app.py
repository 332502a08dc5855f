"""One registry, put together: started, and stopped when its running calls are done."""

from __future__ import annotations

import ssl
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from ketnoi_runtime.clock import Clock
from ketnoi_runtime.database import migrate, open_pool
from ketnoi_runtime.web import Listener

from . import openapi
from .access_log import AccessLog, Pseudonyms, key_fingerprints
from .alarms.reading import AlarmReading
from .alarms.watch import Watch
from .callers import CallerError, Callers
from .calls import Calls, Identifying
from .citizens import CitizensDesk
from .citizens.looks import LookReader
from .citizens.reads import OwnReads
from .directory import DirectoryPoller
from .door import Door
from .identity import IdentityClient, OfficerCards
from .identity.consents import Consents
from .looking_up import LookingUp
from .observer import Observer
from .quotas import Quotas
from .repeats import Forgetting, Taken
from .services import Register
from .settings import Settings
from .store.interface import Store
from .store.postgresql import PostgresStore
from .store.units import Units
from .store.upstream import UpstreamStore

KEEPALIVE = 75.0


class Registry:
    """A running registry. `port` is the one it listens on, `directory` what it knows about who may ask."""

    def __init__(self, directory: DirectoryPoller, door: Door, listener: Listener, closing: AsyncExitStack) -> None:
        self.directory = directory
        self._door = door
        self.port = listener.port
        self._closing = closing

    @classmethod
    async def start(cls, settings: Settings, clock: Clock, observer: Observer | None = None) -> Registry:
        """Bring the database's tables up to date and begin to answer.

        The administrative units are read here, once. A directory that cannot be had yet is no error: calls are
        refused until it can.

        Raises CallerError, PseudonymKeyError, UpstreamError, IdentityError, OSError or asyncpg.PostgresError when it
        cannot start.
        """
        callers = Callers(settings)
        pseudonyms = Pseudonyms.read(settings.path(settings.pseudonym_keys))
        signer = _certificate(settings)
        async with AsyncExitStack() as stack:
            pool = await open_pool(settings.database, max_size=settings.database_connections)
            stack.push_async_callback(pool.close)
            await migrate(pool, "ketnoi_registry")
            await key_fingerprints.check(pool, pseudonyms)
            window = timedelta(seconds=settings.repeat_window_seconds)
            log = AccessLog(settings.database, settings.node_id, timeout=settings.log_timeout_seconds, window=window)
            await log.start()
            stack.push_async_callback(log.stop)
            forgetting = Forgetting(pool, clock, window)
            stack.push_async_callback(forgetting.stop)
            await forgetting.start()
            taken = Taken(pool, window, settings.lookup_timeout_seconds)
            quotas = Quotas(pool, clock, settings.lookup_timeout_seconds)
            stack.push_async_callback(quotas.stop)
            await quotas.start()
            watch = Watch(settings.database, pseudonyms, clock, settings.alarms)
            stack.push_async_callback(watch.stop)
            await watch.start()
            directory = DirectoryPoller(settings.directory, signer, settings.environment, pool, clock)
            stack.push_async_callback(directory.stop)
            await directory.start()
            store: Store
            units = await Units.read(pool)
            if settings.upstream is None:
                store = PostgresStore(pool, units, settings.lookup_timeout_seconds)
            else:
                store = behind = UpstreamStore(settings.upstream, Path(settings.base), clock)
                stack.push_async_callback(behind.close)
            register = Register(store, pseudonyms)
            looking = LookingUp(register, settings.catalogue, settings.lookup_timeout_seconds)
            identity: IdentityClient | None = None
            identifying: Identifying | None = None
            if settings.identity is not None:
                identity = IdentityClient(settings.identity, Path(settings.base))
                stack.push_async_callback(identity.close)
                cards = OfficerCards(settings.identity, settings.environment, identity, clock)
                stack.push_async_callback(cards.stop)
                await cards.start()
                identifying = Identifying(Consents(identity, register, looking), cards)
            calls = Calls(
                settings, clock, directory, register, looking, log, taken, quotas, watch, identifying, observer
            )
            document = openapi.document(settings.catalogue, settings.environment, settings.systems)
            alarms = AlarmReading(pool, settings.lookup_timeout_seconds)
            within = settings.lookup_timeout_seconds
            reads = OwnReads(store, units, pseudonyms, log)
            looks = LookReader(pool, store, pseudonyms, settings.catalogue, within)
            citizens = CitizensDesk(reads, looks, directory, clock, within)
            door = Door(settings, callers, calls, document, store, alarms, citizens, identity)
            listener = Listener(door.server(KEEPALIVE), settings.host, settings.port, tls=callers.tls)
            await listener.start()
            stack.push_async_callback(listener.stop)
            return cls(directory, door, listener, stack.pop_all())
        raise AssertionError("unreachable")

    async def stop(self) -> None:
        """Accept nothing more, let running calls finish, write the log that waits, close."""
        self._door.closing = True
        await self._closing.aclose()


def _certificate(settings: Settings) -> bytes:
    file = settings.path(settings.directory.certificate)
    try:
        return ssl.PEM_cert_to_DER_cert(file.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise CallerError(f"{settings.directory.certificate}: is no certificate in PEM") from error
