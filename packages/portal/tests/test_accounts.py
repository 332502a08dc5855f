"""Officers' accounts through the actions: the route, what holds an account up, what ends one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec.structs import force_setattr

from ketnoi_pages import clock
from ketnoi_portal.accounts import actions, list_actions, review_actions, tasks
from ketnoi_portal.accounts.actions import Asked, take, take_many
from ketnoi_portal.accounts.models import Account, Batch
from ketnoi_portal.accounts.unit_actions import take_for_unit
from ketnoi_portal.accounts.writing import AccountGiven
from ketnoi_portal.agencies.models import Desk, Organisation
from ketnoi_portal.audit.checking import first_broken
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.process.account_case import AccountState
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.roles import Actor, Role
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.settings import current
from ketnoi_portal.staff import actions as staff_actions
from ketnoi_portal.staff.models import Assignment, Person, hats_of
from ketnoi_protocol.services import Service, System

from .account_helpers import ask, comes_in, commitment, commune_with_commitment, ready_to_hand_over
from .applications import an_application
from .offices import at_agency, at_desk, found

pytestmark = pytest.mark.django_db

COMMUNE, DISTRICT_TEAM = "H55.30.12", "doi-h55-30"


def created(account: Account, *desks: Actor) -> Account:
    for number, desk in enumerate(desks):
        if number == 0:
            take(desk, account, "accept_commitment")
        if number + 1 < len(desks):
            list_actions.forward(desk, [account])
            account.refresh_from_db()
        else:
            account = take(desk, account, "create")
    return account


def test_a_commune_officer_gets_an_account_over_three_desks() -> None:
    found()
    an_application("H55")
    rep, district, pc06, c06 = commune_with_commitment()
    account = ready_to_hand_over(rep, COMMUNE, "an")
    sent = list_actions.hand_over(rep, [account])
    assert [(batch.count, batch.to_desk) for batch in sent.batches] == [(1, "district_police")]
    assert sent.refused == ()
    with pytest.raises(StepRefused, match="not_your_role"):
        take(pc06, account, "forward")
    with pytest.raises(StepRefused, match="missing:commitment_accepted"):
        take(district, account, "forward")
    account = created(account, district, pc06, c06)
    assert account.code == "H55.30.12.CB.0001"
    assert account.state == AccountState.CREATED
    assert Letter.objects.filter(address="an@example.vn").count() == 1
    with pytest.raises(StepRefused, match="not_your_role|not_your_account"):
        take(rep, account, "activate")
    account = take(comes_in(account), account, "activate")
    assert account.state == AccountState.ACTIVE
    assert Batch.objects.count() == 3
    assert first_broken() is None


def test_one_returned_line_holds_back_no_other() -> None:
    found()
    an_application("H55")
    rep, district, *_ = commune_with_commitment()
    three = [ready_to_hand_over(rep, COMMUNE, name) for name in ("an", "binh", "chi")]
    list_actions.hand_over(rep, three)
    for each in three[:2]:
        take(district, each, "accept_commitment")
    take(district, three[1], "return_request", given=AccountGiven(reason="Sai chức vụ"))
    sent = list_actions.forward(district, three)
    assert [batch.count for batch in sent.batches] == [1]
    assert {line.account.full_name: line.reasons[0].code for line in sent.refused} == {
        "binh": "wrong_stage",
        "chi": "missing:commitment_accepted",
    }
    assert {a.full_name: a.state for a in Account.objects.all()} == {
        "an": "with_desk",
        "binh": "returned",
        "chi": "with_desk",
    }
    # What comes again is read again.
    assert three[1].commitments.get(current=True).state == "filed"
    assert Account.objects.get(full_name="an").desk == "pc06"


def test_services_beyond_the_organisations_are_refused() -> None:
    found()
    an_application("H55", services=(Service.LOOK_UP_CITIZEN,))
    rep, *_ = commune_with_commitment()
    account = ready_to_hand_over(rep, COMMUNE, "an", Service.LOOK_UP_CITIZEN, Service.VERIFY_HOUSEHOLD)
    with pytest.raises(StepRefused, match="missing:services_granted"):
        take(rep, account, "hand_over_to_district_police")
    asked = ask(COMMUNE, "an", Service.LOOK_UP_CITIZEN)
    actions.save(rep, account, asked)
    assert take(rep, account, "hand_over_to_district_police").desk == "district_police"


def test_a_suspended_application_makes_no_accounts() -> None:
    found()
    suspended = an_application("H55")
    rep, district, *_ = commune_with_commitment()
    account = ready_to_hand_over(rep, COMMUNE, "an")
    take(rep, account, "hand_over_to_district_police")
    take(district, account, "accept_commitment")
    suspended.stage = Stage.SUSPENDED
    suspended.save()
    with pytest.raises(StepRefused, match="^missing:application_live$"):
        take(district, account, "forward")


def test_without_the_units_commitment_there_is_no_account() -> None:
    found()
    an_application("H55")
    rep = at_agency(COMMUNE)
    account = ready_to_hand_over(rep, COMMUNE, "an")
    with pytest.raises(StepRefused, match="^missing:unit_commitment_accepted$"):
        take(rep, account, "hand_over_to_district_police")
    unit = Organisation.objects.get(pk=COMMUNE)
    take_for_unit(rep, unit, "file_unit_commitment", commitment("phuong"))
    with pytest.raises(StepRefused, match="^missing:unit_commitment_accepted$"):
        take(rep, account, "hand_over_to_district_police")
    with pytest.raises(StepRefused, match="not_your_role"):
        take_for_unit(at_desk("pc06-h55", Role.HANDLER), unit, "accept_unit_commitment")
    take_for_unit(at_desk(DISTRICT_TEAM, Role.HANDLER), unit, "accept_unit_commitment")
    assert take(rep, account, "hand_over_to_district_police").state == "with_desk"


def test_one_commitment_is_not_two_peoples() -> None:
    found()
    rep = at_agency(COMMUNE)
    first, second = (actions.request(rep, ask(COMMUNE, name)) for name in ("an", "binh"))
    take(rep, first, "file_commitment", given=commitment("an"))
    with pytest.raises(StepRefused, match="commitment_of_another"):
        take(rep, second, "file_commitment", given=commitment("an"))
    take(rep, first, "file_commitment", given=commitment("an, again"))
    assert first.commitments.filter(current=True).count() == 1


def test_the_identity_system_offers_no_accounts_and_says_why() -> None:
    found()
    with pytest.raises(StepRefused, match="missing:population_only") as refused:
        actions.request(at_agency("G15"), ask("G15", "an"), System.IDENTITY)
    assert "electronic identity account" in refused.value.reasons[0].title.en
    assert Account.objects.count() == 0


def active_account(name: str = "an") -> tuple[Account, Actor, Actor, Actor, Actor]:
    an_application("H55")
    rep, district, pc06, c06 = commune_with_commitment()
    account = ready_to_hand_over(rep, COMMUNE, name)
    list_actions.hand_over(rep, [account])
    account = created(account, district, pc06, c06)
    return take(comes_in(account), account, "activate"), rep, district, pc06, c06


def test_a_withdrawn_commitment_suspends_at_once() -> None:
    found()
    account, rep, district, *_ = active_account()
    officer = comes_in(account)
    account = take(officer, account, "withdraw_own_commitment", given=AccountGiven(reason="Chuyển việc"))
    assert account.state == AccountState.SUSPENDED
    with pytest.raises(StepRefused, match="missing:commitment_accepted"):
        take(district, account, "resume", given=AccountGiven(reason="mở"))
    take(rep, account, "file_commitment", given=commitment("new"))
    take(district, account, "accept_commitment")
    assert take(district, account, "resume", given=AccountGiven(reason="mở")).state == AccountState.ACTIVE


def test_a_withdrawn_commitment_of_the_unit_suspends_everybody_there() -> None:
    found()
    account, rep, district, *_ = active_account()
    unit = Organisation.objects.get(pk=COMMUNE)
    take_for_unit(rep, unit, "withdraw_unit_commitment", AccountGiven(reason="Sáp nhập"))
    account.refresh_from_db()
    assert account.state == AccountState.SUSPENDED
    with pytest.raises(StepRefused, match="missing:unit_commitment_accepted"):
        take(district, account, "resume", given=AccountGiven(reason="mở"))


def test_a_lower_desk_does_not_lift_what_c06_ordered() -> None:
    found()
    account, _, district, _, c06 = active_account()
    why = AccountGiven(reason="Truy cập bất thường")
    take(district, account, "suspend", "district_police", why)
    account = take(c06, account, "suspend", "c06", why)
    with pytest.raises(StepRefused, match="not_your_role"):
        take(district, account, "resume", given=why)
    assert take(c06, account, "resume", given=why).state == AccountState.ACTIVE


def test_a_transferred_officer_keeps_the_code_and_passes_the_new_units_desks() -> None:
    found()
    account, rep, *_ = active_account()
    province = at_agency("H55")
    code = account.code
    account = take(province, account, "transfer", "H55.02/department", AccountGiven(reason="Điều động"))
    assert (account.state, account.unit_id, account.code) == ("draft", "H55.02", code)
    assert not Assignment.objects.filter(person=account.person, organisation=COMMUNE, until=None).exists()
    with pytest.raises(StepRefused, match="missing:unit_commitment_accepted"):
        take(province, account, "hand_over_to_pc06")
    with pytest.raises(StepRefused, match="not_your_organisation"):
        take(rep, account, "close", given=AccountGiven(reason="x"))


def test_whoever_leaves_has_no_account() -> None:
    found()
    account, rep, *_ = active_account()
    person = Person.objects.get(email="an@example.vn")
    staff_actions.leave(rep, person, Organisation.objects.get(pk=COMMUNE), "Nghỉ hưu")
    account.refresh_from_db()
    assert account.state == AccountState.CLOSED
    assert hats_of(person) == {}
    assert first_broken() is None


def test_whoever_decides_at_a_desk_gets_no_account() -> None:
    found()
    an_application("H55")
    rep, district, pc06, c06 = commune_with_commitment()
    account = ready_to_hand_over(rep, COMMUNE, "an")
    Account.objects.update(email=Person.objects.get(pk=pc06.person).email)
    list_actions.hand_over(rep, [account])
    with pytest.raises(StepRefused, match="separate"):
        created(account, district, pc06, c06)
    account.refresh_from_db()
    assert (account.state, account.code) == (AccountState.WITH_DESK, None)


def test_what_no_unit_confirms_in_the_yearly_review_is_suspended() -> None:
    found()
    account, rep, district, *_ = active_account()
    due = clock.today() + timedelta(days=30)
    with pytest.raises(StepRefused, match="too_soon"):
        review_actions.open_review(district, clock.today())
    assert review_actions.open_review(district, due) == 1
    assert review_actions.open_review(district, due) == 0
    assert Letter.objects.filter(key__startswith="review:").count() == 1
    assert tasks.lapse_reviews() == 0
    Account.objects.update(review_due=clock.today() - timedelta(days=1))
    assert tasks.lapse_reviews() == 1
    with pytest.raises(StepRefused, match="missing:review_confirmed"):
        take(district, account, "resume", given=AccountGiven(reason="mở"))
    take(rep, account, "confirm_review")
    assert take(district, account, "resume", given=AccountGiven(reason="mở")).state == AccountState.ACTIVE


def test_a_confirmed_account_goes_on() -> None:
    found()
    account, rep, district, *_ = active_account()
    review_actions.open_review(district, clock.today() + timedelta(days=30))
    assert take(rep, account, "confirm_review").state == AccountState.ACTIVE
    assert tasks.lapse_reviews() == 0


def test_whoever_saw_an_older_state_changes_nothing() -> None:
    found()
    rep = at_agency(COMMUNE)
    account = actions.request(rep, ask(COMMUNE, "an"))
    seen = account.version
    take(rep, account, "file_commitment", given=commitment("an"), version=seen)
    with pytest.raises(actions.Changed):
        take(rep, account, "close", given=AccountGiven(reason="x"), version=seen)


def test_a_person_asks_once_in_a_unit() -> None:
    found()
    rep = at_agency(COMMUNE)
    actions.request(rep, ask(COMMUNE, "an"))
    with pytest.raises(StepRefused, match="asked_already"):
        actions.request(rep, replace(ask(COMMUNE, "an"), email="AN@example.vn"))


def test_after_the_reform_commune_police_take_the_districts_place() -> None:
    found()
    an_application("H55")
    old_rep, district, pc06, c06 = commune_with_commitment()
    begun_before = ready_to_hand_over(old_rep, COMMUNE, "an")
    Desk.objects.create(slug="cax", kind="commune_police", title="CAX", organisation="G01.CAX.H553012", area=COMMUNE)
    force_setattr(current(), "chart", "chart_2025")
    try:
        police = at_desk("cax", Role.HANDLER)
        account = ready_to_hand_over(old_rep, COMMUNE, "binh")
        sent = list_actions.hand_over(old_rep, [account, begun_before])
        # What was begun before the change keeps its way.
        assert {batch.to_desk: batch.count for batch in sent.batches} == {"commune_police": 1, "district_police": 1}
        account = created(account, police, pc06, c06)
        assert account.state == AccountState.CREATED
        assert created(begun_before, district, pc06, c06).code == "H55.30.12.CB.0002"
        with pytest.raises(StepRefused, match="no_route"):
            actions.request(at_agency("H55.30"), ask("H55.30", "an"))
    finally:
        force_setattr(current(), "chart", "chart_2022")


def test_many_lines_at_once() -> None:
    found()
    an_application("H55")
    rep, district, *_ = commune_with_commitment()
    accounts = [ready_to_hand_over(rep, COMMUNE, f"n{number}") for number in range(5)]
    list_actions.hand_over(rep, accounts)
    lines = take_many(district, accounts, "accept_commitment")
    assert [line.reasons for line in lines] == [()] * 5


def test_asked_names_the_unit() -> None:
    found()
    asked = Asked(Organisation.objects.get(pk="H38"), "x", "y", "x@example.vn", ())
    with pytest.raises(StepRefused, match="not_your_organisation"):
        actions.request(at_agency("H55"), asked)
