"""Consents are begun and asked after, over mutual TLS."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest

from .wires import ANOTHER, begin, run


@pytest.fixture
def within(tmp_path, database):
    """`within(act, **changes)` runs `await act(world)` with a fresh wire."""
    return lambda act, **changes: run(tmp_path, database, act, **changes)


def test_a_consent_is_begun_and_waits_for_its_citizen(within):
    async def act(world):
        begun = await world.begin(one_time=True)
        return begun, await world.state(begun["consent"]), await world.pool.fetchrow("SELECT * FROM consent")

    begun, standing, row = within(act)
    assert (begun["code"], begun["state"]) == ("02", "CHO_DONG_Y")
    assert re.fullmatch("[A-Z2-7]{26}", begun["consent"])
    assert standing == {
        "code": "00",
        "state": "CHO_DONG_Y",
        "service": "look_up_citizen",
        "fields": ["HoVaTen", "ThuongTru"],
        "one_time": True,
        "answer_by": begun["answer_by"],
        "valid_until": None,
    }
    assert (row["id"], row["purpose"], row["personal_number"]) == (
        begun["consent"],
        begin()["purpose"],
        begin()["personal_number"],
    )
    assert (row["answer_by"] - row["asked_at"]).total_seconds() == 900


def test_one_message_begins_one_consent_however_often_it_comes(within):
    async def act(world):
        told = begin()
        answers = await asyncio.gather(*(world.begin(**told) for _ in range(8)))
        return answers, await world.pool.fetchval("SELECT count(*) FROM consent")

    answers, rows = within(act)
    assert len({each["consent"] for each in answers}) == 1
    assert rows == 1


def test_two_organisations_may_have_one_message_id(within):
    async def act(world):
        first = await world.begin(message_id="m1")
        return first, await world.begin(message_id="m1", organisation="H99")

    first, second = within(act)
    assert first["consent"] != second["consent"]


def test_of_another_agencys_consent_nothing_is_told(within):
    async def act(world):
        code = await world.agreed()
        return await world.state(code, "H99"), await world.state("A" * 26, "H99")

    others, unknown = within(act)
    nothing = {"state": None, "service": None, "fields": [], "one_time": False, "answer_by": None, "valid_until": None}
    assert others == {"code": "53"} | nothing
    assert unknown == {"code": "50"} | nothing


def test_a_consent_asked_of_nobody_waits_and_expires_as_any_other(within):
    async def act(world):
        begun = [await world.begin(personal_number=number) for number in (None, ANOTHER)]
        waiting = [await world.state(each["consent"]) for each in begun]
        world.clock.advance(timedelta(days=1))
        return waiting, [await world.state(each["consent"]) for each in begun]

    waiting, later = within(act)
    assert [each["state"] for each in waiting] == ["CHO_DONG_Y"] * 2
    assert [each["state"] for each in later] == ["HET_HAN"] * 2
