"""What tests of several rooms share: real databases, a real (unsafe) authority, the reference vectors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ketnoi_testbed.authority import UnsafeAuthority
    from ketnoi_testbed.postgres import Postgres

VECTORS = Path(__file__).resolve().parent.parent / "shared" / "vectors" / "x-road"


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of X-Road's own test data, which lies beside the checkout and is no part of it."""
    if not VECTORS.is_dir():
        pytest.skip(f"X-Road's test data are not there: {VECTORS}")
    return VECTORS


@pytest.fixture(scope="session")
def cluster() -> Iterator[Postgres]:
    """One private PostgreSQL cluster for the whole run."""
    from ketnoi_testbed.postgres import private_cluster

    with private_cluster() as running:
        yield running


@pytest.fixture
def database(cluster: Postgres) -> str:
    """The address of a fresh, empty database."""
    return cluster.create_database()


@pytest.fixture(scope="session")
def authority() -> UnsafeAuthority:
    """A certificate authority with OCSP and time stamps, fresh for this run."""
    from ketnoi_testbed.authority import UnsafeAuthority

    return UnsafeAuthority()
