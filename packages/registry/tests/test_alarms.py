"""Alarms: what is conspicuous is raised once, over all nodes, and tells nothing about the persons asked for."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
import pytest

from ketnoi_protocol.services import Service
from ketnoi_registry.access_log import Pseudonyms
from ketnoi_registry.alarms import canaries
from ketnoi_registry.alarms.settings import Alarming
from ketnoi_registry.app import Registry

from .directories import officer
from .population import AN, BINH
from .worlds import MEMBER, OFFICER, run

LOOK_UP, CONFIRM = Service.LOOK_UP_CITIZEN, Service.CONFIRM_IDENTITY_NUMBER
NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
LATE = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
"""In Vietnam 12:00 and 22:00."""
QUICK = Alarming(odd_calls=4, rate_calls=5, rate_percent=50, block_persons=3, check_seconds=0.1)
SLOW = Alarming(check_seconds=30)


async def begin(world, at=NOON):
    world.clock.advance(at - world.clock.now())
    world.content.officers = [officer(OFFICER, MEMBER), officer("cb.hoa", MEMBER)]
    await world.publish_and_poll()


async def raised(world, wanted, seconds=5.0):
    """The alarms, once there are so many of them; time for one too many is given."""
    async with asyncio.timeout(seconds):
        while len(rows := await world.pool.fetch("SELECT * FROM alarm ORDER BY id")) < wanted:
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.4)
    return await world.pool.fetch("SELECT * FROM alarm ORDER BY id") or rows


async def look_up(world, number, **more):
    return await world.ask(LOOK_UP, SoDinhDanh=number, **more)


def neighbours(count):
    return [f"9900890000{last:02}" for last in range(1, count + 1)]


def test_numbers_in_a_row_raise_one_alarm_from_the_measure_on(tmp_path, database):
    async def act(world):
        await begin(world)
        for number in [*neighbours(2), *neighbours(2), "990190000003"]:
            await look_up(world, number)
        before = await raised(world, 0)
        for number in neighbours(9):
            await look_up(world, number)
        return before, await raised(world, 1), await world.logged()

    measures = msgspec.structs.replace(QUICK, rate_calls=1000)
    before, (alarm,), logged = run(tmp_path, database, act, alarms=measures)
    assert before == []
    assert (alarm["kind"], alarm["organisation"], alarm["officer"]) == ("enumeration", MEMBER, OFFICER)
    assert 3 <= alarm["count"] <= 9
    assert (alarm["account"], alarm["unit"], alarm["procedure"]) == ("tk-h55", MEMBER, "1.001")
    assert alarm["since"] in {row["logged_at"] for row in logged}
    assert alarm["since"] < alarm["last_at"] <= alarm["raised_at"]
    assert alarm["message_id"] in {row["message_id"] for row in logged}


def test_what_two_officers_ask_is_not_added_up(tmp_path, database):
    async def act(world):
        await begin(world)
        for number in neighbours(2):
            await look_up(world, number)
        await look_up(world, neighbours(3)[2], MaCanBo="cb.hoa", sign={"user": "cb.hoa"})
        return await raised(world, 0)

    assert run(tmp_path, database, act, alarms=QUICK) == []


def test_numbers_of_the_day_before_are_forgotten(tmp_path, database):
    async def act(world):
        await begin(world)
        for number in neighbours(2):
            await look_up(world, number)
        await asyncio.sleep(0.4)
        await begin(world, NOON + timedelta(days=1, seconds=5))
        await look_up(world, neighbours(3)[2])
        alarms = await raised(world, 0)
        return alarms, await world.pool.fetchval("SELECT count(*) FROM alarm_asked")

    assert run(tmp_path, database, act, alarms=QUICK) == ([], 1)


def test_many_questions_that_find_nobody(tmp_path, database):
    async def act(world):
        await begin(world)
        for last in range(4):
            await look_up(world, f"99008{last}000777")
        before = await raised(world, 0)
        await look_up(world, AN.personal_number)
        return before, await raised(world, 1)

    before, (alarm,) = run(tmp_path, database, act, alarms=QUICK)
    assert before == []
    assert (alarm["kind"], alarm["count"]) == ("low_hit_rate", 5)


def test_questions_that_find_somebody_are_no_low_rate(tmp_path, database):
    async def act(world):
        await begin(world)
        for _ in range(4):
            await look_up(world, AN.personal_number)
        for last in range(4):
            await look_up(world, f"99008{last}000777")
        return await raised(world, 0)

    assert run(tmp_path, database, act, alarms=msgspec.structs.replace(QUICK, rate_calls=8)) == []


def test_night_raises_what_noon_does_not_once_an_hour(tmp_path, database):
    async def act(world):
        async def five():
            for _ in range(5):
                await look_up(world, AN.personal_number)
            return len(await raised(world, 0))

        counts = []
        for at in (NOON, LATE - timedelta(minutes=1), LATE, LATE + timedelta(minutes=9), LATE + timedelta(hours=1)):
            await begin(world, at)
            counts.append(await five())
        return counts, {row["kind"] for row in await raised(world, 2)}

    assert run(tmp_path, database, act, alarms=QUICK) == ([0, 0, 1, 1, 2], {"odd_hours"})


def test_two_nodes_count_together_and_raise_one_alarm(tmp_path, database):
    async def act(world):
        await begin(world, LATE)
        async with AsyncExitStack() as stack:
            other = await Registry.start(msgspec.structs.replace(world.settings, node_id="n2"), world.clock)
            stack.push_async_callback(other.stop)
            first = world.registry
            for node in (first, other):
                world.registry = node
                for _ in range(2):
                    await look_up(world, AN.personal_number)
            world.registry = first
            return await raised(world, 1)

    (alarm,) = run(tmp_path, database, act, alarms=QUICK)
    assert (alarm["kind"], alarm["count"]) == ("odd_hours", 4)


async def watch_for(world, *numbers):
    keys = Pseudonyms.read(world.folder / "keys.json")
    await canaries.replace(world.pool, keys, list(numbers))


def test_a_canary_is_answered_as_ever_and_told_at_once(tmp_path, database):
    async def act(world):
        await begin(world)
        await watch_for(world, AN.personal_number)
        second = await Registry.start(msgspec.structs.replace(world.settings, node_id="n2"), world.clock)
        try:
            first, world.registry = world.registry, second
            answer = await look_up(world, AN.personal_number)
            again = await look_up(world, AN.personal_number)
            return answer.code, again.code, await raised(world, 1, 2.0)
        finally:
            world.registry = first
            await second.stop()

    code, again, (alarm,) = run(tmp_path, database, act, alarms=SLOW)
    assert (code, again, alarm["kind"]) == ("00", "00", "canary")


def test_a_canary_is_told_by_an_old_number_and_in_a_refused_call_too(tmp_path, database):
    async def act(world):
        await begin(world)
        await watch_for(world, AN.personal_number, BINH.personal_number)
        await asyncio.sleep(0.4)
        old = await world.ask(CONFIRM, SoDinhDanh=None, SoCMND="990000001")
        refused = await look_up(world, BINH.personal_number, MaCanBo="cb.nobody", sign={"user": "cb.nobody"})
        return old.code, refused.code, await raised(world, 2)

    old, refused, alarms = run(tmp_path, database, act, alarms=QUICK)
    assert (old, refused) == ("00", "24")
    assert {(row["kind"], row["officer"]) for row in alarms} == {("canary", OFFICER), ("canary", "cb.nobody")}


@pytest.mark.parametrize("attribute", ["Cha", "SoCMND"])
def test_numbers_gone_through_as_claimed_attributes_are_numbers_in_a_row(tmp_path, database, attribute):
    prefix = "990060000" if attribute == "Cha" else "990000"

    async def act(world):
        await begin(world)
        for last in range(4):
            await world.ask(Service.VERIFY_CITIZEN, ThuocTinh={attribute: f"{prefix}{last:03}"})
        return await raised(world, 1)

    (alarm,) = run(tmp_path, database, act, alarms=QUICK)
    assert (alarm["kind"], alarm["officer"]) == ("enumeration", OFFICER)


def test_numbers_gone_through_as_members_are_numbers_in_a_row(tmp_path, database):
    members = [{"SoDinhDanh": f"990190000{last:03}", "HoVaTen": "Lê Thị Bình", "QuanHe": "QH01"} for last in range(4)]

    async def act(world):
        await begin(world)
        await world.ask(Service.VERIFY_HOUSEHOLD, ThanhVien=members)
        return await raised(world, 1)

    (alarm,) = run(tmp_path, database, act, alarms=QUICK)
    assert (alarm["kind"], alarm["officer"]) == ("enumeration", OFFICER)


def test_ids_go_on_though_the_database_is_another_one(tmp_path, database):
    async def act(world):
        await begin(world, at=world.clock.now())
        await watch_for(world, AN.personal_number)
        await asyncio.sleep(0.4)
        await look_up(world, AN.personal_number)
        (before,) = await raised(world, 1)
        await world.pool.execute("DELETE FROM alarm")
        await world.pool.execute("ALTER TABLE alarm ALTER COLUMN id RESTART WITH 1")
        world.clock.advance(timedelta(hours=1))
        await world.publish_and_poll()
        again = await Registry.start(msgspec.structs.replace(world.settings, node_id="n2"), world.clock)
        try:
            first, world.registry = world.registry, again
            await look_up(world, AN.personal_number)
            (after,) = await raised(world, 1)
            return before["id"], after["id"]
        finally:
            world.registry = first
            await again.stop()

    before, after = run(tmp_path, database, act, alarms=QUICK)
    assert before < after


def test_nobody_is_remembered_for_longer_than_a_day(tmp_path, database):
    old = (
        "INSERT INTO alarm_asked SELECT 'H55', 'cb', sha256('x'), sha256(n::text::bytea), $1"
        " FROM generate_series(1, 12001) AS n"
    )

    async def act(world):
        await begin(world)
        await world.pool.execute(old, world.clock.now() - timedelta(days=2))
        await look_up(world, AN.personal_number)
        async with asyncio.timeout(5):
            while await world.pool.fetchval("SELECT count(*) FROM alarm_asked") != 1:
                await asyncio.sleep(0.05)

    run(tmp_path, database, act, alarms=QUICK)


WRONG = {"HoVaTen": "Nguyễn Văn Đoán"}
OLD_NUMBER = AN.old_id_numbers[0].number


@pytest.mark.parametrize(
    ("listed", "asked"),
    [
        (OLD_NUMBER, {"SoDinhDanh": None, "SoCMND": OLD_NUMBER}),
        (OLD_NUMBER, {"SoCMND": OLD_NUMBER}),
        (OLD_NUMBER, {}),
        (OLD_NUMBER, {"SoDinhDanh": None, "SoCMND": AN.old_id_numbers[1].number}),
        (AN.personal_number, {"SoDinhDanh": None, "SoCMND": OLD_NUMBER, **WRONG}),
        # A number that nobody has, beside somebody else's.
        ("990000777", {"SoCMND": "990000777"}),
    ],
    ids=["found by it", "both numbers", "by the other number", "by another old one", "guessed", "nobody's"],
)
def test_a_canary_is_known_by_each_of_its_numbers(tmp_path, database, listed, asked):
    async def act(world):
        await begin(world)
        await watch_for(world, listed)
        await asyncio.sleep(0.4)
        await world.ask(LOOK_UP, **asked)
        return await raised(world, 1)

    (alarm,) = run(tmp_path, database, act, alarms=QUICK)
    assert alarm["kind"] == "canary"


def test_a_canary_that_is_claimed_as_a_member_is_told_of_in_a_refused_call_too(tmp_path, database):
    async def act(world):
        await begin(world)
        await watch_for(world, BINH.personal_number)
        await asyncio.sleep(0.4)
        member = {"SoDinhDanh": BINH.personal_number, "HoVaTen": BINH.full_name, "QuanHe": "QH01"}
        refused = await world.ask(Service.VERIFY_HOUSEHOLD, MaDVC="not-licensed", ThanhVien=[member])
        return refused.code, await raised(world, 1), await world.logged()

    code, (alarm,), rows = run(tmp_path, database, act, alarms=QUICK)
    assert (code, alarm["kind"]) == ("23", "canary")
    assert [row["subject_role"] for row in rows] == ["asked", "claimed_member"]


def test_a_call_does_not_wait_for_what_counts(tmp_path, database):
    async def act(world):
        await begin(world, LATE)
        connection = await asyncpg.connect(world.database)
        async with connection.transaction():
            await connection.execute("LOCK TABLE alarm_count, alarm_asked, canary IN ACCESS EXCLUSIVE MODE")
            async with asyncio.timeout(3):
                codes = [(await look_up(world, AN.personal_number)).code for _ in range(6)]
        await connection.close()
        return codes, [(row["kind"], row["count"]) for row in await raised(world, 1)]

    codes, alarms = run(tmp_path, database, act, alarms=QUICK)
    assert (codes, alarms) == (["00"] * 6, [("odd_hours", 6)])


def test_what_is_kept_names_nobody(tmp_path, database):
    async def act(world):
        await begin(world, LATE)
        await watch_for(world, AN.personal_number)
        for number in neighbours(8):
            await look_up(world, number)
        await raised(world, 2)
        tables = ("alarm", "alarm_count", "alarm_asked", "canary")
        return "".join([str(await world.pool.fetch(f"SELECT * FROM {table}")) for table in tables])

    kept = run(tmp_path, database, act, alarms=QUICK)
    assert OFFICER in kept
    assert not [number for number in neighbours(8) if number in kept or number[:9] in kept]
