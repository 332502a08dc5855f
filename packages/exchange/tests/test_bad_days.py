"""The database away, the clock wrong, a node killed: what was signed is served until it expires, and never undone."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ketnoi_exchange.app import Exchange
from ketnoi_exchange.initialisation import DatabaseAway, initialise
from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_exchange.settings import Publish
from ketnoi_runtime.clock import AdjustableClock
from ketnoi_testbed.postgres import Postgres, private_cluster

from .operators import operator
from .platforms import BY, fresh, get, own_host, read, running, settings_of


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Postgres]:
    """A PostgreSQL that may be stopped without troubling anybody."""
    with private_cluster(durable=False) as running_cluster:
        yield running_cluster


async def until(true: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not await true():
        assert time.monotonic() < deadline, "it did not come about"
        await asyncio.sleep(0.05)


def test_while_the_database_is_away_the_last_state_is_served_until_it_expires(
    own_cluster: Postgres, folder: Path
) -> None:
    async def story() -> None:
        clock = AdjustableClock()
        async with fresh(own_cluster.create_database(), folder, clock) as exchange:
            await exchange.until_published()
            _, key = await exchange.actions.make_api_key(BY, ["XROAD_SECURITY_OFFICER"])
            await exchange.until_published()
            anchor = await exchange.actions.anchor()
            _, before = await get(f"{anchor.sources[0].url}?version=6")
            own_cluster.stop(immediate=True)
            try:
                clock.advance(timedelta(seconds=500))
                await asyncio.sleep(0.5)
                assert (await get(f"{anchor.sources[0].url}?version=6")) == (200, before)
                await read(anchor, clock.now())  # with every file that it lists
                assert "out of reach" in exchange.publisher.problem

                async with operator(exchange, key) as officer:
                    member_class = {"code": "GOV", "description": "Cơ quan nhà nước"}
                    refused = await officer.refused("POST", "/member-classes", member_class)
                    assert refused == (503, "database_error")

                clock.advance(timedelta(seconds=110))
                status, told = await get(f"{anchor.sources[0].url}?version=6")
                assert status == 503
                assert told.startswith(b"configuration_outdated\n")
            finally:
                own_cluster.start()

            async def back() -> bool:
                return (await get(f"{anchor.sources[0].url}?version=6"))[0] == 200

            await until(back)
            listing, _, _ = await read(anchor, clock.now())
            assert listing.expires_at > clock.now() + timedelta(seconds=590)
            assert exchange.publisher.problem == ""

    asyncio.run(story())


def test_a_node_starts_without_the_database_on_what_still_counts(own_cluster: Postgres, folder: Path) -> None:
    async def story() -> None:
        clock = AdjustableClock()
        settings = settings_of(own_cluster.create_database(), folder)
        await initialise(settings, clock)
        async with running(settings, clock) as exchange:
            anchor = await exchange.actions.anchor()
        own_cluster.stop(immediate=True)
        try:
            async with running(settings, clock) as exchange:
                await read(anchor, clock.now())
                own_cluster.start()
                await exchange.actions.add_member_class(BY, "GOV", "Cơ quan nhà nước")
                await exchange.until_published()
                _, configuration, _ = await read(anchor, clock.now())
                assert [each.code for each in configuration.shared.member_classes] == ["GOV"]
            own_cluster.stop(immediate=True)
            clock.advance(timedelta(seconds=700))
            with pytest.raises(OSError):
                await Exchange.start(settings, clock)
        finally:
            own_cluster.start()

    asyncio.run(story())


def test_nothing_older_is_ever_published(database: str, folder: Path) -> None:
    async def story() -> None:
        clock = AdjustableClock()
        async with fresh(database, folder, clock) as exchange:
            anchor = await exchange.actions.anchor()
            newest, seen = None, []
            for step in range(12):
                # The clock trembles; and changes come faster than expiries, which are written to the second.
                clock.advance(timedelta(seconds=-20 if step % 3 == 0 else 1))
                await exchange.actions.add_member_class(BY, f"C{step}", "Một lớp")
                await exchange.until_published()
                listing, configuration, _ = await read(anchor, clock.now(), newest_seen=newest)
                assert f"C{step}" in {each.code for each in configuration.shared.member_classes}
                newest = listing.expires_at
                seen.append(newest)
            assert seen == sorted(set(seen))

    asyncio.run(story())


def test_a_clock_set_far_back_stops_the_signing_and_undoes_nothing(database: str, folder: Path) -> None:
    async def story() -> None:
        clock = AdjustableClock()
        async with fresh(database, folder, clock) as exchange:
            anchor = await exchange.actions.anchor()
            before, _, _ = await read(anchor)
            clock.advance(timedelta(days=-30))
            await exchange.actions.add_member_class(BY, "GOV", "Cơ quan nhà nước")

            async def told() -> bool:
                return "clock" in exchange.publisher.problem

            await until(told)
            after, _, _ = await read(anchor)
            assert after.expires_at == before.expires_at
            settings = exchange.settings
        async with running(settings, clock) as exchange:  # a restart changes nothing about it
            after, _, _ = await read(anchor)
            assert after.expires_at == before.expires_at
            clock.advance(timedelta(days=30))
            await exchange.until_published()
            after, _, _ = await read(anchor)
            assert before.expires_at < after.expires_at < datetime.now(UTC) + timedelta(seconds=610)

    asyncio.run(story())


def test_it_is_signed_again_though_nothing_changes(database: str, folder: Path) -> None:
    async def story() -> None:
        clock = AdjustableClock()
        async with fresh(database, folder, clock) as exchange:
            anchor = await exchange.actions.anchor()
            before, _, files = await read(anchor, clock.now())
            clock.advance(timedelta(seconds=59))
            await asyncio.sleep(0.4)
            assert (await read(anchor, clock.now()))[0].expires_at == before.expires_at
            clock.advance(timedelta(seconds=2))

            async def signed_again() -> bool:
                return (await read(anchor, clock.now()))[0].expires_at > before.expires_at

            await until(signed_again)
            after, _, same = await read(anchor, clock.now())
            assert timedelta(seconds=55) < after.expires_at - before.expires_at < timedelta(seconds=70)
            assert same == files
            assert [part.location for part in after.parts] == [part.location for part in before.parts]

    asyncio.run(story())


def test_files_stay_for_running_downloads_and_go_later(database: str, folder: Path) -> None:
    async def story() -> None:
        clock = AdjustableClock()
        async with fresh(database, folder, clock) as exchange:
            anchor = await exchange.actions.anchor()
            listing, _, _ = await read(anchor, clock.now())
            part = listing.part("SHARED-PARAMETERS")
            assert part is not None
            old = anchor.sources[0].url.replace("/internalconf", part.location)

            for number in range(5):
                await exchange.actions.add_member_class(BY, f"C{number}", "Một lớp")
                await exchange.until_published()
            status, data = await get(old)
            assert status == 200
            part.check(data)

            clock.advance(timedelta(seconds=601))
            await exchange.actions.add_member_class(BY, "LAST", "Một lớp")
            await exchange.until_published()
            assert (await get(old))[0] == 404
            assert not (folder / "published" / part.location[1:]).exists()
            # Three versions, each with its files of now and of the five minutes before.
            assert len(list((folder / "published").glob("V6/*/shared-params.xml"))) <= 2

    asyncio.run(story())


def test_a_damaged_shelf_is_filled_again(database: str, folder: Path) -> None:
    async def story() -> None:
        settings = settings_of(database, folder)
        await initialise(settings, AdjustableClock())
        async with running(settings) as exchange:
            anchor = await exchange.actions.anchor()
        for damage in (
            lambda: (folder / "published" / "state").write_bytes(b"not what was written"),
            lambda: shutil.rmtree(folder / "published" / "V6"),
            lambda: shutil.rmtree(folder / "published"),
        ):
            damage()
            async with running(settings):
                await read(anchor)

    asyncio.run(story())


def test_another_platforms_database_is_refused(database: str, folder: Path) -> None:
    async def story() -> None:
        settings = settings_of(database, folder)
        with pytest.raises(ChangeRefused) as refused:
            await Exchange.start(settings, AdjustableClock())
        assert refused.value.code == "not_initialized"
        await initialise(settings, AdjustableClock())
        for other in (settings_of(database, folder, instance="YY"), settings_of(database, folder, rehearsal=False)):
            with pytest.raises(ChangeRefused) as refused:
                await Exchange.start(other, AdjustableClock())
            assert refused.value.code == "wrong_instance"
            with pytest.raises(ChangeRefused) as refused:
                await initialise(other, AdjustableClock())
            assert refused.value.code == "wrong_instance"
        with pytest.raises(ChangeRefused) as refused:
            await initialise(settings, AdjustableClock())
        assert refused.value.code == "init_already_initialized"

    asyncio.run(story())


def test_what_another_platform_published_is_not_served(database: str, folder: Path) -> None:
    async def story() -> None:
        async with fresh(database, folder):
            pass
        nowhere = f"postgresql:///ketnoi?host={folder}"
        other = settings_of(nowhere, folder, instance="YY-TEST")
        with pytest.raises(DatabaseAway):
            await Exchange.start(other, AdjustableClock())

    asyncio.run(story())


def test_an_address_in_use_leaves_nothing_running(database: str, folder: Path) -> None:
    async def story() -> None:
        publish = Publish(poll=0.05)
        async with fresh(database, folder, publish=publish) as exchange:
            taken = exchange.settings
            with pytest.raises(OSError, match="address already in use"):
                await Exchange.start(taken, AdjustableClock())
            await read(await exchange.actions.anchor())
        names = {task.get_name() for task in asyncio.all_tasks()}
        assert "publisher" not in names
        assert own_host() != taken.listen.host

    asyncio.run(story())
