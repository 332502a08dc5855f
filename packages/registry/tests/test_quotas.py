"""Quotas of a grant: never a call too many, on however many nodes, and said when the next one is answered."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import msgspec
import pytest

from ketnoi_protocol.directory import Quota
from ketnoi_protocol.envelope import ClaimedMember, HouseholdRequest
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.services import Service
from ketnoi_registry import quotas as counting
from ketnoi_registry.app import Registry

from .directories import grant, officer
from .test_soap import envelope, send
from .worlds import MEMBER, OFFICER, run

LOOK_UP, CONFIRM = Service.LOOK_UP_CITIZEN, Service.CONFIRM_IDENTITY_NUMBER
HOUSEHOLD = Service.VERIFY_HOUSEHOLD
NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
"""In Vietnam."""


def a_day(calls, of="organisation"):
    return Quota(of, calls, 86_400)


async def begin(world, *quotas, at=NOON, **more):
    world.clock.advance(at - world.clock.now())
    world.content.grants = [grant(MEMBER, LOOK_UP, quotas=quotas, **more), grant(MEMBER, CONFIRM)]
    world.content.officers = [officer(OFFICER, MEMBER), officer("cb.hoa", MEMBER)]
    await world.publish_and_poll()


async def codes(world, times, **more):
    answers = [await world.ask(LOOK_UP, **more) for _ in range(times)]
    return [each.code for each in answers]


def test_an_organisations_calls_of_one_day(tmp_path, database):
    async def act(world):
        await begin(world, a_day(3))
        first = await codes(world, 3)
        refused = await world.ask(LOOK_UP)
        other_service = await world.ask(CONFIRM, SoCMND="012345678", HoVaTen=None)
        world.clock.advance(timedelta(hours=11, minutes=59, seconds=58))
        await world.publish_and_poll()
        still = await world.ask(LOOK_UP)
        world.clock.advance(timedelta(seconds=2))
        await world.publish_and_poll()
        return first, refused, other_service, still, await codes(world, 4), await world.logged()

    first, refused, other_service, still, after, rows = run(tmp_path, database, act)
    assert first == ["00"] * 3
    assert (refused.status, refused.code, refused.headers["Retry-After"]) == (429, "30", str(12 * 3600))
    assert refused.body["detail"] == "organisation: 3 in 86400 seconds"
    assert other_service.code != "30", "its grant has no quota"
    assert still.headers["Retry-After"] == "2"
    assert after == ["00"] * 3 + ["30"], "a new day begins at midnight in Vietnam"
    assert Counter(row["result_code"] for row in rows)["30"] == 3, "a refused call leaves its row"


def test_each_officer_and_each_procedure_is_counted_alone(tmp_path, database):
    async def act(world):
        await begin(world, a_day(2, "officer"), a_day(3, "procedure"), a_day(5), procedures=("1.001", "1.002"))
        mine = await codes(world, 3)
        hers = await codes(world, 2, MaCanBo="cb.hoa", sign={"user": "cb.hoa"})
        elsewhere = await codes(world, 2, MaCanBo="cb.hoa", MaDVC="1.002", sign={"user": "cb.hoa"})
        return mine, hers, elsewhere

    mine, hers, elsewhere = run(tmp_path, database, act)
    assert mine == ["00", "00", "30"]
    assert hers == ["00", "30"], "the third call of the procedure was the last"
    assert elsewhere == ["00", "30"], "of her two only one was answered before"


@pytest.mark.parametrize("shortest_first", [False, True])
def test_a_call_that_one_quota_refuses_uses_up_nothing_of_another(tmp_path, database, shortest_first):
    day, minute = a_day(8), Quota("organisation", 2, 60)
    mine = Quota("officer", 7, 3_600)

    async def act(world):
        await begin(world, *((minute, day) if shortest_first else (day, minute)), mine)
        told = []
        for _ in range(4):
            told.append(await codes(world, 5))
            world.clock.advance(timedelta(seconds=60))
            await world.publish_and_poll()
        return told

    first, second, third, fourth = run(tmp_path, database, act)
    assert first == second == third == ["00", "00", "30", "30", "30"], "two a minute, whoever does not wait"
    assert fourth == ["00", "30", "30", "30", "30"], "the officer's seven an hour were answered"


def test_the_services_of_a_system_share_the_organisations_quota(tmp_path, database):
    async def act(world):
        await begin(world, a_day(3), a_day(2, "officer"))
        world.content.grants = [grant(MEMBER, each, quotas=(a_day(3), a_day(2, "officer"))) for each in Service]
        await world.publish_and_poll()
        confirm = {"SoCMND": "012345678", "HoVaTen": None}
        return [(await world.ask(LOOK_UP)).code, (await world.ask(CONFIRM, **confirm)).code, *await codes(world, 2)]

    look_up, confirm, last, over = run(tmp_path, database, act)
    assert "30" not in (look_up, confirm, last), "two and one of the officer, three of the organisation"
    assert over == "30"


def test_services_with_quotas_of_their_own_share_one_count(tmp_path, database):
    async def act(world):
        await begin(world)
        world.content.grants = [
            grant(MEMBER, LOOK_UP, quotas=(a_day(1_000),)), grant(MEMBER, CONFIRM, quotas=(a_day(1_040),)),
        ]  # fmt: skip
        await world.publish_and_poll()
        told = [(await world.ask(service)).code for _ in range(20) for service in (LOOK_UP, CONFIRM)]
        taken = await world.pool.fetchval("SELECT taken FROM quota_use")
        return told, taken

    told, taken = run(tmp_path, database, act)
    assert told == ["00"] * 40
    assert taken <= 40 + 1_040 // counting.AHEAD, "calls taken in advance are kept from one service to the other"


def test_the_narrower_quota_holds_whatever_the_wider_one_has_left(tmp_path, database):
    async def act(world):
        await begin(world)
        world.content.grants = [
            grant(MEMBER, LOOK_UP, quotas=(a_day(3),)), grant(MEMBER, CONFIRM, quotas=(a_day(1_000),)),
        ]  # fmt: skip
        await world.publish_and_poll()
        wide = [(await world.ask(CONFIRM)).code for _ in range(3)]
        narrow = await world.ask(LOOK_UP)
        return wide, narrow.code, (await world.ask(CONFIRM)).code

    assert run(tmp_path, database, act) == (["00"] * 3, "30", "00")


def test_a_household_counts_once_for_each_person_it_names(tmp_path, database):
    async def act(world):
        await begin(world)
        world.content.grants = [grant(MEMBER, HOUSEHOLD, quotas=(a_day(5),))]
        await world.publish_and_poll()
        member = {"HoVaTen": "Lê Thị Bình", "QuanHe": "QH01"}
        members = [member | {"SoDinhDanh": f"99019000{number:04}"} for number in range(3)]
        return [(await world.ask(HOUSEHOLD, ThanhVien=each)).code for each in (members, members[:1], members[:1])]

    first, second, third = run(tmp_path, database, act)
    assert "30" not in first
    assert (second, third) == ("30", "30"), "four of five were used, and two more are too many"


def test_a_household_that_is_too_many_leaves_the_rest_to_others_on_any_node(tmp_path, database):
    async def act(world):
        here, there = (counting.Quotas(world.pool, world.clock, 5.0) for _ in range(2))
        volume = SimpleNamespace(quotas=(a_day(10),), system="population", organisation=MEMBER, service=HOUSEHOLD)

        async def code(quotas, members):
            asked = HouseholdRequest(
                ma_yeu_cau="1", ma_tich_hop="003", ma_dvc="1.001", ma_don_vi="H55", ma_can_bo=OFFICER,
                personal_number="990089000001", name="Nguyễn Văn An", birth_text="1989-03-02",
                members=(ClaimedMember(personal_number="990190000003", name="Lê Thị Bình", relation="QH01"),) * members,
            )  # fmt: skip
            try:
                await quotas.take(SimpleNamespace(request=asked, grant=volume, entry=None, at=NOON))
            except Refusal as refusal:
                return refusal.code
            return "00"

        return [
            await code(here, 20),
            await code(there, 3),
            await code(here, 9),
            await code(here, 5),
            await code(there, 1),
        ]

    assert run(tmp_path, database, act) == ["30", "00", "30", "00", "30"]


def test_calls_at_once_on_two_nodes_are_never_too_many(tmp_path, database):
    async def act(world):
        await begin(world, a_day(250))
        async with AsyncExitStack() as stack:
            first = world.registry
            second = await Registry.start(msgspec.structs.replace(world.settings, node_id="n2"), world.clock)
            stack.push_async_callback(second.stop)
            told = Counter()
            for _ in range(4):
                for node in (first, second):
                    world.registry = node
                    told.update(each.code for each in await asyncio.gather(*(world.ask(LOOK_UP) for _ in range(40))))
            world.registry = first
            return told

    assert run(tmp_path, database, act) == {"00": 250, "30": 70}


def test_what_a_node_had_taken_in_advance_is_all_that_a_restart_loses(tmp_path, database):
    async def act(world):
        await begin(world, a_day(1_000))
        assert await codes(world, 1) == ["00"]
        async with AsyncExitStack() as stack:
            again = await Registry.start(msgspec.structs.replace(world.settings, node_id="n2"), world.clock)
            stack.push_async_callback(again.stop)
            world.registry, first = again, world.registry
            await world.ask(LOOK_UP)
            taken = await world.pool.fetchval("SELECT sum(taken) FROM quota_use")
            world.registry = first
            return taken

    assert run(tmp_path, database, act) == 2 * (1_000 // counting.AHEAD)


def test_a_quota_that_was_raised_or_cut_holds_at_once(tmp_path, database):
    async def act(world):
        await begin(world, a_day(2))
        found = [await codes(world, 3)]
        for calls in (4, 1, 0):
            await begin(world, a_day(calls), at=world.clock.now())
            found.append(await codes(world, 3))
        return found

    assert run(tmp_path, database, act) == [
        ["00", "00", "30"], ["00", "00", "30"], ["30"] * 3, ["30"] * 3,
    ]  # fmt: skip


def test_calls_on_both_sides_of_an_edge_lose_nothing_that_was_taken_in_advance(tmp_path, database):
    edge = NOON + timedelta(minutes=1)

    async def act(world):
        quotas = counting.Quotas(world.pool, world.clock, 5.0)
        minute = SimpleNamespace(
            quotas=(Quota("organisation", 600, 60),), system="population", organisation=MEMBER, service=LOOK_UP
        )
        request = SimpleNamespace(ma_can_bo=OFFICER, ma_dvc="1.001")
        for each in range(400):
            at = edge + timedelta(milliseconds=3 if each % 2 else -3)
            await quotas.take(SimpleNamespace(request=request, grant=minute, entry=None, at=at))
        return [row["taken"] for row in await world.pool.fetch("SELECT taken FROM quota_use")]

    taken = run(tmp_path, database, act)
    assert len(taken) == 2
    assert all(200 <= each <= 200 + 600 // counting.AHEAD for each in taken)


def test_spans_that_are_over_are_forgotten_and_those_that_are_not_are_kept(tmp_path, database, monkeypatch):
    monkeypatch.setattr(counting, "MOST_SPANS", 4)

    async def act(world):
        quotas = counting.Quotas(world.pool, world.clock, 5.0)
        grant = SimpleNamespace(
            quotas=(Quota("officer", 600, 60),), system="population", organisation=MEMBER, service=LOOK_UP
        )

        async def ask(officers, at):
            for each in officers:
                request = SimpleNamespace(ma_can_bo=f"cb.{each}", ma_dvc="1.001")
                await quotas.take(SimpleNamespace(request=request, grant=grant, entry=None, at=at))

        await ask(range(9), NOON)
        first = len(quotas._spans)
        await ask(range(9), NOON + timedelta(minutes=1))
        return first, len(quotas._spans), await world.pool.fetchval("SELECT max(taken) FROM quota_use")

    first, second, most = run(tmp_path, database, act)
    assert first == 9, "all of them count still"
    assert second < 18
    assert most <= 600 // counting.AHEAD, "nobody's was taken twice"


def test_without_quotas_nothing_is_counted(tmp_path, database):
    async def act(world):
        await begin(world)
        return await codes(world, 5), await world.pool.fetchval("SELECT count(*) FROM quota_use")

    assert run(tmp_path, database, act) == (["00"] * 5, 0)


def test_in_soap_the_fault_says_when(tmp_path, database):
    async def act(world):
        await begin(world, a_day(0))
        return await send(world, LOOK_UP, envelope(world, LOOK_UP).encode())

    refused = run(tmp_path, database, act)
    assert b">30<" in refused.body
    assert refused.headers["Retry-After"] == str(12 * 3600)


def test_what_cannot_be_counted_is_refused(tmp_path, database):
    async def act(world):
        await begin(world, a_day(5))
        await world.pool.execute("ALTER TABLE quota_use RENAME TO elsewhere")
        down = await world.ask(LOOK_UP)
        await world.pool.execute("ALTER TABLE elsewhere RENAME TO quota_use")
        return down, await world.ask(LOOK_UP), await world.logged()

    down, up, rows = run(tmp_path, database, act)
    assert (down.code, up.code) == ("99", "00")
    assert [row["result_code"] for row in rows] == ["99", "00"]


def test_spans_that_are_over_are_removed(tmp_path, database):
    async def act(world):
        await begin(world, a_day(5), Quota("officer", 5, 60))
        await codes(world, 1)
        kept = counting.Quotas(world.pool, world.clock, 1.0)
        counts = []
        for later in (timedelta(seconds=59), timedelta(seconds=1), timedelta(days=1)):
            world.clock.advance(later)
            await kept.forget(world.clock.now())
            counts.append(await world.pool.fetchval("SELECT count(*) FROM quota_use"))
        return counts

    assert run(tmp_path, database, act) == [2, 1, 0]


@pytest.mark.parametrize(
    ("at", "seconds", "begins"),
    [
        ("2026-03-01T16:59:59+00:00", 86_400, "2026-02-28T17:00:00+00:00"),
        ("2026-03-01T17:00:00+00:00", 86_400, "2026-03-01T17:00:00+00:00"),
        ("2026-03-01T18:30:01+00:00", 3_600, "2026-03-01T18:00:00+00:00"),
        ("2026-03-02T16:59:59+00:00", 50_000, "2026-03-02T06:53:20+00:00"),
    ],
)
def test_spans_begin_at_midnight_in_vietnam(at, seconds, begins):
    assert counting._beginning(datetime.fromisoformat(at), seconds) == datetime.fromisoformat(begins)


def test_a_key_holds_nothing_of_the_question(tmp_path, database):
    async def act(world):
        await begin(world, a_day(5), a_day(5, "officer"), a_day(5, "procedure"))
        await world.ask(LOOK_UP, MaYeuCau=str(uuid.uuid4()))
        return [row["key"] for row in await world.pool.fetch("SELECT key FROM quota_use ORDER BY key")]

    assert run(tmp_path, database, act) == [
        f"{MEMBER} population look_up_citizen officer 86400 {OFFICER}",
        f"{MEMBER} population look_up_citizen procedure 86400 1.001",
        f"{MEMBER} population organisation 86400",
    ]
