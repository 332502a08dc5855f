"""When the database goes away: refused quickly, nothing acknowledged is lost, and the log recovers."""

import asyncio
import os
import signal
import sys
import time

import pytest

from ketnoi_protocol.errors import Refusal
from ketnoi_runtime.database import open_pool
from ketnoi_securityserver.messagelog import ReplayKey
from ketnoi_testbed.postgres import Postgres


@pytest.fixture
def durable():
    """A cluster of its own, which may be killed; it flushes to disk."""
    cluster = Postgres(durable=True)
    cluster.start()
    yield cluster
    cluster.remove()


async def write_until_it_breaks(kit, log, acknowledged, *, callers=8, replay=False):
    async def caller(number):
        for turn in range(1_000_000):
            record = kit.record(number * 1_000_000 + turn)
            key = ReplayKey(kit.ministry.subsystem("MOTCUA"), record.message_id.encode()) if replay else None
            await log.record(record, replay=key)
            acknowledged.append(record.message_id)

    outcomes = await asyncio.gather(*(caller(number) for number in range(callers)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {Refusal}
    return {outcome.code for outcome in outcomes}


async def missing(dsn, acknowledged):
    pool = await open_pool(dsn)
    try:
        rows = await pool.fetch("SELECT message_id FROM record")
    finally:
        await pool.close()
    return set(acknowledged) - {row["message_id"] for row in rows}


async def records_again(kit, log, number):
    for _ in range(200):
        try:
            await log.record(kit.record(number))
        except Refusal:
            await asyncio.sleep(0.05)
        else:
            return
    raise AssertionError("the log did not recover")


@pytest.mark.parametrize("replay", [False, True])
def test_acknowledged_records_survive_the_kill_of_the_servers_process(kit, durable, replay):
    async def act():
        dsn = durable.create_database()
        acknowledged: list[str] = []
        async with kit.log(dsn) as (log, pool):
            writing = asyncio.create_task(write_until_it_breaks(kit, log, acknowledged, replay=replay))
            pid = await pool.fetchval(
                "SELECT pid FROM pg_stat_activity WHERE pid = $1", log._connection.get_server_pid()
            )
            while len(acknowledged) < 200:
                await asyncio.sleep(0.01)
            # One killed backend makes PostgreSQL throw away shared memory and recover from its log on disk.
            os.kill(pid, signal.SIGKILL)
            assert await asyncio.wait_for(writing, 10) == {"logging_failed"}
            await records_again(kit, log, 77)
            assert await missing(dsn, acknowledged) == set()

    asyncio.run(act())


def test_acknowledged_records_survive_a_crash_of_the_whole_database(kit, durable):
    async def act():
        dsn = durable.create_database()
        acknowledged: list[str] = []
        async with kit.log(dsn) as (log, _):
            writing = asyncio.create_task(write_until_it_breaks(kit, log, acknowledged))
            while len(acknowledged) < 200:
                await asyncio.sleep(0.01)
            await asyncio.to_thread(durable.stop, immediate=True)
            assert await asyncio.wait_for(writing, 10) == {"logging_failed"}
            began = time.monotonic()
            with pytest.raises(Refusal) as refused:
                await log.record(kit.record(1))
            assert refused.value.code == "logging_failed"
            with pytest.raises(Refusal):
                await log.record(kit.record(2, body=bytes(100_000)))
            assert time.monotonic() - began < 2
            await asyncio.to_thread(durable.start)
            await records_again(kit, log, 77)
            assert await missing(dsn, acknowledged) == set()

    asyncio.run(act())


WRITER = """
import asyncio, datetime, sys
from ketnoi_protocol.identifiers import SubsystemId
from ketnoi_securityserver.messagelog import MessageLog, Record, ReplayKey
from ketnoi_securityserver.messagelog.encryption import BodyCipher
from ketnoi_trust.signatures import Signature

own = SubsystemId("XX-TEST", "GOV", "G01.C06", "DANCU")

async def caller(log, number):
    for turn in range(1_000_000):
        name = f"{number}-{turn}"
        at = datetime.datetime.fromisoformat(sys.argv[2])
        record = Record(name, False, own, b"POST", b"body", Signature(name.encode()), "ab" * 32, at)
        await log.record(record, replay=ReplayKey(own, name.encode()))
        print(name, flush=True)

async def main():
    log = MessageLog(sys.argv[1], "node0", BodyCipher({"k1": bytes(32)}))
    await log.start()
    await asyncio.gather(*(caller(log, number) for number in range(20)))

asyncio.run(main())
"""


def test_acknowledged_records_survive_the_kill_of_our_own_process_and_the_next_one_takes_its_place(kit, database):
    """What the process told its callers before it was killed is in the database; half a message is not."""

    async def act():
        async with kit.log(database, node="other") as (_, pool):
            writer = await asyncio.create_subprocess_exec(
                sys.executable, "-c", WRITER, database, kit.clock.now().isoformat(), stdout=asyncio.subprocess.PIPE
            )
            acknowledged = [(await writer.stdout.readline()).decode().strip() for _ in range(500)]
            writer.kill()
            acknowledged += (await writer.stdout.read()).decode().split()
            await writer.wait()
            async with kit.log(database) as (log, _):
                await log.record(kit.record(1))
            assert await missing(database, acknowledged) == set()
            whole = await pool.fetchval(
                "SELECT count(*) FROM record r JOIN message_body b ON b.id = r.body_id WHERE r.node_id = 'node0'"
            )
            keys = await pool.fetchval("SELECT count(*) FROM replay_key")
            assert await pool.fetchval("SELECT count(*) FROM record") == whole == keys + 1

    asyncio.run(act())


def test_a_lost_connection_costs_the_messages_of_the_moment_only(kit, database):
    async def act():
        async with kit.log(database) as (log, pool):
            await log.record(kit.record(1))
            await pool.execute("SELECT pg_terminate_backend($1)", log._connection.get_server_pid())
            await records_again(kit, log, 2)
            rows = await pool.fetch("SELECT sequence FROM record WHERE message_id IN ('message-1', 'message-2')")
            assert len({row["sequence"] for row in rows}) == len(rows) == 2

    asyncio.run(act())


def test_a_database_that_hangs_is_given_up_in_time_and_used_again(kit, database):
    async def act():
        async with kit.log(database, timeout=0.5) as (log, pool):
            await log.record(kit.record(1))
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute("LOCK TABLE record IN ACCESS EXCLUSIVE MODE")
                began = time.monotonic()
                calls = [log.record(kit.record(number)) for number in range(2, 12)]
                outcomes = await asyncio.gather(*calls, return_exceptions=True)
                assert {outcome.code for outcome in outcomes} == {"logging_failed"}
                assert time.monotonic() - began < 2
            await records_again(kit, log, 99)

    asyncio.run(act())


def test_a_full_table_space_refuses_and_recovers(kit, database):
    async def act():
        async with kit.log(database) as (log, pool):
            # Nearest to a full disk that a test may make: a constraint that no new row passes.
            await pool.execute("ALTER TABLE record ADD CONSTRAINT full_disk CHECK (sequence < 0) NOT VALID")
            with pytest.raises(Refusal) as refused:
                await log.record(kit.record(1))
            assert refused.value.code == "logging_failed"
            await pool.execute("ALTER TABLE record DROP CONSTRAINT full_disk")
            await log.record(kit.record(2))
            assert await pool.fetchval("SELECT count(*) FROM record") == 1

    asyncio.run(act())


def test_how_fast_it_goes(kit, durable):
    """Printed, not asserted: other tests share the machine."""

    async def act():
        dsn = durable.create_database()
        async with kit.log(dsn) as (log, pool):
            await log.record(kit.record(0))

            async def caller(number):
                for turn in range(40):
                    record = kit.record(number * 1000 + turn, body=bytes(800))
                    await log.record(record, replay=ReplayKey(record.own, record.message_id.encode()))

            began, cpu = time.perf_counter(), time.process_time()
            await asyncio.gather(*(caller(number) for number in range(1, 51)))
            seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
            print(f"\n2000 records, 50 callers: {2000 / seconds:.0f} records/s, {cpu / 2000 * 1e6:.0f} us CPU each")
            assert await pool.fetchval("SELECT count(*) FROM record") == 2001

    asyncio.run(act())
