"""The signed directory: taken over whole or not at all, never back, never past its validity, never holding calls up."""

from __future__ import annotations

import asyncio
import gc
import time
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ketnoi_protocol.directory import Organisation
from ketnoi_protocol.services import Environment, Service
from ketnoi_registry.app import Registry
from ketnoi_registry.directory.polling import DirectoryError
from ketnoi_trust.errors import Refused

from .directories import Publisher, account, grant, officer
from .worlds import ACCOUNT, MEMBER, OFFICER, run

LOOK_UP = Service.LOOK_UP_CITIZEN
HOUR = 3600.0


async def code(world):
    return (await world.ask(LOOK_UP)).code


async def wait_for(world, expected, seconds=5.0):
    deadline = time.monotonic() + seconds
    while (found := await code(world)) != expected:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.02)


def test_a_change_takes_effect_by_itself(tmp_path, database):
    async def act(world):
        assert await code(world) == "00"
        world.content.officers = [officer(OFFICER, MEMBER, active=False)]
        world.publish()
        await wait_for(world, "24")

    run(tmp_path, database, act)


def test_only_changed_parts_are_fetched(tmp_path, database):
    async def act(world):
        world.content.officers = [officer(f"cb.{number}", MEMBER) for number in range(50)]
        await world.publish_and_poll()
        world.publisher.fetched.clear()
        await world.registry.directory.poll()
        world.content.grants = [grant(MEMBER, LOOK_UP)]
        await world.publish_and_poll()
        return world.publisher.fetched

    fetched = run(tmp_path, database, act, poll_seconds=HOUR)
    assert [path.split("/")[1] for path in fetched] == ["manifest.jws", "manifest.jws", "bucket"]


def test_it_counts_until_it_expires_and_no_longer(tmp_path, database):
    async def act(world):
        world.clock.advance(timedelta(seconds=590))
        assert await code(world) == "00"
        world.clock.advance(timedelta(seconds=11))
        refused = await world.ask(LOOK_UP)
        assert (refused.status, refused.code) == (500, "99")
        assert (await world.logged())[-1]["result_code"] == "99"
        await world.publish_and_poll()
        assert await code(world) == "00"

    run(tmp_path, database, act, poll_seconds=HOUR)


def test_an_older_one_is_refused_also_after_a_restart(tmp_path, database):
    async def act(world):
        old = world.publisher.manifest
        world.content.officers = []
        await world.publish_and_poll()
        world.publisher.manifest = old
        with pytest.raises(Refused, match="older"):
            await world.registry.directory.poll()
        assert await code(world) == "24"
        # A node that has just been started remembers what any node has seen.
        other = await Registry.start(world.settings, world.clock)
        try:
            world.registry, first = other, world.registry
            assert await code(world) == "99"
            world.content.officers = [officer(OFFICER, MEMBER)]
            await world.publish_and_poll()
            assert await code(world) == "00"
        finally:
            world.registry = first
            await other.stop()

    run(tmp_path, database, act, poll_seconds=HOUR)


def test_what_another_node_has_seen_counts_here_too(tmp_path, database):
    async def act(world):
        await world.pool.execute("UPDATE directory_version SET version = 1000")
        world.publish()
        with pytest.raises(DirectoryError, match="older than one that a node"):
            await world.registry.directory.poll()
        return await code(world)

    assert run(tmp_path, database, act, poll_seconds=HOUR) == "00"


def spoil_manifest(world):
    data = bytearray(world.publisher.manifest)
    data[len(data) // 2] ^= 1
    world.publisher.manifest = bytes(data)


def spoil_part(world):
    for digest in list(world.publisher.parts):
        world.publisher.parts[digest] = world.publisher.parts[digest].replace(b"true", b"null")


def lose_parts(world):
    world.publisher.parts.clear()


def sign_with_another_key(world):
    other = Publisher(world.publisher._certificate, ec.generate_private_key(ec.SECP256R1()))
    other.publish(world.content, world.version + 1, world.clock.now())
    world.publisher.manifest = other.manifest
    world.publisher.parts |= other.parts


def another_environment(world):
    world.content.environment = Environment.PRODUCTION
    world.publish()


def from_the_future(world):
    world.publish(at=world.clock.now() + timedelta(seconds=90))


def expired(world):
    world.publish(at=world.clock.now() - timedelta(seconds=700))


def too_large(world):
    world.publisher.manifest = bytes(5 << 20)


def nothing(world):
    world.publisher.manifest = b""


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_manifest,
        spoil_part,
        lose_parts,
        sign_with_another_key,
        another_environment,
        from_the_future,
        expired,
        too_large,
        nothing,
    ],
)
def test_a_bad_state_changes_nothing(do, spoil):
    async def act(world):
        world.changed = True
        world.content.officers = [officer("cb.khac", MEMBER, active=True)]
        world.publish()
        spoil(world)
        with pytest.raises(Exception):  # noqa: B017
            await world.registry.directory.poll()
        assert await code(world) == "00"

    do(act)


