"""A country whose citizens have eID accounts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from journeys.conftest import PEOPLE
from ketnoi_registry.store.people import PersonRow
from ketnoi_testbed.citizens import Citizen, Citizens
from ketnoi_testbed.postgres import Postgres
from ketnoi_testbed.world import World


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
    """Living grown-ups of the country, one after the other: nobody is asked too often."""
    return (each for each in country.population if each.life_status == "alive" and each.birth_year < 2000)


@pytest.fixture
def citizen(citizens: Citizens, adults: Iterator[PersonRow]) -> Citizen:
    """Somebody whom no other journey has met."""
    return citizens.enrol(next(adults))
