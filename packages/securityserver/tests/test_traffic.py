"""What the provider side counts of real exchanges: who asked what, how it ended; names only where they are proved."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from aiohttp import web
from small_world import ANSWERING, ASKING, CALLER, SERVICE, World

from ketnoi_securityserver.serverconf.rights import Grant, Rights

PERSON = "900190000123"


@pytest.fixture
def counted(world: World) -> Counter[tuple[str, str, str]]:
    """What had been counted before the test began, to be taken off."""
    before = counts(world)
    found: Counter[tuple[str, str, str]] = Counter()
    found.subtract(before)
    return found


def counts(world: World) -> Counter[tuple[str, str, str]]:
    server = world.nodes[ANSWERING].server
    assert server is not None
    traffic = server.state.traffic
    rows = world.run(traffic.since(date(2000, 1, 1), 10_000))
    return Counter({(each.client, each.service, each.code): each.count for each in rows})


def since(world: World, counted: Counter[tuple[str, str, str]]) -> dict[tuple[str, str, str], int]:
    now = counts(world)
    now.update(counted)
    return {key: count for key, count in now.items() if count}


def test_an_answer_counts_for_its_subsystem_and_service(world: World, counted: Counter) -> None:
    assert world.call().status == 200
    assert world.call().status == 200
    assert since(world, counted) == {(str(CALLER), str(SERVICE), "ok"): 2}


def test_what_the_information_system_refuses_counts_by_its_status(world: World, counted: Counter) -> None:
    async def no(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=403, text=PERSON)

    world.system.answers = no
    world.call()
    assert since(world, counted) == {(str(CALLER), str(SERVICE), "http_403"): 1}


def test_what_the_provider_refuses_counts_by_its_code(world: World, counted: Counter) -> None:
    node = world.nodes[ANSWERING]
    rights = Rights(node.ledger, node.running.state.globalconf.current)
    right = [Grant(world.run(rights.base_endpoint(SERVICE)), CALLER, (ASKING,))]
    world.run(rights.take("test", right))
    try:
        world.call()
    finally:
        world.run(rights.give("test", right))
    assert since(world, counted) == {(str(CALLER), str(SERVICE), "access_denied"): 1}


def test_a_service_that_is_not_there_adds_no_name(world: World, counted: Counter) -> None:
    for name in ("Khac1", "Khac2", PERSON):
        world.call(target=f"/r1/{SERVICE.provider.service(name).slash}/v1/persons")
    found = since(world, counted)
    # The personal number in the address is refused before anything is proved of whoever asks.
    assert set(found) <= {(str(CALLER), "", "unknown_service"), ("", "", "personal_number_in_url")}
    assert found[str(CALLER), "", "unknown_service"] == 2


def test_no_count_holds_anything_of_a_message(world: World, counted: Counter) -> None:
    world.call(path=f"/v1/persons?so={PERSON}", headers={"X-Road-UserId": "cb.1"})
    told = str(counts(world))
    assert PERSON not in told
    assert "cb.1" not in told
