"""A country whose citizens have eID accounts, a site with a handful of people, and phones in people's hands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from playwright.sync_api import Browser

from journeys.chromium import chromium
from journeys.conftest import PEOPLE
from journeys.identity.handset import Handset
from ketnoi_identity.accounts import records as accounts
from ketnoi_registry.store.people import PersonRow
from ketnoi_testbed.citizens import Citizen, Citizens
from ketnoi_testbed.desk import Desk
from ketnoi_testbed.postgres import Postgres
from ketnoi_testbed.world import World
from packages.identity.tests.register import Register
from packages.identity.tests.site import Site

PickUp = Callable[..., Handset]


@pytest.fixture(scope="package")
def country(cluster: Postgres) -> Iterator[World]:
    """Both systems in the test environment. Whoever changes something in it puts it back."""
    with World("identity", people=PEOPLE, postgres=cluster) as running:
        yield running


@pytest.fixture(scope="package")
def citizens(country: World) -> Citizens:
    """Who has an account there."""
    return Citizens.of(country)


@pytest.fixture(scope="package")
def adults(country: World) -> Iterator[PersonRow]:
    """Living grown-ups of the country without an account, one after the other: nobody is asked too often."""

    def is_new(row: PersonRow) -> bool:
        # Police officers of the desks are people of the country too.
        with country.identity.cursor() as cursor:
            return accounts.by_number(cursor, row.personal_number) is None

    grown = (each for each in country.population if each.life_status == "alive" and each.birth_year < 2000)
    return (row for row in grown if is_new(row))


@pytest.fixture(scope="package")
def police(country: World, citizens: Citizens) -> Desk:
    """A police desk, whose officers are none of the first grown-ups of the country."""
    desk = Desk(country.identity, country.clock)
    desk.staff(citizens, list(country.population)[PEOPLE // 2 :], country.people.family)
    return desk


@pytest.fixture
def citizen(citizens: Citizens, adults: Iterator[PersonRow], police: Desk) -> Citizen:
    """Somebody at level 2 whom no other journey has met."""
    made = citizens.enrol(next(adults))
    assert police.attest(made.account)
    return made


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def site(cluster: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The pages alone, and a registry that knows a few people."""
    with (
        Register(tmp_path_factory.mktemp("register"), cluster.create_database()) as register,
        Site(tmp_path_factory.mktemp("identity"), cluster.create_database(), register=register.settings) as running,
    ):
        yield running


@pytest.fixture
def pick_up_at(browser: Browser) -> Iterator[PickUp]:
    """`pick_up_at(url)`: a new phone at those pages; `passkeys=False`: one that can keep no passkeys."""
    phones: list[Handset] = []

    def pick(url: str, *, passkeys: bool = True) -> Handset:
        phones.append(Handset.new(browser, url, passkeys=passkeys))
        return phones[-1]

    yield pick
    for phone in phones:
        assert phone.broken == []
        phone.page.context.close()


@pytest.fixture
def pick_up(site: Site, pick_up_at: PickUp) -> PickUp:
    """`pick_up()`: a new phone at the pages alone."""
    return partial(pick_up_at, site.url)
