"""Who is told of what, by notice and letter; reminders, escalation; what time alone does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.urls import reverse

from ketnoi_pages import clock
from ketnoi_portal.agencies.models import Desk
from ketnoi_portal.day.models import Waiting
from ketnoi_portal.notices import deadlines
from ketnoi_portal.notices.models import Letter, Notice
from ketnoi_portal.notices.table import TOLD
from ketnoi_portal.onboarding import time_passing
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.process.case import Confirmation, Stage
from ketnoi_portal.process.roles import DeskKind
from ketnoi_portal.process.rules import StepRefused, can_step
from ketnoi_portal.process.workflow import STEP, STEPS

from .pages import Cast, Walk

pytestmark = pytest.mark.django_db


class Hands:
    """A clock that a test moves."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """Where the hands stand."""
        return self.at


@pytest.fixture
def hands() -> Iterator[Hands]:
    """The portal's clock, stopped at the present moment until it is moved."""
    stopped = Hands(clock.now())
    before = clock.use(stopped)
    yield stopped
    clock.use(before)


@pytest.fixture
def cast() -> Cast:
    """The offices, each with an address."""
    found = Cast()
    for desk in Desk.objects.all():
        desk.email = f"{desk.pk}@bca.example.vn"
        desk.save()
    return found


def letters() -> dict[str, list[str]]:
    """What stands in the outbox, by address."""
    found: dict[str, list[str]] = {}
    for letter in Letter.objects.order_by("pk"):
        found.setdefault(letter.address, []).append(letter.subject.partition("] ")[2])
    return found


def test_the_table_has_a_row_for_each_step_of_the_process() -> None:
    assert TOLD.keys() == {step.name for step in STEPS}
    assert all(isinstance(kind, DeskKind) for row in TOLD.values() for kind in row)


def test_each_office_hears_of_its_turn_and_of_what_others_did(cast: Cast) -> None:
    walk = Walk(cast)
    walk.to(Stage.SUBMITTED)
    assert letters() == {
        "c06@bca.example.vn": ["Đến lượt xử lý: Tiếp nhận, mở cấu hình thử nghiệm"],
        "vdxp@bca.example.vn": ["Đến lượt xử lý: Đăng ký trên nền tảng"],
    }
    walk.take("c06", "return_registration", given=Given(reason="thiếu số quyết định"))
    # One letter for one event; in the portal both stand.
    assert letters()["motcua@example.vn"] == ["Trả lại đăng ký"]
    notices = Notice.objects.filter(office="agency:H55", application=walk.application)
    assert list(notices.order_by("pk").values_list("act", flat=True)) == ["return_registration", "turn:submit"]


def test_a_letter_carries_no_data_but_a_link(cast: Cast) -> None:
    walk = Walk(cast)
    walk.to(Stage.SUBMITTED)
    walk.take("c06", "return_registration", given=Given(reason="bí mật của lý do"))
    for letter in Letter.objects.all():
        text = letter.subject + letter.body
        assert walk.application.number in text
        assert f"http://testserver/ho-so/{walk.application.pk}/" in text
        for data in ("bí mật của lý do", "Thái Nguyên", "H55", "Cổng dịch vụ công", "example.vn"):
            assert data not in text


def test_nobody_is_written_to_about_what_they_did_themselves(cast: Cast) -> None:
    Walk(cast).to(Stage.TESTING)
    for told in letters().get("motcua@example.vn", []):
        assert "Nhận tài khoản tích hợp" not in told or told.startswith("Đến lượt")
    assert all("Tiếp nhận" not in told or told.startswith("Đến lượt") for told in letters()["c06@bca.example.vn"])


