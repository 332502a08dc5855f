"""Every change leaves a row that says who, what, when, before and after; and no row ever goes away."""

from __future__ import annotations

import asyncio
import inspect
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from ketnoi_exchange.actions import Actions
from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_runtime.clock import AdjustableClock

from .platforms import ADDRESS, BY, DESK, MINISTRY, SERVER, Authority, fresh, register, rows

# What only looks.
LOOKS = {"identity", "version", "anchor", "api_keys", "holder"}


def test_no_change_without_somebody_who_makes_it() -> None:
    changing = [
        (name, method)
        for name, method in inspect.getmembers(Actions, inspect.iscoroutinefunction)
        if not name.startswith("_") and name not in LOOKS
    ]
    assert len(changing) > 30
    for name, method in changing:
        first = list(inspect.signature(method).parameters.values())[1]
        assert (first.name, first.default) == ("actor", inspect.Parameter.empty), name


def test_history_says_what_stood_there_before_and_after(database: str, folder: Path, unsafe: Authority) -> None:
    async def story() -> None:
        clock = AdjustableClock(timedelta(days=3))
        async with fresh(database, folder, clock) as exchange:
            await exchange.actions.add_member_class(BY, "GOV", "Cơ quan nhà nước")
            await exchange.actions.add_member(BY, MINISTRY, "Bộ Tư Pháp")
            await exchange.actions.rename_member("tran thi b", MINISTRY, "Bộ Tư pháp")
            (row,) = await rows(exchange, "SELECT * FROM history WHERE action = 'rename member'")
            assert (row["actor"], row["subject"]) == ("tran thi b", str(MINISTRY))
            assert json.loads(row["before"]) == {"name": "Bộ Tư Pháp"}
            assert json.loads(row["after"]) == {"name": "Bộ Tư pháp"}
            # The moment is the clock's, which stands three days ahead of the database's.
            assert abs(row["at"] - datetime.now(UTC) - timedelta(days=3)) < timedelta(seconds=20)

    asyncio.run(story())


def test_a_removed_server_can_be_read_back_from_history(database: str, folder: Path, unsafe: Authority) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            await register(exchange, unsafe)
            await exchange.actions.remove_security_server(BY, SERVER)
            (row,) = await rows(exchange, "SELECT * FROM history WHERE action = 'remove security server'")
            before = json.loads(row["before"])
            assert before["address"] == ADDRESS
            assert str(DESK) in before["clients"]
            assert len(before["certificates_sha256"]) == 1
            assert row["after"] is None

    asyncio.run(story())


def test_versions_have_no_gaps_and_refused_changes_leave_nothing(
    database: str, folder: Path, unsafe: Authority
) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            await register(exchange, unsafe)
            for _ in range(3):
                with pytest.raises(ChangeRefused):
                    await exchange.actions.add_member(BY, MINISTRY, "Một cơ quan khác")
            await exchange.actions.add_group(BY, "opened", "Opened agencies")
            found = await rows(exchange, "SELECT version FROM history ORDER BY version")
            assert [row["version"] for row in found] == list(range(1, len(found) + 1))
            assert await exchange.actions.version() == len(found)

    asyncio.run(story())


def test_changes_made_at_once_stand_in_a_row(database: str, folder: Path) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            before = await exchange.actions.version()
            await asyncio.gather(
                *(exchange.actions.add_member_class(BY, f"C{number}", "Một lớp") for number in range(20))
            )
            found = await rows(exchange, "SELECT version, subject FROM history WHERE version > $1", before)
            assert {row["subject"] for row in found} == {f"C{number}" for number in range(20)}
            assert sorted(row["version"] for row in found) == list(range(before + 1, before + 21))

    asyncio.run(story())


REWRITES = [
    "UPDATE history SET actor = 'somebody else'",
    "DELETE FROM history",
    "DELETE FROM history WHERE version = 1",
    "TRUNCATE history",
]


def test_no_row_is_changed_or_removed(database: str, folder: Path) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            before = await rows(exchange, "SELECT * FROM history ORDER BY version")
            for statement in REWRITES:
                with pytest.raises(asyncpg.RaiseError, match="insert-only"):
                    await exchange.actions.pool.execute(statement)
            assert await rows(exchange, "SELECT * FROM history ORDER BY version") == before

    asyncio.run(story())


def test_history_holds_no_secret(database: str, folder: Path) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            _, key = await exchange.actions.make_api_key(BY, ["XROAD_REGISTRATION_OFFICER"])
            text = str(await rows(exchange, "SELECT * FROM history"))
            assert key not in text
            assert "PRIVATE" not in text

    asyncio.run(story())
