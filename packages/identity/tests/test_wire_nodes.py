"""Several wires on one database, each a process of its own: told to stop, killed, started again."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import AsyncExitStack

import aiohttp
import pytest

from ketnoi_identity.settings import Consents

from .wires import Node, World, tls, use

HANDFUL = 6


@pytest.fixture
def nodes(tmp_path, database):
    """`nodes(act, how_many)` runs `await act(world, nodes, tell)` with so many processes beside the world's own wire.

    `tell(node, uses)` is what that process answers; None where it does not.
    """

    def go(act, how_many):
        async def inside():
            async with AsyncExitStack() as stack:
                world = World(tmp_path, database)
                # More consents of one person than an agency may ask for in a day.
                await world.start(stack, consents=Consents(most_a_day=100))
                started = [Node(tmp_path, world.settings) for _ in range(how_many)]
                session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls(tmp_path, "registry")))
                await stack.enter_async_context(session)

                async def tell(node, uses):
                    try:
                        url = f"https://127.0.0.1:{node.port}/v1/uses"
                        async with session.post(url, json={"uses": uses}) as answer:
                            return (await answer.json())["codes"] if answer.status == 200 else None
                    except aiohttp.ClientError:
                        return None

                for node in started:
                    await asyncio.to_thread(node.start)
                try:
                    return await act(world, started, tell)
                finally:
                    for node in started:
                        await asyncio.to_thread(node.stop)

        return asyncio.run(inside())

    return go


def test_over_two_nodes_a_one_time_consent_answers_one_question(nodes):
    async def act(world, two, tell):
        consents = [await world.agreed(one_time=True, about=f"{n:064x}") for n in range(10)]
        rounds = [[use(code) for code in consents] for _ in range(HANDFUL)]
        for each in rounds:
            secrets.SystemRandom().shuffle(each)
        told = await asyncio.gather(*(tell(node, each) for each in rounds for node in two))
        rows = await world.pool.fetch("SELECT consent, code, count(DISTINCT question) FROM consent_use GROUP BY 1, 2")
        return consents, told, rows

    consents, told, rows = nodes(act, 2)
    # Both nodes were told the same messages: each of them once by the one, once by the other, with one verdict.
    assert [told[n] for n in range(0, len(told), 2)] == [told[n] for n in range(1, len(told), 2)]
    assert {(row["consent"], row["code"]): row["count"] for row in rows} == {
        (code, verdict): 1 if verdict == "00" else HANDFUL - 1 for code in consents for verdict in ("00", "58")
    }


def test_over_two_nodes_a_message_is_one_row(nodes):
    async def act(world, two, tell):
        lasting = await world.agreed()
        asked = [use(lasting) for _ in range(40)]
        told = await asyncio.gather(*(tell(node, asked[n:] + asked[:n]) for n in range(0, 40, 8) for node in two))
        return told, await world.pool.fetchval("SELECT count(*) FROM consent_use")

    told, rows = nodes(act, 2)
    assert told == [["00"] * 40] * 10
    assert rows == 40


def test_a_node_that_is_killed_in_the_middle_loses_nothing_that_it_told(nodes):
    async def act(world, one, tell):
        (node,) = one
        lasting = await world.agreed()
        once = [await world.agreed(one_time=True, about=f"{n:064x}") for n in range(30)]
        asked = [[use(lasting), use(code)] for code in once]
        calls = [asyncio.create_task(tell(node, each)) for each in asked]
        await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.to_thread(node.kill)
        before = await asyncio.gather(*calls)
        kept = {row["message_id"] for row in await world.pool.fetch("SELECT message_id FROM consent_use")}
        await asyncio.to_thread(node.start)
        after = await asyncio.gather(*(tell(node, each) for each in asked))
        rows = await world.pool.fetch("SELECT code, count(*) FROM consent_use GROUP BY 1")
        return asked, before, kept, after, {row["code"]: row["count"] for row in rows}

    asked, before, kept, after, rows = nodes(act, 1)
    told = [each for each, codes in zip(asked, before, strict=True) if codes is not None]
    assert told
    assert {one["message_id"] for each in told for one in each} <= kept
    # Told again, whether the first time came to its end or not, everything is answered as it would have been.
    assert after == [["00", "00"]] * 30
    assert rows == {"00": 60}


def test_a_node_that_is_told_to_stop_answers_what_runs(nodes):
    async def act(world, one, tell):
        (node,) = one
        lasting = await world.agreed()
        calls = [asyncio.create_task(tell(node, [use(lasting)])) for _ in range(20)]
        await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        status = await asyncio.to_thread(node.stop)
        told = await asyncio.gather(*calls)
        rows = await world.pool.fetchval("SELECT count(*) FROM consent_use")
        await asyncio.to_thread(node.start)
        return status, told, rows

    status, told, rows = nodes(act, 1)
    assert status == 0
    assert sum(each == ["00"] for each in told) == rows
    assert all(each in (["00"], None) for each in told)