def test_an_office_is_reminded_before_and_told_with_c06_after_its_time(cast: Cast, hands: Hands) -> None:
    walk = Walk(cast)
    walk.to(Stage.WITH_PC06)
    row = Waiting.objects.get(application=walk.application, office="desk:pc06-h55")
    assert row.due_at is not None
    Letter.objects.all().delete()
    assert deadlines.run(row.due_at - timedelta(days=3)) == 0
    assert deadlines.run(row.due_at - timedelta(days=1)) >= 1
    assert letters()["pc06-h55@bca.example.vn"] == ["Sắp đến hạn: Chuyển C06"]
    assert "c06@bca.example.vn" not in letters()
    told = Letter.objects.count()
    deadlines.run(row.due_at - timedelta(hours=1))
    assert Letter.objects.count() == told
    deadlines.run(row.due_at + timedelta(days=1, minutes=1))
    deadlines.run(row.due_at + timedelta(days=2))
    assert letters()["pc06-h55@bca.example.vn"] == ["Sắp đến hạn: Chuyển C06", "Quá hạn: Chuyển C06"]
    assert letters()["c06@bca.example.vn"].count("Quá hạn: Chuyển C06") == 1


def test_a_confirmation_lapses_after_its_last_day_and_everybody_hears(cast: Cast, hands: Hands) -> None:
    walk = Walk(cast)
    walk.to(Stage.TESTED)
    last = walk.application.assessments.filter(assessor="a05").get().valid_until
    assert last is not None
    hands.at = datetime(last.year, last.month, last.day, 23, 0, tzinfo=clock.HANOI)
    assert time_passing.run() == 0
    hands.at += timedelta(hours=2)
    Letter.objects.all().delete()
    assert time_passing.run() == 2
    assert time_passing.run() == 0
    case = Application.objects.get(pk=walk.application.pk).case()
    assert {said for _, said in case.confirmations} == {Confirmation.STALE}
    told = [each for each in letters() if any("Văn bản xác nhận hết hạn" in one for one in letters()[each])]
    assert {"motcua@example.vn", "c06@bca.example.vn", "a05@bca.example.vn", "a06@bca.example.vn"} <= set(told)


def test_what_is_past_opens_no_production_though_nothing_has_written_it_down(cast: Cast, hands: Hands) -> None:
    walk = Walk(cast)
    walk.to(Stage.APPROVED)
    walk.take(walk.operator, "register_on_platform", "VDXP/production")
    last = walk.application.assessments.filter(assessor="a05").get().valid_until
    assert last is not None
    hands.at = datetime(last.year, last.month, last.day, 23, 0, tzinfo=clock.HANOI)
    assert can_step(STEP["go_live"], walk.application.case(), "", cast["c06"])
    hands.at += timedelta(hours=2)
    with pytest.raises(StepRefused, match="missing:security_confirmed"):
        walk.take("c06", "go_live")
    assert {each.said for each in walk.application.assessments.filter(current=True)} == {Confirmation.VALID}
    told = cast.client("c06").get(reverse("onboarding:application", args=[walk.application.pk])).content.decode()
    assert "Văn bản xác nhận an ninh, an toàn không còn giá trị" in told
    assert told.count("Không còn giá trị, phải đánh giá lại") == 2
    assert time_passing.run() == 2
    until = clock.today() + timedelta(days=365)
    for assessor in ("a05", "a06"):
        walk.take(assessor, "confirm_security", assessor, Given(number="2/XN", dated=clock.today(), valid_until=until))
    walk.take("c06", "go_live")
    assert walk.application.stage == Stage.LIVE


def test_an_approved_time_ends_by_itself(cast: Cast, hands: Hands) -> None:
    walk = Walk(cast)
    walk.to(Stage.LIVE)
    last = walk.application.valid_until
    assert last is not None
    hands.at = datetime(last.year, last.month, last.day, 23, 0, tzinfo=clock.HANOI)
    time_passing.run()
    assert Application.objects.get(pk=walk.application.pk).stage == Stage.LIVE
    hands.at += timedelta(hours=2)
    time_passing.run()
    assert Application.objects.get(pk=walk.application.pk).stage == Stage.EXPIRED


def test_notices_are_read_by_their_office_and_marked_for_each_person(cast: Cast) -> None:
    walk = Walk(cast)
    walk.to(Stage.SUBMITTED)
    c06, rep = cast.client("c06"), cast.client("rep")
    page = reverse("notices")
    assert "Tiếp nhận" in c06.get(page).content.decode()
    assert "Tiếp nhận" not in rep.get(page).content.decode()
    assert "mới</span>" in c06.get(page).content.decode()
    c06.post(reverse("notices_read"))
    assert "mới</span>" not in c06.get(page).content.decode()
    assert "mới</span>" in cast.client("auditor").get(page).content.decode()
