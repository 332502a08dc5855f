"""A registered agency asks for what was not opened to it, or was closed again."""

import pytest

from journeys.waiting import eventually
from ketnoi_client.problems import ProviderMustAct
from ketnoi_testbed.asking import person_of
from ketnoi_testbed.world import World


def test_a_right_that_is_taken_ends_within_seconds_and_counts_again_when_given(
    world: World, reached_the_registry: list[str]
) -> None:
    provider, agency = world.provider("VDXP"), world.agency("H55")
    consumer = world.server("VDXP", "H55").party
    code = world.plan.services_of(consumer.instance)[-1].service_code
    asked = person_of(world.people.full)
    world.run(provider.take_right(consumer, [code]))
    try:
        with pytest.raises(ProviderMustAct) as refused:
            eventually(lambda: agency.look_up_citizen(asked) and None)
        assert refused.value.code == "access_denied"
        seen = len(reached_the_registry)
        with pytest.raises(ProviderMustAct):
            agency.look_up_citizen(asked)
        assert len(reached_the_registry) == seen
        assert agency.confirm_identity_number(asked).answer.exists
    finally:
        world.run(provider.give_right(consumer, [code]))
    assert eventually(lambda: _answered(world)) == "00"


def _answered(world: World) -> str | None:
    try:
        return world.agency("H55").look_up_citizen(person_of(world.people.full)).answer.ma_ket_qua
    except ProviderMustAct:
        return None
