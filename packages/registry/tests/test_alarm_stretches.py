"""Alarms are no matter of the clock's hour, of repetitions, or of how many officers share the work."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec
import pytest

from ketnoi_registry.app import Registry

from .directories import officer
from .population import AN
from .test_alarms import LATE, NOON, QUICK, begin, look_up, neighbours, raised, watch_for
from .worlds import MEMBER, OFFICER, run

RATE = msgspec.structs.replace(QUICK, rate_calls=6, block_persons=1000)
ODD = msgspec.structs.replace(QUICK, rate_calls=1000)
TOGETHER = msgspec.structs.replace(QUICK, rate_calls=1000, block_persons=4, block_persons_together=6)


async def misses(world, count):
    """So many questions that find nobody, counted."""
    for last in range(count):
        await look_up(world, f"99008{last}000777")
    await asyncio.sleep(0.4)


async def hits(world, count):
    for _ in range(count):
        await look_up(world, AN.personal_number)
    await asyncio.sleep(0.4)


def test_misses_on_both_sides_of_an_hour_raise_one_alarm(tmp_path, database):
    async def act(world):
        await begin(world, NOON - timedelta(minutes=1))
        await misses(world, 3)
        before = await raised(world, 0)
        await begin(world, NOON)
        await misses(world, 3)
        first = await raised(world, 1)
        await misses(world, 6)
        return before, first, await raised(world, 1)

    before, (alarm,), after = run(tmp_path, database, act, alarms=RATE)
    assert before == []
    assert (alarm["kind"], alarm["officer"], alarm["count"]) == ("low_hit_rate", OFFICER, 6)
    assert alarm["since"] < NOON <= alarm["last_at"]
    assert len(after) == 1


def test_calls_that_an_alarm_has_told_of_raise_no_second_one_in_the_next_hour(tmp_path, database):
    async def act(world):
        kinds = []
        for at, count in ((-1, 6), (0, 1), (75, 5), (80, 1)):
            await begin(world, NOON + timedelta(minutes=at))
            await misses(world, count)
            kinds.append([row["kind"] for row in await raised(world, 0)])
        return kinds

    one = ["low_hit_rate"]
    assert run(tmp_path, database, act, alarms=RATE) == [one, one, one, one * 2]


def test_a_stretch_is_an_hour_long_and_no_more(tmp_path, database):
    async def act(world):
        await begin(world, NOON)
        await misses(world, 3)
        await begin(world, NOON + timedelta(minutes=71))
        await misses(world, 3)
        return await raised(world, 0)

    assert run(tmp_path, database, act, alarms=RATE) == []


def test_earlier_answers_excuse_no_row_of_misses(tmp_path, database):
    async def act(world):
        await begin(world, NOON + timedelta(minutes=5))
        await hits(world, 12)
        await begin(world, NOON + timedelta(minutes=25))
        await misses(world, 6)
        return await raised(world, 1)

    (alarm,) = run(tmp_path, database, act, alarms=RATE)
    assert (alarm["kind"], alarm["count"]) == ("low_hit_rate", 6)


@pytest.mark.parametrize(
    ("first", "then", "told"),
    [(59, 60, ["odd_hours"]), (-1, 0, [])],
    ids=["both at night", "before the night and in it"],
)
def test_night_is_counted_over_an_hours_edge_and_not_over_its_own(tmp_path, database, first, then, told):
    async def act(world):
        for minutes in (first, then):
            await begin(world, LATE + timedelta(minutes=minutes))
            await hits(world, 2)
        return [row["kind"] for row in await raised(world, len(told))]

    assert run(tmp_path, database, act, alarms=ODD) == told


def test_two_nodes_on_two_sides_of_an_hour_in_whatever_order_they_count(tmp_path, database):
    async def act(world):
        slow = msgspec.structs.replace(
            world.settings, node_id="n2", alarms=msgspec.structs.replace(RATE, check_seconds=30)
        )
        await begin(world, NOON - timedelta(minutes=1))
        first, other = world.registry, await Registry.start(slow, world.clock)
        world.registry = other
        await misses(world, 3)
        world.registry = first
        await begin(world, NOON)
        await misses(world, 3)
        before = await raised(world, 0)
        await other.stop()  # it counts only now
        return before, await raised(world, 1)

    before, (alarm,) = run(tmp_path, database, act, alarms=RATE)
    assert (before, alarm["kind"], alarm["count"]) == ([], "low_hit_rate", 6)


def test_a_question_that_is_repeated_is_one_question(tmp_path, database):
    async def act(world):
        await begin(world, LATE)
        for _ in range(12):
            await look_up(world, "990080000777", MaYeuCau="lost")
        repeats = await world.pool.fetchval("SELECT count(*) FROM access_log WHERE repeats")
        return repeats, await raised(world, 0), await world.pool.fetchval("SELECT sum(calls) FROM alarm_count")

    measures = msgspec.structs.replace(QUICK, odd_calls=2, rate_calls=2)
    assert run(tmp_path, database, act, alarms=measures) == (11, [], 1)


def test_a_canary_that_is_asked_for_again_is_told_of_again(tmp_path, database):
    async def act(world):
        await begin(world)
        await watch_for(world, AN.personal_number)
        await asyncio.sleep(0.4)
        await look_up(world, AN.personal_number, MaYeuCau="kept")
        await raised(world, 1)
        await begin(world, NOON + timedelta(hours=1))
        await look_up(world, AN.personal_number, MaYeuCau="kept")
        return [row["kind"] for row in await raised(world, 2)]

    assert run(tmp_path, database, act, alarms=QUICK) == ["canary", "canary"]


async def shared_work(world, numbers, officers):
    await begin(world)
    names = [f"cb.{number}" for number in range(officers)]
    world.content.officers = [officer(name, MEMBER) for name in names]
    await world.publish_and_poll()
    for turn, number in enumerate(numbers):
        name = names[turn % officers]
        await look_up(world, number, MaCanBo=name, sign={"user": name})


def test_numbers_gone_through_by_several_officers_are_told_of_their_organisation(tmp_path, database):
    async def act(world):
        await shared_work(world, neighbours(5), 3)
        before = await raised(world, 0)
        await shared_work(world, neighbours(9), 3)
        return before, await raised(world, 1)

    before, (alarm,) = run(tmp_path, database, act, alarms=TOGETHER)
    assert before == []
    assert (alarm["kind"], alarm["organisation"], alarm["officer"]) == ("enumeration_by_many", MEMBER, "")
    assert 6 <= alarm["count"] <= 9
    assert (alarm["account"], alarm["unit"]) == ("tk-h55", MEMBER)


def test_one_persons_affair_is_no_row_whoever_asks_and_one_officer_is_not_several(tmp_path, database):
    async def act(world):
        await shared_work(world, ["990190000001"] * 9, 3)
        before = await raised(world, 0)
        await shared_work(world, neighbours(9), 1)
        return before, [(row["kind"], row["officer"]) for row in await raised(world, 1)]

    measures = msgspec.structs.replace(TOGETHER, odd_calls=1000)
    assert run(tmp_path, database, act, alarms=measures) == ([], [("enumeration", "cb.0")])
