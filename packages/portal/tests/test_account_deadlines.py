"""Accounts wait for somebody, for a time; who is told when, and what becomes of an account at its end date."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from ketnoi_pages import clock
from ketnoi_portal.accounts.actions import take
from ketnoi_portal.accounts.deadlines import run
from ketnoi_portal.accounts.directory_view import bucket_names, officers_in
from ketnoi_portal.accounts.models import Account
from ketnoi_portal.accounts.tasks import expire
from ketnoi_portal.accounts.writing import AccountGiven
from ketnoi_portal.agencies.models import Desk
from ketnoi_portal.audit.models import Event
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.process.account_case import AccountCase, AccountState
from ketnoi_portal.process.charts import Level
from ketnoi_portal.process.deadlines import (
    ACCOUNT_DAYS,
    ESCALATE_AFTER_DAYS,
    EXPIRY_NOTICE_DAYS,
    REMIND_BEFORE_DAYS,
    told_when_late,
    waited_for,
)
from ketnoi_portal.process.roles import Actor, DeskKind
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.worker.tasks import TASKS
from ketnoi_protocol.services import Environment, System

from .account_helpers import comes_in, commune_with_commitment, ready_to_hand_over
from .applications import an_application
from .browsing import as_person
from .offices import found

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
WITH_DESK = timedelta(days=ACCOUNT_DAYS[AccountState.WITH_DESK])


@pytest.fixture
def people() -> tuple[Actor, Actor, Actor, Actor]:
    """A commune's representative, and the desks of its route, each with an address."""
    found()
    an_application("H55")
    for slug in ("doi-h55-30", "pc06-h55", "c06"):
        Desk.objects.filter(pk=slug).update(email=f"{slug}@desk.example")
    return commune_with_commitment()


def handed_over(rep: Actor, name: str) -> Account:
    account = ready_to_hand_over(rep, "H55.30.12", name)
    return take(rep, account, "hand_over_to_district_police")


def created(people: tuple[Actor, Actor, Actor, Actor], name: str) -> Account:
    rep, team, pc06, c06 = people
    account = handed_over(rep, name)
    take(team, account, "accept_commitment")
    for desk, step in ((team, "forward"), (pc06, "forward"), (c06, "create")):
        account = take(desk, account, step)
    return account


def active(people: tuple[Actor, Actor, Actor, Actor], name: str) -> Account:
    account = created(people, name)
    return take(comes_in(account), account, "activate")


def told() -> list[tuple[str, str]]:
    """Letters about accounts' turns since the last look: address and occasion."""
    letters = Letter.objects.filter(key__startswith="accounts:").order_by("address")
    said = [(each.address, each.key.split(":")[1]) for each in letters]
    letters.delete()
    return said


def test_the_table_says_who_is_waited_for_and_who_hears_of_it() -> None:
    case = AccountCase(System.POPULATION, "H55.30.12", Level.COMMUNE, "chart_2022", AccountState.WITH_DESK)
    first, second, third = case.route
    assert (waited_for(case), told_when_late(case)) == (first, (first, second))
    assert told_when_late(case.but(position=1)) == (second, third)
    assert told_when_late(case.but(position=2)) == (third,)
    for state in (AccountState.RETURNED, AccountState.CREATED):
        waiting = case.but(state=state)
        assert (waited_for(waiting), told_when_late(waiting)) == (DeskKind.AGENCY, (DeskKind.AGENCY, first))
    for state in set(AccountState) - set(ACCOUNT_DAYS):
        assert (waited_for(case.but(state=state)), told_when_late(case.but(state=state))) == (None, ())


