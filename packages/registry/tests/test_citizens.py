"""What the identity system asks for its citizens: yes or no, the citizen's own record, and names of agencies."""

from __future__ import annotations

import json
from datetime import timedelta

import aiohttp
import asyncpg
import jsonschema_rs
import pytest

from ketnoi_protocol.services import Catalogue, Service
from ketnoi_registry import openapi
from ketnoi_registry.callers import CallerError
from ketnoi_registry.settings import CitizensPage, Watcher

from .citizens_page import AN, BINH, asking

UNKNOWN = AN | {"personal_number": "990089000777"}
DEAD = {"personal_number": "990060000002", "name": "Nguyễn Văn Cha", "birth": "1960"}
MISSING = {"personal_number": "990061000005", "name": "Đỗ Lạc", "birth": "1961"}
STORES = pytest.mark.parametrize("behind", [False, True], ids=["own tables", "an existing database behind"])


@STORES
def test_only_what_agrees_in_every_part_matches(tmp_path, database, behind):
    questions = {
        "an": (AN, True),
        "other letters": (AN | {"name": "NGUYỄN  VĂN AN"}, True),
        "only a year is known": (BINH, True),
        "no accents": (AN | {"name": "NGUYEN VAN AN"}, False),
        "another name": (AN | {"name": "Trần Văn An"}, False),
        "another day": (AN | {"birth": "1989-03-03"}, False),
        "only the year": (AN | {"birth": "1989"}, False),
        "unknown": (UNKNOWN, False),
        "dead": (DEAD, False),
        "missing": (MISSING, False),
    }

    async def act(world, ask):
        return {name: await ask("/citizens/match", told) for name, (told, _) in questions.items()}

    answers = asking(tmp_path, database, act, behind=behind)
    assert answers == {name: (200, {"matches": expected}) for name, (_, expected) in questions.items()}


@STORES
def test_a_citizen_gets_the_whole_record_in_words_where_there_are_any(tmp_path, database, behind):
    async def act(world, ask):
        return await ask("/citizens/record", AN), await ask("/citizens/record", UNKNOWN), await world.logged()

    (status, told), nobody, logged = asking(tmp_path, database, act, behind=behind)
    assert status == 200
    citizen = told["citizen"]
    assert (citizen["SoDinhDanh"], citizen["HoVaTen"]["Ten"]) == ("990089000001", "NGUYỄN VĂN AN")
    assert {"SoCMND", "DanToc", "TonGiao", "NhomMau", "Cha", "VoChong", "ChuHo", "NoiOHienTai"} <= citizen.keys()
    assert told["units"]["05569"] == "Xã Mới"
    assert told["relations"] == {"QH00": ["chủ hộ", "head of the household"]}
    assert nobody == (404, None)
    assert [(row["service"], row["result_code"]) for row in logged] == [
        ("citizens_record", "00"),
        ("citizens_record", "01"),
    ]
    assert "VoChong" in logged[0]["released_fields"]
    assert logged[1]["released_fields"] == []


def test_names_of_agencies_are_those_of_the_directory(tmp_path, database):
    async def act(world, ask):
        known = await ask("/citizens/names", {"organisations": ["H55", "G99"]})
        world.clock.advance(timedelta(hours=1))
        return known, await ask("/citizens/names", {"organisations": ["H55"]})

    known, (status, stale) = asking(tmp_path, database, act)
    assert known == (200, {"names": {"H55": "UBND tỉnh Thái Nguyên"}})
    assert (status, stale["code"]) == (500, "99")


def test_nothing_else_is_there_for_the_citizens_page(tmp_path, database):
    async def act(world, ask):
        service = "/v1/" + world.entry(Service.LOOK_UP_CITIZEN).service_code
        paths = ("/health", "/openapi.json", "/alarms", service, "/citizens/", "/citizens/match?x", "/")
        asked = [await ask(path, AN) for path in paths] + [await ask(path, method="GET") for path in paths]
        return asked, await ask("/citizens/match", AN, "GET"), await world.logged()

    asked, (status, got), logged = asking(tmp_path, database, act)
    assert [status for status, _ in asked] == [404] * 14
    assert (status, got["code"]) == (405, "bad_request")
    assert logged == []


