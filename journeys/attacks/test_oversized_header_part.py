"""Headers without end: the part that is held in memory is bounded."""

import pytest

from journeys.peer import Crafted, Peer, raw_call
from ketnoi_protocol.rest import LONGEST_PART
from ketnoi_testbed.world import World


def test_the_agencys_own_server_refuses_to_sign_it(world: World, reached_the_registry: list[str]) -> None:
    own = world.server("VDXP", "H55")
    service = world.provider("VDXP").party.subsystem.service("TraCuuThongTinCongDan")
    headers = {"X-Road-Client": own.party.subsystem.slash, "X-Filler": "x" * (LONGEST_PART + 1)}
    answer = raw_call(world, own, f"/r1/{service.slash}", headers, b"{}")
    assert answer.status in (400, 413, 431)
    assert reached_the_registry == []


@pytest.mark.parametrize("octets", [LONGEST_PART + 1, 4 * LONGEST_PART])
def test_c06s_server_refuses_one_that_a_rogue_sends(rogue: Peer, octets: int, reached_the_registry: list[str]) -> None:
    good = rogue.question()
    grown = good.octets + b"X-Filler:" + b"x" * (octets - len(good.octets)) + b"\r\n"
    message = rogue.sign(grown, good.body)
    reply = rogue.send(Crafted(grown, good.body, message.signature, message.ocsp))
    assert reply.code in ("invalid_message", "message_too_large", "bad_request")
    assert reached_the_registry == []
    assert rogue.send(rogue.question()).answer is not None
