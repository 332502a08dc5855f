"""Who may do what: nobody without a key, nobody beyond the roles of the key, and every act in the ledger."""

import asyncio
import hashlib

import pytest

from ketnoi_securityserver.admin.api_keys import ROLES

READS = "GET"
PLACEHOLDERS = {"{id}": "1", "{sc_id}": "1", "{hash}": "ab", "{csr_id}": "1"}


def address(route):
    path = route.path
    for name, value in PLACEHOLDERS.items():
        path = path.replace(name, value)
    return path


async def key_for(one, *roles):
    return (await one.do("POST", "/api-keys", list(roles)))["key"]


def test_without_a_key_nothing_is_answered_wherever_one_asks(api):
    async def act():
        async with api() as one:
            assert len(one.admin.routes) > 60
            for route in one.admin.routes:
                for key in ("", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", one.key + "x"):
                    answer = await one.refused(route.method, address(route), key=key)
                    assert answer == (401, "unauthorized"), route
            assert await one.refused("GET", "/no/such/address", key="") == (401, "unauthorized")
            assert await one.audit() == [("test", "make api key", "api-key 1")]

    asyncio.run(act())


def test_a_key_opens_what_its_roles_open_and_nothing_else(api):
    async def act():
        async with api() as one:
            for role in sorted(ROLES):
                key = await key_for(one, role)
                for route in one.admin.routes:
                    status, told = await one.call(route.method, address(route), key=key)
                    if route.roles is None or role in route.roles:
                        assert status != 403, (role, route)
                    else:
                        assert (status, told["error"]["code"]) == (403, "forbidden"), (role, route)

    asyncio.run(act())


def test_every_address_that_changes_something_asks_for_a_role(api):
    async def act():
        async with api() as one:
            harmless = {("PUT", "/service-descriptions/{id}/refresh")}
            for route in one.admin.routes:
                if route.method != READS and (route.method, route.path) not in harmless:
                    assert route.roles, route
            roles = "XROAD_SECURITYSERVER_OBSERVER"
            observer = [(each.method, each.path) for each in one.admin.routes if roles in (each.roles or ())]
            assert observer == [("GET", "/traffic")], "who observes sees counts, and changes nothing"

    asyncio.run(act())


def test_a_key_that_is_removed_or_changed_has_its_effect_at_once(api):
    async def act():
        async with api() as one:
            made = await one.do("POST", "/api-keys", ["XROAD_SYSTEM_ADMINISTRATOR"])
            key, id_ = made["key"], made["id"]
            assert [each["id"] for each in await one.get("/api-keys", key=key)] == [1, id_]
            await one.do("PUT", f"/api-keys/{id_}", ["XROAD_SERVICE_ADMINISTRATOR"])
            assert await one.refused("GET", "/api-keys", key=key) == (403, "forbidden")
            assert await one.get("/clients", key=key) == []
            await one.do("DELETE", f"/api-keys/{id_}")
            assert await one.refused("GET", "/clients", key=key) == (401, "unauthorized")
            for method in ("GET", "DELETE"):
                assert await one.refused(method, f"/api-keys/{id_}") == (404, "api_key_not_found")
            assert await one.refused("PUT", f"/api-keys/{id_}", ["XROAD_SECURITY_OFFICER"]) == (
                404,
                "api_key_not_found",
            )

    asyncio.run(act())


@pytest.mark.parametrize("roles", [[], ["ROOT"], ["XROAD_SECURITY_OFFICER", "ROOT"]])
def test_a_key_has_roles_that_there_are(api, roles):
    async def act():
        async with api() as one:
            assert await one.refused("POST", "/api-keys", roles) == (400, "invalid_role")
            assert await one.refused("PUT", "/api-keys/1", roles) == (400, "invalid_role")

    asyncio.run(act())


def test_a_key_is_shown_once_and_kept_nowhere(api, cluster):
    async def act():
        async with api() as one:
            key = await key_for(one, "XROAD_SECURITY_OFFICER")
            hashed = hashlib.sha256(key.encode()).digest()
            assert await one.state.pool.fetchval("SELECT count(*) FROM api_key WHERE key_sha256 = $1", hashed) == 1
            for table in ("api_key", "audit"):
                kept = await one.state.pool.fetch(f"SELECT to_jsonb(t)::text AS text FROM {table} t")
                assert all(key not in row["text"] for row in kept)
            assert key not in str(await one.get("/api-keys"))

    asyncio.run(act())


def test_a_body_beyond_50_kilobytes_is_refused(api):
    async def act():
        async with api() as one:
            assert await one.refused("POST", "/clients", data=bytes(51 * 1024)) == (413, "request_too_large")

    asyncio.run(act())


def test_every_change_is_in_the_ledger_with_who_made_it(api, names):
    async def act():
        async with api() as one:
            key = await key_for(one, *ROLES)
            one.key = key
            description = await names.opened(one)
            service = f"/services/{names.dancu}:TraCuu"
            items = {"items": [{"id": names.motcua, "security_servers": [names.theirs]}]}
            await one.do("POST", f"{service}/service-clients", items)
            await one.do("POST", f"{service}/service-clients/delete", items)
            await one.do("PATCH", service, {"url": "https://b.example/", "timeout": 1, "ssl_auth": True})
            await one.do("PUT", f"/service-descriptions/{description}/disable", {})
            await one.do("DELETE", f"/service-descriptions/{description}")
            rows = await one.audit()
            assert [row[1:] for row in rows[2:]] == [
                ("add client", names.dancu),
                ("add service description", names.dancu),
                ("enable service description", description),
                ("give rights", names.motcua),
                ("take rights", names.motcua),
                ("change service", f"{names.dancu}:TraCuu"),
                ("disable service description", description),
                ("remove service description", description),
            ]
            assert {row[0] for row in rows[2:]} == {"api-key 2"}
            told = await one.get("/audit?after=5&limit=1")
            assert [(each["action"], each["actor"]) for each in told] == [("give rights", "api-key 2")]
            assert names.theirs in str(told[0]["details"])
            assert await one.refused("GET", "/audit?after=x") == (400, "validation_failure")

    asyncio.run(act())


def test_a_change_that_cannot_be_entered_in_the_ledger_is_not_made(api, names):
    async def act():
        async with api() as one:
            await one.state.pool.execute("ALTER TABLE audit ADD CONSTRAINT full_disk CHECK (id < 0) NOT VALID")
            before = one.state.serverconf.snapshot.version
            assert await one.refused("POST", "/clients", names.client) == (503, "database_error")
            assert await one.refused("POST", "/api-keys", ["XROAD_SECURITY_OFFICER"]) == (503, "database_error")
            assert await one.get("/clients") == []
            assert len(await one.get("/api-keys")) == 1
            await one.state.serverconf.reload()
            assert one.state.serverconf.snapshot.version == before
            await one.state.pool.execute("ALTER TABLE audit DROP CONSTRAINT full_disk")
            await one.do("POST", "/clients", names.client)

    asyncio.run(act())
