"""The portal's first start beside a server that holds rights: it watches, two officers decide, nobody is cut off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from journeys.portal.conftest import PACE, PEOPLE, SitDown
from journeys.portal.desk import Desk
from ketnoi_client.problems import Refused
from ketnoi_protocol.services import Environment, Platform, Service
from ketnoi_testbed.asking import person_of
from ketnoi_testbed.cast import HANDLER, SERVER_OFFICERS
from ketnoi_testbed.parts.portal import PortalPart
from ketnoi_testbed.parts.premises import HOST, free_port
from ketnoi_testbed.postgres import Postgres
from ketnoi_testbed.world import World

INSTANCE = "NDXP"


@dataclass(frozen=True)
class Beginning:
    """A production environment of many years, and a portal that was started beside it a moment ago."""

    world: World
    portal: PortalPart


@pytest.fixture
def beginning(cluster: Postgres) -> Iterator[Beginning]:
    """The test's own: in the country of the other journeys somebody may have switched the servers already."""
    portal = PortalPart(cluster.create_database(), HOST, free_port())
    try:
        with World("rehearsed_production", people=PEOPLE, postgres=cluster, pace=PACE, directory="portal") as world:
            portal.prepare()
            world.run(portal.meet(world))
            portal.furnish()
            try:
                world.run(portal.start_publisher(Environment.PRODUCTION))
                world.run(portal.start())
                yield Beginning(world, portal)
            finally:
                world.run(portal.stop())
    finally:
        portal.remove()


def asks(world: World, code: str) -> str:
    """What an agency that has been connected for years is told today in production."""
    try:
        return world.agency(code).verify_citizen(person_of(world.people.full)).answer.ma_ket_qua
    except Refused as refused:
        return refused.problem.row.code


def right(desk: Desk, code: str) -> Desk:
    """The page of an agency's standing right."""
    desk.go(f"/may-chu/{INSTANCE}/")
    desk.page.locator("tr", has_text=f"{INSTANCE}:GOV:{code}:MOTCUA").get_by_role("link").first.click()
    return desk.sees("Quyền có sẵn")


def test_rights_that_stand_are_kept_or_removed_by_two_officers(beginning: Beginning, sit_down_at: SitDown) -> None:
    world, url = beginning.world, beginning.portal.url
    world.until(lambda: asks(world, "G15") == "00", within=60)
    assert [asks(world, code) for code in ("G15", "H55")] == ["00", "00"]
    first, second = (sit_down_at(url, name) for name in SERVER_OFFICERS)
    world.until(lambda: "chờ quyết định" in first.go(f"/may-chu/{INSTANCE}/").text.lower(), within=60)
    first.sees("Theo dõi").sees(f"{INSTANCE}:GOV:G15:MOTCUA").sees(f"{INSTANCE}:GOV:H55:MOTCUA").is_accessible()

    # Another officer of C06 sees it, and decides nothing.
    handler = sit_down_at(url, HANDLER)
    assert right(handler, "G15").page.locator("main button").count() == 0

    # One right is kept until a day, the other one is removed; each proposal needs somebody else.
    until = (world.clock.now() + timedelta(days=200)).date().isoformat()
    right(first, "G15").page.locator("[name=keep-until]").fill(until)
    first.page.locator("[name=keep-reason]").fill("Đã có thỏa thuận")
    first.press("keep")
    right(first, "H55")
    first.page.locator("[name=remove-reason]").fill("Chưa thẩm định")
    first.press("remove")
    first.go(f"/may-chu/{INSTANCE}/").sees("Cần một cán bộ khác xác nhận")
    assert first.page.locator("form[action$='/confirm/']").count() == 0, "nobody confirms their own proposal"
    for _ in range(2):
        second.go(f"/may-chu/{INSTANCE}/").send("/confirm/")
    second.sees("Giữ như đã duyệt")

    # In watch nothing on the server changes; but the directory follows the decision.
    assert _subjects(world) == {"G15", "H55"}
    world.until(lambda: asks(world, "H55") != "00", within=60)
    assert asks(world, "G15") == "00"

    # Two officers let the server be changed as well.
    first.go(f"/may-chu/{INSTANCE}/").send("/viec/enforce/", reason="Đã đối chiếu các quyền có sẵn")
    second.go(f"/may-chu/{INSTANCE}/").send("/confirm/").sees("Áp cấu hình")
    world.until(lambda: _subjects(world) == {"G15"}, within=60)
    assert asks(world, "G15") == "00"
    assert first.broken + second.broken == []


def _subjects(world: World) -> set[str]:
    """Who holds a right on C06's server, by what its admin API tells."""
    server = world.provider(Platform.NDXP)
    code = world.plan.entry(Service.VERIFY_CITIZEN).service_code

    async def ask() -> list[dict[str, str]]:
        admin = await server.admin()
        found: list[dict[str, str]] = await admin.ask(
            "GET", f"/services/{server.party.subsystem}:{code}/service-clients"
        )
        return found

    return {found[1] for each in world.run(ask()) if (found := re.search(r":GOV:([GH]\d\d):", each["id"]))}
