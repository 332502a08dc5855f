"""The portal against a real PostgreSQL, with people and desks of the guidance in it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ketnoi_testbed.postgres import Postgres

_FOLDER = Path(tempfile.mkdtemp(prefix="ketnoi-portal-tests-"))
(_FOLDER / "secret").write_text("only for these tests, and long enough for Django to be content\n")
(_FOLDER / "portal.toml").write_text(
    'database = "postgresql://ketnoi@/postgres"\nsecret_key_file = "secret"\nbase_url = "http://testserver"\n'
)
os.environ["KETNOI_PORTAL_SETTINGS"] = str(_FOLDER / "portal.toml")
os.environ["DJANGO_SETTINGS_MODULE"] = "ketnoi_portal.site.settings"

import django  # noqa: E402

django.setup()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(cluster: Postgres) -> None:
    """pytest-django makes its database in this run's own cluster."""
    from django.conf import settings
    from django.db import connections

    own = {"HOST": str(cluster.folder), "USER": "ketnoi", "NAME": "portal", "OPTIONS": {}}
    settings.DATABASES["default"] |= own
    connections["default"].settings_dict |= own