def test_each_desk_has_its_time_anew_and_is_told_once(people: tuple[Actor, Actor, Actor, Actor]) -> None:
    rep, team, *_ = people
    both = [handed_over(rep, "an"), handed_over(rep, "binh")]
    assert all(each.due_at == each.state_since + WITH_DESK for each in both)
    assert run() == 2
    letter = Letter.objects.get(key__startswith="accounts:turn")
    assert letter.subject == "2 tài khoản chờ xử lý · 2 accounts wait for you"
    assert "an" not in letter.body.split()
    assert told() == [("doi-h55-30@desk.example", "turn")]
    assert run() == 0
    take(team, both[0], "accept_commitment")
    before = both[0].due_at
    forwarded = take(team, both[0], "forward")
    assert before is not None
    assert forwarded.due_at is not None
    assert forwarded.due_at > before
    run()
    assert told() == [("pc06-h55@desk.example", "turn")]


def test_a_desk_is_reminded_and_the_next_one_upwards_told(people: tuple[Actor, Actor, Actor, Actor]) -> None:
    account = handed_over(people[0], "an")
    due = account.due_at
    assert due is not None
    run()
    told()
    assert run(due - timedelta(days=REMIND_BEFORE_DAYS) - DAY) == 0
    assert run(due - timedelta(days=REMIND_BEFORE_DAYS)) == 1
    assert told() == [("doi-h55-30@desk.example", "soon")]
    assert run(due + timedelta(days=ESCALATE_AFTER_DAYS) - timedelta(minutes=1)) == 0
    assert run(due + timedelta(days=ESCALATE_AFTER_DAYS)) == 1
    assert told() == [("doi-h55-30@desk.example", "late"), ("pc06-h55@desk.example", "late")]
    assert run(due + 100 * DAY) == 0


def test_what_is_late_stands_in_the_queues(people: tuple[Actor, Actor, Actor, Actor]) -> None:
    rep, team, pc06, _ = people
    late, fresh = handed_over(rep, "an"), handed_over(rep, "binh")
    Account.objects.filter(pk=fresh.pk).update(due_at=clock.now() + DAY)
    Account.objects.filter(pk=late.pk).update(due_at=clock.now() - 2 * DAY)
    run()
    page = as_person(team).get(reverse("accounts:queue"))
    assert [(row["account"].pk, row["late"]) for row in page.context["rows"]] == [(late.pk, True), (fresh.pk, False)]
    assert page.context["late_here"] == 1
    assert page.context["late_elsewhere"] == 0
    above = as_person(pc06)
    assert above.get(reverse("accounts:queue")).context["late_elsewhere"] == 1
    listed = above.get(reverse("accounts:start") + "?late=1", follow=True)
    assert [each.pk for each in listed.context["page"].object_list] == [late.pk]
    assert "quá hạn" in as_person(team).get("/viec/").content.decode()


def test_a_returned_request_waits_for_its_unit(people: tuple[Actor, Actor, Actor, Actor]) -> None:
    rep, team, *_ = people
    account = take(team, handed_over(rep, "an"), "return_request", given=AccountGiven(reason="thiếu chữ ký"))
    run()
    assert told() == [("representative-h55-30-12@example.vn", "turn")]
    assert account.due_at is not None
    run(account.due_at + timedelta(days=ESCALATE_AFTER_DAYS))
    assert told() == [("doi-h55-30@desk.example", "late"), ("representative-h55-30-12@example.vn", "late")]
    again = take(rep, account, "hand_over_to_district_police")
    assert (again.told_at, again.reminded_at, again.escalated_at) == (None, None, None)


def test_an_officer_is_reminded_of_activating(people: tuple[Actor, Actor, Actor, Actor]) -> None:
    account = created(people, "an")
    run()
    assert told() == []
    assert account.due_at is not None
    run(account.due_at - DAY)
    assert told() == [("an@example.vn", "soon")]
    done = take(comes_in(account), account, "activate")
    assert done.due_at is None
    assert run(account.due_at + 10 * DAY) == 0


def until(days: int) -> AccountGiven:
    return AccountGiven(reason="theo hợp đồng", due=clock.today() + timedelta(days=days))


def shown() -> dict[str, bool]:
    rows = officers_in(Environment.PRODUCTION, bucket_names()).values()
    return {officer.code: officer.active for some in rows for officer in some}


