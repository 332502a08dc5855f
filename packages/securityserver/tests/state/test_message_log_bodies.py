"""Bodies: encrypted at rest, bound to their place, deletable apart from their records."""

import asyncio
import os
import stat
from datetime import timedelta

import pytest
from msgspec.structs import replace

from ketnoi_protocol.errors import Refusal
from ketnoi_securityserver.messagelog.encryption import BodyCipher, MessageLogKeyError, Place, make_key
from ketnoi_securityserver.messagelog.housekeeping import drop_old_bodies
from ketnoi_securityserver.messagelog.reading import find

SECRET = "Nguyễn Thị Mẫu".encode()


def test_no_octet_of_a_body_lies_in_the_database_in_clear(kit, database, cluster):
    async def act():
        async with kit.log(database) as (log, pool):
            first = await pool.fetchval("SELECT pg_walfile_name(pg_current_wal_lsn())")
            await log.record(kit.record(1, body=SECRET), kit.record(2, body=SECRET * 10_000))
            await pool.execute("CHECKPOINT")
            rows = await pool.fetch("SELECT to_jsonb(b)::text AS text FROM message_body b")
            assert len(rows) == 2
            assert all(SECRET.hex() not in row["text"] for row in rows)
            oid = await pool.fetchval("SELECT oid FROM pg_database WHERE datname = current_database()")
            last = await pool.fetchval("SELECT pg_walfile_name(pg_current_wal_lsn())")
            return oid, first, last

    oid, first, last = asyncio.run(act())
    data = cluster.folder / "data"
    files = [*(data / "base" / str(oid)).iterdir()]
    files += [path for path in (data / "pg_wal").iterdir() if first <= path.name <= last]
    assert len(files) > 100
    contents = [path.read_bytes() for path in files]
    assert any(b"message-2" in content for content in contents)
    assert not any(SECRET in content for content in contents)


def test_a_body_comes_back_as_it_went_in(kit, database):
    async def act():
        cipher = BodyCipher({"k1": os.urandom(32)})
        async with kit.log(database, cipher=cipher) as (log, pool):
            for number, body in enumerate([None, b"", SECRET, bytes(64 * 1024), bytes(64 * 1024 + 1)]):
                await log.record(kit.record(number, body=body))
                (logged,) = await find(pool, cipher, kit.c06.subsystem("DANCU"), f"message-{number}")
                assert logged.body == body

    asyncio.run(act())


def test_a_large_body_does_not_go_through_the_group_commit(kit, database):
    async def act():
        async with kit.log(database) as (log, pool):
            await log.record(kit.record(1, body=bytes(64 * 1024)), kit.record(2, body=bytes(64 * 1024 + 1)))
            writers = await pool.fetch("SELECT b.xmin = r.xmin AS together FROM record r JOIN message_body b"
                                       " ON b.id = r.body_id ORDER BY r.message_id")  # fmt: skip
            assert [row["together"] for row in writers] == [True, False]

    asyncio.run(act())


def test_a_deleted_body_leaves_its_record_whole(kit, database):
    async def act():
        cipher = BodyCipher({"k1": os.urandom(32)})
        own = kit.c06.subsystem("DANCU")
        async with kit.log(database, cipher=cipher) as (log, pool):
            await log.record(kit.record(1))
            kit.clock.advance(timedelta(days=10))
            await log.record(kit.record(2))
            async with pool.acquire() as connection:
                assert await drop_old_bodies(connection, kit.clock.now().date()) == 1
            (old,), (new,) = await find(pool, cipher, own, "message-1"), await find(pool, cipher, own, "message-2")
            assert (old.body, new.body) == (None, b"{}")
            assert old.body_digest is not None
            assert old.rest_part == new.rest_part

    asyncio.run(act())


def test_a_body_moved_to_another_message_is_refused(kit, database):
    async def act():
        cipher = BodyCipher({"k1": os.urandom(32)})
        async with kit.log(database, cipher=cipher) as (log, pool):
            await log.record(kit.record(1, body=b"one"))
            await log.record(kit.record(2, body=b"two"))
            await pool.execute(
                "UPDATE message_body b SET ciphertext = o.ciphertext FROM message_body o WHERE o.id <> b.id"
            )
            with pytest.raises(Refusal) as refused:
                await find(pool, cipher, kit.c06.subsystem("DANCU"), "message-1")
            assert refused.value.code == "database_error"

    asyncio.run(act())


@pytest.mark.parametrize("part", ["node_id", "day", "own", "message_id", "is_response"])
def test_the_seal_covers_every_part_of_the_place(kit, part):
    place = Place("node0", kit.clock.now().date(), kit.c06.subsystem("DANCU"), "id", False)
    others = {
        "node_id": "node1",
        "day": place.day + timedelta(days=1),
        "own": kit.ministry.subsystem("MOTCUA"),
        "message_id": "other",
        "is_response": True,
    }
    cipher = BodyCipher({"k1": bytes(32)})
    sealed = cipher.seal(SECRET, place)
    assert cipher.open_body(sealed, place) == SECRET
    with pytest.raises(Refusal):
        cipher.open_body(sealed, replace(place, **{part: others[part]}))


def test_a_new_key_seals_and_the_old_one_still_opens(kit, tmp_path):
    place = Place("node0", kit.clock.now().date(), kit.c06.subsystem("DANCU"), "id", False)
    make_key(tmp_path / "keys", "2026-01")
    old = BodyCipher.open(tmp_path / "keys").seal(SECRET, place)
    make_key(tmp_path / "keys", "2026-02")
    both = BodyCipher.open(tmp_path / "keys")
    assert both.seal(SECRET, place).key_id == "2026-02"
    assert both.open_body(old, place) == SECRET
    with pytest.raises(Refusal, match="key of a message body"):
        BodyCipher({"2026-02": bytes(32)}).open_body(old, place)


def test_a_key_file_is_its_owners_alone(tmp_path):
    path = make_key(tmp_path / "keys", "k1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        make_key(tmp_path / "keys", "k1")
    path.chmod(0o640)
    with pytest.raises(MessageLogKeyError, match="0600"):
        BodyCipher.open(tmp_path / "keys")


def test_unusable_keys_are_refused_without_quoting_them(tmp_path):
    with pytest.raises(MessageLogKeyError, match="no message log key"):
        BodyCipher.open(tmp_path)
    with pytest.raises(MessageLogKeyError):
        make_key(tmp_path, "../elsewhere")
    path = make_key(tmp_path, "k1")
    path.write_text("a secret that is no key")
    with pytest.raises(MessageLogKeyError) as error:
        BodyCipher.open(tmp_path)
    assert "a secret" not in str(error.value)
    path.write_text("ab" * 16)
    with pytest.raises(MessageLogKeyError, match="32 octets"):
        BodyCipher.open(tmp_path)
