"""The first journey with a database that C06 had before, behind the registry's gates, licences and access log."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator

import asyncpg
import pytest

from journeys.test_soap import entry_of, envelope, running_gateway, send
from ketnoi_client.problems import C06MustAct, Refused
from ketnoi_protocol.services import Service
from ketnoi_protocol.soap_envelope import fault_of, read_envelope
from ketnoi_testbed.asking import person_of
from ketnoi_testbed.existing_database import ExistingDatabase
from ketnoi_testbed.show.board import Board
from ketnoi_testbed.show.story import Storyteller
from ketnoi_testbed.show.terminal import Terminal
from ketnoi_testbed.world import World


@pytest.fixture
def behind(existing_world: World) -> Iterator[ExistingDatabase]:
    """The database behind, in its right mind again afterwards."""
    part = existing_world.registry.behind
    assert part is not None
    yield part.database
    part.database.mood = "well"


def query(world: World, statement: str, *arguments: object) -> list[asyncpg.Record]:
    async def fetch() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(world.registry.database)
        try:
            return list(await connection.fetch(statement, *arguments))
        finally:
            await connection.close()

    return asyncio.run(fetch())


def test_the_whole_story_is_told_from_an_existing_database(existing_world: World, behind: ExistingDatabase) -> None:
    board, written = Board(), io.StringIO()
    existing_world.listen(board.told)
    try:
        before = behind.asked["well"]
        Storyteller(existing_world, board, Terminal(written), lambda: 1.0).tell()
    finally:
        existing_world.around.listeners.remove(board.told)
    told = written.getvalue()
    assert told.count("✓ HỢP LỆ") == 2, "question and answer are proved"
    assert told.count(": CÓ") == 3, "the other three services said yes"
    assert "mã 24" in told, "a locked account is refused before anything is asked"
    assert behind.asked["well"] > before
    (people,) = query(existing_world, "SELECT count(*) FROM person")
    assert people["count"] == 0, "the registry has nobody itself"


def test_a_soap_caller_and_a_json_caller_get_the_same_person(existing_world: World, behind: ExistingDatabase) -> None:
    someone, look_up = existing_world.people.full, entry_of(Service.LOOK_UP_CITIZEN)
    with running_gateway(existing_world) as gateway:
        by_soap = send(gateway, envelope(Service.LOOK_UP_CITIZEN, someone)).answer(look_up)
        confirmed = send(gateway, envelope(Service.CONFIRM_IDENTITY_NUMBER, someone))
        behind.mood = "unavailable"
        refused = fault_of(read_envelope(send(gateway, envelope(Service.LOOK_UP_CITIZEN, someone)).body))
        behind.mood = "well"
    by_json = existing_world.agency("G15").look_up_citizen(person_of(someone)).answer
    assert by_json.citizen is not None
    assert by_soap.citizen == by_json.citizen  # type: ignore[union-attr]
    assert by_json.citizen.head is not None
    assert by_json.citizen.head.relation == "QH00", "told in our codes, whatever the database behind has"
    assert confirmed.answer(entry_of(Service.CONFIRM_IDENTITY_NUMBER)).exists  # type: ignore[union-attr]
    assert refused is not None
    assert refused.code == "42"


@pytest.mark.parametrize(("mood", "code"), [("unavailable", "42"), ("half", "43"), ("another_person", "43")])
def test_on_a_bad_day_the_agency_is_told_a_code_and_a_row_is_left(
    existing_world: World, behind: ExistingDatabase, mood: str, code: str
) -> None:
    behind.mood = mood
    agency, someone = existing_world.agency("H55"), existing_world.people.full
    with pytest.raises(C06MustAct) as refused:
        agency.look_up_citizen(person_of(someone))
    assert refused.value.code == code
    assert "cách xử lý" in str(refused.value)
    (row,) = query(
        existing_world,
        "SELECT result_code, released_fields, officer FROM access_log ORDER BY logged_at DESC, sequence DESC LIMIT 1",
    )
    assert (row["result_code"], row["released_fields"]) == (code, [])
    assert row["officer"]
    behind.mood = "well"
    assert agency.look_up_citizen(person_of(someone)).answer.ma_ket_qua == "00"


def test_the_logs_of_a_bad_day_name_nobody(existing_world: World, behind: ExistingDatabase) -> None:
    someone = existing_world.people.full
    for mood in ("fault_client", "several_people", "no_birth"):
        behind.mood = mood
        with pytest.raises(Refused):
            existing_world.agency("H55").look_up_citizen(person_of(someone))
    log = (existing_world.folder / "world.log").read_text(encoding="utf-8")
    assert "several_people" in log
    for word in (someone.personal_number, someone.full_name, someone.full_name.upper()):
        assert word not in log
