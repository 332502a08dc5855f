"""What tests of several rooms share: real databases, a real (unsafe) authority, the reference vectors; and their order.

Two workers share the files. What takes long with few tests comes first, so that no worker is left alone with it at the
end; files that share one world stay together on one worker, so that the world is made once and ends with them.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from xdist.scheduler import LoadFileScheduling

    from ketnoi_testbed.authority import UnsafeAuthority
    from ketnoi_testbed.postgres import Postgres

VECTORS = Path(__file__).resolve().parent.parent / "shared" / "vectors" / "x-road"

# The longest inside before what it lies in.
TOGETHER = ("journeys/portal/", "journeys/")
LONG = (
    "journeys/portal/",
    "packages/portal/tests/process/test_exploration.py",
    "packages/testbed/tests/test_country.py",
    "packages/portal/tests/test_account_crowd.py",
    "packages/portal/tests/test_steps_over_http.py",
    "packages/portal/tests/test_every_address.py",
    "journeys/",
)


def unit_of(nodeid: str) -> str:
    """What one worker does as a whole: a file, or the files that lie together."""
    return next((each for each in TOGETHER if nodeid.startswith(each)), nodeid.partition("::")[0])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long units first, then those with many tests."""
    sizes: dict[str, int] = {}
    for item in items:
        unit = unit_of(item.nodeid)
        sizes[unit] = sizes.get(unit, 0) + 1
    ranks = {unit: (LONG.index(unit), 0) if unit in LONG else (len(LONG), -size) for unit, size in sizes.items()}
    order = {unit: number for number, unit in enumerate(sorted(ranks, key=lambda each: ranks[each]))}
    items.sort(key=lambda item: order[unit_of(item.nodeid)])


def pytest_collection_finish() -> None:
    """Thousands of collected tests and their modules stay until the end: the collector need not look at them again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """Whole units go to the workers, in the order above."""
    from xdist.scheduler import LoadFileScheduling

    class Units(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit_of(nodeid)

    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return Units(config, log)


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of X-Road's own test data, which lies beside the checkout and is no part of it."""
    if not VECTORS.is_dir():
        pytest.skip(f"X-Road's test data are not there: {VECTORS}")
    return VECTORS


@pytest.fixture(scope="session")
def cluster() -> Iterator[Postgres]:
    """One private PostgreSQL cluster for the whole run. No test pulls the machine's plug: it need not write through."""
    from ketnoi_testbed.postgres import private_cluster

    with private_cluster(durable=False) as running:
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
