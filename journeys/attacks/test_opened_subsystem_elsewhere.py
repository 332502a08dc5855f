"""A subsystem that was opened from its own security server asks from another one: both the platform and C06 must have
let it, and whichever has not, the refusal has a code of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from journeys.peer import Crafted, Peer
from journeys.waiting import eventually
from ketnoi_testbed.world import World


@contextmanager
def registered_elsewhere(world: World) -> Iterator[None]:
    """The platform registers H55's subsystem for G15's security server too."""
    home, elsewhere, provider = world.server("VDXP", "H55"), world.server("VDXP", "G15"), world.provider("VDXP")
    client = home.party.subsystem

    async def register(add: bool) -> None:
        async with world.exchange("VDXP").actions() as actions:
            act = actions.add_server_client if add else actions.remove_server_client
            await act("journey", elsewhere.id, client)

    def knows() -> bool:
        configuration = provider.hosted.running.state.globalconf.current()
        return configuration.server(elsewhere.id).serves(client)

    world.run(register(True))
    try:
        eventually(knows)
        yield
    finally:
        world.run(register(False))
        eventually(lambda: not knows())


@contextmanager
def opened_elsewhere(world: World) -> Iterator[None]:
    """C06 opens its services to H55's subsystem from G15's security server too."""
    home, elsewhere, provider = world.server("VDXP", "H55"), world.server("VDXP", "G15"), world.provider("VDXP")
    codes = [each.service_code for each in world.plan.services_of(home.party.instance)]

    async def open_from(*servers: str) -> None:
        admin = await provider.admin()
        path = f"/clients/{provider.party.subsystem}/service-clients/{home.party.subsystem}/access-rights"
        items = [{"service_code": code, "security_servers": servers} for code in codes]
        await admin.ask("PATCH", path, {"items": items})

    def opened() -> bool:
        rights = provider.hosted.running.state.serverconf.rights
        return any(right.subject == home.party.subsystem and elsewhere.id in right.security_servers for right in rights)

    world.run(open_from(str(home.id), str(elsewhere.id)))
    try:
        eventually(opened)
        yield
    finally:
        world.run(open_from(str(home.id)))
        eventually(lambda: not opened())


@pytest.fixture
def other(world: World) -> Peer:
    """Whoever holds the keys of G15's security server."""
    return Peer(world, world.server("VDXP", "G15"), world.provider("VDXP"))


def from_elsewhere(rogue: Peer, other: Peer) -> Crafted:
    """A good question of H55, with what G15's server must show to send it."""
    return rogue.with_ocsp(rogue.question(), rogue.world.authority.ocsp_response(other.authentication.certificate))


def test_the_right_does_not_travel_to_another_server(rogue: Peer, other: Peer, reached_the_registry: list[str]) -> None:
    reply = rogue.send(from_elsewhere(rogue, other), by=other.authentication)
    assert reply.fault == "server.serverproxy.server_not_opened"
    assert reached_the_registry == []


def test_the_platforms_consent_alone_is_not_enough(
    world: World, rogue: Peer, other: Peer, reached_the_registry: list[str]
) -> None:
    with registered_elsewhere(world):
        reply = rogue.send(from_elsewhere(rogue, other), by=other.authentication)
        assert reply.fault == "server.serverproxy.server_not_opened"
        assert reached_the_registry == []
        assert rogue.send(rogue.question()).answer is not None


def test_the_providers_consent_alone_is_not_enough(
    world: World, rogue: Peer, other: Peer, reached_the_registry: list[str]
) -> None:
    with opened_elsewhere(world):
        reply = rogue.send(from_elsewhere(rogue, other), by=other.authentication)
        assert reply.fault == "server.serverproxy.server_not_opened"
        assert reached_the_registry == []


def test_with_both_it_is_answered(world: World, rogue: Peer, other: Peer) -> None:
    with registered_elsewhere(world), opened_elsewhere(world):
        assert rogue.send(from_elsewhere(rogue, other), by=other.authentication).answer is not None


def test_a_certificate_that_names_no_server_is_told_nothing_of_rights(
    world: World, rogue: Peer, other: Peer, reached_the_registry: list[str]
) -> None:
    """Whoever shows it is no security server at all, so there is none that could be opened."""
    with opened_elsewhere(world):
        stranger = world.authority.issue_authentication("stranger")
        message = rogue.with_ocsp(rogue.question(), world.authority.ocsp_response(stranger.certificate))
        assert rogue.send(message, by=stranger).fault == "server.serverproxy.ssl_authentication_failed"
        assert reached_the_registry == []
