"""Objections are kept for a time after both answers, and never dropped before."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest
from django.urls import reverse

from ketnoi_pages import clock
from ketnoi_portal import settings as portal_settings
from ketnoi_portal.audit.models import Event
from ketnoi_portal.identities import retention
from ketnoi_portal.identities.models import Objection, ObjectionAnswer
from ketnoi_portal.process.roles import Role
from ketnoi_portal.settings import Objections, Settings
from ketnoi_portal.worker.tasks import TASKS

from .browsing import as_person
from .objection_rows import an_objection
from .offices import at_desk, found

pytestmark = pytest.mark.django_db

YEAR = timedelta(days=365)
OLD = YEAR + timedelta(hours=1)
YOUNG = YEAR - timedelta(hours=1)


@pytest.fixture(autouse=True)
def _a_year(monkeypatch: pytest.MonkeyPatch) -> None:
    found()
    own = msgspec.structs.replace(portal_settings.current(), objections=Objections(keep_answered_days=365))
    monkeypatch.setattr("ketnoi_portal.identities.retention.current", lambda: own)


def answered(
    objection: Objection, by: str, ago: timedelta = OLD, *, sent: bool = True, refused: bool = False
) -> Objection:
    at: datetime = clock.now() - ago
    ObjectionAnswer.objects.create(
        objection=objection,
        by=by,
        words="Đã kiểm tra",
        person="p",
        at=at,
        sent_at=at if sent else None,
        refused=refused,
    )
    return objection


def by_both(number: int, c06: timedelta = OLD, agency: timedelta = OLD) -> Objection:
    return answered(answered(an_objection(number), "c06", c06), "agency", agency)


def test_what_both_answered_long_ago_goes_with_its_answers() -> None:
    gone, kept = by_both(1), by_both(2, agency=YOUNG)
    assert retention.drop_answered() == 1
    assert list(Objection.objects.all()) == [kept]
    assert {each.objection_id for each in ObjectionAnswer.objects.all()} == {kept.pk}
    event = Event.objects.get(act="drop_objection")
    assert event.subject == str(gone.pk)
    assert "Tôi không làm thủ tục này" not in str(event.before) + str(event.after)
    assert retention.drop_answered() == 0


def test_what_waits_for_an_answer_stays_however_old() -> None:
    ages = clock.now() - 20 * YEAR
    an_objection(1, made_at=ages, due_at=ages)
    answered(an_objection(2, made_at=ages, due_at=ages), "c06", 19 * YEAR)
    answered(an_objection(3, made_at=ages, due_at=ages), "agency", 19 * YEAR)
    by_both(4, c06=YOUNG, agency=19 * YEAR)
    assert retention.drop_answered() == 0
    assert Objection.objects.count() == 4


def test_an_answer_that_the_identity_system_does_not_have_yet_keeps_it() -> None:
    unsent = answered(answered(an_objection(1), "c06"), "agency", sent=False)
    answered(answered(an_objection(2), "c06"), "agency", sent=False, refused=True)
    assert retention.drop_answered() == 1
    assert list(Objection.objects.all()) == [unsent]


def test_many_go_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_AT_ONCE", 2)
    for number in range(5):
        by_both(number + 1)
    assert [retention.drop_answered() for _ in range(4)] == [2, 2, 1, 0]
    assert not Objection.objects.exists()


def test_the_worker_does_it_every_hour_and_the_page_goes_on() -> None:
    by_both(1)
    kept = by_both(2, c06=YOUNG)
    task = next(each for each in TASKS if each.name == "drop_old_objections")
    assert task.every == 3600
    assert task.load()() == 1
    page = as_person(at_desk("c06", Role.HANDLER)).get(reverse("identities:list") + "?tat-ca=1")
    assert page.status_code == 200
    assert [row["objection"] for row in page.context["rows"]] == [kept]


@pytest.mark.parametrize("days", [0, -1, 36_501])
def test_a_period_is_a_day_at_least(days: int) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"keep_answered_days": days}, Objections)
    assert Settings(database="", secret_key_file="").objections.keep_answered_days == 3650
