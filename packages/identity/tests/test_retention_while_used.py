"""Consents are dropped while the wire answers: each use meets one that is whole, or none."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import psycopg

from ketnoi_identity.retention import Dropped, drop
from ketnoi_identity.settings import Retention

from .wires import use

PERIODS = Retention(consents_days=100)
LATER = timedelta(days=102)


async def dropping(world, at_once: int = 500) -> Dropped:
    def act() -> Dropped:
        with psycopg.connect(world.database, autocommit=True) as connection:
            return drop(connection, PERIODS, world.clock.now(), at_once)

    return await asyncio.to_thread(act)


def test_what_was_dropped_is_none_for_whoever_asks_for_it(within):
    async def act(world):
        code = await world.agreed()
        asked = use(code)
        before = await world.use(asked)
        world.clock.advance(LATER)
        gone = await dropping(world)
        return before, gone, await world.use(asked, use(code)), (await world.state(code))["code"]

    assert within(act) == (["00"], Dropped(1, 0, 1, 0, 0), ["50", "50"], "50")


def test_an_agency_that_asks_anew_after_all_has_gone_begins_anew(within):
    async def act(world):
        first = await world.agreed(message_id="m-again", question="ab" * 32)
        world.clock.advance(LATER)
        await dropping(world)
        return first, (await world.begin(message_id="m-again", question="ab" * 32))["consent"]

    first, second = within(act)
    assert first != second


def test_a_use_that_comes_meanwhile_keeps_the_consent_with_all_its_uses_or_finds_none(within):
    async def act(world):
        numbers = [f"990089{number:06}" for number in range(120)]
        whose = {await world.agreed(about=each[6:] + "0" * 58, personal_number=each): each for each in numbers}
        assert set(await world.use(*(use(code, personal_number=each) for code, each in whose.items()))) == {"00"}
        world.clock.advance(LATER)
        order = random.Random(5).sample(list(whose), len(whose))
        told = {}

        async def ask(codes: list[str]) -> None:
            for code in codes:
                (told[code],) = await world.use(use(code, personal_number=whose[code]))

        # Some before, most meanwhile, some afterwards: so both come to pass on any machine.
        await ask(order[:10])
        gone, _ = await asyncio.gather(dropping(world, at_once=2), ask(order[10:110]))
        await ask(order[110:])
        rows = await world.pool.fetch(
            "SELECT c.id, array_agg(u.code ORDER BY u.code) AS codes FROM consent c"
            " JOIN consent_use u ON u.consent = c.id GROUP BY c.id"
        )
        first = await world.pool.fetch("SELECT consent FROM consent_use WHERE code = '00'")
        return told, gone, {row["id"]: row["codes"] for row in rows}, {row["consent"] for row in first}

    told, gone, kept, first = within(act)
    assert set(told.values()) == {"50", "56"}
    assert set(kept) == first == {code for code, answer in told.items() if answer == "56"}
    assert all(codes == ["00", "56"] for codes in kept.values())
    assert gone.consents == gone.uses == 120 - len(kept)
