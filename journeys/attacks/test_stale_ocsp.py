"""OCSP responses that are too old, from the future, about somebody else, or missing."""

from datetime import timedelta

import pytest

from journeys.peer import Peer
from ketnoi_testbed.world import World

FRESH = timedelta(hours=1)


@pytest.mark.parametrize("age", [FRESH + timedelta(minutes=1), -timedelta(hours=1)])
def test_a_signature_with_a_response_of_another_time_is_refused(rogue: Peer, world: World, age: timedelta) -> None:
    message = rogue.question()
    stale = world.authority.ocsp_response(rogue.signing.certificate, this_update=world.clock.now() - age)
    assert rogue.send(rogue.sign(message.octets, message.body, ocsp=stale)).code == "signature_verification"


def test_a_server_with_a_stale_response_is_not_let_in(
    rogue: Peer, world: World, reached_the_registry: list[str]
) -> None:
    stale = world.authority.ocsp_response(
        rogue.authentication.certificate, this_update=world.clock.now() - FRESH - timedelta(minutes=1)
    )
    assert rogue.send(rogue.with_ocsp(rogue.question(), stale)).code == "ssl_authentication_failed"
    assert reached_the_registry == []


def test_a_response_about_another_certificate_does_not_count(rogue: Peer, world: World) -> None:
    about_another = world.authority.ocsp_response(rogue.signing.certificate)
    assert rogue.send(rogue.with_ocsp(rogue.question(), about_another)).code == "ssl_authentication_failed"


def test_a_good_response_of_a_moment_ago_counts(rogue: Peer, world: World) -> None:
    fresh = world.authority.ocsp_response(
        rogue.authentication.certificate, this_update=world.clock.now() - FRESH + timedelta(minutes=1)
    )
    assert rogue.send(rogue.with_ocsp(rogue.question(), fresh)).answer is not None
