"""A stolen key on a real platform: what runs is closed at once, and opened by a check under another certificate."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest

from ketnoi_client.problems import KetnoiError
from ketnoi_portal.onboarding import removing, rotating
from ketnoi_portal.onboarding.models import Application, PlatformRegistration
from ketnoi_portal.process.case import Rotation, Stage
from ketnoi_portal.process.effects import platform_of
from ketnoi_portal.process.roles import Actor, Role
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.publication import registrar
from ketnoi_portal.publication.reading import approved_applications
from ketnoi_protocol.services import Environment
from ketnoi_securityserver.credentials.keys import authentication_request
from ketnoi_testbed.asking import person_of
from ketnoi_testbed.world import World

from .agencys_server import UNIT, certificate_of_a_new_key, check, der, live_in, on_the_platform, pem, settle, shown
from .offices import at_agency, at_desk, found

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("neighbours")]


@pytest.fixture(scope="module")
def world(cluster: Any) -> Iterator[World]:
    """A world of its own: a server has another certificate afterwards."""
    with World(people=200, postgres=cluster) as running:
        yield running


@pytest.fixture
def operator() -> Actor:
    found()
    return at_desk("vdxp", Role.OPERATOR)


@pytest.fixture
def rep(operator: Actor) -> Actor:
    return at_agency("H55")


@pytest.fixture
def live(operator: Actor, world: World) -> Application:
    return live_in(world)


def published(live: Application) -> frozenset[Environment]:
    """Where C06's servers and the directory are to answer it, as the publication reads it."""
    (approved,) = approved_applications()
    assert approved.number == live.number
    return approved.environments


def answered(world: World) -> bool:
    try:
        world.agency("H55").look_up_citizen(person_of(world.people.full))
    except KetnoiError:
        return False
    return True


def test_the_stolen_key_opens_nothing_again_and_another_one_only_when_it_is_checked(
    world: World, operator: Actor, rep: Actor, live: Application
) -> None:
    stolen = shown(world)
    assert answered(world)
    assert Environment.TEST in published(live)
    live = registrar.remove(operator, live, UNIT, "khóa bị đánh cắp")
    assert on_the_platform(live) == set()
    assert Environment.TEST not in published(live)
    settle(world)
    world.until(lambda: not answered(world))

    with pytest.raises(StepRefused, match="certificate_removed"):
        registrar.register(operator, live, UNIT)
    with pytest.raises(StepRefused, match="certificate_removed"):
        removing.name_certificate(rep, live, UNIT, pem(stolen))
    assert on_the_platform(live) == set(), "nothing of it reached the platform"

    another = certificate_of_a_new_key(world)
    live = removing.name_certificate(rep, live, UNIT, pem(another))
    assert rotating.registration_of(live, UNIT).state == PlatformRegistration.ASKED
    live = registrar.register(operator, live, UNIT)
    assert on_the_platform(live) == {sha256(der(another)).hexdigest().upper()}
    assert live.case().rotation(platform_of(UNIT)) is Rotation.ALONE
    assert Environment.TEST not in published(live), "registered, but not checked"
    settle(world)
    world.until(lambda: shown(world) == another)
    assert check(rep, live) == []
    assert live.case().rotations == ()
    assert Environment.TEST in published(live)
    world.until(lambda: answered(world))
    assert live.stage == Stage.LIVE


def test_a_server_that_still_shows_the_old_key_opens_nothing(
    world: World, operator: Actor, rep: Actor, live: Application
) -> None:
    live = registrar.remove(operator, live, UNIT, "khóa bị đánh cắp")
    server = world.server("VDXP", "H55")
    asked = authentication_request(server.keys.make_authentication_key(), server.id, "Thái Nguyên", server.host)
    elsewhere = world.authority.certify_request(asked, "authentication")
    live = removing.name_certificate(rep, live, UNIT, pem(elsewhere))
    live = registrar.register(operator, live, UNIT)
    settle(world)
    assert {"shows_next", "certificate_registered"} & set(check(rep, live))
    assert live.case().rotation(platform_of(UNIT)) is Rotation.ALONE
    assert Environment.TEST not in published(live)
