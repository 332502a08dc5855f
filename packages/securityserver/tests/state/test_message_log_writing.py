"""Records are durable when `record` returns, in order, once, and never changed."""

import asyncio
import hashlib
from datetime import timedelta

import asyncpg
import pytest

from ketnoi_protocol.errors import Refusal
from ketnoi_securityserver.messagelog import MessageLog, ReplayKey
from ketnoi_securityserver.messagelog.encryption import BodyCipher


def key_of(kit, number, client="MOTCUA"):
    return ReplayKey(kit.ministry.subsystem(client), hashlib.sha512(b"%d" % number).digest())


async def refused_with(code, waiting):
    with pytest.raises(Refusal) as refused:
        await waiting
    assert refused.value.code == code


def test_a_record_is_whole_in_the_database_when_record_returns(kit, database):
    async def act():
        async with kit.log(database) as (log, pool):
            record = kit.record(body=b"a body")
            await log.record(record)
            row = await pool.fetchrow("SELECT * FROM record")
            assert (row["node_id"], row["sequence"]) == ("node0", 1)
            assert row["message_id"] == record.message_id
            assert row["own"] == "XX-TEST:GOV:G01.C06:DANCU"
            assert row["rest_part"] == record.rest_part
            assert row["signature"] == record.signature.xml
            assert row["signature_digest"] == hashlib.sha512(record.signature.xml).digest()
            assert row["body_digest"] == hashlib.sha512(b"a body").digest()
            assert row["configuration_digest"].hex() == record.configuration_digest
            assert row["logged_at"] == record.at
            assert (row["day"], row["is_response"]) == (record.at.date(), False)

    asyncio.run(act())


def test_the_writer_waits_for_the_disk(kit, database):
    async def act():
        async with kit.log(database) as (log, _):
            assert await log._connection.fetchval("SHOW synchronous_commit") == "on"

    asyncio.run(act())


def test_a_log_without_messages_holds_no_lock(kit, database):
    async def act():
        async with kit.log(database) as (log, pool):
            held = "SELECT count(*) FROM pg_locks WHERE pid = $1 AND locktype = 'relation'"
            assert await pool.fetchval(held, log._connection.get_server_pid()) == 0
            await log.record(kit.record(1))
            assert await pool.fetchval(held, log._connection.get_server_pid()) == 0

    asyncio.run(act())


@pytest.mark.parametrize("message_id", ["", "x" * 256, "a\x00b", "a\nb", "a\udcff", "a\u200b" + "b" * 300])
def test_an_id_that_the_database_cannot_hold_fails_its_own_message_only(kit, database, message_id):
    async def act():
        async with kit.log(database) as (log, pool):
            calls = [log.record(kit.record(number)) for number in range(5)]
            calls.append(log.record(kit.record(9, message_id=message_id)))
            *others, bad = await asyncio.gather(*calls, return_exceptions=True)
            assert others == [None] * 5
            assert bad.code == "bad_request"
            await log.record(kit.record(10, message_id="xin chào " + "x" * 246))
            assert await pool.fetchval("SELECT count(*) FROM record") == 6

    asyncio.run(act())


def test_a_replay_fails_its_own_message_and_never_its_batch(kit, database):
    async def act():
        async with kit.log(database) as (log, pool):
            await log.record(kit.record(0), replay=key_of(kit, 0))
            calls = [log.record(kit.record(number), replay=key_of(kit, number % 10)) for number in range(1, 21)]
            calls.append(log.record(kit.record(100)))
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            failed = [number for number, outcome in enumerate(outcomes, 1) if outcome is not None]
            # 1 to 9 are new; 10 and 20 repeat a message of before, 11 to 19 one of the same batch.
            assert failed == list(range(10, 21))
            assert {outcome.code for outcome in outcomes if outcome is not None} == {"replayed_message"}
            assert await pool.fetchval("SELECT count(*) FROM record") == 11

    asyncio.run(act())


def test_a_replay_leaves_no_trace_of_its_message(kit, database):
    async def act():
        async with kit.log(database) as (log, pool):
            await log.record(kit.record(1), replay=key_of(kit, 1))
            await refused_with("replayed_message", log.record(kit.record(2), replay=key_of(kit, 1)))
            assert await pool.fetchval("SELECT count(*) FROM record") == 1
            assert await pool.fetchval("SELECT count(*) FROM message_body") == 1

    asyncio.run(act())


def test_the_same_digest_of_another_client_is_no_replay(kit, database):
    async def act():
        async with kit.log(database) as (log, _):
            await log.record(kit.record(1), replay=key_of(kit, 1, "MOTCUA"))
            await log.record(kit.record(2), replay=key_of(kit, 1, "HOTICH"))

    asyncio.run(act())


def test_replay_keys_are_shared_by_all_nodes(kit, database):
    async def act():
        async with kit.log(database) as (log, _), kit.log(database, node="node1") as (other, _):
            await log.record(kit.record(1), replay=key_of(kit, 1))
            await refused_with("replayed_message", other.record(kit.record(1), replay=key_of(kit, 1)))

    asyncio.run(act())


def test_of_one_message_sent_to_two_nodes_at_once_exactly_one_is_taken(kit, database):
    async def act():
        async with kit.log(database) as (log, pool), kit.log(database, node="node1") as (other, _):
            calls = []
            for number in range(50):
                ways = (log, other) if number % 2 else (other, log)
                calls += [each.record(kit.record(number), replay=key_of(kit, number)) for each in ways]
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            pairs = list(zip(outcomes[::2], outcomes[1::2], strict=True))
            assert all(sum(outcome is None for outcome in pair) == 1 for pair in pairs)
            assert await pool.fetchval("SELECT count(*) FROM record") == 50

    asyncio.run(act())


