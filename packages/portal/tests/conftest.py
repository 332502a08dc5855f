"""The portal against a real PostgreSQL, with people and desks of the guidance in it."""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from ketnoi_testbed.postgres import Postgres
    from ketnoi_testbed.world import World

_FOLDER = Path(tempfile.mkdtemp(prefix="ketnoi-portal-tests-"))
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)
(_FOLDER / "secret").write_text("only for these tests, and long enough for Django to be content\n")
(_FOLDER / "portal.toml").write_text(
    'database = "postgresql://ketnoi@/postgres"\nsecret_key_file = "secret"\nbase_url = "http://testserver"\n'
)
os.environ["KETNOI_PORTAL_SETTINGS"] = str(_FOLDER / "portal.toml")
os.environ["DJANGO_SETTINGS_MODULE"] = "ketnoi_portal.site.settings"

import django  # noqa: E402

django.setup()

from django.contrib.auth.hashers import ScryptPasswordHasher  # noqa: E402

# The same hash as in production, with less work in it.
ScryptPasswordHasher.work_factor = 2**8

MIGRATED = "migrated"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(cluster: Postgres) -> None:
    """pytest-django makes its database in this run's own cluster."""
    from django.conf import settings
    from django.db import connections

    own = {"HOST": str(cluster.folder), "USER": "ketnoi", "NAME": "portal", "OPTIONS": {}}
    settings.DATABASES["default"]["TEST"]["TEMPLATE"] = MIGRATED
    settings.DATABASES["default"] |= own
    connections["default"].settings_dict |= own


@pytest.fixture(scope="session")
def within(django_db_modify_db_settings: None, django_db_blocker: Any) -> Callable[[str], AbstractContextManager[None]]:
    """`with within(name):` every connection that is opened meanwhile goes to this database of the run's cluster."""
    from django.db import connections

    @contextmanager
    def elsewhere(name: str) -> Iterator[None]:
        connections.close_all()
        settings = connections["default"].settings_dict
        before, settings["NAME"] = settings["NAME"], name
        try:
            with django_db_blocker.unblock():
                yield
        finally:
            connections.close_all()
            settings["NAME"] = before

    return elsewhere


@pytest.fixture(scope="session")
def migrated(within: Callable[[str], AbstractContextManager[None]], cluster: Postgres) -> str:
    """The name of a database with the portal's tables and nothing in them, to be copied."""
    from django.core.management import call_command

    cluster.create_database(MIGRATED)
    with within(MIGRATED):
        call_command("migrate", verbosity=0)
    return MIGRATED


@pytest.fixture(scope="session")
def django_db_setup(migrated: str, django_db_setup: None) -> None:
    """pytest-django's database is a copy, too, so that it finds every migration done."""


@pytest.fixture
def committed(migrated: str, within: Callable[[str], AbstractContextManager[None]], cluster: Postgres) -> Iterator[str]:
    """A database of the test's own, where everything is committed: for what several connections must see.

    pytest-django would empty the common one afterwards, which the audit log refuses. Gives its address.
    """
    name = f"c{secrets.token_hex(6)}"
    with psycopg.connect(cluster.dsn("postgres"), autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{migrated}"')
    with within(name):
        yield cluster.dsn(name)


@pytest.fixture(scope="module")
def world(cluster: Postgres) -> Iterator[World]:
    """One world with running servers beside the portal, for a file: they would poll on behind all others."""
    from ketnoi_testbed.world import World

    with World(people=120, postgres=cluster) as running:
        yield running


@pytest.fixture
def neighbours(world: World) -> Iterator[Path]:
    """The portal knows that world's servers; where its keys to them are."""
    from .connected import neighbours_of

    with neighbours_of(world) as folder:
        yield folder
