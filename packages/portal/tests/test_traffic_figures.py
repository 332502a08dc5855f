"""Calls per service and agency on the page of figures: from real servers to the page, by area, with an empty state."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from msgspec.structs import force_setattr

from ketnoi_pages import clock
from ketnoi_portal.day.traffic import DAYS, traffic
from ketnoi_portal.publication import traffic as fetching
from ketnoi_portal.publication.models import TrafficCount, TrafficSource
from ketnoi_portal.settings import current
from ketnoi_testbed.world import World

from .connected import answered_id, refused_id
from .pages import Cast

pytestmark = pytest.mark.django_db


def count(client: str, code: str, number: int, *, service: str = "", days_ago: int = 0) -> None:
    TrafficCount.objects.create(
        instance="VDXP-TEST",
        day=clock.today() - timedelta(days=days_ago),
        client=client,
        service=service,
        code=code,
        count=number,
    )


@pytest.fixture
def cast() -> Cast:
    return Cast()


def page(cast: Cast, who: str) -> str:
    answer = cast.client(who).get(reverse("day_figures"))
    assert answer.status_code == 200
    return answer.content.decode()


def test_without_counts_the_page_says_where_they_come_from(cast: Cast) -> None:
    shown = page(cast, "c06")
    assert "Chưa có số liệu" in shown
    assert "XROAD_SECURITYSERVER_OBSERVER" in shown
    TrafficSource.objects.create(instance="VDXP-TEST", fetched_at=clock.now(), until=clock.today())
    assert "Không có lượt gọi nào trong 7 ngày qua" in page(cast, "c06")


def test_calls_stand_by_agency_and_service_with_what_went_wrong(cast: Cast) -> None:
    mine, other = "VDXP-TEST:GOV:H55:MOTCUA", "VDXP-TEST:GOV:H38:MOTCUA"
    count(mine, "ok", 30)
    count(mine, "http_403", 4)
    count(other, "ok", 7, days_ago=1)
    count(other, "access_denied", 2, days_ago=1)
    count("", "ssl_authentication_failed", 5)
    count(mine, "ok", 1000, days_ago=DAYS)
    found = traffic(cast["c06"])
    assert [(each.code, each.answered, each.refused) for each in found.calls] == [
        ("H55", 30, 4),
        ("H38", 7, 2),
        ("", 0, 5),
    ]
    assert [(each.day, each.answered, each.refused) for each in found.days] == [
        (clock.today(), 30, 9),
        (clock.today() - timedelta(days=1), 7, 2),
    ]
    assert [(each.code, each.count) for each in found.failures] == [
        ("ssl_authentication_failed", 5),
        ("http_403", 4),
        ("access_denied", 2),
    ]
    assert all(each.meaning for each in found.failures)
    shown = page(cast, "c06")
    for told in ("Tỉnh Thái Nguyên", "Chưa xác thực được bên gọi", "access_denied", "hệ thống cung cấp trả về 403"):
        assert told in shown


def test_a_province_sees_its_own_area_only(cast: Cast) -> None:
    count("VDXP-TEST:GOV:H55:MOTCUA", "ok", 3)
    count("VDXP-TEST:GOV:H55.02:MOTCUA", "ok", 1)
    count("VDXP-TEST:GOV:H38:MOTCUA", "access_denied", 7)
    count("", "ssl_authentication_failed", 5)
    found = traffic(cast["pc06"])
    assert {each.code for each in found.calls} == {"H55", "H55.02"}
    assert found.failures == []
    shown = page(cast, "pc06")
    assert "access_denied" not in shown
    assert "H38" not in shown.partition('id="traffic"')[2].partition('id="ending"')[0]


def test_whoever_sees_no_figures_sees_no_calls(cast: Cast) -> None:
    for who in ("rep", "officer", "vdxp", "a05", "leader_1"):
        assert cast.client(who).get(reverse("day_figures")).status_code == 404


def test_the_worker_fetches_them_from_the_servers_again_and_again(cast: Cast, world: World, neighbours: Path) -> None:
    fetching.fetch()
    before = _calls(cast)
    answered_id(world)
    answered_id(world)
    refused_id(world)
    fetching.fetch()
    fetching.fetch()
    after = _calls(cast)
    (pair,) = {key for key in after if after[key] != before.get(key, (0, 0))}
    assert pair[0] == "H55"
    answered, refused = (now - then for now, then in zip(after[pair], before.get(pair, (0, 0)), strict=True))
    assert (answered, refused) == (2, 1), "counted once, though fetched twice"
    assert "Tra cứu" in pair[1]
    shown = page(cast, "c06")
    assert pair[1] in shown
    assert TrafficSource.objects.get(instance="VDXP-TEST").trouble == ""


def _calls(cast: Cast) -> dict[tuple[str, str], tuple[int, int]]:
    return {(each.code, each.service.vi): (each.answered, each.refused) for each in traffic(cast["c06"]).calls}


def test_a_server_that_cannot_be_asked_is_told_and_holds_up_none(cast: Cast, world: World, neighbours: Path) -> None:
    fetching.fetch()
    kept = TrafficCount.objects.count()
    (neighbours / "VDXP-TEST-server.key").write_text("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
    TrafficSource.objects.update(fetched_at=None)
    fetching.fetch()
    denied, fine = (TrafficSource.objects.get(instance=each) for each in ("VDXP-TEST", "NDXP-TEST"))
    assert "XROAD_SECURITYSERVER_OBSERVER" in denied.trouble
    assert (fine.trouble, denied.fetched_at) == ("", None)
    assert fine.fetched_at is not None
    assert TrafficCount.objects.count() == kept, "what was known stays"
    assert "chưa lấy được số liệu mới" in page(cast, "c06")


def test_an_x_road_server_is_not_asked(cast: Cast, world: World, neighbours: Path) -> None:
    for told in current().servers:
        force_setattr(told, "kind", "x-road")
    fetching.fetch()
    assert not TrafficSource.objects.exists()
