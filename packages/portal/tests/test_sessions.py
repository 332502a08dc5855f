"""When sessions end: with the work, with the password, with the second factor; and none is handed on."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.process.roles import Role
from ketnoi_portal.staff import actions
from ketnoi_portal.staff.inviting import Invited, invite
from ketnoi_portal.staff.models import Person

from .browsing import as_person
from .offices import at_agency, found

pytestmark = pytest.mark.django_db

PASSWORD = "một mật khẩu thật dài 91"
NEW = "một mật khẩu mới dài 92"
INSIDE = "staff:people"


@pytest.fixture(autouse=True)
def _offices() -> None:
    cache.clear()
    found()


def is_in(client: Client) -> bool:
    return client.get(reverse(INSIDE)).status_code == 200


def test_whoever_leaves_is_out_of_every_browser_at_once() -> None:
    rep, clerk = at_agency("H55"), at_agency("H55", Role.CLERK)
    person = Person.objects.get(pk=clerk.person)
    person.set_password(PASSWORD)
    person.save()
    browsers = [Client(), Client()]
    for each in browsers:
        each.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
        assert each.get(reverse("mfa_index")).status_code == 200
    keys = [each.session.session_key for each in browsers]
    actions.leave(rep, person, Organisation.objects.get(pk="H55"), "chuyển công tác")
    # Coming back would not wake them up.
    Person.objects.filter(pk=clerk.person).update(is_active=True)
    assert [each.get(reverse("mfa_index")).status_code for each in browsers] == [302, 302]
    assert not Session.objects.filter(pk__in=keys).exists()


def test_a_role_that_ends_closes_its_pages_in_a_running_session() -> None:
    rep, clerk = at_agency("H55"), at_agency("H55", Role.CLERK)
    person = Person.objects.get(pk=clerk.person)
    actions.assign(rep, person, Organisation.objects.get(pk="H55.02"), Role.CLERK)
    browser = as_person(clerk)
    browser.post(reverse("staff:office"), {"office": "agency:H55"})
    assert "rep" in browser.get(reverse(INSIDE)).content.decode()
    actions.leave(rep, person, Organisation.objects.get(pk="H55"), "chuyển công tác")
    assert browser.post(reverse("staff:office"), {"office": "agency:H55"}).status_code == 404
    assert Person.objects.get(pk=rep.person).full_name not in browser.get(reverse(INSIDE)).content.decode()


def test_a_changed_password_ends_every_other_session() -> None:
    clerk = at_agency("H55", Role.CLERK)
    person = Person.objects.get(pk=clerk.person)
    person.set_password(PASSWORD)
    person.save()
    own, other = as_person(clerk), as_person(clerk)
    before = own.session.session_key
    given = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    answer = own.post(reverse("account_change_password"), given)
    assert answer.status_code == 302
    assert is_in(own)
    assert not is_in(other)
    assert own.session.session_key != before


def test_an_invitation_does_not_hand_over_a_session_that_was_there_before() -> None:
    rep = at_agency("H55")
    secret = invite(rep, Organisation.objects.get(pk="H55"), Invited("moi@example.vn", "Mới", Role.CLERK))
    client = Client()
    client.get(reverse("account_login"))
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    planted = session.session_key
    client.cookies["sessionid"] = planted
    given = {"full_name": "Lê Thị Mới", "password": PASSWORD, "again": PASSWORD}
    client.post(reverse("staff:invitation", args=[secret]), given)
    assert "_auth_user_id" in client.session
    assert client.session.session_key != planted
    Authenticator.objects.create(user=Person.objects.get(email="moi@example.vn"), type="totp", data={"secret": ""})
    thief = Client()
    thief.cookies["sessionid"] = planted
    assert is_in(client)
    assert not is_in(thief)


def test_signing_out_ends_the_session_itself() -> None:
    browser = as_person(at_agency("H55"))
    kept = browser.cookies["sessionid"].value
    assert is_in(browser)
    browser.get(reverse("account_logout"))
    assert is_in(browser), "looking at the page does not sign out"
    browser.post(reverse("account_logout"))
    thief = Client()
    thief.cookies["sessionid"] = kept
    assert not is_in(thief)
