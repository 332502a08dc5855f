"""One country for the whole run, and a browser in which anybody of it can sit down."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from journeys.chromium import chromium
from journeys.portal.browsing import BrowserVisitor
from journeys.portal.desk import Desk
from journeys.portal.pictures import Pictures
from ketnoi_testbed.country import Country
from ketnoi_testbed.surroundings import Pace

PEOPLE = 400
# A little slower than a single world's: there are two of them, and a portal, on two processors.
PACE = Pace(publish=3.0, fetch=1.0, directory=2.0, poll_directory=1.0, ocsp=20.0, timestamp=3.0)

SitDown = Callable[..., Desk]


@pytest.fixture(scope="package")
def country() -> Iterator[Country]:
    """Both environments and the portal. Each journey has an organisation of its own in it."""
    with Country(people=PEOPLE, production_people=PEOPLE, pace=PACE, durable=False) as running:
        yield running


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with chromium() as running:
        yield running


@pytest.fixture
def sit_down_at(browser: Browser) -> Iterator[SitDown]:
    """`sit_down_at(url, "Phan Anh Dũng")`: that person, signed in by their card, in a browser of their own."""
    contexts = []

    def sit(url: str, name: str = "", *, script: bool = True, phone: bool = False) -> Desk:
        size = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 900}
        context = browser.new_context(base_url=url, locale="vi-VN", java_script_enabled=script, viewport=size)
        # The machine may have other things to do.
        context.set_default_timeout(60_000)
        contexts.append(context)
        return Desk.at(context.new_page(), name)

    yield sit
    for context in contexts:
        context.close()


@pytest.fixture
def sit_down(country: Country, sit_down_at: SitDown) -> SitDown:
    """`sit_down("Phan Anh Dũng")`: that person of the country."""
    return partial(sit_down_at, country.portal.url)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    """Takes pictures: away, unless a folder is named."""
    named = os.environ.get("KETNOI_PICTURES")
    return Pictures(Path(named) if named else tmp_path_factory.mktemp("pictures"))


@pytest.fixture
def browse(sit_down: SitDown) -> Callable[[str], BrowserVisitor]:
    """For walks: everybody's browser by their name."""
    return lambda name: BrowserVisitor(sit_down(name), name)
