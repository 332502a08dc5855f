"""The worlds that journeys walk through."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

import pytest

from journeys.peer import Peer
from ketnoi_testbed.postgres import Postgres
from ketnoi_testbed.world import World

PEOPLE = 400


class MakeWorld(Protocol):
    """`with make_world() as world:` a world of a test's own, which it may ruin."""

    def __call__(self, plan: str = "two_platforms") -> AbstractContextManager[World]: ...


@pytest.fixture(scope="package")
def world(cluster: Postgres) -> Iterator[World]:
    """One world for all journeys. Whoever changes something in it puts it back."""
    with World(people=PEOPLE, postgres=cluster) as running:
        yield running


@pytest.fixture(scope="package")
def existing_world(cluster: Postgres) -> Iterator[World]:
    """The same with an existing database behind C06's registry."""
    with World("existing_database", people=PEOPLE, postgres=cluster) as running:
        yield running


@pytest.fixture(scope="session")
def make_world(cluster: Postgres) -> MakeWorld:
    """For journeys that break what they walk through."""

    def make(plan: str = "two_platforms") -> World:
        return World(plan, people=PEOPLE, postgres=cluster)

    return make


@pytest.fixture
def rogue(world: World) -> Peer:
    """Whoever holds the keys of Thái Nguyên's security server on VDXP, and sends C06 what he likes."""
    return Peer(world, world.server("VDXP", "H55"), world.provider("VDXP"))


@pytest.fixture
def reached_the_registry(world: World) -> Iterator[list[str]]:
    """The message ids of the calls that reached the registry during a test."""
    from ketnoi_registry.observer import CallEvent

    seen: list[str] = []

    def listen(event: object) -> None:
        if isinstance(event, CallEvent):
            seen.append(event.message_id)

    world.listen(listen)
    yield seen
    world.around.listeners.remove(listen)