def test_an_end_is_announced_and_then_takes_the_account_out(people: tuple[Actor, Actor, Actor, Actor]) -> None:
    _, team, *_ = people
    account = take(team, active(people, "an"), "renew", given=until(EXPIRY_NOTICE_DAYS + 1))
    end = account.valid_until
    assert end is not None
    assert end.astimezone(clock.HANOI).date() == clock.today() + timedelta(days=EXPIRY_NOTICE_DAYS + 1)
    run()
    told()
    assert run() == 0
    announced = end - timedelta(days=EXPIRY_NOTICE_DAYS)
    assert run(announced) == 1
    assert told() == [
        ("an@example.vn", "end"),
        ("doi-h55-30@desk.example", "end"),
        ("representative-h55-30-12@example.vn", "end"),
    ]
    assert run(announced + DAY) == 0
    assert expire() == 0
    assert shown() == {account.code: True}
    revision = account.revision
    Account.objects.filter(pk=account.pk).update(valid_until=clock.now())
    assert expire() == 1
    account.refresh_from_db()
    assert account.state == AccountState.EXPIRED
    assert account.revision > revision
    assert shown() == {}
    assert Event.objects.filter(act="expire", subject=str(account.pk)).get().person == "system"
    assert expire() == 0


def test_its_desk_renews_it(people: tuple[Actor, Actor, Actor, Actor]) -> None:
    rep, team, pc06, c06 = people
    account = active(people, "an")
    Account.objects.filter(pk=account.pk).update(valid_until=clock.now())
    expire()
    account.refresh_from_db()
    for other in (rep, pc06, c06):
        with pytest.raises(StepRefused):
            take(other, account, "renew", given=until(90))
    renewed = take(team, account, "renew", given=until(90))
    assert (renewed.state, renewed.end_told_at) == (AccountState.ACTIVE, None)
    assert shown() == {renewed.code: True}


@pytest.mark.parametrize("days", [0, -1, 5 * 365 + 1])
def test_an_end_lies_ahead_and_not_too_far(people: tuple[Actor, Actor, Actor, Actor], days: int) -> None:
    account = active(people, "an")
    with pytest.raises(StepRefused, match="end_date_wrong"):
        take(people[1], account, "renew", given=until(days))
    with pytest.raises(StepRefused, match="end_date_wrong"):
        take(people[1], account, "renew", given=AccountGiven(reason="x"))


def test_what_a_higher_desk_suspended_no_renewal_opens(people: tuple[Actor, Actor, Actor, Actor]) -> None:
    _, team, pc06, _ = people
    account = take(pc06, active(people, "an"), "suspend", "pc06", AccountGiven(reason="x"))
    Account.objects.filter(pk=account.pk).update(valid_until=clock.now())
    assert expire() == 0
    with pytest.raises(StepRefused, match="not_ended"):
        take(pc06, account, "resume", given=AccountGiven(reason="x"))
    assert take(team, account, "renew", given=until(90)).state == AccountState.SUSPENDED
    assert take(pc06, account, "resume", given=AccountGiven(reason="x")).state == AccountState.ACTIVE


def test_the_page_takes_the_date(people: tuple[Actor, Actor, Actor, Actor]) -> None:
    account, team = active(people, "an"), as_person(people[1])
    assert 'type="date"' in team.get(reverse("accounts:one", args=[account.pk])).content.decode()
    day = clock.today() + timedelta(days=20)
    for given in ("", "31-12-2030", day.isoformat()):
        team.post(reverse("accounts:step", args=[account.pk, "renew"]), {"until": given, "reason": "hợp đồng"})
    account.refresh_from_db()
    assert account.valid_until is not None
    assert account.valid_until.astimezone(clock.HANOI).date() == day
    assert Event.objects.filter(act="renew", subject=str(account.pk)).count() == 1
    near = team.get(reverse("accounts:watch"), {"ending": "1"}).context["page"].object_list
    assert [each.pk for each in near] == [account.pk]


def test_the_worker_does_it() -> None:
    calls = {task.name: task.load() for task in TASKS}
    assert calls["expire_accounts"] is expire
    assert calls["watch_account_deadlines"] is run
