"""The configuration client: verified before it is believed, never an old one, kept before it is used."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from ketnoi_runtime.database import migrate, open_pool
from ketnoi_securityserver.configuration_download import Sources
from ketnoi_securityserver.fetching import Fetching
from ketnoi_securityserver.globalconf import GlobalConfiguration
from ketnoi_securityserver.messagelog.snapshots import Snapshots
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused


@asynccontextmanager
async def client_of(kit, instance, database, *, node="node0", folder="configuration", poll_seconds=3600.0):
    pool = await open_pool(database)
    await migrate(pool, "ketnoi_securityserver")
    fetching = Fetching()
    client = GlobalConfiguration(
        instance.anchor(),
        kit.folder / folder,
        kit.clock,
        Sources(fetching),
        Snapshots(pool, node),
        poll_seconds=poll_seconds,
    )
    await client.start()
    try:
        yield client, pool
    finally:
        await client.stop()
        await fetching.stop()
        await pool.close()


def run(act):
    asyncio.run(act())


@pytest.mark.parametrize("version", [2, 3, 6])
def test_a_configuration_of_any_version_is_taken(kit, database, version):
    async def act():
        async with kit.instance(version=version) as instance, client_of(kit, instance, database) as (client, _):
            current = client.current()
            assert current.instance == kit.instance_name
            assert kit.c06.subsystem("DANCU") in current.subsystems
            # 6, 5, 4 … until the source has one.
            assert instance.asked["source"] == 7 - version

    run(act)


def test_only_changed_files_are_fetched_again(kit, database):
    async def act():
        async with kit.instance() as instance, client_of(kit, instance, database) as (client, _):
            assert instance.asked["file"] == 3
            first = client.current()
            kit.clock.advance(timedelta(seconds=5))
            instance.publish()
            assert await client.poll()
            assert instance.asked["file"] == 3
            assert client.current().digest == first.digest
            assert client.current().expires_at > first.expires_at
            instance.params = replace(instance.params, ocsp_freshness=timedelta(minutes=30))
            instance.publish()
            assert await client.poll()
            assert instance.asked["file"] == 4
            assert client.current().ocsp_freshness == timedelta(minutes=30)

    run(act)


def test_a_stale_configuration_is_refused_until_a_new_one_comes(kit, database):
    async def act():
        async with kit.instance() as instance, client_of(kit, instance, database) as (client, _):
            kit.clock.advance(timedelta(minutes=11))
            with pytest.raises(Refused) as refused:
                client.current()
            assert refused.value.code == "global_conf_outdated"
            assert not await client.poll()
            instance.publish()
            assert await client.poll()
            client.current()

    run(act)


def test_an_older_generation_is_refused_also_by_a_node_that_never_saw_the_newer(kit, database):
    async def act():
        async with kit.instance() as instance:
            older = dict(instance.published)
            async with client_of(kit, instance, database) as (client, _):
                kit.clock.advance(timedelta(seconds=60))
                instance.publish()
                await client.poll()
                newest = client.current()
                instance.published = older
                assert not await client.poll()
                assert client.current().expires_at == newest.expires_at
                assert "older" in client.problem
            async with client_of(kit, instance, database, node="node1", folder="elsewhere") as (client, _):
                with pytest.raises(Refused):
                    client.current()

    run(act)


def test_files_that_are_not_the_signed_ones_change_nothing(kit, database):
    async def act():
        async with kit.instance() as instance, client_of(kit, instance, database) as (client, _):
            before = client.current()
            instance.params = replace(instance.params, ocsp_freshness=timedelta(minutes=1))
            instance.publish()
            instance.published["/V6/shared-params.xml"] += b" "
            assert not await client.poll()
            assert "malformed_global_conf" in client.problem
            assert client.current() is before

    run(act)


def test_a_directory_that_nobody_of_the_anchor_signed_is_refused(kit, database):
    async def act():
        async with kit.instance() as instance, kit.instance() as stranger:
            anchor = instance.anchor()
            instance.published = stranger.published
            pool = await open_pool(database)
            await migrate(pool, "ketnoi_securityserver")
            fetching = Fetching()
            client = GlobalConfiguration(
                anchor, kit.folder / "configuration", kit.clock, Sources(fetching), Snapshots(pool, "node0")
            )
            await client.start()
            assert "invalid_signature_value" in client.problem
            with pytest.raises(Refused):
                client.current()
            await client.stop()
            await fetching.stop()
            await pool.close()

    run(act)


def test_a_restart_without_the_source_goes_on_with_what_was_kept_while_it_lasts(kit, database):
    async def act():
        async with kit.instance() as instance:
            async with client_of(kit, instance, database) as (client, _):
                digest = client.current().digest
            instance.answers["source"] = False
            async with client_of(kit, instance, database) as (client, _):
                assert client.current().digest == digest
            kit.clock.advance(timedelta(minutes=11))
            async with client_of(kit, instance, database) as (client, _):
                with pytest.raises(Refused):
                    client.current()

    run(act)


def test_a_kept_file_that_somebody_changed_is_not_believed_at_a_restart(kit, database):
    async def act():
        async with kit.instance() as instance:
            async with client_of(kit, instance, database):
                pass
            instance.answers["source"] = False
            shared = kit.folder / "configuration" / kit.instance_name / "shared-params.xml"
            shared.write_bytes(shared.read_bytes().replace(b"127.0.0.2", b"127.0.0.3"))
            async with client_of(kit, instance, database) as (client, _):
                with pytest.raises(Refused):
                    client.current()

    run(act)


def test_the_directory_on_disk_has_the_layout_that_verifiers_of_evidence_read(kit, database):
    async def act():
        async with kit.instance() as instance, client_of(kit, instance, database) as (client, _):
            for _ in range(3):
                kit.clock.advance(timedelta(seconds=1))
                instance.publish()
                await client.poll()
            folder = kit.folder / "configuration"
            inside = folder / kit.instance_name
            assert (folder / "instance-identifier").read_text() == kit.instance_name
            metadata = json.loads((inside / "shared-params.xml.metadata").read_text())
            assert metadata["contentIdentifier"] == "SHARED-PARAMETERS"
            assert metadata["configurationVersion"] == "6"
            files = {
                str(path.relative_to(folder)): path.read_bytes()
                for path in [folder / "instance-identifier", *inside.iterdir()]
            }
            assert Configuration.from_directory_files(files).digest == client.current().digest
            # The one before stays for whoever is reading it; older ones go.
            assert len([path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]) == 2

    run(act)


def test_every_configuration_is_kept_once_with_the_times_of_its_use(kit, database):
    async def act():
        async with kit.instance() as instance, client_of(kit, instance, database) as (client, pool):
            first, freshness = client.current().digest, instance.params.ocsp_freshness
            began = kit.clock.now()
            for each in (timedelta(minutes=30), freshness):
                kit.clock.advance(timedelta(minutes=1))
                instance.params = replace(instance.params, ocsp_freshness=each)
                instance.publish()
                assert await client.poll()
            assert await pool.fetchval("SELECT count(*) FROM configuration_snapshot") == 2
            snapshots = Snapshots(pool, "node0")
            now = await snapshots.used_at(None)
            then = await snapshots.used_at(began + timedelta(seconds=70))
            assert (await snapshots.used_at(began + timedelta(seconds=10))).digest == first
            assert then.digest != first
            # The first one is in use again.
            assert now.digest == first
            assert await snapshots.used_at(began - timedelta(days=1)) is None
            assert (await snapshots.named(then.digest)).id == then.id
            assert [anchor for _, anchor in await snapshots.anchors(kit.instance_name)] == [client.anchor.write()]

    run(act)


def test_a_configuration_that_cannot_be_kept_is_not_worked_by(kit, database):
    async def act():
        async with kit.instance() as instance, client_of(kit, instance, database) as (client, pool):
            before = client.current()
            instance.params = replace(instance.params, ocsp_freshness=timedelta(minutes=1))
            instance.publish()
            await pool.execute("ALTER TABLE configuration_snapshot RENAME TO gone")
            assert not await client.poll()
            assert client.current() is before
            await pool.execute("ALTER TABLE gone RENAME TO configuration_snapshot")
            assert await client.poll()
            assert client.current() is not before

    run(act)


def test_polling_goes_on_by_itself(kit, database, eventually):
    async def act():
        async with kit.instance() as instance, client_of(kit, instance, database, poll_seconds=0.05) as (client, _):
            instance.params = replace(instance.params, ocsp_freshness=timedelta(minutes=7))
            instance.publish()
            await eventually(lambda: client.current().ocsp_freshness == timedelta(minutes=7))

    run(act)
