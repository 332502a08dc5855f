"""The message log or the access log cannot be written: then nothing is asked, or nothing is answered."""

import pytest

from journeys.waiting import eventually
from ketnoi_client.problems import Refused
from ketnoi_testbed import mischief
from ketnoi_testbed.asking import person_of
from ketnoi_testbed.world import World


def answered(world: World) -> bool:
    try:
        return world.agency("H55").look_up_citizen(person_of(world.people.full)).answer.ma_ket_qua == "00"
    except Refused:
        return False


@pytest.mark.parametrize(
    ("side", "refusal", "reaches"),
    [
        ("consumer", "server.clientproxy.logging_failed", False),
        ("provider", "server.serverproxy.logging_failed", False),
        ("registry", "99", True),
    ],
)
def test_nothing_goes_on_without_its_row(
    world: World, side: str, refusal: str, reaches: bool, reached_the_registry: list[str]
) -> None:
    servers = {
        "consumer": world.server("VDXP", "H55"),
        "provider": world.provider("VDXP"),
        "registry": world.registry,
    }
    with mischief.unwritable_log(world, servers[side]):
        with pytest.raises(Refused) as refused:
            world.agency("H55").look_up_citizen(person_of(world.people.full))
        assert refused.value.problem.type == refusal
        assert bool(reached_the_registry) == reaches
    assert eventually(lambda: answered(world))
