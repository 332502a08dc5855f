"""Time stamps: everything that was logged gets one, whoever wrote it; without them the log closes after a while."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from ketnoi_protocol.errors import Refusal
from ketnoi_securityserver.messagelog.timestamping import NotStamped
from ketnoi_trust import timestamps


async def write(kit, state, *numbers):
    for number in numbers:
        await state.log.record(await kit.signed(state, number))


async def batches(state):
    return await state.pool.fetch("SELECT * FROM batch ORDER BY node_id, last_sequence")


def test_one_stamp_covers_all_that_waits_and_every_leaf_is_a_signature_in_order(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state:
            await write(kit, state, 1, 2, 3)
            assert await state.timestamper.stamp() == 3
            assert instance.asked["tsa"] == 1
            (batch,) = await batches(state)
            rows = await state.pool.fetch("SELECT signature FROM record ORDER BY sequence")
            signatures = b"".join(hashlib.sha512(row["signature"]).digest() for row in rows)
            assert batch["leaves"] == signatures + batch["snapshots"][0]
            assert (batch["first_sequence"], batch["last_sequence"]) == (1, 3)
            stamp = timestamps.verify(batch["token"], batch["result"], state.globalconf.current())
            assert stamp.gen_time == batch["stamped_at"]
            assert await state.timestamper.stamp() == 0
            assert instance.asked["tsa"] == 1

    asyncio.run(act())


def test_a_configuration_is_covered_by_the_first_batch_that_names_it_and_by_no_other(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state:
            await write(kit, state, 1)
            await state.timestamper.stamp()
            await write(kit, state, 2)
            await state.timestamper.stamp()
            instance.params = replace(instance.params, ocsp_freshness=timedelta(minutes=30))
            instance.publish()
            await state.globalconf.poll()
            await write(kit, state, 3)
            await state.timestamper.stamp()
            first, second, third = await batches(state)
            assert [len(each["snapshots"]) for each in (first, second, third)] == [1, 0, 1]
            assert first["snapshots"] != third["snapshots"]
            # One record alone is stamped over its signature's own value, as X-Road does.
            assert second["result"] is None
            signature = await state.pool.fetchval("SELECT signature FROM record WHERE sequence = 2")
            timestamps.verify(
                second["token"], timestamps.signature_value(signature), state.globalconf.current(), strict=True
            )

    asyncio.run(act())


def test_the_second_authority_is_asked_when_the_first_fails(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state:
            instance.answers["tsa"] = False
            await write(kit, state, 1)
            assert await state.timestamper.stamp() == 1
            (first, second) = state.timestamper.authorities.items()
            assert (first[0].endswith("/tsa"), bool(first[1].problem)) == (True, True)
            assert (second[0].endswith("/tsa2"), second[1].problem) == (True, "")

    asyncio.run(act())


def test_a_stamp_of_an_authority_that_nobody_approved_is_not_taken(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state:
            await write(kit, state, 1)
            async with kit.instance() as stranger:
                approved, instance.authority.timestamp = instance.authority.timestamp, stranger.authority.timestamp
            with pytest.raises(NotStamped, match="timestamp_validation"):
                await state.timestamper.stamp()
            assert await batches(state) == []
            # Nor an old answer of the right one, which is over something else.
            old = approved(timestamps.request(bytes(64)))
            instance.authority.timestamp = lambda query: old
            with pytest.raises(NotStamped, match="other data"):
                await state.timestamper.stamp()
            instance.authority.timestamp = approved
            assert await state.timestamper.stamp() == 1

    asyncio.run(act())


def test_without_stamps_the_log_goes_on_for_the_acceptable_time_then_closes_until_one_comes(kit, database):
    async def act():
        async with (
            kit.instance() as instance,
            kit.state(instance, database, timestamp_failure_accepted=600.0) as state,
            kit.state(instance, database, "node1", timestamp_failure_accepted=600.0) as other,
        ):
            instance.answers |= {"tsa": False, "tsa2": False}
            await write(kit, state, 1)
            with pytest.raises(NotStamped):
                await state.timestamper.stamp()
            began = kit.clock.now()
            kit.clock.advance(timedelta(minutes=9))
            instance.publish()
            await state.globalconf.poll()
            await other.globalconf.poll()
            with pytest.raises(NotStamped):
                await state.timestamper.stamp()
            await write(kit, state, 2)
            kit.clock.advance(timedelta(minutes=2))
            for node in (state, other):
                with pytest.raises(NotStamped):
                    await node.timestamper.stamp()
            record = await kit.signed(state, 3)
            for node in (state, other):
                with pytest.raises(Refusal) as refused:
                    await node.log.record(record)
                assert refused.value.code == "timestamping_failed"
            told = await other.timestamper.state()
            assert abs(told.failing_since - began) < timedelta(seconds=5)
            assert (told.waiting, bool(told.last_error)) == (2, True)
            instance.answers["tsa"] = True
            assert await state.timestamper.stamp() == 2
            await state.log.record(record)
            # The other node notices at its next look.
            await other.timestamper.stamp()
            await write(kit, other, 4)
            told = await state.timestamper.state()
            assert (told.failing_since, told.last_error) == (None, "")

    asyncio.run(act())


def test_a_restart_does_not_forget_for_how_long_stamps_have_failed(kit, database):
    async def act():
        async with kit.instance() as instance:
            instance.answers |= {"tsa": False, "tsa2": False}
            async with kit.state(instance, database) as state:
                await write(kit, state, 1)
                with pytest.raises(NotStamped):
                    await state.timestamper.stamp()
            kit.clock.advance(timedelta(hours=5))
            instance.publish()
            async with kit.state(instance, database) as state:
                assert "time-stamping" in state.log.halted

    asyncio.run(act())


def test_the_records_of_a_node_that_is_gone_are_stamped_by_another(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state:
            async with kit.state(instance, database, "node1") as gone:
                await write(kit, gone, 1, 2)
            await write(kit, state, 3)
            assert await state.timestamper.stamp() == 3
            assert [row["node_id"] for row in await batches(state)] == ["node0", "node1"]

    asyncio.run(act())


def test_two_nodes_that_stamp_at_once_stamp_nothing_twice_and_leave_nothing_out(kit, database):
    async def act():
        async with (
            kit.instance() as instance,
            kit.state(instance, database) as state,
            kit.state(instance, database, "node1") as other,
        ):
            for turn in range(4):
                await write(kit, state, 2 * turn)
                await write(kit, other, 2 * turn + 1)
                await asyncio.gather(state.timestamper.stamp(), other.timestamper.stamp())
            await state.timestamper.stamp()
            covered = [
                (row["node_id"], sequence)
                for row in await batches(state)
                for sequence in range(row["first_sequence"], row["last_sequence"] + 1)
            ]
            assert sorted(covered) == [(node, n) for node in ("node0", "node1") for n in range(1, 5)]

    asyncio.run(act())


def test_stamping_goes_on_by_itself(kit, database, eventually):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database, timestamp_interval=0.05) as state:
            instance.answers |= {"tsa": False, "tsa2": False}
            await write(kit, state, 1)
            await eventually(lambda: state.timestamper.authorities)
            instance.answers["tsa"] = True
            for _ in range(200):
                if await batches(state):
                    break
                await asyncio.sleep(0.05)
            assert len(await batches(state)) == 1

    asyncio.run(act())
