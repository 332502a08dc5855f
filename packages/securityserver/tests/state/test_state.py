"""A node as a whole: started whatever the day is like, alone under its name, and silent about people."""

import asyncio
import logging
import traceback
from datetime import timedelta

import asyncpg
import msgspec
import pytest

from ketnoi_protocol.errors import Refusal
from ketnoi_securityserver.messagelog import ReplayKey
from ketnoi_securityserver.messagelog.archive import Archiver
from ketnoi_securityserver.messagelog.encryption import BodyCipher, MessageLogKeyError
from ketnoi_securityserver.messagelog.housekeeping import Housekeeping
from ketnoi_securityserver.messagelog.reading import find
from ketnoi_securityserver.state import State
from ketnoi_trust.errors import Refused

PERSONAL_NUMBER = "901234567890"
NAME = "Nguyễn Thị Mẫu"
BODY = f'{{"SoDinhDanh": "{PERSONAL_NUMBER}", "HoVaTen": "{NAME}"}}'.encode()


def test_a_node_starts_without_the_governing_side_and_works_when_it_comes(kit, database):
    async def act():
        async with kit.instance() as instance:
            settings = kit.settings(instance, database)
            instance.answers["source"] = False
            state = await State.start(settings, kit.clock)
            with pytest.raises(Refused) as refused:
                state.globalconf.current()
            assert refused.value.code == "global_conf_outdated"
            with pytest.raises(Refusal):
                state.credentials.signing(kit.c06)
            instance.answers["source"] = True
            await state.globalconf.poll()
            await state.credentials.refresh()
            await state.log.record(await kit.signed(state))
            await state.stop()

    asyncio.run(act())


def test_a_second_process_under_the_same_name_does_not_start_and_leaves_nothing_behind(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state:
            connections = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            before, tasks = await state.pool.fetchval(connections), len(asyncio.all_tasks())
            for _ in range(3):
                with pytest.raises(Refusal) as refused:
                    await State.start(kit.settings(instance, database, log_timeout=0.2), kit.clock)
                assert refused.value.code == "logging_failed"
            await asyncio.sleep(0.1)
            assert await state.pool.fetchval(connections) <= before
            assert len(asyncio.all_tasks()) <= tasks
            await state.log.record(await kit.signed(state))

    asyncio.run(act())


def test_a_node_without_a_database_or_without_keys_says_so(kit, database):
    async def act():
        async with kit.instance() as instance:
            settings = kit.settings(instance, database)
            with pytest.raises((OSError, asyncpg.PostgresError)):
                await State.start(msgspec.structs.replace(settings, database=f"{database}gone"), kit.clock)
            for path in (kit.folder / "keys" / "messagelog").iterdir():
                path.unlink()
            with pytest.raises(MessageLogKeyError, match="init"):
                await State.start(settings, kit.clock)

    asyncio.run(act())


def test_two_nodes_share_keys_configurations_and_replays(kit, database):
    async def act():
        async with (
            kit.instance() as instance,
            kit.state(instance, database) as one,
            kit.state(instance, database, "node1") as other,
        ):
            key = ReplayKey(kit.ministry.subsystem("MOTCUA"), b"digest of the signed parts")
            await one.log.record(await kit.signed(one, 1), replay=key)
            with pytest.raises(Refusal) as refused:
                await other.log.record(await kit.signed(other, 1), replay=key)
            assert refused.value.code == "replayed_message"
            assert await one.pool.fetchval("SELECT count(*) FROM configuration_snapshot") == 1
            assert await one.pool.fetchval("SELECT count(*) FROM configuration_use") == 2
            # A message that one node wrote is found by the other.
            cipher = BodyCipher.open(kit.folder / "keys" / "messagelog")
            assert len(await find(other.pool, cipher, kit.c06.subsystem("DANCU"), "message-1")) == 1

    asyncio.run(act())


def test_replay_keys_are_kept_for_twice_the_time_in_which_a_message_may_come(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state:
            key = ReplayKey(kit.ministry.subsystem("MOTCUA"), b"digest")
            housekeeping = Housekeeping(state.pool, kit.clock, state.globalconf.current)

            async def after(minutes):
                kit.clock.advance(timedelta(minutes=minutes))
                instance.publish()
                await state.globalconf.poll()
                await housekeeping.look()
                return await state.pool.fetchval("SELECT count(*) FROM replay_key")

            await state.log.record(await kit.signed(state, 1), replay=key)
            # Freshness an hour, clocks five minutes apart: 65 minutes, twice.
            assert await after(129) == 1
            housekeeping._forget_replays = False
            assert await after(2) == 1
            housekeeping._forget_replays = True
            assert await after(0) == 0

    asyncio.run(act())


def test_nothing_about_people_is_in_logs_or_errors_or_in_the_databases_own_log(kit, database, cluster, caplog):
    caplog.set_level(logging.DEBUG)
    seen = []

    async def failing(awaitable):
        try:
            seen.append(await awaitable)
        except Exception as error:
            seen.append("".join(traceback.format_exception(error)))
        else:
            raise AssertionError("it went well")

    async def act():
        own = kit.c06.subsystem("DANCU")
        async with kit.instance() as instance, kit.state(instance, database, log_timeout=0.5) as state:
            cipher = BodyCipher.open(kit.folder / "keys" / "messagelog")
            record = await kit.signed(state, 1, body=BODY)
            # Whoever puts a number into an address has it in the message log, and still nowhere else.
            record = msgspec.structs.replace(record, rest_part=f"GET\r\n/{PERSONAL_NUMBER}\r\n".encode())
            await state.log.record(record)
            seen.append(repr(record))
            seen.append(repr(await find(state.pool, cipher, own, "message-1")))
            large = await kit.signed(state, 2, body=BODY * 2000)
            for table, check in (("record", "own = ''"), ("message_body", "key_id = ''")):
                await state.pool.execute(f"ALTER TABLE {table} ADD CONSTRAINT never CHECK ({check}) NOT VALID")
                await failing(state.log.record(record))
                await failing(state.log.record(large))
                await state.pool.execute(f"ALTER TABLE {table} DROP CONSTRAINT never")
            await state.pool.execute("ALTER TABLE record RENAME TO gone")
            await failing(state.log.record(record))
            await failing(find(state.pool, cipher, own, "message-1"))
            await state.pool.execute("ALTER TABLE gone RENAME TO record")
            await state.pool.execute("UPDATE message_body SET ciphertext = ciphertext || 'x'::bytea")
            await failing(find(state.pool, cipher, own, "message-1"))
            await state.timestamper.stamp()
            (kit.folder / "archive").mkdir()
            await failing(Archiver(state.pool, cipher, kit.clock, kit.folder / "archive").archive())

    asyncio.run(act())
    written = caplog.text + "".join(map(str, seen)) + (cluster.folder / "postgres.log").read_text(errors="replace")
    assert len(seen) == 10
    assert "logging_failed" in written
    for secret in (PERSONAL_NUMBER, PERSONAL_NUMBER.encode().hex(), NAME, BODY[:20].hex(), "PRIVATE KEY"):
        assert secret not in written
