"""What security servers tell about themselves: the instance's clients, a provider's services."""

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from datetime import timedelta

import pytest
from peers_in_hand import Caller, part
from refusals import ended, refusal, steps
from small_world import ASKING, CALLER, OTHER, PROVIDER, REGISTERS, SERVICE, World

from ketnoi_securityserver.http_response import Response
from ketnoi_securityserver.serverconf.rights import Grant, Rights
from ketnoi_securityserver.serverconf.services import Services

XROAD, IDENTIFIERS = "{http://x-road.eu/xsd/xroad.xsd}", "{http://x-road.eu/xsd/identifiers}"


def get(world: World, target: str, accept: str = "application/json") -> Response:
    return world.run(world.ask(world.asking.host, 8080, "GET", target, [("Accept", accept)], None))


def test_the_clients_of_the_instance_are_listed_as_json(world: World) -> None:
    answer = get(world, "/listClients")
    assert (answer.status, answer.header("content-type")) == (200, "application/json;charset=utf-8")
    listed = json.loads(answer.body)["member"]
    assert listed[0] == {
        "id": {"object_type": "MEMBER", "xroad_instance": "VDXP-TEST", "member_class": "GOV", "member_code": "G15"},
        "name": "Bộ Tư pháp",
    }
    provider = next(each for each in listed if each["id"].get("subsystem_code") == "DANCU")
    assert provider == {
        "id": {
            "object_type": "SUBSYSTEM",
            "xroad_instance": "VDXP-TEST",
            "member_class": "GOV",
            "member_code": "G01.C06",
            "subsystem_code": "DANCU",
        },
        "name": "Trung tâm dữ liệu quốc gia về dân cư",
        "subsystem_name": "Dân cư",
    }
    assert not steps(world)


def test_the_clients_of_the_instance_are_listed_as_xml(world: World) -> None:
    answer = get(world, "/listClients?xRoadInstance=VDXP-TEST", "*/*")
    assert answer.header("content-type") == "text/xml;charset=utf-8"
    root = ElementTree.fromstring(answer.body)
    assert root.tag == f"{XROAD}clientList"
    found = [
        (entry[0].get(f"{IDENTIFIERS}objectType"), [each.text for each in entry[0]], entry[1].text)
        for entry in root.findall(f"{XROAD}member")
    ]
    assert ("MEMBER", ["VDXP-TEST", "GOV", "G15"], "Bộ Tư pháp") in found
    assert ("SUBSYSTEM", ["VDXP-TEST", "GOV", "G15", "MOTCUA"], "Bộ Tư pháp") in found


def test_another_instance_is_not_known_here(world: World) -> None:
    assert refusal(get(world, "/listClients?xRoadInstance=NDXP-TEST")) == (400, "client.bad_request")


def test_an_outdated_configuration_is_not_listed(world: World) -> None:
    world.clock.advance(timedelta(hours=2))
    try:
        assert refusal(get(world, "/listClients")) == (500, "server.clientproxy.global_conf_outdated")
    finally:
        world.clock.advance(timedelta(hours=-2))


def test_only_get_lists(world: World) -> None:
    answer = world.run(world.ask(world.asking.host, 8080, "POST", "/listClients", [], b""))
    assert refusal(answer) == (400, "client.bad_request")


def methods(world: World, code: str, client: str = CALLER.slash) -> Response:
    return world.call("GET", body=None, target=f"/r1/{PROVIDER.slash}/{code}", client=client)


def test_services_are_listed_by_a_signed_message_that_needs_no_right(world: World) -> None:
    services = Services(world.answering.ledger)
    world.run(services.add_endpoint("test", SERVICE, "GET", "/persons/*"))
    description = world.run(services.add_rest("test", PROVIDER, f"{world.system.url}/2", "XacNhan"))
    answer = methods(world, "listMethods")
    assert answer.status == 200
    assert answer.header("x-road-request-hash")
    listed = {each["service_code"]: each for each in json.loads(answer.body)["service"]}
    assert listed["TraCuu"] == {
        "object_type": "SERVICE",
        "xroad_instance": "VDXP-TEST",
        "member_class": "GOV",
        "member_code": "G01.C06",
        "subsystem_code": "DANCU",
        "service_code": "TraCuu",
        "service_type": "REST",
        "endpoint_list": [{"method": "*", "path": "**"}, {"method": "GET", "path": "/persons/*"}],
    }
    assert set(listed) == {"TraCuu", "XacNhan"}
    assert [step[2] for step in steps(world)] == ["ok"] * 18
    assert not world.system.asked
    # What the caller may use, and nothing else.
    allowed = json.loads(methods(world, "allowedMethods").body)["service"]
    assert [each["service_code"] for each in allowed] == ["TraCuu"]
    rights = Rights(world.answering.ledger, world.answering.running.state.globalconf.current)
    narrow = world.run(services.add_endpoint("test", PROVIDER.service("XacNhan"), "POST", "/one"))
    world.run(rights.give("test", [Grant(narrow, CALLER, (ASKING,))]))
    allowed = {each["service_code"]: each for each in json.loads(methods(world, "allowedMethods").body)["service"]}
    assert allowed["XacNhan"]["endpoint_list"] == [{"method": "POST", "path": "/one"}]
    world.run(services.remove("test", description))


def test_rights_that_are_open_from_another_server_only_are_not_listed(world: World) -> None:
    services = Services(world.answering.ledger)
    world.run(services.add_rest("test", PROVIDER, f"{world.system.url}/3", "HoGiaDinh"))
    rights = Rights(world.answering.ledger, world.answering.running.state.globalconf.current)
    base = world.run(rights.base_endpoint(PROVIDER.service("HoGiaDinh")))
    pool = world.answering.running.state.pool
    world.run(
        pool.execute("INSERT INTO access_right VALUES ($1, $2, $3, $4)", base, str(CALLER), [str(OTHER)],
                     world.clock.now())
    )  # fmt: skip
    world.run(pool.execute("UPDATE serverconf_version SET version = version + 1"))
    world.run(world.answering.running.state.serverconf.reload())
    allowed = json.loads(methods(world, "allowedMethods").body)["service"]
    assert "HoGiaDinh" not in {each["service_code"] for each in allowed}


@pytest.mark.parametrize("code", ["listMethods", "allowedMethods"])
def test_a_metaservice_is_asked_with_get(world: World, code: str) -> None:
    answer = world.call("POST", target=f"/r1/{PROVIDER.slash}/{code}")
    assert refusal(answer) == (500, "server.serverproxy.invalid_http_method")
    assert ended(world)[-1] == ("provider", 5, "invalid_http_method")


def test_a_stranger_may_list_but_not_ask(world: World) -> None:
    asking, answering = world.params.servers
    with world.registered(replace(asking, clients=frozenset({CALLER, REGISTERS})), answering):
        caller = Caller(world)
        listed = part(client=REGISTERS, service=PROVIDER.service("listMethods"), method="GET", path="")
        caller.answered(caller.message(listed, None))
        refused = caller.refused(caller.message(part(client=REGISTERS)))
        assert refused == "server.serverproxy.access_denied"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?serviceCode=TraCuu", "service_type"),
        ("?serviceCode=KhongCo", "unknown_service"),
        ("", "invalid_request"),
        ("?serviceCode=TraCuu&serviceCode=XacNhan", "invalid_request"),
    ],
)
def test_no_service_has_an_openapi_description(world: World, query: str, code: str) -> None:
    assert refusal(methods(world, f"getOpenAPI{query}")) == (500, f"server.serverproxy.{code}")
