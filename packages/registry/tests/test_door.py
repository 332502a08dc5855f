"""The door: who may knock, what they may send, how much at once, and how long it may take."""

from __future__ import annotations

import asyncio
import json
import ssl

import aiohttp
import asyncpg
import msgspec
import pytest
from yarl import URL

from ketnoi_protocol.http_signature import content_digest
from ketnoi_protocol.services import Service
from ketnoi_registry.app import Registry
from ketnoi_registry.settings import Caller
from ketnoi_registry.store import postgresql
from ketnoi_testbed.postgres import Postgres

from .population import PEOPLE
from .worlds import MEMBER, run

LOOK_UP = Service.LOOK_UP_CITIZEN
PATH = "/v1/TraCuuThongTinCongDan"


def look_up(world, **fields):
    body = json.dumps(world.body(LOOK_UP, **fields)).encode()
    return body, world.signed(body)


def test_only_pinned_callers_get_through_the_handshake(do):
    async def act(world):
        body, headers = look_up(world)
        context = world.tls("ss-stranger")
        anonymous = ssl.create_default_context(cafile=str(world.folder / "registry.crt"))
        anonymous.check_hostname = False
        anonymous.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        before = len(await world.logged())
        for tls in (context, anonymous):
            async with aiohttp.ClientSession() as session:
                with pytest.raises(aiohttp.ClientError):
                    await session.post(world.url + PATH, data=body, headers=headers, ssl=tls)
        with pytest.raises((aiohttp.ClientError, ConnectionError)):
            async with aiohttp.ClientSession() as session:
                await session.post(world.url.replace("https", "http") + PATH, data=body, headers=headers)
        return len(await world.logged()) - before

    assert do(act) == 0


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", PATH, 405, "bad_request"),
        ("PUT", PATH, 405, "bad_request"),
        ("DELETE", PATH, 405, "bad_request"),
        ("POST", "/", 404, "unknown_service"),
        ("POST", "/v1/", 404, "unknown_service"),
        ("POST", PATH + "/", 404, "unknown_service"),
        ("POST", PATH + "?x=1", 404, "unknown_service"),
        ("POST", "/v1/../v1/TraCuuThongTinCongDan", 404, "unknown_service"),
        ("POST", "/v1/%54raCuuThongTinCongDan", 404, "unknown_service"),
        ("POST", "/v1/DinhDanh-TraCuuThongTinCongDan", 404, "unknown_service"),
        ("POST", "/openapi.json", 404, "unknown_service"),
    ],
)
def test_a_service_is_one_path_and_post(running, method, path, status, code):
    async def act(world):
        body, headers = look_up(world)
        url = URL(world.url + path, encoded=True)
        async with world.session("ss-vdxp").request(method, url, data=body, headers=headers) as response:
            return response.status, (await response.json(content_type=None))["code"], response.headers.get("Allow")

    assert running.do(act) == (status, code, "POST" if status == 405 else None)


def test_every_answer_names_its_body_by_digest(do):
    async def act(world):
        body, headers = look_up(world)
        found = []
        for method, path in (("POST", PATH), ("GET", PATH), ("POST", "/"), ("GET", "/openapi.json")):
            sent = world.session("ss-vdxp").request(method, URL(world.url + path), data=body, headers=headers)
            async with sent as response:
                octets = await response.read()
                found.append((response.status, response.headers["Content-Digest"] == content_digest(octets)))
        return found

    assert do(act) == [(200, True), (405, True), (404, True), (200, True)]


@pytest.mark.parametrize(
    "headers", [{"Content-Type": "text/plain"}, {"Content-Encoding": "gzip"}, {"Content-Type": "application/soap+xml"}]
)
def test_a_body_that_is_neither_plain_json_nor_plain_xml_is_refused(do, headers):
    async def act(world):
        body, signed = look_up(world)
        before = len(await world.logged())
        code = (await world.send("POST", PATH, body, signed | headers)).code
        return code, [row["result_code"] for row in (await world.logged())[before:]]

    assert do(act) == ("10", ["10"]), "a call that is turned away leaves its row"


def test_a_body_that_is_too_large_is_refused_told_or_untold(do):
    async def act(world):
        body = b" " * 70_000
        told = await world.send("POST", PATH, body, world.signed(body))

        async def pieces():
            for _ in range(70):
                yield b" " * 1000

        untold = await world.send("POST", PATH, pieces(), world.signed(body))
        return [(answer.status, answer.code) for answer in (told, untold)]

    assert do(act) == [(413, "message_too_large")] * 2


def test_a_body_that_is_told_to_be_too_large_is_not_waited_for(do):
    async def act(world):
        reader, writer = await asyncio.open_connection("127.0.0.1", world.registry.port, ssl=world.tls("ss-vdxp"))
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 70000\r\n\r\n"
        writer.write(head.encode())
        async with asyncio.timeout(5):
            status = await reader.readline()
        writer.transport.abort()
        return status

    assert do(act).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_does_not_come_is_not_waited_for(tmp_path, database):
    async def act(world):
        _, headers = look_up(world)

        async def slowly():
            yield b"{"
            await asyncio.sleep(30)
            yield b"}"

        async with asyncio.timeout(5):
            return (await world.send("POST", PATH, slowly(), headers)).code

    assert run(tmp_path, database, act, read_timeout_seconds=0.3) == "bad_request"


