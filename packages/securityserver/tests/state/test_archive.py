"""Archives: linked files that X-Road's rules accept, sealed on the disk, and an end to what is in them."""

import asyncio
import stat
from datetime import timedelta

import pytest

from ketnoi_securityserver.cli import main
from ketnoi_securityserver.messagelog.archive import Archiver, open_archive
from ketnoi_securityserver.messagelog.encryption import BodyCipher, MessageLogKeyError, make_key
from ketnoi_securityserver.messagelog.housekeeping import Housekeeping, drop_old_days
from ketnoi_securityserver.messagelog.reading import find
from ketnoi_trust import archives, evidence

BODY = b"a body that nobody else may read"


def cipher_of(kit):
    return BodyCipher.open(kit.folder / "keys" / "messagelog")


def archiver_of(kit, state, **how):
    folder = kit.folder / "archive"
    folder.mkdir(exist_ok=True)
    return Archiver(state.pool, cipher_of(kit), kit.clock, folder, **how)


async def stamped(kit, state, *numbers):
    for number in numbers:
        await state.log.record(await kit.signed(state, number, body=BODY))
    await state.timestamper.stamp()


def test_archives_hold_every_message_as_evidence_and_are_linked(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state:
            archiver = archiver_of(kit, state)
            await stamped(kit, state, 1, 2, 3)
            (first,) = await archiver.archive()
            await stamped(kit, state, 4)
            (second,) = await archiver.archive()
            assert await archiver.archive() == []
            read = archives.verify(open_archive(first, cipher_of(kit)))
            assert read.follows is None
            numbers = [evidence.verify(each, state.globalconf.current(), strict=True).message.message_id
                       for each in read.containers.values()]  # fmt: skip
            assert numbers == ["message-1", "message-2", "message-3"]
            assert first.name == f"mlog-node0-{first.name.split('-', 2)[2]}"
            assert read.last_digest[:16] in first.name
            link = archives.Link(first.name.removesuffix(".sealed"), read.last_digest)
            archives.verify(open_archive(second, cipher_of(kit)), previous=link)

    asyncio.run(act())


def test_what_is_not_stamped_yet_waits(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state:
            await state.log.record(await kit.signed(state, 1))
            assert await archiver_of(kit, state).archive() == []

    asyncio.run(act())


def test_a_file_has_a_size_and_a_large_message_still_gets_one(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state:
            await stamped(kit, state, *range(5))
            await state.log.record(await kit.signed(state, 5, body=bytes(300_000)))
            await stamped(kit, state, 6)
            files = await archiver_of(kit, state, largest=25_000).archive()
            sizes = [len(archives.verify(open_archive(each, cipher_of(kit))).containers) for each in files]
            assert sum(sizes) == 7
            assert len(files) >= 3
            assert len(set(files)) == len(files)

    asyncio.run(act())


def test_two_nodes_have_a_chain_each_and_either_may_write_both(kit, database):
    async def act():
        async with (
            kit.instance() as instance,
            kit.state(instance, database) as state,
            kit.state(instance, database, "node1") as other,
        ):
            await stamped(kit, state, 1)
            await stamped(kit, other, 2)
            files = await archiver_of(kit, other).archive()
            assert [each.name[:11] for each in files] == ["mlog-node0-", "mlog-node1-"]
            assert all(archives.verify(open_archive(each, cipher_of(kit))).follows is None for each in files)
            both = await asyncio.gather(archiver_of(kit, state).archive(), archiver_of(kit, other).archive())
            assert both == [[], []]

    asyncio.run(act())


def test_archives_are_sealed_and_tell_when_somebody_touched_them(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state:
            await stamped(kit, state, 1)
            (path,) = await archiver_of(kit, state).archive()
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            data = path.read_bytes()
            assert BODY not in data
            assert b"message-1" not in data
            cipher = cipher_of(kit)
            for changed in (data[:-1], data[:40] + bytes([data[40] ^ 1]) + data[41:], data[:-1] + b"x", b"", b"\n"):
                path.write_bytes(changed)
                with pytest.raises(MessageLogKeyError):
                    open_archive(path, cipher)
            renamed = path.rename(path.with_name("mlog-other.zip.sealed"))
            renamed.write_bytes(data)
            with pytest.raises(MessageLogKeyError):
                open_archive(renamed, cipher)
            make_key(kit.folder / "others", "k1")
            renamed.rename(path)
            with pytest.raises(MessageLogKeyError):
                open_archive(path, BodyCipher.open(kit.folder / "others"))

    asyncio.run(act())


def test_where_bodies_are_deleted_after_a_time_no_archive_holds_them(kit, database):
    async def act():
        async with (
            kit.instance() as instance,
            kit.state(instance, database, archive="kept", archive_interval=0.05, body_days=30) as state,
        ):
            await stamped(kit, state, 1)
            for _ in range(200):
                files = sorted((kit.folder / "kept").glob("*.sealed"))
                if files:
                    break
                await asyncio.sleep(0.02)
            (container,) = archives.verify(open_archive(files[0], cipher_of(kit))).containers.values()
            verdict = evidence.verify(container, state.globalconf.current())
            assert [str(part) for part in verdict.messages] == ["message.xml", "attachment1 not present"]

    asyncio.run(act())


def test_a_day_leaves_the_database_only_when_all_of_it_is_archived(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state:
            await stamped(kit, state, 1)
            await archiver_of(kit, state).archive()
            await state.log.record(await kit.signed(state, 2))
            days_later = kit.clock.now().date() + timedelta(days=10)
            async with state.pool.acquire() as connection:
                # The days made ahead are empty and go; today waits for the second message.
                await drop_old_days(connection, days_later)
                assert await connection.fetchval("SELECT count(*) FROM record") == 2
                await state.timestamper.stamp()
                await archiver_of(kit, state).archive()
                assert await drop_old_days(connection, days_later) == 1
                assert await connection.fetchval("SELECT count(*) FROM record") == 0
                assert await connection.fetchval("SELECT count(*) FROM message_body") == 0
                assert await connection.fetchval("SELECT count(*) FROM batch") == 2
            own = kit.c06.subsystem("DANCU")
            assert await find(state.pool, cipher_of(kit), own, "message-1") == []

    asyncio.run(act())


def test_housekeeping_does_both_by_itself(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state:
            housekeeping = Housekeeping(state.pool, kit.clock, state.globalconf.current, body_days=2, record_days=4)
            await stamped(kit, state, 1)
            await archiver_of(kit, state).archive()
            left = []
            for _ in range(6):
                await housekeeping.look()
                counts = "SELECT (SELECT count(*) FROM message_body), (SELECT count(*) FROM record)"
                left.append(tuple(await state.pool.fetchrow(counts)))
                kit.clock.advance(timedelta(days=1))
            assert left == [(1, 1)] * 3 + [(0, 1)] * 2 + [(0, 0)]
            # Today and three days ahead always have their place.
            days = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'record'::regclass"
            assert await state.pool.fetchval(days) == 4 + 4

    asyncio.run(act())


def test_the_operator_opens_an_archive_with_a_command(kit, database, capsys):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state:
            await stamped(kit, state, 1)
            (path,) = await archiver_of(kit, state).archive()
            return path

    path = asyncio.run(act())
    settings = kit.folder / "settings.toml"
    settings.write_text(f'server = "{kit.server}"\ndatabase = ""\n[listen]\nhost = "127.0.0.1"\n')
    out = kit.folder / "opened.zip"
    command = ["open-archive", "--settings", str(settings), str(path), "--out", str(out)]
    assert main(command) == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert len(archives.verify(out.read_bytes()).containers) == 1
    assert main(command) == 1
    path.write_bytes(path.read_bytes()[:-1])
    out.unlink()
    assert main(command) == 1
    assert "changed" in capsys.readouterr().err
    assert not out.exists()


def test_numbers_go_on_after_the_records_are_gone(kit, database):
    async def act():
        async with kit.instance() as instance:
            async with kit.state(instance, database) as state:
                await stamped(kit, state, 1, 2)
                await archiver_of(kit, state).archive()
                async with state.pool.acquire() as connection:
                    await drop_old_days(connection, kit.clock.now().date() + timedelta(days=10))
            async with kit.state(instance, database) as state:
                await stamped(kit, state, 3)
                assert await state.pool.fetchval("SELECT sequence FROM record") == 3
                assert len(await archiver_of(kit, state).archive()) == 1

    asyncio.run(act())
