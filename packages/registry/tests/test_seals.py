"""Lawful secrecy: a sealed look is not told at all until its day, and the order for it stays on record."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import asyncpg
import pytest

from ketnoi_protocol.services import Service
from ketnoi_registry.citizens.seals import LONGEST, Order, SealError, Span, seal, unseal
from ketnoi_registry.cli import main
from ketnoi_runtime.clock import SystemClock

from .citizens_page import AN, asking

LOOK_UP = Service.LOOK_UP_CITIZEN
ORDER = Order("Thủ trưởng Cơ quan điều tra", "Bộ luật Tố tụng hình sự, điều 19", "c06")
DAY = timedelta(days=1)

SETTINGS = """
environment = "test"
node_id = "n1"
database = "{database}"
certificate = "-"
key = "-"
pseudonym_keys = "keys.json"
callers = []
[directory]
url = "http://127.0.0.1:1"
certificate = "-"
"""


async def listed(ask):
    status, told = await ask("/citizens/looks", AN)
    assert status == 200
    return [(look["message_id"], look["sealed_until"]) for look in told["looks"]]


def test_a_sealed_message_is_not_told_before_its_time_and_then_with_it(tmp_path, database):
    async def act(world, ask):
        for number in range(3):
            await world.ask(LOOK_UP, sign={"message_id": f"m-{number}"})
        until = world.clock.now() + 2 * DAY
        await seal(world.pool, "H55", "m-1", until, ORDER, world.clock.now())
        before = await listed(ask)
        world.clock.advance(2 * DAY + timedelta(seconds=1))
        return before, await listed(ask), until

    before, after, until = asking(tmp_path, database, act)
    assert before == [("m-2", None), ("m-0", None)]
    assert [(name, sealed is not None) for name, sealed in after] == [("m-2", False), ("m-1", True), ("m-0", False)]
    assert until.fromisoformat(after[1][1]) == until


def test_the_id_of_a_sealed_message_hides_no_later_look_and_none_of_others(tmp_path, database):
    async def act(world, ask):
        await world.ask(LOOK_UP, sign={"message_id": "m-1"})
        world.clock.advance(timedelta(seconds=1))
        until = world.clock.now() + DAY
        await seal(world.pool, "H55", "m-1", until, ORDER, world.clock.now())
        world.clock.advance(timedelta(seconds=1))
        await world.ask(LOOK_UP, sign={"message_id": "m-1"})
        await world.ask(LOOK_UP, sign={"message_id": "m-2"})
        await seal(world.pool, "H5", "m-2", until, ORDER, world.clock.now())
        await seal(world.pool, "H55.1", "m-2", until, ORDER, world.clock.now())
        return await listed(ask)

    assert asking(tmp_path, database, act) == [("m-2", None), ("m-1", None)]


def test_a_span_covers_one_procedure_of_an_organisation_and_ends_when_called_off(tmp_path, database):
    async def act(world, ask):
        begin = world.clock.now() + timedelta(seconds=5)
        span = Span("1.001", begin, begin + timedelta(seconds=10))
        number = await seal(world.pool, "H55", span, begin + DAY, ORDER, world.clock.now())
        await seal(world.pool, "H55", Span("1.002", begin, begin + DAY), begin + DAY, ORDER, world.clock.now())
        for name in ("early", "within", "late"):
            await world.ask(LOOK_UP, sign={"message_id": name})
            world.clock.advance(timedelta(seconds=8))
        sealed = await listed(ask)
        lifted = world.clock.now()
        await unseal(world.pool, number, ORDER, lifted)
        with pytest.raises(SealError):
            await unseal(world.pool, number, ORDER, lifted)
        return sealed, await listed(ask), lifted

    sealed, after, lifted = asking(tmp_path, database, act)
    assert sealed == [("late", None), ("early", None)]
    assert [name for name, _ in after] == ["late", "within", "early"]
    assert lifted.fromisoformat(after[1][1]) == lifted


def test_of_several_seals_the_longest_counts(tmp_path, database):
    async def act(world, ask):
        await world.ask(LOOK_UP, sign={"message_id": "m-1"})
        now = world.clock.now()
        await seal(world.pool, "H55", "m-1", now + 3 * DAY, ORDER, now)
        await seal(world.pool, "H55", Span("1.001", now - DAY, now + DAY), now + DAY, ORDER, now)
        world.clock.advance(2 * DAY)
        still = await listed(ask)
        world.clock.advance(2 * DAY)
        return still, await listed(ask)

    still, after = asking(tmp_path, database, act)
    assert (still, len(after)) == ([], 1)


@pytest.mark.parametrize(
    ("until", "what"),
    [(timedelta(0), "m-1"), (LONGEST + DAY, "m-1"), (DAY, "empty span")],
)
def test_a_seal_has_an_end_that_can_be_waited_for(with_pool, until, what):
    async def act(pool):
        now = await pool.fetchval("SELECT timestamptz '2026-03-02T05:00:00Z'")
        with pytest.raises(SealError):
            await seal(pool, "H55", what if what == "m-1" else Span("1.001", now, now), now + until, ORDER, now)
        return await pool.fetchval("SELECT count(*) FROM seal")

    assert with_pool(act) == 0


def test_the_commands_seal_list_and_unseal_and_leave_who_ordered_it(tmp_path, database, capsys):
    file = tmp_path / "registry.toml"
    file.write_text(SETTINGS.format(database=database))
    because = ["--ordered-by", "Thủ trưởng", "--legal-basis", "Điều 19", "--settings", str(file)]
    span = ["--procedure", "1.001", "--from", "2026-01-01", "--to", "2026-12-31"]

    def run(*words):
        status = main([str(word) for word in words])
        told = capsys.readouterr()
        return status, told.out.strip(), told.err

    async def read(query):
        connection = await asyncpg.connect(database)
        try:
            return await connection.fetch(query)
        finally:
            await connection.close()

    organisation = ["seal", "--organisation", "000.00.00.H55", "--until", _in_days(30)]
    assert run(*organisation, "--message", "m-1", *because)[:2] == (0, '{"seal": 1}')
    assert run(*organisation, *span, *because)[:2] == (0, '{"seal": 2}')
    for wrong in ([], [*span, "--message", "m-1"], span[:4], ["--message", "m-1", "--from", "2026-01-01"]):
        status, out, err = run(*organisation, *wrong, *because)
        assert (status, out) == (1, "")
        assert "--message" in err
    assert run("seal", "--organisation", "!", "--message", "m", "--until", _in_days(30), *because)[0] == 1
    _, out, _ = run("seals", "--settings", file)
    told = [json.loads(line) for line in out.splitlines()]
    assert [(each["id"], each["organisation"], each.get("message_id")) for each in told] == [
        (1, "H55", "m-1"),
        (2, "H55", None),
    ]
    # Days are those of Vietnam, the last one whole.
    assert (told[1]["looked_from"], told[1]["looked_until"]) == ("2025-12-31T17:00:00Z", "2026-12-31T17:00:00Z")
    assert run("unseal", 1, *because)[0] == 0
    assert run("unseal", 1, *because)[0] == 1
    assert [json.loads(line)["id"] for line in run("seals", "--settings", file)[1].splitlines()] == [2]
    rows = asyncio.run(read("SELECT act, seal, ordered_by, legal_basis, typed_by FROM seal_audit ORDER BY id"))
    assert [(row["act"], row["seal"]) for row in rows] == [("seal", 1), ("seal", 2), ("unseal", 1)]
    assert {(row["ordered_by"], row["legal_basis"]) for row in rows} == {("Thủ trưởng", "Điều 19")}
    assert all(row["typed_by"] for row in rows)
    for statement in ("UPDATE seal_audit SET ordered_by = 'x'", "DELETE FROM seal_audit", "TRUNCATE seal_audit",
                      "DELETE FROM seal"):  # fmt: skip
        with pytest.raises(asyncpg.RaiseError):
            asyncio.run(read(statement))


def _in_days(days):
    return (SystemClock().now() + days * DAY).date().isoformat()
