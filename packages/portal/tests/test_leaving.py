"""People get and lose roles, stand in for one another, and leave; nothing is orphaned, and everything is told apart."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from ketnoi_pages import clock
from ketnoi_portal.agencies.models import Desk, Organisation
from ketnoi_portal.audit.checking import first_broken
from ketnoi_portal.audit.models import Event
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.process.roles import Actor, Role
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.staff import actions, places
from ketnoi_portal.staff.models import Assignment, Delegation, Person, hats_of

from .browsing import as_person
from .offices import at_agency, at_desk, found

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _offices() -> None:
    found()


def person(actor: Actor) -> Person:
    return Person.objects.get(pk=actor.person)


def role_of(actor: Actor) -> Assignment:
    return Assignment.objects.get(person=actor.person, until=None)


def h55() -> Organisation:
    return Organisation.objects.get(pk="H55")


def c06() -> Desk:
    return Desk.objects.get(pk="c06")


def test_the_last_of_a_needed_role_does_not_leave() -> None:
    rep, clerk = at_agency("H55"), at_agency("H55", Role.CLERK)
    with pytest.raises(StepRefused, match="last_able_person") as refused:
        actions.leave(rep, person(rep), h55(), "nghỉ hưu", person(clerk))
    assert "công văn" in refused.value.reasons[0].mend.vi
    with pytest.raises(StepRefused, match="last_able_person"):
        actions.end_role(rep, role_of(rep), "nghỉ hưu")
    assert hats_of(person(rep))
    second = at_agency("H55", name="second")
    actions.leave(rep, person(rep), h55(), "nghỉ hưu")
    assert not hats_of(person(rep))
    with pytest.raises(StepRefused, match="last_able_person"):
        actions.leave(second, person(second), h55(), "nghỉ hưu")


def test_a_leader_s_level_needs_somebody_of_that_level() -> None:
    first = at_desk("lanh-dao", Role.LEADER, level=1)
    at_desk("lanh-dao", Role.LEADER, level=2)
    with pytest.raises(StepRefused, match="last_able_person"):
        actions.end_role(first, role_of(first), "chuyển công tác")
    at_desk("lanh-dao", Role.LEADER, level=1, name="deputy")
    actions.end_role(first, role_of(first), "chuyển công tác")


def test_c06_keeps_a_handler_and_a_server_officer() -> None:
    handler, publisher = at_desk("c06", Role.HANDLER), at_desk("c06", Role.PUBLISHER)
    at_desk("c06", Role.HANDLER, name="handler-2")
    with pytest.raises(StepRefused, match="last_able_person"):
        actions.leave(handler, person(publisher), c06(), "chuyển")
    actions.leave(publisher, person(handler), c06(), "chuyển")


def test_somebody_who_has_left_cannot_sign_in_and_their_sessions_end() -> None:
    rep, clerk = at_agency("H55"), at_agency("H55", Role.CLERK)
    browser = as_person(clerk)
    assert browser.get(reverse("staff:people")).status_code == 200
    actions.leave(rep, person(clerk), h55(), "chuyển công tác")
    assert browser.get(reverse("staff:people")).status_code == 302
    gone = person(clerk)
    assert not gone.is_active
    assert gone.left_at is not None
    assert Assignment.objects.get(person=gone).until is not None
    told = Event.objects.get(act="leave")
    assert told.note == "chuyển công tác"
    assert told.before["roles"] == ["clerk"]
    assert first_broken() is None


def test_whoever_has_another_office_stays_there() -> None:
    rep, clerk = at_agency("H55"), at_agency("H55", Role.CLERK)
    actions.assign(rep, person(clerk), Organisation.objects.get(pk="H55.02"), Role.OFFICER)
    actions.leave(rep, person(clerk), h55(), "chuyển")
    assert person(clerk).is_active
    assert set(hats_of(person(clerk))) == {"agency:H55.02"}


def test_what_hangs_on_somebody_goes_to_a_successor() -> None:
    first, second, third = (at_desk("c06", Role.HANDLER, name=f"handler-{number}") for number in range(3))
    actions.delegate(first, role_of(first), person(second), clock.now() + timedelta(days=9), "nghỉ phép")
    page = as_person(first).get(reverse("staff:person", args=[second.person])).content.decode()
    assert "Làm thay cho handler-0" in page
    with pytest.raises(StepRefused, match="successor_missing"):
        actions.leave(first, person(second), c06(), "chuyển")
    with pytest.raises(StepRefused, match="not_a_colleague"):
        actions.leave(first, person(second), c06(), "chuyển", person(at_desk("a05", Role.ASSESSOR)))
    with pytest.raises(StepRefused, match="not_a_colleague"):
        actions.leave(first, person(second), c06(), "chuyển", person(second))
    actions.leave(first, person(second), c06(), "chuyển", person(third))
    assert Delegation.objects.get().person_id == int(third.person)


def test_a_deputy_acts_for_a_fixed_time_and_no_longer() -> None:
    publisher, handler = at_desk("c06", Role.PUBLISHER), at_desk("c06", Role.HANDLER)
    until = clock.now() + timedelta(days=3)
    actions.delegate(publisher, role_of(publisher), person(handler), until, "đi công tác")
    assert hats_of(person(handler))["desk:c06"].roles == {Role.HANDLER, Role.PUBLISHER}
    assert hats_of(person(handler), until)["desk:c06"].roles == {Role.HANDLER}
    actions.end_delegation(handler, Delegation.objects.get())
    assert hats_of(person(handler))["desk:c06"].roles == {Role.HANDLER}
    assert [event.act for event in Event.objects.filter(act__contains="delega")] == ["delegate", "end_delegation"]


def test_a_delegation_has_its_bounds() -> None:
    rep, clerk, other = at_agency("H55"), at_agency("H55", Role.CLERK), at_agency("H38")
    role, soon = role_of(rep), clock.now() + timedelta(days=1)
    cases = [
        (rep, person(rep), soon, "vắng", "yourself"),
        (rep, person(other), soon, "vắng", "not_a_colleague"),
        (rep, person(clerk), clock.now(), "vắng", "wrong_time"),
        (rep, person(clerk), clock.now() + timedelta(days=91), "vắng", "wrong_time"),
        (rep, person(clerk), soon, "  ", "reason_missing"),
        (clerk, person(clerk), soon, "vắng", "not_yours_to_manage"),
        (other, person(clerk), soon, "vắng", "not_yours_to_manage"),
    ]
    for actor, deputy, until, reason, code in cases:
        with pytest.raises(StepRefused, match=code):
            actions.delegate(actor, role, deputy, until, reason)
    assert not Delegation.objects.exists()


def test_nobody_decides_for_two_levels_of_leadership() -> None:
    first, second = (at_desk("lanh-dao", Role.LEADER, level=level) for level in (1, 2))
    with pytest.raises(StepRefused, match="two_levels"):
        actions.delegate(first, role_of(first), person(second), clock.now() + timedelta(days=1), "vắng")


def test_a_delegation_ends_with_the_role_that_it_rests_on() -> None:
    publisher, handler = at_desk("c06", Role.PUBLISHER), at_desk("c06", Role.HANDLER)
    at_desk("c06", Role.PUBLISHER, name="publisher-2")
    actions.delegate(publisher, role_of(publisher), person(handler), clock.now() + timedelta(days=3), "vắng")
    actions.end_role(publisher, role_of(publisher), "chuyển")
    assert hats_of(person(handler))["desk:c06"].roles == {Role.HANDLER}
    assert Delegation.objects.get().ended_at is not None


def test_roles_are_given_within_the_place() -> None:
    rep, clerk = at_agency("H55"), at_agency("H55", Role.CLERK)
    actions.give_role(rep, person(clerk), h55(), Role.OFFICER)
    assert hats_of(person(clerk))["agency:H55"].roles == {Role.CLERK, Role.OFFICER}
    refused = [
        (rep, person(clerk), Role.OFFICER, "has_role"),
        (rep, person(clerk), Role.HANDLER, "not_yours_to_give"),
        (rep, person(rep), Role.OFFICER, "yourself"),
        (rep, person(at_agency("H38")), Role.CLERK, "not_a_colleague"),
        (clerk, person(rep), Role.CLERK, "not_yours_to_manage"),
    ]
    for actor, whom, role, code in refused:
        with pytest.raises(StepRefused, match=code):
            actions.give_role(actor, whom, h55(), role)


def test_a_lost_second_factor_is_reset_and_its_owner_is_told() -> None:
    rep, clerk, other = at_agency("H55"), at_agency("H55", Role.CLERK), at_agency("H38")
    browser = as_person(clerk)
    for actor, code in ((other, "not_yours_to_manage"), (clerk, "not_yours_to_manage")):
        with pytest.raises(StepRefused, match=code):
            actions.reset_second_factor(actor, person(clerk), h55(), "mất máy")
    with pytest.raises(StepRefused, match="yourself"):
        actions.reset_second_factor(rep, person(rep), h55(), "mất máy")
    actions.reset_second_factor(rep, person(clerk), h55(), "mất máy")
    assert not Authenticator.objects.filter(user=person(clerk)).exists()
    assert Letter.objects.get().address == person(clerk).email
    assert browser.get(reverse("staff:people")).status_code == 302


PAGES = ("person", "give_role", "leave", "reset")


@pytest.mark.parametrize("page", PAGES)
def test_people_of_other_places_are_not_there(page: str) -> None:
    rep, other = at_agency("H55"), at_agency("H38")
    address = reverse(f"staff:{page}", args=[rep.person])
    browser = as_person(other)
    answer = browser.get(address) if page == "person" else browser.post(address, {"role": "clerk", "reason": "x"})
    assert answer.status_code == 404
    assert hats_of(person(rep))["agency:H55"].roles == {Role.REPRESENTATIVE}


def test_roles_delegations_and_invitations_of_other_places_are_not_there() -> None:
    rep, clerk, other = at_agency("H55"), at_agency("H55", Role.CLERK), at_agency("H38")
    delegation = actions.delegate(rep, role_of(rep), person(clerk), clock.now() + timedelta(days=1), "vắng")
    browser = as_person(other)
    assert browser.post(reverse("staff:end_role", args=[role_of(rep).pk]), {"reason": "x"}).status_code == 404
    assert browser.get(reverse("staff:delegate", args=[role_of(rep).pk])).status_code == 404
    assert browser.post(reverse("staff:end_delegation", args=[delegation.pk])).status_code == 404
    delegation.refresh_from_db()
    assert delegation.ended_at is None


def test_by_the_pages_a_representative_sees_somebody_off(client: Client) -> None:
    rep, clerk = at_agency("H55"), at_agency("H55", Role.CLERK)
    browser = as_person(rep)
    page = reverse("staff:person", args=[clerk.person])
    assert "Rời vị trí" in browser.get(page).content.decode()
    refused = browser.post(reverse("staff:leave", args=[clerk.person]), {"reason": ""}, follow=True)
    assert "Phải nêu lý do" in refused.content.decode()
    browser.post(reverse("staff:leave", args=[clerk.person]), {"reason": "chuyển công tác"})
    assert browser.get(page).status_code == 404
    own = browser.post(reverse("staff:leave", args=[rep.person]), {"reason": "nghỉ"}, follow=True)
    assert "người cuối cùng giữ vai trò này" in own.content.decode()


def test_an_office_is_switched_and_no_other_can_be_chosen() -> None:
    rep = at_agency("H55")
    actions.assign(rep, person(rep), Organisation.objects.get(pk="H55.02"), Role.CLERK)
    browser = as_person(rep)
    assert "Sở Tư pháp" in browser.get(reverse("staff:people")).content.decode()
    answer = browser.post(reverse("staff:office"), {"office": "agency:H55.02", "next": reverse("staff:people")})
    assert answer.headers["Location"] == reverse("staff:people")
    text = browser.get(reverse("staff:people")).content.decode()
    assert 'value="agency:H55.02" selected' in text
    assert browser.post(reverse("staff:office"), {"office": "desk:c06"}).status_code == 404
    assert places.assignments_at(c06()).count() == 0
