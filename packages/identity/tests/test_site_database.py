"""The citizens' site while its database is restarted, away, and there again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from journeys.waiting import eventually

from .site import Site
from .visiting import Visitor

_END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"


def name_of(site: Site) -> str:
    return str(conninfo_to_dict(site.database)["dbname"])


@contextmanager
def away(site: Site) -> Iterator[None]:
    """Nobody gets a connection to the site's database."""
    name = name_of(site)
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with psycopg.connect(make_conninfo(site.database, dbname="postgres"), autocommit=True) as admin:
        admin.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        admin.execute(_END, [name])
        try:
            yield
        finally:
            admin.execute(allow.format(sql.Identifier(name), sql.SQL("true")))


def test_a_restarted_database_costs_no_page(site: Site, visitor: Visitor) -> None:
    for _ in range(4):
        visitor.go("/dieu-khoan/").sees(200)
    with psycopg.connect(make_conninfo(site.database, dbname="postgres"), autocommit=True) as admin:
        assert admin.execute(_END, [name_of(site)]).fetchall(), "the site had connections"
    for _ in range(4):
        visitor.go("/dieu-khoan/").sees(200)


def test_all_that_the_databases_address_says_counts_for_the_pages_too(site: Site, tmp_path: Path) -> None:
    named = Site(tmp_path, make_conninfo(site.database, application_name="trang-cong-dan"))
    shutil.copytree(site.folder / "keys", tmp_path / "keys")
    shutil.copy(site.folder / "secret", tmp_path)
    named.open()
    try:
        with Visitor(named.url) as visitor, site.connect() as connection:
            visitor.go("/healthz").sees(200)
            names = connection.execute("SELECT application_name FROM pg_stat_activity").fetchall()
    finally:
        named.close()
    assert ("trang-cong-dan",) in names


def test_an_unreachable_database_is_told_with_when_to_come_again(site: Site, visitor: Visitor) -> None:
    visitor.go("/dieu-khoan/").sees(200)
    with away(site):
        visitor.client.timeout = 30.0
        visitor.go("/dieu-khoan/").sees(503, "tạm thời không dùng được")
        assert visitor.answer.headers["retry-after"] == "30"
        visitor.go("/healthz").sees(503)
    assert eventually(lambda: visitor.go("/dieu-khoan/").answer.status_code == 200, within=30.0)
