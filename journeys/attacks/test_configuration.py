"""Somebody stands between a security server and its platform's configuration: changes it, keeps it back, brings an old
one again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from journeys.conftest import MakeWorld
from journeys.waiting import eventually
from ketnoi_client.problems import PlatformMustAct
from ketnoi_runtime.web import Listener
from ketnoi_testbed.asking import person_of
from ketnoi_testbed.parts.security_servers import SecurityServerPart
from ketnoi_testbed.world import World


class Impostor:
    """Answers at the address of a stopped exchange with whatever was kept from it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.exchange = world.exchange("VDXP")
        self.kept: dict[str, bytes] = {}
        self.asked = 0

    def keep(self) -> None:
        """Take a copy of what the exchange serves now."""

        async def download() -> None:
            import aiohttp

            base = f"http://{self.exchange.host}:{self.exchange.settings.listen.configuration}"
            async with aiohttp.ClientSession() as session, session.get(f"{base}/internalconf?version=6") as answer:
                directory = await answer.read()
                self.kept = {"/internalconf": directory}
                for line in directory.decode().splitlines():
                    if line.startswith("Content-location: "):
                        path = line.removeprefix("Content-location: ").strip()
                        async with session.get(base + path) as file:
                            self.kept[path] = await file.read()

        self.world.run(download())

    @property
    def kept_until(self) -> datetime:
        """When the copy expires."""
        lines = self.kept["/internalconf"].decode().splitlines()
        told = next(line for line in lines if line.startswith("Expire-date: "))
        return datetime.fromisoformat(told.removeprefix("Expire-date: "))

    def stand_in(self) -> None:
        """Stop the exchange and answer in its place."""

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            self.asked += 1
            found = self.kept.get(request.path)
            if found is None or request.query.get("version", "6") != "6":
                return web.Response(status=404)
            return web.Response(body=found)

        async def swap() -> None:
            await self.exchange.hosted.stop()
            host, port = self.exchange.host, self.exchange.settings.listen.configuration
            self._listener = Listener(web.Server(answer), host, port, drain=0.1)
            await self._listener.start()

        self.world.run(swap())

    def leave(self) -> None:
        """Give the address back, and start the exchange again."""

        async def swap() -> None:
            await self._listener.stop()
            await self.exchange.hosted.start(as_process=False)

        self.world.run(swap())


@pytest.fixture(scope="module")
def own_world(make_world: MakeWorld) -> Iterator[World]:
    with make_world() as running:
        yield running


@pytest.fixture
def impostor(own_world: World) -> Iterator[Impostor]:
    made = Impostor(own_world)
    made.keep()
    yield made
    made.leave()
    eventually(lambda: _working(own_world))


def configuration(part: SecurityServerPart) -> Any:
    return part.hosted.running.state.globalconf


def _working(world: World) -> bool:
    try:
        return world.agency("H55").look_up_citizen(person_of(world.people.full)).answer.ma_ket_qua == "00"
    except PlatformMustAct:
        return False


def test_a_changed_configuration_is_not_taken_and_the_good_one_stays(own_world: World, impostor: Impostor) -> None:
    part = own_world.server("VDXP", "H55")
    shared = next(path for path in impostor.kept if path.endswith("shared-params.xml"))
    impostor.kept[shared] = impostor.kept[shared].replace(part.host.encode(), b"127.66.6.6")
    impostor.kept["/internalconf"] = impostor.kept["/internalconf"].replace(b"Version: 6", b"Version: 6 ", 1)
    impostor.stand_in()
    eventually(lambda: impostor.asked > 3 and configuration(part).problem)
    assert configuration(part).current().server(part.id).address == part.host
    assert _working(own_world)


def test_without_a_current_configuration_nothing_is_served(own_world: World, impostor: Impostor) -> None:
    impostor.stand_in()
    own_world.clock.advance(timedelta(minutes=11))
    try:
        with pytest.raises(PlatformMustAct) as refused:
            own_world.agency("H55").look_up_citizen(person_of(own_world.people.full))
        assert refused.value.code == "global_conf_outdated"
    finally:
        own_world.clock.advance(-timedelta(minutes=11))


def test_an_older_configuration_is_not_taken_again(own_world: World, impostor: Impostor) -> None:
    """It is signed and still valid; but newer ones have been seen."""
    part = own_world.server("VDXP", "H55")
    eventually(lambda: configuration(part).current().expires_at > impostor.kept_until)
    newest = configuration(part).current().expires_at
    impostor.stand_in()
    eventually(lambda: impostor.asked > 3 and configuration(part).problem)
    assert configuration(part).current().expires_at >= newest
    assert "global_conf_outdated" in configuration(part).problem
