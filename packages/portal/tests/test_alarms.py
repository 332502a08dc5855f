"""Alarms of the registries: fetched once, told to C06's handlers, looked at by somebody who says what came of it."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest
from django.urls import reverse

from ketnoi_portal.alarms import fetching
from ketnoi_portal.alarms.actions import acknowledge
from ketnoi_portal.alarms.models import KINDS, Alarm, AlarmSource
from ketnoi_portal.audit.models import Event
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.staff.models import Person
from ketnoi_testbed.world import World

from .alarm_rows import an_alarm
from .pages import Cast

pytestmark = pytest.mark.django_db

_ROW = """
INSERT INTO alarm (kind, organisation, officer, hour, raised_at, instance, account, unit, procedure, count, since,
    last_at, message_id)
VALUES ('odd_hours', 'H55', $1, $2, $2, 'VDXP-TEST', 'tk-h55', 'H55.02', '1.001', 25, $2, $2, 'm1')
"""


@pytest.fixture
def cast() -> Cast:
    return Cast()


def raise_alarm(world: World, officer: str) -> None:
    async def insert() -> None:
        connection = await asyncpg.connect(world.registry.database)
        try:
            await connection.execute(_ROW, officer, world.clock.now())
        finally:
            await connection.close()

    world.run(insert())


def page(cast: Cast, who: str, name: str = "alarms:list") -> str:
    answer = cast.client(who).get(reverse(name))
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_alarm_of_the_registry_is_fetched_and_told_once(cast: Cast, world: World, neighbours: Path) -> None:
    raise_alarm(world, "cb.mot")
    fetching.fetch()
    fetching.fetch()
    raise_alarm(world, "cb.hai")
    fetching.fetch()
    assert list(Alarm.objects.order_by("number").values_list("officer", "kind", "count", "unit")) == [
        ("cb.mot", "odd_hours", 25, "H55.02"),
        ("cb.hai", "odd_hours", 25, "H55.02"),
    ]
    handler = Person.objects.get(pk=cast["c06"].person)
    letters = Letter.objects.filter(key__startswith="alarm:")
    assert {each.address for each in letters} == {handler.email}
    assert len(letters) == 2
    for each in letters:
        assert "cb." not in each.body + each.subject
        assert "H55" not in each.body + each.subject
        assert reverse("alarms:list") in each.body
    assert AlarmSource.objects.get().trouble == ""


@pytest.mark.parametrize("broken", ["client", "server"])
def test_a_registry_that_cannot_be_asked_is_told_where_people_look(
    cast: Cast, world: World, neighbours: Path, broken: str
) -> None:
    strange = world.authority.issue_authentication("stranger")
    if broken == "client":
        (neighbours / "population-test-watcher.pem").write_bytes(strange.pem)
        (neighbours / "population-test-watcher.key").write_bytes(strange.key_pem)
    else:
        (neighbours / "population-test.pem").write_bytes(strange.pem)
    fetching.fetch()
    source = AlarmSource.objects.get()
    assert source.trouble
    assert source.fetched_at is None
    for where in ("alarms:list", "day"):
        assert source.trouble_vi in page(cast, "c06", where)


def test_a_key_that_is_missing_is_told_by_its_registry(cast: Cast, world: World, neighbours: Path) -> None:
    (neighbours / "population-test-watcher.key").unlink()
    fetching.fetch()
    assert "population-test" in AlarmSource.objects.get().trouble


def test_c06_reads_who_asked_and_finds_the_way_to_stop_them(cast: Cast) -> None:
    for number, kind in enumerate(KINDS, 1):
        an_alarm(number, kind=kind, count=40 + number)
    an_alarm(9, kind="new_kind", organisation="H99", officer="<b>x</b>")
    shown = page(cast, "c06")
    for title in KINDS.values():
        assert title.vi in shown
    for told in ("cb.lan", "Tỉnh Thái Nguyên", "43 lượt gọi", "new_kind", "H99", "&lt;b&gt;x"):
        assert told in shown
    assert f"{reverse('publication:stops')}?code=H55" in shown
    assert f"{reverse('publication:stops')}?code=H99" not in shown, "the portal knows no such organisation"
    assert "6 cảnh báo chờ" in page(cast, "c06", "day")


def test_nobody_else_sees_any(cast: Cast) -> None:
    alarm = an_alarm()
    for who in ("rep", "officer", "pc06", "a05", "leader_1", "vdxp"):
        client = cast.client(who)
        assert client.get(reverse("alarms:list")).status_code == 404
        assert client.post(reverse("alarms:acknowledge", args=[alarm.pk]), {"note": "x"}).status_code == 404
        assert reverse("alarms:list") not in client.get(reverse("day")).content.decode()
    alarm.refresh_from_db()
    assert alarm.acknowledged_at is None


def test_an_auditor_reads_and_decides_nothing(cast: Cast) -> None:
    alarm = an_alarm()
    assert "<form" not in page(cast, "auditor").partition('id="open"')[2].partition("</section>")[0]
    with pytest.raises(StepRefused):
        acknowledge(cast["auditor"], alarm, "đã hỏi")


def test_somebody_says_what_came_of_it_once(cast: Cast) -> None:
    alarm = an_alarm()
    address = reverse("alarms:acknowledge", args=[alarm.pk])
    client = cast.client("c06")
    assert "Thiếu kết quả" in client.post(address, {"note": " "}, follow=True).content.decode()
    assert "Đã ghi nhận" in client.post(address, {"note": "Cơ quan giải trình đúng"}, follow=True).content.decode()
    assert (
        "đã có người" in cast.client("c06_publisher").post(address, {"note": "lần nữa"}, follow=True).content.decode()
    )
    alarm.refresh_from_db()
    assert (alarm.note, alarm.acknowledged_by) == ("Cơ quan giải trình đúng", cast["c06"].person)
    event = Event.objects.get(act="acknowledge_alarm")
    assert (event.subject, event.note, event.person) == (str(alarm.pk), alarm.note, alarm.acknowledged_by)
    shown = page(cast, "c06")
    assert "Không có cảnh báo nào" in shown
    assert "Cơ quan giải trình đúng" in shown
    assert "cảnh báo chờ" not in page(cast, "c06", "day")


def test_an_alarm_of_several_officers_names_none(cast: Cast) -> None:
    an_alarm(1, kind="enumeration_by_many", officer="", count=61)
    told = page(cast, "c06")
    assert "Dò số liên tiếp qua nhiều cán bộ" in told
    assert "61 người" in told
    assert "<dt>Cán bộ</dt>" not in told
    an_alarm(2, kind="enumeration")
    assert "<dt>Cán bộ</dt>" in page(cast, "c06")
