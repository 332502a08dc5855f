"""Forms of an existing database's answers that were not seen before: understood, or at least counted."""

from __future__ import annotations

import re

from ketnoi_protocol.services import Service

from .test_upstream_bad_days import health, in_front

LOOK_UP = Service.LOOK_UP_CITIZEN


def test_a_server_that_qualifies_only_the_collection_is_understood(tmp_path, database):
    async def act(world, behind):
        citizen = behind.citizen
        behind.citizen = lambda row: re.sub(r"<(/?)ns1:(?!CongDan\b)", r"<\1", citizen(row))
        return await world.ask(LOOK_UP)

    answer = in_front(tmp_path, database, act)
    assert answer.code == "00"
    assert answer.body["CongdanCollection"]["CongDan"][0]["SoDinhDanh"] == "990089000001"


def test_answers_about_somebody_else_than_was_asked_are_counted(tmp_path, database):
    async def act(world, behind):
        told = [(await world.ask(LOOK_UP, **asked)).code for asked in ({}, {"SoDinhDanh": "990089000999"})]
        citizen = behind.citizen
        behind.citizen = lambda row: citizen(row).replace("<ns1:Ten>", "<ns1:Ten>ÔNG ")
        told.append((await world.ask(LOOK_UP)).code)
        return told, (await health(world))["unlike"]

    assert in_front(tmp_path, database, act) == (["00", "01", "01"], 1), "nobody told is nobody, and nothing odd"


def test_one_service_that_is_away_shuts_off_no_other(tmp_path, database):
    async def act(world, behind):
        confirmed = [
            (
                await world.ask(Service.CONFIRM_IDENTITY_NUMBER, NgayThangNamSinh=None, SoDinhDanh=f"99008900000{each}")
            ).code
            for each in range(1, 5)
        ]
        return confirmed, (await world.ask(LOOK_UP)).code, await health(world)

    nobody = "https://127.0.0.1:1/033"
    confirmed, found, told = in_front(tmp_path, database, act, confirm_url=nobody, breaker_failures=3)
    assert (confirmed, found) == (["42"] * 4, "00")
    assert (told["state"], told["confirm"]["state"]) == ("closed", "open")
    assert told["confirm"]["troubles"] == {"connection": 3, "breaker_open": 1}
