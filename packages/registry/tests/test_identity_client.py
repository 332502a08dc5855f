"""The identity system is asked over kept connections, for many calls at once; without it nothing is shown."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from contextlib import AsyncExitStack

import msgspec
import pytest
from aiohttp import web

from ketnoi_protocol.consent import REPEAT_SECONDS, Ask, Use
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.services import Service, System
from ketnoi_registry.identity import Identity, IdentityClient, IdentityError
from ketnoi_registry.settings import Settings
from ketnoi_runtime.web import Listener

from .certificates import self_signed
from .identity_worlds import LOOK_UP, run_both

NUMBER = "990089000001"


@pytest.fixture
def both(tmp_path, cluster):
    """`both(act, **changes)` runs `await act(world)` with a registry and an identity system."""
    return lambda act, **changes: run_both(tmp_path, cluster, act, **changes)


async def requests_made(world):
    async with world.session("ss-ndxp").get(f"{world.url}/health") as response:
        return (await response.json())["identity"]


def test_uses_that_wait_together_go_out_as_one_request(both):
    async def act(world):
        consent = await world.agreed()
        before = (await requests_made(world))["requests"]
        answers = await asyncio.gather(*(world.ask_identity(LOOK_UP, consent) for _ in range(150)))
        made = (await requests_made(world))["requests"] - before
        return [answer.code for answer in answers], made, len(await world.uses())

    # Keys are asked for once an hour, so that uses alone are counted.
    codes, made, uses = both(act, asked={"poll_seconds": 3600.0})
    assert codes == ["00"] * 150
    assert uses == 150
    assert 1 <= made <= 75


def test_without_the_identity_system_nothing_is_shown_and_the_population_answers(both):
    async def act(world):
        consent = await world.agreed()
        port = world.wire.port
        await world.end_wire()
        away = [await world.ask_identity(LOOK_UP, consent), await world.request(), await world.state(consent)]
        population = await world.ask(LOOK_UP)
        await world.begin_wire(port)
        await world.until(lambda: world.ask_identity(LOOK_UP, consent), "00")
        return away, population, await world.logged()

    away, population, rows = both(act, asked={"breaker_pause_seconds": 0.1})
    assert [(answer.status, answer.code) for answer in away] == [(503, "44")] * 3
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in away)
    assert population.code == "00"
    told = [(row["service"], row["result_code"]) for row in rows[1:4]]
    assert told == [("look_up_citizen", "44"), ("request_consent", "44"), ("consent_state", "44")]


def test_an_identity_system_that_stops_answering_is_left_alone_for_a_while(both):
    async def act(world):
        consent = await world.agreed()
        await world.end_wire()
        for _ in range(3):
            await world.ask_identity(LOOK_UP, consent)
        before = await requests_made(world)
        answer = await world.ask_identity(LOOK_UP, consent)
        return before, await requests_made(world), answer

    before, after, answer = both(
        act, asked={"breaker_failures": 3, "breaker_pause_seconds": 60.0, "poll_seconds": 3600.0}
    )
    assert (before["state"], after["requests"]) == ("open", before["requests"])
    assert answer.code == "44"
    assert 1 < int(answer.headers["Retry-After"]) <= 60


def test_the_registry_has_to_be_the_one_that_is_pinned(both):
    async def act(world):
        return await world.request()

    assert both(act, asked={"client_certificate": "wire.crt", "client_key": "wire.key"}).code == "44"


def test_another_server_is_not_believed(both):
    async def act(world):
        return await world.request()

    assert both(act, asked={"certificate": "asks.crt"}).code == "44"


def test_files_that_are_none_are_named(tmp_path):
    self_signed(tmp_path, "asks")
    told = {
        "url": "https://localhost:1", "certificate": "asks.crt", "client_certificate": "asks.crt",
        "client_key": "asks.key", "issuer": "https://dinhdanh.test",
    }  # fmt: skip
    Identity(**told).tls(tmp_path)
    for name in ("certificate", "client_certificate", "client_key"):
        with pytest.raises(IdentityError, match="PEM"):
            Identity(**told | {name: "nowhere.pem"}).tls(tmp_path)


# A server in its place that answers anything.

USE = Use(
    consent="A" * 26, organisation="H55", message_id="m1", question="0" * 64, unit="H55", officer="cb",
    procedure_code="1.001", service=Service.LOOK_UP_CITIZEN, fields=("HoVaTen",), personal_number=NUMBER,
)  # fmt: skip


def with_stand_in(folder, handle, act, **changes):
    """`await act(client)` against a server that answers as `handle` says."""

    async def inside():
        for name in ("stand-in", "asks"):
            self_signed(folder, name)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(folder / "stand-in.crt", folder / "stand-in.key")
        async with AsyncExitStack() as stack:
            listener = Listener(web.Server(handle), "127.0.0.1", 0, tls=tls)
            await listener.start()
            stack.push_async_callback(listener.stop)
            told = {
                "url": f"https://127.0.0.1:{listener.port}", "certificate": "stand-in.crt",
                "client_certificate": "asks.crt", "client_key": "asks.key", "issuer": "https://dinhdanh.test",
            }  # fmt: skip
            client = IdentityClient(Identity(**told | changes), folder)
            stack.push_async_callback(client.close)
            return await act(client)

    return asyncio.run(inside())


def answering(body=b"{}", status=200, content_type="application/json"):
    async def handle(_request):
        return web.Response(body=body, status=status, content_type=content_type)

    return handle


ODD = {
    "empty": answering(b""),
    "no JSON": answering(b"<html>"),
    "a page": answering(b'{"codes":["00"],"fields":[[]]}', content_type="text/html"),
    "another status": answering(b'{"codes":["00"],"fields":[[]]}', status=202),
    "an error": answering(b"{}", status=500),
    "moved": answering(b"{}", status=302),
    "too few verdicts": answering(b'{"codes":[],"fields":[]}'),
    "too many verdicts": answering(b'{"codes":["00","00"],"fields":[[],[]]}'),
    "no fields": answering(b'{"codes":["00"],"fields":[]}'),
    "other types": answering(b'{"codes":[0],"fields":[[]]}'),
    "endless": answering(b'{"codes":["' + b"0" * 2_000_000 + b'"],"fields":[[]]}'),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_no_answer_is_no_consent(tmp_path, caplog, name):
    async def act(client):
        with pytest.raises(Refusal) as caught:
            await client.use(USE)
        return caught.value

    with caplog.at_level(logging.DEBUG):
        refusal = with_stand_in(tmp_path, ODD[name], act)
    assert refusal.code == "44"
    assert NUMBER not in caplog.text + str(refusal)


def test_what_it_will_not_take_does_not_take_it_away_from_others(tmp_path):
    async def act(client):
        for _ in range(5):
            with pytest.raises(Refusal, match="44"):
                await client.use(USE)
        with pytest.raises(Refusal) as caught:
            await client.standing(Ask(organisation="H55", consent="A" * 26))
        return client.health()["state"], caught.value.code

    assert with_stand_in(tmp_path, answering(status=400), act, breaker_failures=2) == ("closed", "10")
    assert with_stand_in(tmp_path, answering(status=403), act, breaker_failures=2) == ("closed", "44")
    assert with_stand_in(tmp_path, answering(status=500), act, breaker_failures=2) == ("open", "44")


def test_a_server_that_is_slow_is_not_waited_for(tmp_path):
    async def handle(_request):
        await asyncio.sleep(60)

    async def act(client):
        began = time.perf_counter()
        with pytest.raises(Refusal) as caught:
            await client.standing(Ask(organisation="H55", consent="A" * 26))
        return caught.value.code, time.perf_counter() - began

    code, seconds = with_stand_in(tmp_path, handle, act, timeout_seconds=0.3)
    assert code == "44"
    assert seconds < 5


def test_a_kept_connection_that_was_closed_is_not_noticed(tmp_path):
    seen = []

    async def handle(request):
        seen.append(await request.json())
        if len(seen) == 2:
            # As when it closes an idle connection while the next request is on its way.
            request.transport.abort()
        return web.json_response({"codes": ["00"], "fields": [["HoVaTen"]]})

    async def act(client):
        return [await client.use(USE), await client.use(USE)]

    assert with_stand_in(tmp_path, handle, act) == [("00", ("HoVaTen",))] * 2
    assert len(seen) == 3
    assert seen[2] == seen[1]


def test_a_message_never_stands_twice_in_one_request(tmp_path):
    batches = []

    async def handle(request):
        uses = (await request.json())["uses"]
        batches.append([each["message_id"] for each in uses])
        await asyncio.sleep(0.05)
        return web.json_response({"codes": ["00"] * len(uses), "fields": [[]] * len(uses)})

    async def act(client):

        uses = [msgspec.structs.replace(USE, message_id=f"m{number % 3}") for number in range(9)]
        return await asyncio.gather(*map(client.use, uses))

    assert with_stand_in(tmp_path, handle, act, most_uses=2) == [("00", ())] * 9
    assert all(len(batch) == len(set(batch)) <= 2 for batch in batches)
    assert sorted(each for batch in batches for each in batch) == ["m0"] * 3 + ["m1"] * 3 + ["m2"] * 3


def test_an_unknown_code_is_no_permission(both, monkeypatch):
    async def act(world):
        consent = await world.agreed()

        async def odd(_client, _use):
            return "77", ("HoVaTen",)

        monkeypatch.setattr(IdentityClient, "use", odd)
        return await world.ask_identity(LOOK_UP, consent)

    assert both(act).code == "44"


def test_who_goes_away_does_not_stop_the_others(tmp_path):
    async def handle(request):
        uses = (await request.json())["uses"]
        await asyncio.sleep(0.1)
        return web.json_response({"codes": ["00"] * len(uses), "fields": [[]] * len(uses)})

    async def act(client):
        first = asyncio.create_task(client.use(USE))
        await asyncio.sleep(0.02)

        second = asyncio.create_task(client.use(msgspec.structs.replace(USE, message_id="m2")))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert with_stand_in(tmp_path, handle, act) == ("00", ())


def test_the_identity_systems_services_need_an_identity_system(both):
    async def act(world):
        told = {name: getattr(world.settings, name) for name in world.settings.__struct_fields__}
        with pytest.raises(ValueError, match="identity"):
            Settings(**told | {"identity": None})
        return Settings(**told | {"identity": None, "systems": (System.POPULATION,)}).identity

    assert both(act) is None


def test_answers_are_kept_for_longer_than_a_question_may_be_repeated(both):
    async def act(world):
        told = {name: getattr(world.settings, name) for name in world.settings.__struct_fields__}
        for seconds in (60.0, float(REPEAT_SECONDS)):
            with pytest.raises(ValueError, match="repeat_window_seconds"):
                Settings(**told | {"repeat_window_seconds": seconds})
        without = {"identity": None, "systems": (System.POPULATION,), "repeat_window_seconds": 60.0}
        return Settings(**told | without).repeat_window_seconds

    assert both(act) == 60.0
