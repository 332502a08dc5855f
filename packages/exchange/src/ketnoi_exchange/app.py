"""One node of one platform, put together: started, and stopped when its running requests are done."""

from __future__ import annotations

import logging
import ssl
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Self

import asyncpg

from ketnoi_exchange.actions import Actions
from ketnoi_exchange.admin.api import Admin
from ketnoi_exchange.initialisation import PACKAGE, DatabaseAway
from ketnoi_exchange.keys import KeyFolder
from ketnoi_exchange.ledger import Ledger
from ketnoi_exchange.observer import Observer
from ketnoi_exchange.publication import door
from ketnoi_exchange.publication.publisher import Publisher
from ketnoi_exchange.publication.shelf import Shelf
from ketnoi_exchange.publication.store import ClockBehind, PublicationStore
from ketnoi_exchange.settings import Settings
from ketnoi_runtime.clock import Clock
from ketnoi_runtime.database import DATABASE_ERRORS, migrate, open_pool
from ketnoi_runtime.web import Listener
from ketnoi_trust.errors import Refused

logger = logging.getLogger(__name__)


class Exchange:
    """A running node. `actions` is everything that can be done to the platform; made by `start` only."""

    def __init__(
        self, settings: Settings, actions: Actions, publisher: Publisher, shelf: Shelf, closing: AsyncExitStack
    ) -> None:
        self.settings = settings
        self.actions = actions
        self.publisher = publisher
        self.shelf = shelf
        self._closing = closing
        self.configuration_port = 0
        self.admin_port = 0

    @classmethod
    async def start(cls, settings: Settings, clock: Clock, observer: Observer | None = None) -> Self:
        """Publish, and answer on both ports.

        Where the database is away but the last publication still counts, the node starts with that and waits; so it
        does where nothing can be signed for now.
        Raises ChangeRefused `not_initialized` or `wrong_instance`, DatabaseAway, KeyUnusable, and OSError for an
        address that is taken or a folder that cannot be written.
        """
        async with AsyncExitStack() as closing:
            keys = KeyFolder(settings.path(settings.keys))
            keys.ensure_admin_key(settings.listen.host, clock.now())
            keep = timedelta(seconds=settings.publish.keep_files)
            shelf = Shelf(settings.path(settings.published), settings.instance, clock, keep)
            shelf.open()

            # No connection yet: the database may be away.
            pool = await open_pool(settings.database, min_size=0)
            closing.push_async_callback(_close, pool)
            publisher = Publisher(
                PublicationStore(pool, settings.node),
                shelf,
                keys,
                clock,
                settings.publish,
                identity=(settings.instance, settings.rehearsal),
                observer=observer,
            )
            actions = Actions(
                Ledger(pool, clock, changed=lambda version: publisher.changed(), observer=observer), settings
            )
            node = cls(settings, actions, publisher, shelf, closing)

            try:
                await migrate(pool, PACKAGE)
                await publisher.turn()
            except (OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError) as error:
                if not shelf.current:
                    raise DatabaseAway(type(error).__name__) from None
                logger.error("started without the database: %s", type(error).__name__)
            except (ClockBehind, Refused) as error:
                # The admin API is where this can be mended; the publisher goes on trying, and says why it cannot.
                logger.error("started with what was signed before: %s", type(error).__name__)
            publisher.start()
            closing.push_async_callback(publisher.stop)

            listen = settings.listen
            admin = Admin(actions, publisher, shelf)
            configuration = door.application(shelf, settings.publish.default_version)
            served = Listener(configuration, listen.host, listen.configuration)
            asked = Listener(admin.application(), listen.host, listen.admin, tls=_tls(keys))
            for listener in (served, asked):
                await listener.start()
                closing.push_async_callback(listener.stop)
            node.configuration_port, node.admin_port = served.port, asked.port
            node._closing = closing.pop_all()
        return node

    async def until_published(self) -> None:
        """Wait until every change made so far is in the configuration that this node serves."""
        version = await self.actions.version()
        await self.publisher.until_served(version)

    async def stop(self) -> None:
        """Finish running requests and a publication under way, and close everything."""
        await self._closing.aclose()


async def _close(pool: asyncpg.Pool) -> None:
    try:
        await pool.close()
    except DATABASE_ERRORS:
        pool.terminate()


def _tls(keys: KeyFolder) -> ssl.SSLContext:
    certificate, key = keys.admin_files
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context
