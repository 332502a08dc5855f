"""The server's own configuration: whole snapshots, never an older one after a newer, kept through a bad day."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from ketnoi_runtime.database import open_pool
from ketnoi_securityserver.serverconf import ServerConfiguration
from ketnoi_securityserver.serverconf.clients import Clients
from ketnoi_securityserver.serverconf.ledger import ChangeRefused, Ledger
from ketnoi_securityserver.serverconf.services import Services


@asynccontextmanager
async def node(database, *, poll_seconds=3600.0, size=3):
    pool = await open_pool(database, max_size=size)
    serverconf = ServerConfiguration(pool, poll_seconds=poll_seconds)
    await serverconf.start()
    try:
        yield serverconf, pool
    finally:
        await serverconf.stop()
        await pool.close()


def test_whoever_made_a_change_works_by_it_from_then_on_however_many_do(kit, database):
    async def act():
        async with node(database, poll_seconds=0.001, size=10) as (serverconf, pool):
            clients = Clients(Ledger(pool, serverconf, kit.clock))
            made = []

            async def administrator(name):
                for number in range(15):
                    client = kit.c06.subsystem(f"{name}-{number}")
                    await clients.add("test", client, "HTTP")
                    made.append(client)
                    # A slower reading of an older version must not come after.
                    for _ in range(3):
                        assert all(serverconf.client(each) is not None for each in made)
                        await asyncio.sleep(0)

            await asyncio.gather(*(administrator(f"A{number}") for number in range(8)))
            assert len(serverconf.snapshot.clients) == 120

    asyncio.run(act())


def test_a_snapshot_is_of_one_moment_and_the_same_object_until_something_changes(kit, database):
    async def act():
        async with node(database) as (serverconf, pool), node(database) as (other, _):
            ledger = Ledger(pool, serverconf, kit.clock)
            dancu = kit.c06.subsystem("DANCU")
            await Clients(ledger).add("test", dancu, "HTTP")
            first, rights = other.snapshot, other.rights
            await other.reload()
            assert other.client(dancu) is not None
            second = other.snapshot
            await other.reload()
            assert other.snapshot is second is not first
            await Services(ledger).add_rest("test", dancu, "https://dancu.example", "TraCuu")
            await other.reload()
            assert [service.id.service_code for service in other.services_of(dancu)] == ["TraCuu"]
            # A snapshot in somebody's hands does not change under him.
            assert dict(second.services) == {}
            assert other.rights == rights == ()

    asyncio.run(act())


def test_a_change_that_is_refused_leaves_no_version_behind(kit, database):
    async def act():
        async with node(database) as (serverconf, pool):
            clients = Clients(Ledger(pool, serverconf, kit.clock))
            dancu = kit.c06.subsystem("DANCU")
            await clients.add("test", dancu, "HTTP")
            version = serverconf.snapshot.version
            with pytest.raises(ChangeRefused):
                await clients.add("test", dancu, "HTTPS")
            assert await pool.fetchval("SELECT version FROM serverconf_version") == version
            assert await pool.fetchval("SELECT count(*) FROM audit") == 1
            assert serverconf.client(dancu).connection_type == "HTTP"

    asyncio.run(act())


def test_while_the_database_cannot_be_read_the_last_snapshot_holds(kit, database, eventually):
    async def act():
        async with node(database, poll_seconds=0.02) as (serverconf, pool):
            clients = Clients(Ledger(pool, serverconf, kit.clock))
            dancu = kit.c06.subsystem("DANCU")
            await clients.add("test", dancu, "HTTP")
            await pool.execute("ALTER TABLE serverconf_version RENAME TO gone")
            await asyncio.sleep(0.1)
            assert serverconf.client(dancu) is not None
            await pool.execute("DELETE FROM client")
            await pool.execute("UPDATE gone SET version = version + 1")
            await pool.execute("ALTER TABLE gone RENAME TO serverconf_version")
            await eventually(lambda: serverconf.client(dancu) is None)

    asyncio.run(act())
