"""What must be there before the identity side can start: tables, keys, Django's secret, terms of use.

Run again, it adds what lacks.
"""

from __future__ import annotations

import asyncio
import os
import secrets

import psycopg

from ketnoi_runtime.clock import Clock
from ketnoi_runtime.database import migrate, open_pool

from .accounts import terms
from .openid import keys, pseudonyms
from .settings import Settings

PACKAGE = "ketnoi_identity"
_SECRET_OCTETS = 48


async def initialise(settings: Settings, clock: Clock) -> None:
    """Make the tables but Django's own, the folder of keys, the file of Django's secret, and the rows of the terms.

    Raises NoKeysError, TermsError, OSError, asyncpg.PostgresError or psycopg.Error.
    """
    pool = await open_pool(settings.database)
    try:
        await migrate(pool, PACKAGE)
    finally:
        await pool.close()
    _make_secret(settings)
    folder = settings.path(settings.keys)
    pseudonyms.begin(folder)
    keys.check_folder(folder)
    for name in keys.RINGS:
        keys.ring(folder, name).begin(clock.now())
    await asyncio.to_thread(_keep_terms, settings)


def _make_secret(settings: Settings) -> None:
    """Make the file of Django's secret, which its owner alone reads; nothing where there is one. Raises OSError."""
    path = settings.path(settings.secret_key_file)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(file, "w", encoding="ascii") as opened:
        opened.write(secrets.token_urlsafe(_SECRET_OCTETS))


def _keep_terms(settings: Settings) -> None:
    wordings = terms.wordings(settings.path(settings.terms) if settings.terms else None)
    with psycopg.connect(settings.database) as connection, connection.cursor() as cursor:
        terms.keep(cursor, wordings)
