"""C06's pages of servers: who sees them, what they show, and that two officers decide there."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from ketnoi_pages import clock
from ketnoi_portal.process.roles import Role
from ketnoi_portal.publication.models import Drift, LegacyRight, Proposal, PublishedDirectory, Run, Target
from ketnoi_portal.worker.loop import run_once
from ketnoi_portal.worker.models import TaskHealth
from ketnoi_portal.worker.tasks import TASKS, Task

from .browsing import as_person
from .offices import at_desk
from .pages import Cast

pytestmark = pytest.mark.django_db

SUBJECT = "VDXP:GOV:H55:MOTCUA"


@pytest.fixture
def cast() -> Cast:
    return Cast()


@pytest.fixture
def target() -> Target:
    at = clock.now()
    made = Target.objects.create(instance="VDXP", environment="production", platform="VDXP", imported_at=at)
    Drift.objects.create(
        target=made, kind=Drift.FOREIGN, subject=SUBJECT, service_code="X", first_seen_at=at, last_seen_at=at
    )
    LegacyRight.objects.create(target=made, subject=SUBJECT, service_code="TraCuuThongTinCongDan", found_at=at)
    Run.objects.create(
        target=made,
        fence=1,
        mode="enforce",
        began_at=at,
        ended_at=at,
        outcome=Run.ASKS,
        steps=[{"step": "asks", "subject": SUBJECT, "service_code": "X", "servers": [], "because": ["ledger"]}],
    )
    PublishedDirectory.objects.create(
        environment="production",
        version=7,
        signed_at=at,
        changed_at=at,
        officers=200_000,
        grants=3,
        conflicts=["H55 x"],
    )
    return made


def pages(target: Target) -> list[str]:
    right, run = target.legacy_rights.get(), target.runs.get()
    beneath = (f"quyen/{right.pk}/", f"lan-chay/{run.pk}/", "")
    return ["/may-chu/", *(f"/may-chu/VDXP/{each}" for each in beneath)]


@pytest.mark.parametrize("who", ["c06", "c06_publisher", "auditor"])
def test_c06_sees_them(cast: Cast, target: Target, who: str) -> None:
    client = cast.client(who)
    for page in pages(target):
        assert client.get(page).status_code == 200, page


@pytest.mark.parametrize("who", ["rep", "pc06", "a05", "leader_1", "vdxp", "ndxp", "district"])
def test_others_do_not(cast: Cast, target: Target, who: str) -> None:
    client = cast.client(who)
    for page in pages(target):
        assert client.get(page).status_code == 404, page
    assert client.post("/may-chu/VDXP/viec/enforce/", {"reason": "x"}).status_code == 404
    assert Proposal.objects.count() == 0


def test_the_overview_tells_everything_at_a_glance(cast: Cast, target: Target) -> None:
    page = cast.client("c06_publisher").get("/may-chu/").content.decode()
    for told in ("VDXP", "Theo dõi", "Dừng, chờ hai cán bộ quyết định", "Đúng như đã duyệt", "H55 x", "Gửi thư"):
        assert told in page
    PublishedDirectory.objects.update(signed_at=clock.now() - timedelta(minutes=5))
    assert "Không được ký lại" in cast.client("c06_publisher").get("/may-chu/").content.decode()
    PublishedDirectory.objects.update(signed_at=clock.now() - timedelta(minutes=11))
    assert "Không có danh bạ còn hiệu lực" in cast.client("c06_publisher").get("/may-chu/").content.decode()


def test_two_officers_switch_enforce_on_by_the_page(cast: Cast, target: Target) -> None:
    first = cast.client("c06_publisher")
    second = as_person(at_desk("c06", Role.PUBLISHER, name="two"), "desk:c06")
    first.post("/may-chu/VDXP/viec/enforce/", {"reason": "đã rà soát"})
    (proposal,) = Proposal.objects.all()
    address = f"/may-chu/VDXP/de-xuat/{proposal.pk}/confirm/"
    page = first.post(address, follow=True).content.decode()
    assert "Người xác nhận phải khác người đề xuất" in page
    target.refresh_from_db()
    assert target.mode == Target.WATCH
    assert cast.client("c06").post(address, follow=True).status_code == 200
    target.refresh_from_db()
    assert target.mode == Target.WATCH, "a handler is no server officer"
    second.post(address)
    target.refresh_from_db()
    assert target.mode == Target.ENFORCE


def test_a_standing_right_is_decided_by_the_page(cast: Cast, target: Target) -> None:
    right, client = target.legacy_rights.get(), cast.client("c06_publisher")
    address = f"/may-chu/VDXP/quyen/{right.pk}/"
    assert client.post(address, {"keep": "1", "keep-until": "", "keep-reason": ""}).status_code == 200
    assert Proposal.objects.count() == 0
    until = (clock.today() + timedelta(days=90)).isoformat()
    kept = client.post(address, {"keep": "1", "keep-until": until, "keep-reason": "từ 2022"})
    assert kept.status_code == 302
    (proposal,) = Proposal.objects.all()
    assert (proposal.kind, proposal.what["organisation"], proposal.what["until"]) == (Proposal.KEEP, "H55", until)
    client.post(address, {"remove": "1", "remove-reason": "không ai duyệt"})
    assert Proposal.objects.filter(kind=Proposal.REMOVE).count() == 1


def test_every_task_of_the_table_can_be_loaded() -> None:
    assert len({task.name for task in TASKS}) == len(TASKS)
    for task in TASKS:
        assert callable(task.load())


def test_a_failing_task_is_written_down_without_what_it_quoted() -> None:
    task = Task("breaks", TASKS[0].title, 5, "x", "x:y")

    def fail() -> None:
        raise ValueError("Nguyễn Văn A, 900000000001")

    assert not run_once(task, fail)
    assert not run_once(task, fail)
    health = TaskHealth.objects.get(pk="breaks")
    assert (health.failures, health.runs) == (2, 2)
    assert re.fullmatch(r"ValueError in worker/loop\.py:\d+", health.trouble)
    assert run_once(task, lambda: None)
    health.refresh_from_db()
    assert (health.failures, health.trouble) == (0, "")
    assert not health.is_late(clock.now(), 5)
    assert health.is_late(clock.now() + timedelta(hours=1), 5)
