"""What the admin API refuses, with X-Road's status and code, and without having changed anything."""

import asyncio
from datetime import timedelta

RIGHTS = "/clients/{dancu}/service-clients/{motcua}/access-rights"
TRACUU = "/services/{dancu}:TraCuu"
ITEM = {"items": [{"service_code": "TraCuu"}]}
SUBJECT = {"items": [{"id": "XX-TEST:GOV:G15:MOTCUA"}]}
CLIENT = {"client": {"member_class": "GOV", "member_code": "G01.C06", "subsystem_code": "DANCU"}}
SERVICE = {"url": "https://other.example/", "type": "REST", "rest_service_code": "Khac"}
CHANGE = {"url": "https://other.example/", "timeout": 60, "ssl_auth": True}

CASES = [
    # What is there already: 409, so that whoever repeats an act knows that it is done.
    ("POST", "/clients", CLIENT, 409, "client_already_exists"),
    ("POST", "/clients/{dancu}/service-descriptions", SERVICE | {"url": "https://dancu.example:9443/v1"}, 409,
     "url_already_exists"),
    ("POST", "/clients/{dancu}/service-descriptions", SERVICE | {"rest_service_code": "TraCuu"}, 409,
     "service_code_already_exists"),
    ("POST", TRACUU + "/endpoints", {"method": "*", "path": "**"}, 409, "endpoint_already_exists"),
    ("POST", RIGHTS, ITEM, 409, "duplicate_accessright"),
    ("POST", TRACUU + "/service-clients", SUBJECT, 409, "duplicate_accessright"),
    ("DELETE", "/clients/{dancu}", None, 409, "invalid_client_status"),
    ("DELETE", "/endpoints/{endpoint}", None, 409, "base_endpoint_remove"),
    # What is not there: 404, so that whoever takes it away twice knows that it is gone.
    ("GET", "/clients/{motcua}", None, 404, "client_not_found"),
    ("DELETE", "/clients/{motcua}", None, 404, "client_not_found"),
    ("PUT", "/clients/{motcua}/register", None, 404, "client_not_found"),
    ("PATCH", "/clients/{motcua}", {"connection_type": "HTTP"}, 404, "client_not_found"),
    ("GET", "/clients/{motcua}/tls-certificates", None, 404, "client_not_found"),
    ("GET", "/clients/{motcua}/service-descriptions", None, 404, "client_not_found"),
    ("GET", "/clients/{motcua}/service-clients", None, 404, "client_not_found"),
    ("GET", "/clients/{motcua}/service-client-candidates", None, 404, "client_not_found"),
    ("POST", "/clients/{motcua}/service-descriptions", SERVICE, 404, "client_not_found"),
    ("GET", "/service-descriptions/999", None, 404, "service_description_not_found"),
    ("PUT", "/service-descriptions/999/enable", None, 404, "service_description_not_found"),
    ("PUT", "/service-descriptions/999/disable", None, 404, "service_description_not_found"),
    ("DELETE", "/service-descriptions/999", None, 404, "service_description_not_found"),
    ("DELETE", "/service-descriptions/x", None, 404, "not_found"),
    ("GET", "/services/{dancu}:Khac", None, 404, "service_not_found"),
    ("PATCH", "/services/{dancu}:Khac", CHANGE, 404, "service_not_found"),
    ("POST", "/services/{dancu}:Khac/endpoints", {"method": "GET", "path": "/a"}, 404, "service_not_found"),
    ("POST", "/services/{dancu}:Khac/service-clients", SUBJECT, 404, "service_not_found"),
    ("GET", "/endpoints/999", None, 404, "endpoint_not_found"),
    ("DELETE", "/endpoints/999", None, 404, "endpoint_not_found"),
    ("POST", "/endpoints/999/service-clients", SUBJECT, 404, "endpoint_not_found"),
    ("POST", "/endpoints/999/service-clients/delete", SUBJECT, 404, "accessright_not_found"),
    ("POST", RIGHTS, {"items": [{"service_code": "Khac"}]}, 404, "service_not_found"),
    ("POST", TRACUU + "/service-clients", {"items": [{"id": "XX-TEST:GOV:G15:LA"}]}, 404, "identifier_not_found"),
    ("POST", TRACUU + "/service-clients", {"items": [{"id": "XX-TEST:GOV:G01.C06:DANCU",
     "security_servers": ["XX-TEST:GOV:G15:SS99"]}]}, 404, "security_server_not_found"),
    ("POST", TRACUU + "/service-clients/delete", {"items": [{"id": "XX-TEST:GOV:G01.C06:DANCU"}]}, 404,
     "accessright_not_found"),
    ("PATCH", "/clients/{dancu}/service-clients/{dancu}/access-rights", ITEM, 404, "accessright_not_found"),
    ("GET", "/nothing", None, 404, "not_found"),
    ("PATCH", "/clients", {}, 404, "not_found"),
    # What makes no sense: 400.
    ("POST", "/clients", {"client": {"member_class": "GOV"}}, 400, "validation_failure"),
    ("POST", "/clients", {"client": {"member_class": "GOV", "member_code": "a/b", "subsystem_code": "c"}}, 400,
     "invalid_client_identifier"),
    ("GET", "/clients/GOV", None, 400, "invalid_client_identifier"),
    ("PATCH", "/clients/{dancu}", {"connection_type": "FTP"}, 400, "validation_failure"),
    ("POST", "/clients/{dancu}/tls-certificates", {"no": "certificate"}, 400, "invalid_cert"),
    ("POST", "/clients/{dancu}/service-descriptions", SERVICE | {"type": "WSDL"}, 400, "unsupported_service_type"),
    ("POST", "/clients/{dancu}/service-descriptions", SERVICE | {"url": "file:///etc/passwd"}, 400, "invalid_url"),
    ("POST", "/clients/{dancu}/service-descriptions", SERVICE | {"url": "https://a:b@c.example/"}, 400, "invalid_url"),
    ("POST", "/clients/{dancu}/service-descriptions", SERVICE | {"url": "https://c.example/?a"}, 400, "invalid_url"),
    ("POST", "/clients/{dancu}/service-descriptions", SERVICE | {"rest_service_code": "listMethods"}, 400,
     "invalid_service_identifier"),
    ("POST", "/clients/{dancu}/service-descriptions", SERVICE | {"rest_service_code": "a:b"}, 400,
     "invalid_service_identifier"),
    ("PATCH", TRACUU, CHANGE | {"timeout": 1001}, 400, "validation_failure"),
    ("PATCH", TRACUU, CHANGE | {"url": "ftp://a.example"}, 400, "invalid_url"),
    ("POST", TRACUU + "/endpoints", {"method": "LOOK", "path": "/a"}, 400, "invalid_endpoint"),
    ("POST", TRACUU + "/endpoints", {"method": "GET", "path": "a"}, 400, "invalid_endpoint"),
    ("POST", TRACUU + "/service-clients", {"items": []}, 400, "validation_failure"),
    ("POST", TRACUU + "/service-clients", {"items": [{"id": "XX-TEST:all", "service_client_type": "GLOBALGROUP"}]},
     400, "unsupported_service_client_type"),
    ("POST", RIGHTS, {"items": [{"service_code": "TraCuu", "security_servers": ["SS01"]}]}, 400,
     "invalid_security_server_identifier"),
]  # fmt: skip


