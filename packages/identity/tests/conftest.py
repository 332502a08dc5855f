"""The citizens' site as a process of its own, a registry behind it, and visitors who use it over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import psycopg
import pytest

from ketnoi_identity.desk import officers as desk
from ketnoi_testbed.postgres import Postgres

from .agencies import A, B, Browser, person
from .citizens import Citizens
from .desks import UNIT, Citizen, Officer
from .register import PEOPLE, Register
from .site import Site
from .tables import make_tables
from .visiting import Visitor
from .wires import run


@pytest.fixture(scope="module")
def register(cluster: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Register]:
    """A registry that knows a few people."""
    with Register(tmp_path_factory.mktemp("register"), cluster.create_database()) as running:
        yield running


@pytest.fixture(scope="module")
def site(cluster: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The pages, without a registry behind them."""
    with Site(tmp_path_factory.mktemp("identity"), cluster.create_database()) as running:
        yield running


@pytest.fixture(scope="module")
def site_with_register(
    cluster: Postgres, register: Register, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The pages, and the registry that they ask."""
    folder = tmp_path_factory.mktemp("identity")
    with Site(folder, cluster.create_database(), register=register.settings) as running:
        yield running


@pytest.fixture(scope="module")
def wire_database(cluster: Postgres) -> str:
    """The database of one file's wires, which is emptied before each of them."""
    return cluster.create_database()


@pytest.fixture
def within(tmp_path: Path, wire_database: str) -> Callable[..., Any]:
    """`within(act, **changes)` runs `await act(world)` with a fresh wire; `changes` are of the settings."""
    return lambda act, **changes: run(tmp_path, wire_database, act, **changes)


PROCEDURES = '"1.001" = { vi = "Đăng ký khai sinh", en = "Birth registration" }\n'


@pytest.fixture(scope="module")
def near(cluster: Postgres, register: Register, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Citizens]:
    """Citizens at level 2, at pages that ask a registry and know what procedure 1.001 is called."""
    folder = tmp_path_factory.mktemp("near")
    (folder / "procedures.toml").write_text(PROCEDURES)
    database = cluster.create_database()
    with Site(folder, database, register=register.settings, procedures="procedures.toml") as running:
        yield Citizens(register, running)


@pytest.fixture
def browser(near: Citizens) -> Iterator[Callable[..., Visitor]]:
    """`browser(person)`: one in which that person has signed in."""
    yield near.browser
    near.close()


@pytest.fixture
def visitor(site: Site) -> Iterator[Visitor]:
    """Somebody with a browser, who has not signed in."""
    with Visitor(site.url) as somebody:
        yield somebody


@pytest.fixture
def come_in(site_with_register: Site) -> Iterator[Callable[[], Visitor]]:
    """`come_in()`: one more browser at the site that has a registry."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Visitor(site_with_register.url))


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database with the identity side's tables, every statement kept at once."""
    make_tables(database)
    with psycopg.connect(database, autocommit=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def agencies(site: Site) -> None:
    """Two agencies to whose systems one can sign in."""
    A.register(site)
    B.register(site)


@pytest.fixture(scope="module")
def citizen(site: Site, agencies: None) -> Iterator[Browser]:
    """Somebody at level 2 who has signed in here."""
    browser = Browser(site, person(site))
    yield browser
    browser.client.close()


@pytest.fixture
def somebody(site: Site, agencies: None) -> Iterator[Browser]:
    """Somebody of their own for each test: an account gets only so many codes in a minute."""
    browser = Browser(site, person(site))
    yield browser
    browser.client.close()


@pytest.fixture
def race(connection: psycopg.Connection[Any], database: str) -> Callable[..., list[Any]]:
    """`race(act, 6)`: six connections that do it at once; what each returned."""

    def run(act: Callable[[psycopg.Connection[Any]], Any], times: int) -> list[Any]:
        together = Barrier(times)

        def one(_: int) -> Any:
            with psycopg.connect(database, autocommit=True) as own:
                together.wait(30)
                return act(own)

        with ThreadPoolExecutor(times) as threads:
            return list(threads.map(one, range(times)))

    return run


@pytest.fixture
def site_database(site_with_register: Site) -> Iterator[psycopg.Connection[Any]]:
    """The database of the site that has a registry: without accounts, and with no attempt counted."""
    with site_with_register.connect() as opened:
        opened.execute("TRUNCATE attempt, challenge, consent, account CASCADE")
        yield opened


@pytest.fixture
def officers(site_database: psycopg.Connection[Any], come_in: Callable[[], Visitor]) -> list[Officer]:
    """Two of one desk, and one of another."""
    found = []
    for name, unit in (("cuong", UNIT), ("dung", UNIT), ("ha", ("H55.02", "Nơi khác"))):
        visitor = come_in()
        phone = visitor.register(PEOPLE[name])
        code = Citizen(visitor, PEOPLE[name], phone).code()
        desk.add(site_database.cursor(), PEOPLE[name].number, code, *unit, datetime.now(UTC))
        found.append(Officer(visitor, phone))
    return found


@pytest.fixture
def an(site_database: psycopg.Connection[Any], come_in: Callable[[], Visitor]) -> Citizen:
    """Nguyễn Văn An, with an account at level 1."""
    visitor = come_in()
    return Citizen(visitor, PEOPLE["an"], visitor.register(PEOPLE["an"]))
