"""Attacks on the pages themselves: forged forms, foreign hosts, redirects to elsewhere, code from elsewhere."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from ketnoi_portal.process.roles import Role
from ketnoi_portal.staff.models import Person, hats_of

from .browsing import app_code, as_person
from .offices import at_agency, at_desk, found

pytestmark = pytest.mark.django_db

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "javascript:alert(1)",
    "/\\evil.example",
    "http:///evil.example",
]


@pytest.fixture(autouse=True)
def _no_attempts_yet() -> None:
    cache.clear()


def addresses() -> list[str]:
    """Every address of the portal that takes no argument."""

    def walk(patterns: list[URLPattern | URLResolver], before: str) -> list[str]:
        found = []
        for each in patterns:
            route = before + str(each.pattern)
            found += walk(each.url_patterns, route) if isinstance(each, URLResolver) else [route]
        return found

    return [f"/{route}" for route in walk(get_resolver().url_patterns, "") if not re.search(r"[<(^]", route)]


def test_there_are_many_addresses() -> None:
    assert len(addresses()) > 20


@pytest.mark.parametrize("address", addresses())
def test_every_page_forbids_code_from_elsewhere(client: Client, address: str) -> None:
    answer = client.get(address)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "*" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("address", addresses())
def test_a_post_without_the_token_does_nothing(address: str) -> None:
    found()
    browser = as_person(at_desk("c06", Role.PUBLISHER), enforce_csrf_checks=True)
    answer = browser.post(address, {"reason": "x"})
    assert answer.status_code in {403, 405}, address
    if answer.status_code == 403:
        assert "chưa có gì được lưu" in answer.content.decode()


def test_a_form_of_another_site_does_nothing() -> None:
    found()
    rep, clerk = at_agency("H55"), at_agency("H55", Role.CLERK)
    browser = as_person(rep, enforce_csrf_checks=True)
    page = browser.get(reverse("staff:person", args=[clerk.person])).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    given = {"reason": "x", "csrfmiddlewaretoken": token[1]}
    leave = reverse("staff:leave", args=[clerk.person])
    assert browser.post(leave, given, headers={"origin": "https://evil.example"}).status_code == 403
    assert hats_of(Person.objects.get(pk=clerk.person))
    assert browser.post(leave, given, headers={"origin": "http://testserver"}).status_code == 302


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "testserver:80@evil.example", ""])
@pytest.mark.parametrize("page", ["home", "account_login", "account_reset_password"])
def test_another_host_s_name_is_refused(client: Client, host: str, page: str) -> None:
    assert client.get(reverse(page), headers={"host": host}).status_code == 400


@pytest.mark.parametrize("next_", ELSEWHERE)
def test_nothing_leads_elsewhere(client: Client, next_: str) -> None:
    language = client.post(reverse("set_language"), {"language": "en", "next": next_})
    assert "evil" not in language.headers["Location"]
    assert "javascript" not in language.headers["Location"]
    found()
    actor = at_agency("H55")
    office = as_person(actor).post(reverse("staff:office"), {"office": "agency:H55", "next": next_})
    assert office.headers["Location"] == "/"
    person = Person.objects.get(pk=actor.person)
    person.set_password("một mật khẩu thật dài 91")
    person.save()
    Authenticator.objects.filter(user=person).delete()
    TOTP.activate(person, "JBSWY3DPEHPK3PXP")
    given = {"login": person.email, "password": "một mật khẩu thật dài 91", "next": next_}
    login = client.post(reverse("account_login"), given, query_params={"next": next_})
    second = client.post(login.headers["Location"], {"code": app_code("JBSWY3DPEHPK3PXP")})
    assert second.headers["Location"] == "/"
    assert "evil" not in Client().post(reverse("account_logout"), {"next": next_}).headers["Location"]


@pytest.mark.parametrize("address", addresses())
def test_a_stranger_sees_public_pages_and_the_door(client: Client, address: str) -> None:
    """What is not public leads to signing in, or is not there."""
    public = ("/dich-vu/", "/ket-noi/", "/dieu-khoan/", "/accounts/", "/nhan-su/de-nghi/", "/i18n/", "/the/", "/health")
    answer = client.get(address)
    if address == "/" or address.startswith(public):
        assert answer.status_code < 500
    else:
        assert answer.status_code in {302, 401, 403, 404, 405}, address
        if answer.status_code == 302:
            assert answer.headers["Location"].startswith(reverse("account_login")), address


@pytest.mark.parametrize("address", addresses())
def test_without_a_second_factor_nothing_inside_opens(address: str) -> None:
    found()
    actor = at_desk("c06", Role.PUBLISHER)
    client = Client()
    client.force_login(
        Person.objects.get(pk=actor.person), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    answer = client.get(address)
    open_ = ("/dich-vu/", "/ket-noi/", "/dieu-khoan/", "/accounts/", "/nhan-su/de-nghi/", "/i18n/")
    if not address.startswith(open_):
        assert answer.status_code == 302, address
        assert answer.headers["Location"] == reverse("mfa_index")
