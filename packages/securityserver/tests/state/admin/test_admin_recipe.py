"""The recipe for opening a service to somebody, step by step as operators of X-Road know it."""

import asyncio

import pytest

from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import SecurityServerId, ServiceId, SubsystemId
from ketnoi_securityserver.access import AccessRights

BY = {"security_servers": ["XX-TEST:GOV:G15:SS01"]}


def use(one, names, method="POST", path="/", server=None, code="TraCuu"):
    """What the provider decides by the node's snapshot: None, or the code of the refusal."""
    rights = AccessRights(one.state.serverconf.rights)
    client = SubsystemId.from_colon(names.motcua)
    service = ServiceId.from_colon(f"{names.dancu}:{code}")
    try:
        rights.check_use(client, service, method, path, SecurityServerId.from_colon(server or names.theirs))
    except Refusal as refusal:
        return refusal.code
    return None


def test_the_whole_recipe(api, names):
    async def act():
        async with api() as one:
            # 1 a client, and its registration
            made = await one.do("POST", "/clients", names.client)
            # The instance has registered it here already, which counts more than what was asked.
            assert (made["id"], made["connection_type"], made["status"]) == (names.dancu, "HTTPS", "REGISTERED")
            await one.do("PUT", f"/clients/{names.dancu}/register")
            assert [each["id"] for each in await one.get("/clients")] == [names.dancu]
            # 2 a service, disabled at first
            made = await one.do("POST", f"/clients/{names.dancu}/service-descriptions", names.service)
            assert (made["disabled"], made["type"]) == (True, "REST")
            service = f"{names.dancu}:TraCuu"
            assert [each["id"] for each in made["services"]] == [service]
            change = {"url": "https://dancu.example:9443/v2", "timeout": 30, "ssl_auth": True}
            changed = await one.do("PATCH", f"/services/{service}", change)
            assert (changed["url"], changed["timeout"]) == ("https://dancu.example:9443/v2", 30)
            assert not one.state.serverconf.service(ServiceId.from_colon(service)).enabled
            await one.do("PUT", f"/service-descriptions/{made['id']}/enable")
            local = one.state.serverconf.service(ServiceId.from_colon(service))
            assert (local.enabled, local.url, local.timeout) == (True, "https://dancu.example:9443/v2", 30.0)
            # 3 who could have a right
            wanted = "?service_client_type=SUBSYSTEM&member_class=GOV&subsystem_code=motc"
            (candidate,) = await one.get(f"/clients/{names.dancu}/service-client-candidates{wanted}")
            assert (candidate["id"], candidate["name"]) == (names.motcua, "Bộ Tư pháp")
            assert use(one, names) == "access_denied"
            # 4 a right to the service
            rights = f"/clients/{names.dancu}/service-clients/{names.motcua}/access-rights"
            given = await one.do("POST", rights, {"items": [{"service_code": "TraCuu", **BY}]})
            assert given[0]["security_servers"] == BY["security_servers"]
            assert use(one, names) is None
            assert use(one, names, server="XX-TEST:GOV:G01.C06:SS01") == "server_not_opened"
            (subject,) = await one.get(f"/services/{service}/service-clients")
            assert (subject["id"], bool(subject["rights_given_at"])) == (names.motcua, True)
            assert [each["service_code"] for each in await one.get(rights)] == ["TraCuu"]
            # 6 and its end
            await one.do("POST", f"{rights}/delete", {"items": [{"service_code": "TraCuu"}]})
            assert use(one, names) == "access_denied"
            assert await one.get(f"/clients/{names.dancu}/service-clients") == []

    asyncio.run(act())


def test_a_right_to_one_endpoint(api, names):
    async def act():
        async with api() as one:
            await names.opened(one)
            service = f"/services/{names.dancu}:TraCuu"
            body = {"service_code": "TraCuu", "method": "GET", "path": "/v1/persons/*"}
            endpoint = (await one.do("POST", f"{service}/endpoints", body))["id"]
            items = {"items": [{"id": names.motcua, "service_client_type": "SUBSYSTEM", **BY}]}
            await one.do("POST", f"/endpoints/{endpoint}/service-clients", items)
            assert use(one, names, "GET", "/v1/persons/a") is None
            assert use(one, names, "POST", "/v1/persons/a") == "access_denied"
            assert use(one, names, "GET", "/v1/persons/a/b") == "access_denied"
            assert len(await one.get(f"/endpoints/{endpoint}/service-clients")) == 1
            assert await one.get(f"{service}/service-clients") == []
            await one.do("POST", f"/endpoints/{endpoint}/service-clients/delete", items)
            assert use(one, names, "GET", "/v1/persons/a") == "access_denied"
            await one.do("DELETE", f"/endpoints/{endpoint}")
            assert [each["path"] for each in (await one.get(service))["endpoints"]] == ["**"]

    asyncio.run(act())


