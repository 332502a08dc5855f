"""Somebody stands between a security server and its platform's configuration: changes it, keeps it back, brings an old
one again."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from journeys.conftest import MakeWorld
from journeys.waiting import eventually
from ketnoi_client.problems import PlatformMustAct
from ketnoi_securityserver.globalconf import GlobalConfiguration
from ketnoi_testbed import mischief
from ketnoi_testbed.asking import person_of
from ketnoi_testbed.mischief import FalseSource
from ketnoi_testbed.parts.security_servers import SecurityServerPart
from ketnoi_testbed.world import World

DIRECTORY = "/internalconf?version=6"


@pytest.fixture(scope="module")
def own_world(make_world: MakeWorld) -> Iterator[World]:
    with make_world() as running:
        yield running
        assert working(running)


def configuration(part: SecurityServerPart) -> GlobalConfiguration:
    return part.hosted.running.state.globalconf


def current_until(part: SecurityServerPart) -> datetime:
    """When the configuration that a server works by expires."""
    until: datetime | None = configuration(part).current().expires_at
    assert until is not None
    return until


def working(world: World) -> bool:
    return world.agency("H55").look_up_citizen(person_of(world.people.full)).answer.ma_ket_qua == "00"


def expires(served: dict[str, bytes]) -> datetime:
    """When a published directory does."""
    told = next(line for line in served[DIRECTORY].decode().splitlines() if line.startswith("Expire-date: "))
    return datetime.fromisoformat(told.removeprefix("Expire-date: "))


def move_a_server(source: FalseSource, host: str) -> None:
    """A security server's address becomes another, and the directory tells the changed file's digest."""
    shared = next(path for path in source.served if path.startswith("/V6/") and path.endswith("shared-params.xml"))
    good = source.served[shared]
    bad = good.replace(host.encode(), b"127.66.6.6")
    before, after = (base64.b64encode(hashlib.sha512(each).digest()) for each in (good, bad))
    assert before in source.served[DIRECTORY]
    source.served[shared] = bad
    source.served[DIRECTORY] = source.served[DIRECTORY].replace(before, after)


def test_a_changed_configuration_is_not_taken_and_the_good_one_stays(own_world: World) -> None:
    part = own_world.server("VDXP", "H55")
    with mischief.false_source(own_world, "VDXP") as source:
        move_a_server(source, part.host)
        asked = source.asked
        eventually(lambda: source.asked > asked + 3 and configuration(part).problem)
        assert configuration(part).current().server(part.id).address == part.host
        assert working(own_world)


def test_without_a_current_configuration_nothing_is_served(own_world: World) -> None:
    with mischief.false_source(own_world, "VDXP"):
        own_world.clock.advance(timedelta(minutes=11))
        try:
            with pytest.raises(PlatformMustAct) as refused:
                own_world.agency("H55").look_up_citizen(person_of(own_world.people.full))
            assert refused.value.code == "global_conf_outdated"
        finally:
            own_world.clock.advance(-timedelta(minutes=11))


def test_an_older_configuration_is_not_taken_again(own_world: World) -> None:
    """It is signed and still valid; but newer ones have been seen."""
    part = own_world.server("VDXP", "H55")
    older = mischief.published(own_world.exchange("VDXP"))
    eventually(lambda: current_until(part) > expires(older))
    newest = current_until(part)
    with mischief.false_source(own_world, "VDXP") as source:
        source.served = older
        asked = source.asked
        eventually(lambda: source.asked > asked + 3 and configuration(part).problem)
        assert current_until(part) >= newest
        assert "global_conf_outdated" in configuration(part).problem
