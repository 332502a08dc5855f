"""The way out of alarms: for pinned watchers alone, in order, and bounded."""

from __future__ import annotations

import json

import aiohttp
import asyncpg
import jsonschema_rs
import pytest

from ketnoi_protocol.services import Catalogue, Service
from ketnoi_registry import openapi
from ketnoi_registry.alarms.rows import MOST
from ketnoi_registry.callers import CallerError
from ketnoi_registry.settings import Watcher

from .certificates import self_signed
from .worlds import run

_ROW = """
INSERT INTO alarm (kind, organisation, officer, hour, raised_at, instance, account, unit, procedure, count, since,
    last_at, message_id)
SELECT 'canary', 'H55', 'cb.' || n, at, at, 'VDXP-TEST', 'tk-h55', 'H55', '1.001', 1, at, at, 'm' || n
FROM generate_series(1, $1) AS n, (SELECT timestamptz '2026-03-02T05:00:00Z' AS at) AS given ORDER BY n
"""


@pytest.fixture
def watched(tmp_path, database):
    """`watched(act)` runs `await act(world, get)` with `get(path, method="GET")` as the pinned watcher."""
    self_signed(tmp_path, "portal")

    def go(act):
        async def inside(world):
            connector = aiohttp.TCPConnector(ssl=world.tls("portal"))
            async with aiohttp.ClientSession(connector=connector) as session:

                async def get(path, method="GET"):
                    async with session.request(method, world.url + path) as response:
                        return response.status, json.loads(await response.read() or b"null")

                return await act(world, get)

        return run(tmp_path, database, inside, watchers=(Watcher("portal.crt"),))

    return go


def test_a_watcher_reads_on_from_the_last_one_it_has(watched):
    async def act(world, get):
        nothing = await get("/alarms")
        await world.pool.execute(_ROW, MOST + 2)
        first = await get("/alarms?after=0")
        last = first[1]["alarms"][-1]["id"]
        return nothing, first, await get(f"/alarms?after={last}")

    nothing, (status, first), (_, second) = watched(act)
    assert nothing == (200, {"alarms": [], "more": False})
    assert (status, len(first["alarms"]), first["more"]) == (200, MOST, True)
    assert [each["officer"] for each in second["alarms"]] == [f"cb.{MOST + 1}", f"cb.{MOST + 2}"]
    assert not second["more"]
    described = json.loads(openapi.document(Catalogue.load()))
    schema = {"$ref": "#/components/schemas/Alarms", "components": described["components"]}
    jsonschema_rs.validator_for(schema).validate(first)
    alarm = first["alarms"][0]
    assert (alarm["kind"], alarm["raised_at"], alarm["message_id"]) == ("canary", "2026-03-02T05:00:00Z", "m1")


@pytest.mark.parametrize("query", ["?after=-1", "?after=x", "?after=1&after=2", "?before=1", f"?after={'9' * 19}"])
def test_what_is_no_id_is_refused(watched, query):
    async def act(world, get):
        return await get("/alarms" + query)

    status, told = watched(act)
    assert (status, told["code"]) == (400, "bad_request")


def test_nothing_else_is_there_for_a_watcher(watched):
    async def act(world, get):
        service = "/v1/" + world.entry(Service.LOOK_UP_CITIZEN).service_code
        asked = [await get(path) for path in ("/health", "/openapi.json", service, service + "?wsdl", "/alarms/", "/")]
        posted = [await get(path, "POST") for path in (service, "/alarms")]
        return asked + posted, await world.logged()

    answers, logged = watched(act)
    assert [status for status, _ in answers] == [404] * 7 + [405]
    assert logged == []


def test_no_security_server_reads_alarms(watched):
    async def act(world, get):
        await world.pool.execute(_ROW, 1)
        return [await world.send("GET", path, b"", {}) for path in ("/alarms", "/alarms?after=0")]

    for answer in watched(act):
        assert (answer.status, answer.code) == (404, "unknown_service")
        assert "alarms" not in answer.body


def test_without_watchers_nobody_reads_them(tmp_path, database):
    self_signed(tmp_path, "portal")

    async def act(world):
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=world.tls("portal"))) as session:
            with pytest.raises(aiohttp.ClientError):
                await session.get(world.url + "/alarms")

    run(tmp_path, database, act)


def test_a_callers_certificate_is_no_watchers(tmp_path, database):
    async def act(world):
        raise AssertionError("it has started")

    with pytest.raises(CallerError, match="ss-vdxp.crt"):
        run(tmp_path, database, act, watchers=(Watcher("ss-vdxp.crt"),))


def test_a_database_that_does_not_answer_is_told(watched):
    async def act(world, get):
        connection = await asyncpg.connect(world.database)
        await connection.execute("ALTER TABLE alarm RENAME TO gone")
        await connection.close()
        return await get("/alarms")

    status, told = watched(act)
    assert (status, told["code"]) == (500, "99")
