"""The citizens' site as a process of its own, and visitors who use it over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ketnoi_testbed.postgres import Postgres

from .site import Site
from .visiting import Visitor


@pytest.fixture(scope="module")
def site(cluster: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The pages, without a registry behind them."""
    with Site(tmp_path_factory.mktemp("identity"), cluster.create_database()) as running:
        yield running


@pytest.fixture
def visitor(site: Site) -> Iterator[Visitor]:
    """Somebody with a browser, who has not signed in."""
    with Visitor(site.url) as somebody:
        yield somebody