def test_more_calls_than_are_allowed_are_refused_at_once(tmp_path, database):
    async def act(world):
        answers = await asyncio.gather(*(world.ask(LOOK_UP) for _ in range(40)))
        busy = [answer for answer in answers if answer.status == 503]
        assert {answer.code for answer in busy} == {"server_busy"}
        assert {answer.headers["Retry-After"] for answer in busy} == {"1"}
        good = [answer for answer in answers if answer.status == 200]
        return len(busy) + len(good), len(busy) > 0, len(good) >= 3, (await world.ask(LOOK_UP)).code

    assert run(tmp_path, database, act, max_running=3) == (40, True, True, "00")


def test_a_look_up_that_takes_too_long_is_given_up(tmp_path, database):
    async def act(world):
        connection = await asyncpg.connect(world.database)
        async with connection.transaction():
            await connection.execute("LOCK TABLE person IN ACCESS EXCLUSIVE MODE")
            late = await world.ask(LOOK_UP)
        await connection.close()
        row = (await world.logged())[-1]
        return (late.status, late.code), row["result_code"], row["subject_role"], (await world.ask(LOOK_UP)).code

    late = run(tmp_path, database, act, lookup_timeout_seconds=0.3)
    assert late == ((504, "41"), "41", "asked", "00")


def test_a_call_is_given_up_in_time_whatever_it_waits_for(tmp_path, database, monkeypatch):
    async def never(pool, numbers, timeout):
        await asyncio.sleep(30)

    async def act(world):
        monkeypatch.setattr(postgresql, "read_people", never)
        async with asyncio.timeout(5):
            return (await world.ask(LOOK_UP)).code

    assert run(tmp_path, database, act, lookup_timeout_seconds=0.3) == "41"


def test_a_registry_serves_its_own_environment_and_system_alone(tmp_path, database):
    async def act(world):
        body, _ = look_up(world)
        production = world.signed(body, client=f"VDXP/GOV/{MEMBER}/MOTCUA")
        identity = world.signed(body, client=f"NDXP-TEST/GOV/{MEMBER}/MOTCUA")
        return [
            (await world.send("POST", PATH, body, production, "ss-vdxp")).code,
            (await world.send("POST", "/v1/DinhDanh-TraCuuThongTinCongDan", body, identity, "ss-ndxp")).code,
        ]

    callers = [Caller("VDXP", "ss-vdxp.crt"), Caller("NDXP-TEST", "ss-ndxp.crt")]
    assert run(tmp_path, database, act, callers=callers) == ["unknown_service"] * 2


def test_many_at_once_are_each_answered_about_the_right_person(do):
    async def act(world):
        people = [person for person in PEOPLE if person.birth_day is None] * 25
        asked = [
            world.ask(
                LOOK_UP,
                SoDinhDanh=person.personal_number,
                HoVaTen=person.full_name,
                NgayThangNamSinh=f"{person.birth_year}"
                + (f"-{person.birth_month:02}-09" if person.birth_month else ""),
                MaYeuCau=f"nhieu-{number}",
            )
            for number, person in enumerate(people)
        ]
        answers = await asyncio.gather(*asked)
        for number, (answer, person) in enumerate(zip(answers, people, strict=True)):
            assert answer.body["MaYeuCau"] == f"nhieu-{number}"
            assert answer.body["CongdanCollection"]["CongDan"][0]["SoDinhDanh"] == person.personal_number
        return len(answers)

    assert do(act) == 200


def test_stopping_lets_running_calls_finish(tmp_path, database):
    async def act(world):
        connection = await asyncpg.connect(world.database)
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("LOCK TABLE person IN ACCESS EXCLUSIVE MODE")
        asked = asyncio.create_task(world.ask(LOOK_UP))
        await asyncio.sleep(0.2)
        stopping = asyncio.create_task(world.registry.stop())
        await asyncio.sleep(0.2)
        await transaction.rollback()
        await connection.close()
        answer = await asked
        await stopping
        with pytest.raises(aiohttp.ClientError):
            await world.ask(LOOK_UP)
        return answer.code, len(await world.logged())

    assert run(tmp_path, database, act) == ("00", 1)


def test_a_registry_that_cannot_be_started_leaves_nothing_open(tmp_path, database, cluster: Postgres):
    async def act(world):
        taken = msgspec.structs.replace(world.settings, port=world.registry.port)
        count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        before = await world.pool.fetchval(count)
        with pytest.raises(OSError):
            await Registry.start(taken, world.clock)
        for _ in range(100):
            if (after := await world.pool.fetchval(count)) <= before:
                break
            await asyncio.sleep(0.02)
        return after <= before

    assert run(tmp_path, database, act)


def test_the_observer_sees_every_step_and_nothing_of_a_person(tmp_path, database):
    events = []

    async def act(world):
        await world.ask(LOOK_UP, sign={"message_id": "xem-1"})
        await world.ask(LOOK_UP, MaDVC="9")
        await world.ask(LOOK_UP, sign={"client": "VDXP/GOV/H55/MOTCUA"})

    run(tmp_path, database, act, observer=events.append)
    gates = ["consumer", "account", "message", "organisation", "procedure", "officer", "fields"]
    assert [[name for name, _ in event.steps] for event in events] == [
        [*gates, "repeat", "quota", "look up", "log"],
        [*gates[:5], "log"],
        ["consumer", "log"],
    ]
    assert [event.outcome for event in events] == ["00", "23", "21"]
    assert events[0].message_id == "xem-1"
    assert 0 < sum(seconds for _, seconds in events[0].steps) <= events[0].seconds
    assert "99008" not in repr(events)
    assert events[0].node == "n1"
    assert MEMBER not in events[0].service
