"""A right to one path is stretched by dots, escapes and slashes."""

import json
import uuid
from collections.abc import Iterator

import pytest

from journeys.peer import Peer, raw_call
from journeys.waiting import eventually
from ketnoi_protocol.rest import RestRequest
from ketnoi_testbed.world import World

PATHS = [
    "/../XacThucThongTinHoGiaDinh",
    "/%2e%2e/XacThucThongTinHoGiaDinh",
    "/..%2fXacThucThongTinHoGiaDinh",
    "/%2E%2E%2FXacThucThongTinHoGiaDinh",
    "/%252e%252e/XacThucThongTinHoGiaDinh",
    "/x/..%5c..%5cother",
    "/x%2Fother",
    "/x%2fother",
    "/x/..;a=b/other",
    "/./.",
    "/%00",
    "/%zz",
    "/%c0%ae%c0%ae/",
]


@pytest.mark.parametrize("path", PATHS)
def test_it_is_refused_at_the_agencys_own_server(world: World, path: str, reached_the_registry: list[str]) -> None:
    own = world.server("VDXP", "H55")
    service = world.provider("VDXP").party.subsystem.service("TraCuuThongTinCongDan")
    headers = {"X-Road-Client": own.party.subsystem.slash, "X-Road-Id": f"path-{uuid.uuid4()}"}
    answer = raw_call(world, own, f"/r1/{service.slash}{path}", headers, b"{}")
    assert answer.status == 400
    assert json.loads(answer.body)["type"] == "client.bad_request"
    assert reached_the_registry == []


@pytest.fixture(scope="module")
def right_beneath_x(world: World) -> Iterator[None]:
    """Instead of the whole service, H55 may use the paths beneath `/x/` only."""
    provider, consumer = world.provider("VDXP"), world.server("VDXP", "H55").party
    code = world.plan.services_of(consumer.instance)[-1].service_code
    service = provider.party.subsystem.service(code)
    subject = {"id": str(consumer.subsystem), "service_client_type": "SUBSYSTEM"}
    items = {"items": [{**subject, "security_servers": [str(consumer.server)]}]}

    async def narrow() -> int:
        admin = await provider.admin()
        wanted = {"service_code": code, "method": "POST", "path": "/x/**"}
        endpoint = await admin.ask("POST", f"/services/{service}/endpoints", wanted)
        await admin.ask("POST", f"/endpoints/{endpoint['id']}/service-clients", items)
        await provider.take_right(consumer, [code])
        return int(endpoint["id"])

    async def widen() -> None:
        admin = await provider.admin()
        await admin.ask("DELETE", f"/endpoints/{endpoint}")
        await provider.give_right(consumer, [code])

    rogue = Peer(world, world.server("VDXP", "H55"), provider)
    endpoint = world.run(narrow())
    try:
        eventually(lambda: _asked(rogue, "/y") == "access_denied")
        yield
    finally:
        world.run(widen())
        eventually(lambda: rogue.send(rogue.question()).answer)


def _asked(rogue: Peer, path: str) -> str | None:
    question = rogue.question()
    return rogue.send(rogue.sign(rogue.rest(dict(question.request.headers), path), question.body)).code


@pytest.mark.usefixtures("right_beneath_x")
def test_the_right_to_an_endpoint_opens_what_lies_beneath_it(rogue: Peer) -> None:
    """So that what is refused below is refused for its path alone."""
    question = rogue.question()
    reply = rogue.send(rogue.sign(rogue.rest(dict(question.request.headers), "/x/other"), question.body))
    assert reply.fault is None
    assert _asked(rogue, "/other") == "access_denied"


@pytest.mark.usefixtures("right_beneath_x")
@pytest.mark.parametrize("path", [*PATHS, *(f"/x{path}" for path in PATHS)])
def test_a_server_that_lets_it_pass_is_refused_by_c06(rogue: Peer, path: str, reached_the_registry: list[str]) -> None:
    headers = dict(rogue.question().request.headers)
    octets = rogue.rest(headers, path)
    assert RestRequest.decode(octets).path.endswith(path)
    assert rogue.send(rogue.sign(octets, b"{}")).fault == "server.serverproxy.bad_request"
    assert reached_the_registry == []


@pytest.mark.parametrize("identifier", ["GOV%2FG01.C06", "..", "%2e%2e", "G01.C06%00", "G01.C06;x", "G01:C06"])
def test_an_identifier_that_holds_a_path_is_none(
    world: World, identifier: str, reached_the_registry: list[str]
) -> None:
    own = world.server("VDXP", "H55")
    headers = {"X-Road-Client": own.party.subsystem.slash}
    answer = raw_call(world, own, f"/r1/VDXP-TEST/GOV/{identifier}/DANCU/TraCuuThongTinCongDan", headers, b"{}")
    assert answer.status == 400
    assert json.loads(answer.body)["type"] == "client.bad_request"
    assert reached_the_registry == []
