"""A security server is struck off while a connection to it is warm: from then on no octet reaches it."""

from __future__ import annotations

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from journeys.conftest import MakeWorld
from journeys.waiting import eventually
from ketnoi_client.problems import Refused
from ketnoi_securityserver.observer import StepEvent
from ketnoi_testbed.asking import person_of
from ketnoi_testbed.world import World


def _answered(world: World) -> bool:
    try:
        return world.agency("H55").look_up_citizen(person_of(world.people.full)).answer.ma_ket_qua == "00"
    except Refused:
        return False


def test_no_octet_reaches_a_provider_that_is_struck_off(make_world: MakeWorld) -> None:
    with make_world() as world:
        provider = world.provider("VDXP")
        delivered: list[StepEvent] = []
        world.listen(
            lambda event: (
                delivered.append(event)
                if isinstance(event, StepEvent) and (event.server, event.side) == (str(provider.id), "provider")
                else None
            )
        )
        assert _answered(world)
        assert delivered

        async def strike_off() -> None:
            async with world.exchange("VDXP").actions() as actions:
                await actions.remove_security_server("journey", provider.id)

        consumer = world.server("VDXP", "H55").hosted.running
        world.run(strike_off())
        eventually(lambda: provider.id not in consumer.state.globalconf.current().servers)
        delivered.clear()
        with pytest.raises(Refused) as refused:
            world.agency("H55").look_up_citizen(person_of(world.people.full))
        assert refused.value.code in ("unknown_member", "ssl_authentication_failed")
        assert delivered == []


def test_a_new_authentication_certificate_ends_the_old_ones_connections(make_world: MakeWorld) -> None:
    """Only the certificate is struck off: the server stays registered, and its warm connection is judged again."""
    with make_world() as world:
        provider = world.provider("VDXP")
        assert _answered(world)
        seen: list[StepEvent] = []
        world.listen(
            lambda event: (
                seen.append(event)
                if isinstance(event, StepEvent) and (event.server, event.side) == (str(provider.id), "provider")
                else None
            )
        )
        another = world.authority.issue_authentication(provider.host)
        old = provider.certificate("authentication").public_bytes(Encoding.DER)

        async def replace() -> None:
            async with world.exchange("VDXP").actions() as actions:
                await actions.add_authentication_certificate("journey", provider.id, another.der)
                await actions.remove_authentication_certificate("journey", provider.id, sha256(old).digest())

        consumer = world.server("VDXP", "H55").hosted.running
        world.run(replace())
        eventually(
            lambda: consumer.state.globalconf.current().server_by_authentication_certificate(old) is None or None
        )
        seen.clear()
        with pytest.raises(Refused) as refused:
            world.agency("H55").look_up_citizen(person_of(world.people.full))
        assert refused.value.code == "ssl_authentication_failed"
        assert seen == []
