"""Making a platform: its database, its first signing key, and the first key to its admin API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from ketnoi_exchange.actions import Actions, checks
from ketnoi_exchange.actions.api_keys import ROLES
from ketnoi_exchange.keys import KeyFolder
from ketnoi_exchange.ledger import Ledger
from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_exchange.settings import Settings
from ketnoi_protocol.identifiers import InvalidIdentifier, MemberId
from ketnoi_runtime.clock import Clock
from ketnoi_runtime.database import DATABASE_ERRORS, migrate, open_pool

PACKAGE = "ketnoi_exchange"


class DatabaseAway(ConnectionError):  # noqa: N818
    """The database cannot be reached; the text names the kind of error only, never the address."""


async def initialise(settings: Settings, clock: Clock, actor: str = "init") -> str:
    """Make the platform that the settings describe; the first API key, with every role, which is shown only here.

    Raises ChangeRefused `init_already_initialized` or `validation_failure`; DatabaseAway; OSError when the folder of
    keys cannot be written. After a failure it can be done again.
    """
    try:
        MemberId(settings.instance, "X", "X")
    except InvalidIdentifier:
        raise ChangeRefused("validation_failure", "instance") from None
    for each in settings.first_addresses:
        checks.url(f"http://{each}/")
    pool = await _reach(settings)
    try:
        await migrate(pool, PACKAGE)
        actions = Actions(Ledger(pool, clock), settings)
        await actions.create_platform(
            actor, settings.instance, rehearsal=settings.rehearsal, addresses=settings.first_addresses
        )
        await _check_identity(actions, settings)
        if await actions.api_keys():
            raise ChangeRefused("init_already_initialized", settings.instance)
        KeyFolder(settings.path(settings.keys)).ensure_admin_key(settings.listen.host, clock.now())
        if not await pool.fetchval("SELECT true FROM signing_key LIMIT 1"):
            await actions.rotate_signing_key(actor)
        # Last, so that who has the key has a whole platform.
        return (await actions.make_api_key(actor, ROLES))[1]
    finally:
        await pool.close()


@asynccontextmanager
async def open_actions(settings: Settings, clock: Clock) -> AsyncIterator[Actions]:
    """The actions on a platform from outside its server, as the CLI does it; running nodes notice within seconds.

    Raises ChangeRefused `not_initialized` or `wrong_instance`; DatabaseAway.
    """
    pool = await _reach(settings)
    try:
        await migrate(pool, PACKAGE)
        actions = Actions(Ledger(pool, clock), settings)
        await _check_identity(actions, settings)
        yield actions
    finally:
        await pool.close()


async def _reach(settings: Settings) -> asyncpg.Pool:
    try:
        return await open_pool(settings.database)
    except DATABASE_ERRORS as error:
        raise DatabaseAway(type(error).__name__) from None


async def _check_identity(actions: Actions, settings: Settings) -> None:
    instance, rehearsal = await actions.identity()
    if (instance, rehearsal) != (settings.instance, settings.rehearsal):
        raise ChangeRefused("wrong_instance", instance)
