"""Several nodes on one database, readers at every moment: nobody fights, and nobody sees half of anything."""

from __future__ import annotations

import asyncio
import itertools
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urljoin

import aiohttp
import pytest

from ketnoi_exchange.app import Exchange
from ketnoi_exchange.initialisation import initialise, open_actions
from ketnoi_exchange.observer import CHANGED, PUBLISHED, ExchangeEvent
from ketnoi_exchange.settings import Publish, Settings
from ketnoi_runtime.clock import AdjustableClock
from ketnoi_trust.configuration import Configuration, SignedDirectory

from .platforms import BY, MINISTRY, SERVER, Authority, fresh, read, register, rows, running, settings_of

QUICK = Publish(interval=0.2, poll=0.05, gather=0)


async def reader(exchange: Exchange, version: int, until: float) -> int:
    """Downloads as often as it can; returns how often. Raises as soon as anything does not fit."""
    url = f"http://{exchange.settings.listen.host}:8080/internalconf"
    anchor, newest, classes, count = await exchange.actions.anchor(), None, 0, 0
    async with aiohttp.ClientSession() as session:

        async def get(address: str) -> bytes:
            async with session.get(address) as answer:
                assert answer.status == 200, address
                return await answer.read()

        while time.monotonic() < until:
            directory = await get(f"{url}?version={version}")
            listing = SignedDirectory.verify(directory, anchor.certificates, datetime.now(UTC), newest_seen=newest)
            await asyncio.sleep(0.03)  # publications go on while this reader takes its time
            files = {part.content_identifier: await get(urljoin(url, part.location)) for part in listing.parts}
            configuration = Configuration.from_signed_directory(listing, files)
            # What was there once stays there: members are only added in this story.
            assert len(configuration.shared.member_classes) >= classes
            newest, classes = listing.expires_at, len(configuration.shared.member_classes)
            count += 1
    return count


def test_readers_of_two_nodes_always_get_something_whole(database: str, folder: Path) -> None:
    async def story() -> None:
        first = settings_of(database, folder, publish=QUICK, node="a", published="a")
        second = settings_of(database, folder, publish=QUICK, node="b", published="b")
        await initialise(first, AdjustableClock())
        async with running(first) as one, running(second) as two:
            until = time.monotonic() + 3
            reading = [asyncio.create_task(reader(node, version, until)) for node in (one, two) for version in (2, 6)]
            number = 0
            while time.monotonic() < until:
                await (one, two)[number % 2].actions.add_member_class(BY, f"C{number}", "Một lớp")
                await asyncio.sleep(0.01)
                number += 1
            counts = await asyncio.gather(*reading)
            assert min(counts) > 5
            assert number > 20

            # One after the other, whoever signed; each expires later than the one before.
            found = await rows(one, "SELECT * FROM publication ORDER BY sequence")
            assert {row["node"] for row in found} == {"a", "b"}
            expiries = [row["expires_at"] for row in found]
            assert expiries == sorted(set(expiries))

    asyncio.run(story())


def test_what_is_read_for_publishing_is_of_one_moment(
    database: str, folder: Path, unsafe: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with fresh(database, folder, publish=QUICK) as exchange:
            await register(exchange, unsafe)
            until = time.monotonic() + 2
            number = 0
            while time.monotonic() < until:
                # Subsystem and registration come together; one without the other could not be written.
                client = MINISTRY.subsystem(f"S{number}")
                await exchange.actions.add_server_client(BY, SERVER, client)
                number += 1
            assert number > 20
            await exchange.until_published()
            _, configuration, _ = await read(await exchange.actions.anchor())
            assert len(configuration.server(SERVER).clients) == number + 2
            assert exchange.shelf.sequence > 10

    asyncio.run(story())
    assert "not being published" not in caplog.text


def test_two_nodes_sign_as_often_as_one(database: str, folder: Path) -> None:
    async def story() -> None:
        publish = Publish(interval=0.5, poll=0.02)
        first = settings_of(database, folder, publish=publish, node="a", published="a")
        second = settings_of(database, folder, publish=publish, node="b", published="b")
        await initialise(first, AdjustableClock())
        async with running(first) as one, running(second):
            await asyncio.sleep(1.8)
            found = await rows(one, "SELECT published_at FROM publication ORDER BY sequence")
        moments = [row["published_at"] for row in found]
        assert len(moments) >= 3
        for earlier, later in itertools.pairwise(moments):
            assert later - earlier >= timedelta(seconds=0.5)

    asyncio.run(story())


def test_a_change_made_elsewhere_reaches_every_node(database: str, folder: Path) -> None:
    async def story() -> None:
        first = settings_of(database, folder, node="a", published="a")
        # The second node holds no key: it can serve, and never signs.
        second = settings_of(database, folder, node="b", published="b", keys="keys-of-b")
        await initialise(first, AdjustableClock())
        async with running(first) as one, running(second) as two:
            async with open_actions(first, AdjustableClock()) as actions:
                await actions.add_member_class(BY, "GOV", "Cơ quan nhà nước")
                await actions.add_member(BY, MINISTRY, "Bộ Tư pháp")
            await asyncio.wait_for(asyncio.gather(one.until_published(), two.until_published()), 20)
            anchor = await one.actions.anchor()
            answers = [await served(settings, anchor.certificates) for settings in (first, second)]
            assert answers[0] == answers[1]
            assert {row["node"] for row in await rows(one, "SELECT node FROM publication")} == {"a"}

    asyncio.run(story())


async def served(settings: Settings, certificates: tuple[bytes, ...]) -> bytes:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{settings.listen.host}:8080/internalconf?version=6") as answer,
    ):
        data = await answer.read()
    SignedDirectory.verify(data, certificates, datetime.now(UTC))
    return data


def test_a_change_is_published_at_once(database: str, folder: Path) -> None:
    async def story() -> None:
        # Neither the interval nor the look at the database would bring it about in time.
        async with fresh(database, folder, publish=Publish(interval=3600, poll=60)) as exchange:
            began = time.monotonic()
            await exchange.actions.add_member_class(BY, "GOV", "Cơ quan nhà nước")
            anchor = await exchange.actions.anchor()
            while True:
                _, configuration, _ = await read(anchor)
                if configuration.shared.member_classes:
                    break
                assert time.monotonic() - began < 10
                await asyncio.sleep(0.01)

    asyncio.run(story())


def test_an_observer_is_told_of_changes_and_publications(database: str, folder: Path) -> None:
    async def story() -> None:
        told: list[ExchangeEvent] = []
        settings = settings_of(database, folder)
        await initialise(settings, AdjustableClock())
        async with running(settings, observer=told.append) as exchange:
            await exchange.actions.add_member_class(BY, "GOV", "Cơ quan nhà nước")
            await exchange.until_published()
            changed = next(event for event in told if event.kind == CHANGED)
            assert changed.text == f"{BY}: add member class GOV"
            published = [event for event in told if event.kind == PUBLISHED]
            assert published[-1].version >= changed.version

    asyncio.run(story())