def test_what_is_answered_is_what_is_described(tmp_path, database):
    asked = {
        "/citizens/match": AN,
        "/citizens/record": AN,
        "/citizens/looks": AN,
        "/citizens/answered": AN | {"messages": ["m-1"]},
        "/citizens/names": {"organisations": ["H55"]},
    }

    async def act(world, ask):
        await world.ask(Service.LOOK_UP_CITIZEN, sign={"message_id": "m-1"})
        return {path: await ask(path, told) for path, told in asked.items()}

    described = json.loads(openapi.document(Catalogue.load()))
    assert {path for path in described["paths"] if path.startswith("/citizens/")} == set(asked)

    def schema_of(body):
        return body["content"]["application/json"]["schema"] | {"components": described["components"]}

    for path, (status, told) in asking(tmp_path, database, act).items():
        operation = described["paths"][path]["post"]
        assert status == 200
        jsonschema_rs.validator_for(schema_of(operation["requestBody"])).validate(asked[path])
        jsonschema_rs.validator_for(schema_of(operation["responses"]["200"])).validate(told)


@pytest.mark.parametrize("caller", ["ss-vdxp", "portal"])
def test_nobody_else_asks_for_citizens(tmp_path, database, caller):
    async def act(world, ask):
        paths = ("/citizens/match", "/citizens/record", "/citizens/looks", "/citizens/names")
        return [await ask(path, AN) for path in paths], await world.logged()

    asked, logged = asking(tmp_path, database, act, caller=caller, watchers=(Watcher("portal.crt"),))
    assert [(status, told["code"]) for status, told in asked] == [(404, "unknown_service")] * 4
    assert logged == []


def test_a_stranger_does_not_come_through_the_handshake(tmp_path, database):
    async def act(world, ask):
        with pytest.raises(aiohttp.ClientError):
            await ask("/citizens/match", AN)
        return await world.logged()

    assert asking(tmp_path, database, act, caller="ss-stranger") == []


@pytest.mark.parametrize("taken", [{"certificate": "ss-vdxp.crt"}, {"certificate": "portal.crt"}])
def test_its_certificate_has_no_other_role(tmp_path, database, taken):
    async def act(world, ask):
        raise AssertionError("it has started")

    with pytest.raises(CallerError, match=taken["certificate"]):
        asking(
            tmp_path, database, act, citizens=(CitizensPage(**taken),), watchers=(Watcher("portal.crt"),)
        )  # fmt: skip


@pytest.mark.parametrize(
    "told",
    [b"", b"[]", b"\xff", {}, AN | {"personal_number": "99"}, AN | {"name": "12345"}, AN | {"birth": "1989-02-30"}],
    ids=str,
)
def test_what_cannot_be_read_is_refused_without_quoting(tmp_path, database, told):
    async def act(world, ask):
        return [await ask(path, told) for path in ("/citizens/match", "/citizens/record", "/citizens/looks")]

    for status, refused in asking(tmp_path, database, act):
        assert (status, refused["code"]) == (400, "bad_request")
        assert not any(part in str(refused) for part in ("990089000001", "Nguyễn", "12345", "1989"))


def test_what_cannot_be_written_down_is_not_answered(tmp_path, database):
    async def act(world, ask):
        connection = await asyncpg.connect(world.database)
        await connection.execute("ALTER TABLE access_log RENAME TO gone")
        await connection.close()
        return [await ask(path, AN) for path in ("/citizens/match", "/citizens/record", "/citizens/looks")]

    assert [(status, told["code"]) for status, told in asking(tmp_path, database, act)] == [(500, "99")] * 3
