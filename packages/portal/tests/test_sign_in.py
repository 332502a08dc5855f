"""Signing in: password and second factor, lock-out, recovery, sessions; and nothing before the second factor."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from ketnoi_portal.notices.models import Letter
from ketnoi_portal.process.roles import Role
from ketnoi_portal.staff.models import Person

from .browsing import app_code
from .offices import at_desk, found

pytestmark = pytest.mark.django_db

PASSWORD = "một mật khẩu thật dài 91"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def _no_attempts_yet_and_real_letters(settings: Settings) -> None:
    """pytest-django puts another mail backend in; here letters go into the outbox as they do in the portal."""
    settings.EMAIL_BACKEND = "ketnoi_portal.site.mail.OutboxBackend"
    cache.clear()


@pytest.fixture
def officer() -> Person:
    found()
    actor = at_desk("c06", Role.HANDLER)
    person = Person.objects.get(pk=actor.person)
    person.set_password(PASSWORD)
    person.save()
    return person


@pytest.fixture
def protected(officer: Person) -> Person:
    TOTP.activate(officer, SECRET)
    RecoveryCodes.activate(officer)
    return officer


def enter(client: Client, person: Person, password: str = PASSWORD, **more: str) -> object:
    return client.post(reverse("account_login"), {"login": person.email, "password": password, **more})


def test_password_alone_opens_nothing_but_the_setting_up(client: Client, officer: Person) -> None:
    enter(client, officer)
    answer = client.get(reverse("staff:people"))
    assert answer.status_code == 302
    assert answer.headers["Location"] == reverse("mfa_index")
    assert "hãy bật ít nhất một" in client.get(reverse("mfa_index")).content.decode()
    assert client.get(reverse("public:services")).status_code == 200


def test_an_app_is_set_up_and_recovery_codes_are_given(client: Client, officer: Person) -> None:
    enter(client, officer)
    asked = client.get(reverse("mfa_activate_totp"))
    assert asked.headers["Location"].startswith(reverse("account_reauthenticate"))
    again = client.post(asked.headers["Location"], {"password": PASSWORD})
    assert again.headers["Location"] == reverse("mfa_activate_totp")
    page = client.get(reverse("mfa_activate_totp")).content.decode()
    assert "data:image/svg+xml" in page
    secret = re.search(r'<code class="code">([A-Z2-7]+)</code>', page)
    assert secret is not None
    wrong = client.post(reverse("mfa_activate_totp"), {"code": "000000"})
    assert "Mã không đúng" in wrong.content.decode()
    client.post(reverse("mfa_activate_totp"), {"code": app_code(secret[1])})
    assert set(Authenticator.objects.filter(user=officer).values_list("type", flat=True)) == {"totp", "recovery_codes"}
    assert client.get(reverse("staff:people")).status_code == 200
    codes = client.get(reverse("mfa_view_recovery_codes")).content.decode()
    assert codes.count("<li>") >= 10


def test_the_second_step_is_asked_for_and_a_code_works_once(client: Client, protected: Person) -> None:
    answer = enter(client, protected)
    assert answer.headers["Location"] == reverse("mfa_authenticate")  # type: ignore[attr-defined]
    assert client.get(reverse("staff:people")).headers["Location"].startswith(reverse("account_login"))
    now = app_code(SECRET)
    client.post(reverse("mfa_authenticate"), {"code": now})
    assert client.get(reverse("staff:people")).status_code == 200
    other = Client()
    enter(other, protected)
    other.post(reverse("mfa_authenticate"), {"code": now})
    assert other.get(reverse("staff:people")).status_code == 302


def test_a_recovery_code_works_once(protected: Person) -> None:
    kept = Authenticator.objects.get(user=protected, type="recovery_codes").wrap().get_unused_codes()[0]
    for expected in (200, 302):
        client = Client()
        enter(client, protected)
        client.post(reverse("mfa_authenticate"), {"code": kept})
        assert client.get(reverse("staff:people")).status_code == expected


def test_five_wrong_passwords_lock_the_account_even_for_the_right_one(client: Client, protected: Person) -> None:
    for _ in range(5):
        assert "không đúng" in enter(client, protected, "sai").content.decode()  # type: ignore[attr-defined]
    locked = Client().post(
        reverse("account_login"), {"login": protected.email, "password": PASSWORD}, REMOTE_ADDR="10.9.8.7"
    )
    assert "tạm khóa" in locked.content.decode()


def test_five_wrong_codes_lock_the_second_step(client: Client, protected: Person) -> None:
    enter(client, protected)
    for _ in range(5):
        client.post(reverse("mfa_authenticate"), {"code": "000000"})
    answer = client.post(reverse("mfa_authenticate"), {"code": app_code(SECRET)})
    assert answer.status_code == 200
    assert client.get(reverse("staff:people")).status_code == 302


def test_many_attempts_from_one_address_are_refused(client: Client, protected: Person) -> None:
    statuses = [enter(client, protected, "sai").status_code for _ in range(31)]  # type: ignore[attr-defined]
    assert statuses[-1] == 429
    assert "Bạn gửi quá nhiều lần" in enter(client, protected).content.decode()  # type: ignore[attr-defined]


def test_whoever_asks_cannot_tell_whether_an_address_has_an_account(client: Client, protected: Person) -> None:
    known = client.post(reverse("account_reset_password"), {"email": protected.email})
    unknown = client.post(reverse("account_reset_password"), {"email": "nobody@example.vn"})
    assert known.headers["Location"] == unknown.headers["Location"]
    assert list(Letter.objects.values_list("address", flat=True)) == [protected.email]
    wrong = enter(client, protected, "sai").content.decode()  # type: ignore[attr-defined]
    nobody = client.post(reverse("account_login"), {"login": "nobody@example.vn", "password": "sai"}).content.decode()
    message = "Thư điện tử hoặc mật khẩu không đúng."
    assert message in wrong
    assert message in nobody


def test_a_password_is_set_anew_by_a_link_that_works_once(client: Client, protected: Person) -> None:
    client.post(reverse("account_reset_password"), {"email": protected.email})
    letter = Letter.objects.get()
    link = re.search(r"http://testserver(/\S+)", letter.body)
    assert link is not None
    assert letter.subject.startswith("Đặt lại mật khẩu")
    page = client.get(link[1], follow=True)
    action = re.search(r'<form method="post" action="([^"]+)"', page.content.decode().split('class="narrow"')[1])
    assert action is not None
    new = "một mật khẩu mới dài 92"
    weak = client.post(action[1], {"password1": "12345678", "password2": "12345678"})
    assert weak.status_code == 200
    client.post(action[1], {"password1": new, "password2": new})
    assert "Đường dẫn này sai" in Client().get(link[1], follow=True).content.decode()
    after = Client()
    assert enter(after, protected, new).headers["Location"] == reverse("mfa_authenticate")  # type: ignore[attr-defined]


def test_signing_in_changes_the_session_s_key(client: Client, protected: Person) -> None:
    client.get(reverse("account_login"))
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    planted = session.session_key
    client.cookies["sessionid"] = planted
    enter(client, protected)
    client.post(reverse("mfa_authenticate"), {"code": app_code(SECRET)})
    assert client.session.session_key != planted
    thief = Client()
    thief.cookies["sessionid"] = planted
    assert thief.get(reverse("staff:people")).status_code == 302


def test_other_sessions_are_listed_and_ended(protected: Person) -> None:
    clients = [Client(), Client()]
    # A code works once, so the second comes in by a recovery code.
    spare = Authenticator.objects.get(user=protected, type="recovery_codes").wrap().get_unused_codes()[0]
    for client, second in zip(clients, (app_code(SECRET), spare), strict=True):
        enter(client, protected)
        client.post(reverse("mfa_authenticate"), {"code": second})
        assert client.get(reverse("staff:people")).status_code == 200
    assert "Kết thúc mọi phiên khác" in clients[0].get(reverse("usersessions_list")).content.decode()
    clients[0].post(reverse("usersessions_list"))
    assert clients[0].get(reverse("staff:people")).status_code == 200
    assert clients[1].get(reverse("staff:people")).status_code == 302


def test_whoever_has_left_does_not_come_in(client: Client, protected: Person) -> None:
    protected.is_active = False
    protected.save()
    enter(client, protected)
    assert client.get(reverse("staff:people")).status_code == 302
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("path", ["signup/", "email/", "login/code/", "confirm-email/"])
def test_nobody_signs_up_or_changes_address_by_themselves(client: Client, path: str) -> None:
    answer = client.get(f"/accounts/{path}")
    assert answer.status_code in {301, 302, 404}
    assert answer.status_code == 404 or answer.headers["Location"] == reverse("staff:admission")


@pytest.mark.parametrize(
    "page", ["account_change_password", "mfa_activate_totp", "mfa_add_webauthn", "usersessions_list"]
)
def test_every_page_of_the_account_speaks_vietnamese(client: Client, officer: Person, page: str) -> None:
    enter(client, officer)
    text = client.get(reverse(page), follow=True).content.decode()
    assert "<h1>" in text
    for english in ("Password", "Authenticator", "Security Key", "Sign In", "Sessions"):
        assert f">{english}" not in text