def test_several_records_of_one_call_stand_or_fall_together(kit, database):
    async def act():
        async with kit.log(database) as (log, pool):
            await log.record(kit.record(1), kit.record(1, is_response=True), replay=key_of(kit, 1))
            again = log.record(kit.record(2), kit.record(2, is_response=True), replay=key_of(kit, 1))
            await refused_with("replayed_message", again)
            assert await pool.fetchval("SELECT count(*) FROM record") == 2

    asyncio.run(act())


def test_the_sequence_goes_on_after_a_restart(kit, database):
    async def act():
        async with kit.log(database) as (log, _):
            await log.record(kit.record(1))
            await log.record(kit.record(2))
        async with kit.log(database) as (log, pool), kit.log(database, node="node1") as (other, _):
            await log.record(kit.record(3))
            await other.record(kit.record(4))
            rows = await pool.fetch("SELECT node_id, sequence, message_id FROM record ORDER BY message_id")
            assert [tuple(row)[:2] for row in rows] == [("node0", 1), ("node0", 2), ("node0", 3), ("node1", 1)]

    asyncio.run(act())


def test_a_node_has_one_writer(kit, database):
    async def act():
        async with kit.log(database) as (log, _):
            twin = MessageLog(database, "node0", BodyCipher({"k1": bytes(32)}), timeout=0.3)
            await refused_with("logging_failed", twin.start())
            await log.record(kit.record(1))
        await twin.start()
        await twin.record(kit.record(2))
        await twin.stop()

    asyncio.run(act())


KEPT = ["record", "batch", "configuration_snapshot", "configuration_use", "archive", "audit"]


@pytest.mark.parametrize("table", [*KEPT, "a partition of record"])
def test_what_is_written_is_never_changed(kit, database, table):
    async def act():
        async with kit.log(database) as (log, pool):
            await log.record(kit.record(1))
            await pool.execute("INSERT INTO batch VALUES ('n', 1, 1, $1, '', '{}', '', '')", kit.clock.now())
            await pool.execute(
                "INSERT INTO configuration_snapshot VALUES ($1, $2, 'XX', '', '', '', 6, '{}', '{}', $3)",
                bytes(64), bytes(32), kit.clock.now(),
            )  # fmt: skip
            await pool.execute("INSERT INTO configuration_use VALUES ('n', $1, $2)", kit.clock.now(), bytes(64))
            await pool.execute("INSERT INTO audit (at, actor, action, subject, details) VALUES ($1, '', '', '', '{}')",
                               kit.clock.now())  # fmt: skip
            await pool.execute("INSERT INTO archive VALUES ('n', 1, 1, '', '', $1)", kit.clock.now())
            name = table if table in KEPT else await pool.fetchval("SELECT tableoid::regclass::text FROM record")
            assert (name in KEPT) == (table in KEPT)
            column = await pool.fetchval(
                "SELECT column_name FROM information_schema.columns WHERE table_name = $1"
                " AND is_generated = 'NEVER' AND is_identity = 'NO' LIMIT 1", name,
            )  # fmt: skip
            if table == "configuration_snapshot":  # what refers to it would refuse in its place
                await pool.execute("ALTER TABLE configuration_use DISABLE TRIGGER configuration_use_is_never_emptied")
            for statement in (
                f"UPDATE {name} SET {column} = {column}", f"DELETE FROM {name}", f"TRUNCATE {name} CASCADE",
            ):  # fmt: skip
                with pytest.raises(asyncpg.RaiseError, match="insert-only"):
                    await pool.execute(statement)
            assert await pool.fetchval(f"SELECT count(*) FROM {name}") == 1

    asyncio.run(act())


def test_a_day_without_a_partition_gets_one_when_its_first_message_comes(kit, database):
    async def act():
        async with kit.log(database) as (log, pool):
            await log.record(kit.record(1))
            kit.clock.advance(timedelta(days=40))
            await log.record(kit.record(2), kit.record(3, body=bytes(100_000)))
            partitions = await pool.fetchval("SELECT count(*) FROM pg_inherits WHERE inhparent = 'record'::regclass")
            assert partitions == 2
            assert await pool.fetchval("SELECT count(*) FROM record") == 3

    asyncio.run(act())


def test_a_halted_log_takes_nothing_and_says_why(kit, database):
    async def act():
        async with kit.log(database) as (log, pool):
            log.halt("no time stamps")
            await refused_with("timestamping_failed", log.record(kit.record(1)))
            log.halt(None)
            await log.record(kit.record(2))
            assert await pool.fetchval("SELECT count(*) FROM record") == 1

    asyncio.run(act())


def test_a_caller_that_gives_up_does_not_disturb_the_others(kit, database):
    async def act():
        async with kit.log(database) as (log, pool):
            calls = [asyncio.create_task(log.record(kit.record(number))) for number in range(5)]
            await asyncio.sleep(0)
            calls[2].cancel()
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes if outcome is not None] == [asyncio.CancelledError]
            assert await pool.fetchval("SELECT count(*) FROM record") == 5

    asyncio.run(act())


def test_stopping_writes_what_waits(kit, database):
    async def act():
        async with kit.log(database) as (log, pool):
            calls = [asyncio.create_task(log.record(kit.record(number))) for number in range(600)]
            await asyncio.sleep(0)
            await log.stop()
            await asyncio.gather(*calls)
            assert await pool.fetchval("SELECT count(*) FROM record") == 600

    asyncio.run(act())