def test_what_is_too_long_is_not_read_to_its_end(do):
    async def act(world):
        world.changed = True
        too_large(world)
        with pytest.raises(DirectoryError, match="too long"):
            await world.registry.directory.poll()

    do(act)


def test_a_publisher_that_is_away_is_waited_for(tmp_path, database):
    async def act(world):
        await world.publisher.stop()
        with pytest.raises(OSError):
            await world.registry.directory.poll()
        assert await code(world) == "00"
        world.clock.advance(timedelta(seconds=601))
        assert await code(world) == "99"
        await world.publisher.start()

    run(tmp_path, database, act)


def test_a_registry_starts_without_a_directory_and_refuses_until_it_has_one(tmp_path, database):
    async def act(world):
        kept = world.publisher.manifest
        world.publisher.manifest = b"?"
        first = world.registry
        world.registry = await Registry.start(world.settings, world.clock)
        try:
            assert await code(world) == "99"
            world.publisher.manifest = kept
            await wait_for(world, "00")
        finally:
            await world.registry.stop()
            world.registry = first

    run(tmp_path, database, act)


def test_two_hundred_thousand_officers_do_not_hold_calls_up(tmp_path, database):
    """The longest time during which the loop did nothing else, while all of them are taken over; then a change."""

    async def act(world):
        many = 200_000
        world.content.officers = [officer(f"cb.{number}", MEMBER) for number in range(many)]
        world.content.organisations += [Organisation(f"H55.{number}", f"Đơn vị {number}") for number in range(5_000)]
        world.content.accounts += [account(f"tk-{number}", MEMBER, world.key) for number in range(2_000)]
        world.content.buckets = 1024
        world.publish(at=world.clock.now())
        gc.freeze()  # what this test holds itself
        longest, took = await _longest_pause(world.registry.directory.poll)
        print(f"200,000 officers taken over in {took:.1f} s, longest pause {longest * 1000:.0f} ms")
        assert longest < 0.1
        for number in (0, 77_777, many - 1):
            asked = {"MaCanBo": f"cb.{number}", "sign": {"user": f"cb.{number}"}}
            assert (await world.ask(LOOK_UP, **asked)).code == "00"
        world.content.officers[77_777] = officer("cb.77777", MEMBER, active=False)
        world.publish()
        gc.collect()
        gc.freeze()
        longest, took = await _longest_pause(world.registry.directory.poll)
        print(f"one of them changed: {took * 1000:.0f} ms, longest pause {longest * 1000:.0f} ms")
        assert longest < 0.1
        asked = {"MaCanBo": "cb.77777", "sign": {"user": "cb.77777"}}
        assert (await world.ask(LOOK_UP, **asked)).code == "24"

    try:
        run(tmp_path, database, act, poll_seconds=HOUR)
    finally:
        gc.unfreeze()


async def _longest_pause(act):
    """The longest pause of the loop's heart while `await act()` runs, and how long that took, in seconds."""
    pauses = []

    async def beat():
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            pauses.append(time.perf_counter() - before - 0.001)

    heart = asyncio.create_task(beat())
    await asyncio.sleep(0)
    begun = time.perf_counter()
    try:
        await act()
    finally:
        heart.cancel()
    return max(pauses), time.perf_counter() - begun


def test_an_account_whose_key_is_unreadable_is_refused_and_troubles_nobody_else(do):
    async def act(world):
        world.content.accounts += [account("tk-hong", MEMBER, world.key, public_key="-----")]
        await world.publish_and_poll()
        broken = await world.ask(LOOK_UP, sign={"key_id": "tk-hong"})
        return broken.code, await code(world)

    assert do(act) == ("20", "00")


def test_the_account_of_the_world_is_the_one_of_the_directory(do):
    async def act(world):
        return world.registry.directory.current(world.clock.now()).account(ACCOUNT).organisation

    assert do(act) == MEMBER
