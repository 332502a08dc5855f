"""The public keys under which officers' cards are believed."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from ketnoi_identity.openid import keys
from ketnoi_identity.wire.app import Wire

from .wires import run


def test_keys_take_over_from_each_other_without_a_restart(tmp_path, database):
    async def act(world):
        ring = keys.ring(world.settings.path(world.settings.keys), keys.OFFICERS)
        told = [await world.send("GET", "/v1/keys")]
        old = ring.signing(world.clock.now()).kid
        begins = ring.turn(world.clock.now())
        told.append(await world.send("GET", "/v1/keys"))
        world.clock.advance(begins - world.clock.now() + timedelta(seconds=1))
        new = ring.signing(world.clock.now()).kid
        told.append(await world.send("GET", "/v1/keys"))
        world.clock.advance(keys.OVERLAP)
        told.append(await world.send("GET", "/v1/keys"))
        return told, old, new

    told, old, new = run(tmp_path, database, act)
    kids = [{key["kid"] for key in each.body["keys"]} for each in told]
    assert kids == [{old}, {old, new}, {old, new}, {new}]
    assert old != new
    assert {tuple(sorted(key)) for each in told for key in each.body["keys"]} == {
        ("alg", "crv", "kid", "kty", "use", "x", "y")
    }


def test_keys_that_were_stolen_are_told_no_more_and_the_new_one_at_once(tmp_path, database):
    async def act(world):
        ring = keys.ring(world.settings.path(world.settings.keys), keys.OFFICERS)
        ring.turn(world.clock.now())
        before = await world.send("GET", "/v1/keys")
        assert ring.turn_at_once(world.clock.now()) == 2
        return before, await world.send("GET", "/v1/keys"), ring.signing(world.clock.now()).kid

    before, after, new = run(tmp_path, database, act)
    assert [key["kid"] for key in after.body["keys"]] == [new]
    assert new not in {key["kid"] for key in before.body["keys"]}


def test_the_terms_that_hold_are_told_beside_them(tmp_path, database):
    async def act(world):
        return await world.send("GET", "/v1/keys"), await world.pool.fetchval(
            "SELECT version FROM terms WHERE valid_from <= $1 ORDER BY valid_from DESC LIMIT 1", world.clock.now()
        )

    told, version = run(tmp_path, database, act)
    assert told.body["terms"] == version


def test_without_keys_nothing_starts(tmp_path, database):
    async def act(world):
        with pytest.raises(keys.NoKeysError):
            await Wire.start(msgspec.structs.replace(world.settings, keys="elsewhere"), world.clock)

    run(tmp_path, database, act)
