"""Whatever octets an address is called with, in its path, its query or its form: a page, a refusal, never a fault."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from ketnoi_portal.accounts.lines import services_of
from ketnoi_portal.site.numbers import whole

from .scene import Scene

pytestmark = pytest.mark.django_db

ODD = {"nul": "a%00b", "square": "%C2%B2", "digits": "9" * 5_000, "octets": "%FF%C3("}
REFUSED = ("nul", "octets")
NAMES = (
    "q", "unit", "state", "trang", "page", "level", "system", "organisation", "service", "next", "code", "revision",
    "version", "account", "accounts", "reason", "act", "answer", "office", "card", "login", "email", "role", "until",
    "language", "credential", "open", "late", "ending", "number", "person",
)  # fmt: skip
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def scene() -> Scene:
    cache.clear()
    return Scene()


def encoded(odd: str) -> str:
    return "&".join(f"{name}={odd}" for name in NAMES)


def quiet(client: Client) -> Client:
    """A browser that is shown a fault as a page, as people are."""
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("odd", list(ODD))
def test_no_address_fails_at_odd_values(scene: Scene, odd: str) -> None:
    client = quiet(scene.browser("rep"))
    for each in scene.addresses():
        cache.clear()
        answer = client.get(f"{each.path}?{encoded(ODD[odd])}")
        assert answer.status_code < 500, each
        assert odd not in REFUSED or answer.status_code == 400, each
        if each.name in {"account_logout", "usersessions_list"}:
            continue
        answer = client.post(each.path, encoded(ODD[odd]), content_type=FORM)
        assert answer.status_code < 500, each
        assert odd not in REFUSED or answer.status_code in {400, 404}, (each, answer.status_code)


@pytest.mark.parametrize("odd", list(ODD))
def test_no_address_fails_at_odd_arguments(scene: Scene, odd: str) -> None:
    clients = [quiet(scene.browser(who)) for who in ("rep", "c06_publisher", "vdxp")]
    tried = 0
    for each in scene.addresses():
        for value in scene.arguments_of(each.name).values():
            before, _, after = each.path.rpartition(quote(str(value)))
            path = f"{before}{ODD[odd]}{after}"
            for client in clients:
                tried += 1
                for answer in (client.get(path), client.post(path)):
                    assert answer.status_code in {200, 302, 400, 403, 404, 405, 422}, (path[:200], answer.status_code)
                    assert odd not in REFUSED or answer.status_code == 400, path
    assert tried > 100


def test_the_refusal_is_a_page_in_both_languages(scene: Scene) -> None:
    answer = scene.browser("c06").get("/viec/?q=%00")
    text = answer.content.decode()
    assert answer.status_code == 400
    assert "Cổng không đọc được yêu cầu này" in text
    assert "The portal cannot read this request" in text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_cookie_a_charset_and_a_files_name_are_looked_at_too(scene: Scene) -> None:
    client = quiet(Client())
    assert client.get("/", headers={"cookie": 'sessionid="abcdefgh\\000"'}).status_code == 400
    for charset in ("utf-16", "utf-7", "rot13", "no-such"):
        assert client.get("/?q=%2BAAA-", headers={"content-type": f"text/plain; charset={charset}"}).status_code == 400
    browser = quiet(scene.browser("c06_publisher"))
    page = reverse("agencies:import")
    part = 'Content-Disposition: form-data; name="{}"; filename="{}"\r\nContent-Type: text/csv\r\n\r\ncode\r\n'
    body = f"--x\r\n{part}--x--\r\n"
    for name, file in (("fi\0le", "a.csv"), ("file", "a\0.csv")):
        answer = browser.post(page, body.format(name, file).encode(), content_type="multipart/form-data; boundary=x")
        assert answer.status_code < 500
    text = '--x\r\nContent-Disposition: form-data; name="q"\r\n\r\na\0b\r\n--x--\r\n'
    assert browser.post(page, text.encode(), content_type="multipart/form-data; boundary=x").status_code == 400


@pytest.mark.parametrize(
    "odd",
    ["9" * 5_000, "[" * 100_000, '{"id": "\\u0000"}', '{"rawId": "\\u0000", "response": {}}', "1", "[1]"],
)
def test_a_passkeys_answer_may_be_anything(odd: str) -> None:
    answer = quiet(Client()).post(reverse("mfa_login_webauthn"), {"credential": odd})
    assert answer.status_code in {302, 400}


def test_only_short_ascii_digits_are_a_number() -> None:
    assert [whole(text) for text in ("0", "12", "999999999")] == [0, 12, 999_999_999]
    for text in ("", "²", "٣", "1_0", "-1", " 1", "1\n", "9" * 10, "9" * 5_000):
        assert whole(text) is None
    assert services_of("1, ²")[1] == ["²"]