def test_every_case_is_refused_as_x_road_does_and_changes_nothing(api, names):
    async def act():
        async with api() as one:
            await names.opened(one)
            await one.do("POST", f"/services/{names.dancu}:TraCuu/service-clients", SUBJECT)
            service = await one.get(f"/services/{names.dancu}:TraCuu")
            words = {"dancu": names.dancu, "motcua": names.motcua, "endpoint": service["endpoints"][0]["id"]}
            before, version = await one.audit(), one.state.serverconf.snapshot
            wrong = []
            for method, path, body, *expected in CASES:
                got = await one.refused(method, path.format(**words), body)
                if got != tuple(expected):
                    wrong.append((method, path, body, got))
            assert wrong == []
            assert await one.audit() == before
            await one.state.serverconf.reload()
            assert one.state.serverconf.snapshot is version

    asyncio.run(act())


def test_of_several_rights_in_one_request_all_are_given_or_none(api, names):
    async def act():
        async with api() as one:
            await names.opened(one)
            both = {"items": [{"id": names.dancu}, {"id": "XX-TEST:GOV:G15:LA"}]}
            service = f"/services/{names.dancu}:TraCuu/service-clients"
            assert await one.refused("POST", service, both) == (404, "identifier_not_found")
            await one.do("POST", service, {"items": [{"id": names.motcua}]})
            both = {"items": [{"id": names.dancu}, {"id": names.motcua}]}
            assert await one.refused("POST", service, both) == (409, "duplicate_accessright")
            assert [each["id"] for each in await one.get(service)] == [names.motcua]
            assert await one.refused("POST", f"{service}/delete", both) == (404, "accessright_not_found")
            assert [each["id"] for each in await one.get(service)] == [names.motcua]

    asyncio.run(act())


def test_the_same_right_given_twice_at_once_is_given_once(api, names):
    async def act():
        async with api() as one:
            await names.opened(one)
            service = f"/services/{names.dancu}:TraCuu/service-clients"
            answers = await asyncio.gather(*(one.call("POST", service, SUBJECT) for _ in range(8)))
            assert sorted(status for status, _ in answers) == [201] + [409] * 7
            assert len(await one.get(service)) == 1

    asyncio.run(act())


def test_without_a_current_configuration_rights_can_be_taken_but_not_given(api, names, kit):
    async def act():
        async with api() as one:
            await names.opened(one)
            service = f"/services/{names.dancu}:TraCuu/service-clients"
            await one.do("POST", service, SUBJECT)
            kit.clock.advance(timedelta(hours=1))
            assert await one.refused("POST", service, {"items": [{"id": names.dancu}]}) == (503, "global_conf_outdated")
            await one.do("POST", f"{service}/delete", SUBJECT)

    asyncio.run(act())
