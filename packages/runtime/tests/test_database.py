import asyncio
import sys
from pathlib import Path

import pytest

from ketnoi_runtime.database import migrate, open_pool


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "room_with_migrations"
    (folder / "migrations").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "migrations" / "0001_things.sql").write_text("CREATE TABLE thing (name text PRIMARY KEY);")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder.name
    sys.modules.pop(folder.name, None)


def test_each_migration_is_applied_once_and_later_ones_are_added(database: str, package: str, tmp_path: Path) -> None:
    async def story() -> None:
        pool = await open_pool(database)
        try:
            assert await migrate(pool, package) == ["0001_things.sql"]
            assert await migrate(pool, package) == []
            added = tmp_path / package / "migrations" / "0002_colour.sql"
            added.write_text("ALTER TABLE thing ADD colour text;")
            assert await migrate(pool, package) == ["0002_colour.sql"]
            await pool.execute("INSERT INTO thing VALUES ('a', 'red')")
        finally:
            await pool.close()

    asyncio.run(story())


def test_two_nodes_that_start_at_once_apply_it_once(database: str, package: str) -> None:
    async def story() -> None:
        pools = [await open_pool(database), await open_pool(database)]
        try:
            applied = await asyncio.gather(*(migrate(pool, package) for pool in pools))
            assert sorted(map(len, applied)) == [0, 1]
        finally:
            for pool in pools:
                await pool.close()

    asyncio.run(story())


def test_a_broken_migration_leaves_nothing_behind(database: str, package: str, tmp_path: Path) -> None:
    (tmp_path / package / "migrations" / "0002_broken.sql").write_text("CREATE TABLE other (x int); SELECT nonsense;")

    async def story() -> None:
        pool = await open_pool(database)
        try:
            with pytest.raises(Exception, match="nonsense"):
                await migrate(pool, package)
            assert await pool.fetchval("SELECT to_regclass('thing')") is None
            assert await pool.fetchval("SELECT to_regclass('other')") is None
        finally:
            await pool.close()

    asyncio.run(story())
