import asyncio

import aiohttp
import pytest
from aiohttp import web

from ketnoi_runtime.web import Listener


async def hello(_request: web.BaseRequest) -> web.Response:
    return web.Response(text="xin chào")


def application() -> web.Application:
    routed = web.Application()
    routed.router.add_get("/", hello)
    return routed


@pytest.mark.parametrize("make", [application, lambda: web.Server(hello)], ids=["application", "handler"])
def test_it_listens_until_it_is_stopped(make: object) -> None:
    async def story() -> None:
        listener = Listener(make(), "127.0.0.1", 0)  # type: ignore[operator]
        await listener.start()
        address = f"http://127.0.0.1:{listener.port}/"
        async with aiohttp.ClientSession() as session:
            async with session.get(address) as response:
                assert await response.text() == "xin chào"
            await listener.stop()
            with pytest.raises(aiohttp.ClientConnectionError):
                await session.get(address)

    asyncio.run(story())


def test_a_running_request_is_finished_before_the_stop() -> None:
    async def story() -> None:
        arrived = asyncio.Event()

        async def slow(_request: web.BaseRequest) -> web.Response:
            arrived.set()
            await asyncio.sleep(0.2)
            return web.Response(text="xong")

        listener = Listener(web.Server(slow), "127.0.0.1", 0)
        await listener.start()
        async with aiohttp.ClientSession() as session:
            asking = asyncio.create_task(session.get(f"http://127.0.0.1:{listener.port}/"))
            await arrived.wait()
            await listener.stop()
            assert await (await asking).text() == "xong"

    asyncio.run(story())


def test_an_address_in_use_is_told_and_nothing_is_left_open() -> None:
    async def story() -> None:
        first = Listener(web.Server(hello), "127.0.0.1", 0)
        await first.start()
        second = Listener(web.Server(hello), "127.0.0.1", first.port)
        with pytest.raises(OSError, match="address already in use"):
            await second.start()
        await first.stop()

    asyncio.run(story())