def test_a_right_that_names_no_server_opens_nothing_until_it_does(api, names):
    async def act():
        async with api() as one:
            await names.opened(one)
            rights = f"/clients/{names.dancu}/service-clients/{names.motcua}/access-rights"
            await one.do("POST", rights, {"items": [{"service_code": "TraCuu"}]})
            assert use(one, names) == "server_not_opened"
            await one.do("PATCH", rights, {"items": [{"service_code": "TraCuu", **BY}]})
            assert use(one, names) is None
            await one.do("PATCH", rights, {"items": [{"service_code": "TraCuu"}]})
            assert use(one, names) == "server_not_opened"

    asyncio.run(act())


@pytest.mark.parametrize("way", ["disable", "remove service", "remove endpoint right"])
def test_what_was_opened_can_be_closed(api, names, way):
    async def act():
        async with api() as one:
            description = await names.opened(one)
            items = {"items": [{"id": names.motcua, **BY}]}
            await one.do("POST", f"/services/{names.dancu}:TraCuu/service-clients", items)
            id_ = ServiceId.from_colon(f"{names.dancu}:TraCuu")
            if way == "disable":
                notice = {"disabled_notice": "until eight o'clock"}
                await one.do("PUT", f"/service-descriptions/{description}/disable", notice)
                local = one.state.serverconf.service(id_)
                assert (local.enabled, local.disabled_notice) == (False, "until eight o'clock")
            elif way == "remove service":
                await one.do("DELETE", f"/service-descriptions/{description}")
                assert one.state.serverconf.service(id_) is None
                assert use(one, names) == "access_denied"
            else:
                await one.do("POST", f"/services/{names.dancu}:TraCuu/service-clients/delete", items)
                assert use(one, names) == "access_denied"

    asyncio.run(act())


def test_one_change_for_all_services_of_a_description(api, names):
    async def act():
        async with api() as one:
            await names.opened(one)
            change = {"url": "https://two.example/", "timeout": 5, "ssl_auth": False, "timeout_all": True}
            await one.do("PATCH", f"/services/{names.dancu}:TraCuu", change)
            local = one.state.serverconf.service(ServiceId.from_colon(f"{names.dancu}:TraCuu"))
            assert (local.url, local.timeout, local.verify_tls) == ("https://two.example/", 5.0, False)

    asyncio.run(act())


def test_the_certificates_of_an_information_system(api, names, kit):
    async def act():
        async with api() as one:
            await one.do("POST", "/clients", names.client)
            der = one.instance.authority.issue_authentication("system.example").der
            client = SubsystemId.from_colon(names.dancu)
            assert not one.state.serverconf.client(client).accepts(secure=True, certificate=der)
            address = f"/clients/{names.dancu}/tls-certificates"
            shown = await one.do("POST", address, data=der)
            assert one.state.serverconf.client(client).accepts(secure=True, certificate=der)
            assert [each["hash"] for each in await one.get(address)] == [shown["hash"]]
            assert await one.refused("POST", address, data=der) == (409, "certificate_already_exists")
            await one.do("DELETE", f"{address}/{shown['hash']}")
            assert not one.state.serverconf.client(client).accepts(secure=True, certificate=der)
            assert await one.refused("DELETE", f"{address}/{shown['hash']}") == (404, "certificate_not_found")
            await one.do("PATCH", f"/clients/{names.dancu}", {"connection_type": "HTTPS_NO_AUTH"})
            assert one.state.serverconf.client(client).accepts(secure=True, certificate=b"")

    asyncio.run(act())


def test_a_change_on_one_node_holds_on_all_within_moments(api, names, kit, eventually):
    async def act():
        async with kit.instance() as instance, api(instance) as one, api(instance, "node1") as other:
            await names.opened(one)
            items = {"items": [{"id": names.motcua, **BY}]}
            await one.do("POST", f"/services/{names.dancu}:TraCuu/service-clients", items)
            await eventually(lambda: use(other, names) is None, seconds=5)
            await other.do("POST", f"/services/{names.dancu}:TraCuu/service-clients/delete", items)
            await eventually(lambda: use(one, names) == "access_denied", seconds=5)

    asyncio.run(act())
