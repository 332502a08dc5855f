"""What the provider's server would keep in clear, address and headers, holds no personal number, whoever sends it."""

import pytest
from peers_in_hand import Caller, part
from refusals import ended
from small_world import World


@pytest.mark.parametrize(
    "message",
    [
        part(headers=(("X-Road-UserId", "900" + "000000001"),)),
        part(headers=(("X-Road-UserId", "900" + "000001"),)),
        part(headers=(("X-Road-UserId", "900 " + "000-001"),)),
        part(headers=(("X-Road-Issue", "HS 900 " + "000-000.001"),)),
        part(headers=(("X-Road-Issue", "HS 900" + "000001"),)),
        part(headers=(("X-Road-Represented-Party", "GOV/900" + "000000001"),)),
        part(headers=(("X-Our-Own", "900" + "000000001"),)),
        part(message_id="HS-900" + "000-000001"),
        part(path="/v1/900" + "000000001"),
        part(path="/v1/900-" + "000-000-001"),
        part(path="/v1/%39" + "00%20000%20000%20001"),
        part().replace(b"/persons", b"?so=900" + b".000.000.001"),
        part().replace(b"/persons", b"?so=900" + b"+000+000+001"),
    ],
)
def test_a_message_that_holds_one_is_refused(world: World, message: bytes) -> None:
    caller = Caller(world)
    assert caller.refused(caller.message(message)) == "server.serverproxy.personal_number_in_header"
    assert ended(world) == [("provider", 2, "personal_number_in_header")]
    assert not world.system.asked
    assert not world.run(world.answering.running.state.pool.fetchval("SELECT count(*) FROM record"))


@pytest.mark.parametrize(
    "message",
    [
        part(headers=(("X-Road-Issue", "000.00.01.H55-240411-0001"), ("X-Road-UserId", "H55.02.CB.0001"))),
        part(headers=(("X-Road-Issue", "HS24" + "0411001"),)),
        part(message_id="VDXP-TEST-12345678-9001-4234-8234-900" + "089000123"),
        part(message_id="900" + "000001"),
        part(path="/v1/2023/01/05/0001"),
        part().replace(b"/persons", b"?from=2023&to=01050001"),
    ],
)
def test_codes_and_dates_are_none(world: World, message: bytes) -> None:
    caller = Caller(world)
    caller.answered(caller.message(message))
