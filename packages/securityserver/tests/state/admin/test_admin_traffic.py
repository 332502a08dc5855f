"""The counts of exchanges over the admin API: by day in Vietnam, for who may observe, through bad moments."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from ketnoi_protocol.identifiers import SubsystemId
from ketnoi_securityserver.traffic import KEEP_DAYS, VIETNAM, Traffic

CLIENT = SubsystemId("XX-TEST", "GOV", "G15", "MOTCUA")
SERVICE = SubsystemId("XX-TEST", "GOV", "G01.C06", "DANCU").service("TraCuu")


def test_counts_add_up_by_day_client_service_and_code(api, kit):
    async def act():
        async with api() as one:
            traffic = one.state.traffic
            for _ in range(3):
                traffic.count(CLIENT, SERVICE, "ok")
            traffic.count(CLIENT, SERVICE, "access_denied")
            traffic.count(None, None, "ssl_authentication_failed")
            told = await one.get("/traffic")
            day = told["today"]
            assert told["whole"] is True
            assert told["items"] == [
                {"day": day, "client_id": "", "service_id": "", "code": "ssl_authentication_failed", "count": 1},
                {"day": day, "client_id": str(CLIENT), "service_id": str(SERVICE), "code": "access_denied", "count": 1},
                {"day": day, "client_id": str(CLIENT), "service_id": str(SERVICE), "code": "ok", "count": 3},
            ]
            traffic.count(CLIENT, SERVICE, "ok")
            assert [each["count"] for each in (await one.get("/traffic"))["items"]] == [1, 1, 4]

    asyncio.run(act())


def test_a_day_is_one_in_vietnam_and_old_ones_are_forgotten(api, kit):
    async def act():
        async with api() as one:
            traffic = one.state.traffic
            local = kit.clock.now().astimezone(VIETNAM)
            late = local.replace(hour=23, minute=59, second=59)
            kit.clock.advance(late - local)
            traffic.count(CLIENT, SERVICE, "ok")
            kit.clock.advance(timedelta(seconds=2))
            traffic.count(CLIENT, SERVICE, "ok")
            days = [each["day"] for each in (await one.get("/traffic"))["items"]]
            assert days == [late.date().isoformat(), (late.date() + timedelta(days=1)).isoformat()]
            assert len((await one.get(f"/traffic?since={days[1]}"))["items"]) == 1
            kit.clock.advance(timedelta(days=KEEP_DAYS))
            await traffic.forget()
            assert [each["day"] for each in (await one.get(f"/traffic?since={days[0]}"))["items"]] == [days[1]]

    asyncio.run(act())


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", ""])
def test_what_is_no_day_is_refused(api, since):
    async def act():
        async with api() as one:
            assert await one.refused("GET", f"/traffic?since={since}") == (400, "validation_failure")

    asyncio.run(act())


def test_only_who_may_observe_sees_them(api):
    async def act():
        async with api() as one:
            for role, allowed in (
                ("XROAD_SECURITYSERVER_OBSERVER", True),
                ("XROAD_SYSTEM_ADMINISTRATOR", True),
                ("XROAD_SERVICE_ADMINISTRATOR", False),
                ("XROAD_REGISTRATION_OFFICER", False),
                ("XROAD_SECURITY_OFFICER", False),
            ):
                key = (await one.do("POST", "/api-keys", [role]))["key"]
                status, _ = await one.call("GET", "/traffic", key=key)
                assert status == (200 if allowed else 403), role

    asyncio.run(act())


def test_what_could_not_be_written_is_written_later(api):
    async def act():
        async with api() as one:
            traffic = one.state.traffic
            await one.state.pool.execute("ALTER TABLE traffic RENAME TO elsewhere")
            traffic.count(CLIENT, SERVICE, "ok")
            with pytest.raises(asyncpg.PostgresError):
                await traffic.write()
            traffic.count(CLIENT, SERVICE, "ok")
            await one.state.pool.execute("ALTER TABLE elsewhere RENAME TO traffic")
            (item,) = (await one.get("/traffic"))["items"]
            assert item["count"] == 2

    asyncio.run(act())


def test_two_nodes_add_to_the_same_rows_and_a_stop_writes_what_waits(api, kit):
    async def act():
        async with api() as one:
            other = Traffic(one.state.pool, kit.clock, write_seconds=3600)
            await other.start()
            other.count(CLIENT, SERVICE, "ok")
            one.state.traffic.count(CLIENT, SERVICE, "ok")
            await other.stop()
            (item,) = (await one.get("/traffic"))["items"]
            assert item["count"] == 2

    asyncio.run(act())
