"""A quota is used up, and the agency's client reads when to go on: through both security servers."""

from __future__ import annotations

import msgspec
import pytest

from journeys.waiting import eventually
from ketnoi_client.problems import Refused
from ketnoi_protocol.directory import Grant, Quota
from ketnoi_protocol.services import Service
from ketnoi_testbed.asking import ask
from ketnoi_testbed.world import World

LOOK_UP = Service.LOOK_UP_CITIZEN
A_DAY = 86_400


def granted(world: World) -> Grant:
    """What Thái Nguyên may ask."""
    return next(
        each for each in world.directory.content.grants if (each.organisation, each.service) == ("H55", LOOK_UP)
    )


def allow(world: World, grant: Grant) -> None:
    """Publish it."""
    world.run(world.directory.change(lambda content: content.with_grant(grant)))


def asked(world: World) -> str:
    """The code of one question."""
    try:
        return str(ask(world.agency("H55"), world.people, LOOK_UP).answer.ma_ket_qua)
    except Refused as refused:
        return refused.code


def test_a_quota_that_is_used_up_says_when_to_go_on(world: World) -> None:
    before = granted(world)
    allow(world, msgspec.structs.replace(before, quotas=(Quota("organisation", 5, A_DAY),)))
    try:
        told = eventually(lambda: asked(world) == "30", within=20.0)
        assert told
        with pytest.raises(Refused) as refused:
            ask(world.agency("H55"), world.people, LOOK_UP)
        assert (refused.value.code, refused.value.problem.hop) == ("30", "registry")
        assert 0 < refused.value.retry_after <= A_DAY
        # Every other service and organisation is answered as before.
        assert ask(world.agency("H55"), world.people, Service.CONFIRM_IDENTITY_NUMBER).answer.exists
        assert ask(world.agency("G15"), world.people, LOOK_UP).answer.ma_ket_qua == "00"
        allow(world, msgspec.structs.replace(before, quotas=(Quota("organisation", 1_000_000, A_DAY),)))
        assert eventually(lambda: asked(world) == "00", within=20.0)
    finally:
        allow(world, before)
