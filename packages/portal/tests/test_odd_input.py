"""Whatever octets an address is called with, in its path, its query or its form: a page, a refusal, never a fault."""

from __future__ import annotations

from io import BytesIO
from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.urls import reverse

from ketnoi_portal.accounts.lines import services_of
from ketnoi_portal.site.numbers import whole
from ketnoi_portal.site.wsgi import application

from .browsing import as_person
from .offices import at_agency
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


def served(method: str, path: str = "/", **environ: str) -> tuple[int, str]:
    """What the application that the server runs answers; Django's own test client makes its requests otherwise."""
    begun: list[str] = []
    known = RequestFactory().generic(method, path).environ | {"wsgi.input": BytesIO(), **environ}
    answer = application(known, lambda status, headers, *rest: begun.append(status))
    page = b"".join(answer).decode(errors="replace")
    answer.close()
    return int(begun[0][:3]), page


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


@pytest.mark.parametrize("odd", ["square", "digits", "octets"])
@pytest.mark.parametrize("field", ["version", "revision"])
def test_no_form_fails_at_an_odd_version_of_what_was_seen(scene: Scene, field: str, odd: str) -> None:
    for who in ("rep", "pc06", "c06_publisher", "vdxp"):
        client = quiet(scene.browser(who))
        for each in scene.addresses():
            if each.name in {"account_logout", "usersessions_list"}:
                continue
            cache.clear()
            sent = f"{field}={ODD[odd]}&reason=x&register=1&offer=1"
            answer = client.post(each.path, sent, content_type=FORM)
            assert answer.status_code < 500, (who, each)


def test_an_odd_version_of_what_was_seen_is_refused(scene: Scene) -> None:
    paths = {each.name: each.path for each in scene.addresses()}
    commune = as_person(at_agency("H55.30.12", name="dai"))
    operator = scene.browser("vdxp")
    for odd in ("square", "digits"):
        for client, path, field in (
            (commune, paths["accounts:step"].replace("/withdraw/", "/suspend/"), "version"),
            (operator, paths["publication:registration"], "revision"),
        ):
            answer = quiet(client).post(path, f"{field}={ODD[odd]}&reason=x&register=1", content_type=FORM)
            assert answer.status_code == 400, path
            assert "Cổng không đọc được yêu cầu này" in answer.content.decode()


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
                    assert odd != "nul" or answer.status_code == 400, path
    assert tried > 100


def test_the_refusal_is_a_page_in_both_languages(scene: Scene) -> None:
    answer = scene.browser("c06").get("/viec/?q=%00")
    text = answer.content.decode()
    assert answer.status_code == 400
    assert "Cổng không đọc được yêu cầu này" in text
    assert "The portal cannot read this request" in text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_path_of_any_letters_is_an_address_that_is_not_there(scene: Scene) -> None:
    client = quiet(scene.browser("rep"))
    for path in ("/khong-co/Đơn vị ²/", "/khong-co/%FF%C3(/", "/khong-co/%F0%9F%98%80/", f"/khong-co/{'9' * 5_000}/"):
        answer = client.get(path)
        assert answer.status_code == 404, path[:60]
        text = answer.content.decode()
        assert text.index('lang="vi"') < text.index('lang="en"')


def test_a_cookie_and_a_files_name_are_looked_at_too(scene: Scene) -> None:
    client = quiet(Client())
    assert client.get("/", headers={"cookie": 'sessionid="abcdefgh\\000"'}).status_code == 400
    browser = quiet(scene.browser("c06_publisher"))
    page = reverse("agencies:import")
    part = 'Content-Disposition: form-data; name="{}"; filename{}\r\nContent-Type: text/csv\r\n\r\ncode\r\n'
    body = f"--x\r\n{part}--x--\r\n"
    names = ('="a\0.csv"', "*=rot13''a.csv", "*=no-such''a.csv", "*=utf-8''%00.csv", "*=utf-8''%FF.csv", "*=''")
    for name, file in (("fi\0le", '="a.csv"'), *(("file", each) for each in names)):
        answer = browser.post(page, body.format(name, file).encode(), content_type="multipart/form-data; boundary=x")
        assert answer.status_code < 500, file
    text = '--x\r\nContent-Disposition: form-data; name="q"\r\n\r\na\0b\r\n--x--\r\n'
    assert browser.post(page, text.encode(), content_type="multipart/form-data; boundary=x").status_code == 400


TYPES = (
    "text/plain; charset=utf-16", "text/plain; charset=utf-7", "text/plain; charset=rot13", "a/b; charset=no-such",
    f"{FORM}; charset=rot13", "multipart/form-data; boundary=x; charset=base64", "a/b; charset*=no-such''x",
    "a/b; charset*=rot13''%41", f"a/b; charset={'9' * 5_000}",
)  # fmt: skip


@pytest.mark.parametrize("sent", TYPES)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_charset_that_is_none_is_refused_by_the_application_that_is_served(sent: str, method: str) -> None:
    status, page = served(method, CONTENT_TYPE=sent, QUERY_STRING="q=%2BAAA-")
    assert status == 400
    assert "Cổng không đọc được yêu cầu này" in page


HEADERS = (
    "COOKIE", "REFERER", "ORIGIN", "ACCEPT", "ACCEPT_LANGUAGE", "ACCEPT_ENCODING", "RANGE", "IF_NONE_MATCH",
    "IF_MODIFIED_SINCE", "X_FORWARDED_FOR", "X_FORWARDED_PROTO", "HX_REQUEST", "HX_CURRENT_URL",
    "HX_CURRENT_URL_URI_AUTOENCODED", "USER_AGENT", "AUTHORIZATION", "X_CSRFTOKEN",
)  # fmt: skip
IN_HEADERS = ("\xff\xc3(", "\xc2\xb2", "9" * 5_000, "bytes=\xc2\xb2-", f"bytes={'9' * 5_000}-", "http://[", "true")


@pytest.mark.parametrize("path", ["/", "/viec/", "/static/portal/portal.css"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_header_makes_a_page_fail(path: str, method: str) -> None:
    for name in HEADERS:
        for odd in IN_HEADERS:
            status, _ = served(method, path, **{f"HTTP_{name}": odd})
            assert status < 500, (name, odd[:20])
    for odd in IN_HEADERS:
        assert served(method, path, CONTENT_LENGTH=odd, CONTENT_TYPE=FORM)[0] < 500, odd[:20]
        assert path.startswith("/static/") or served(method, path, HTTP_HOST=odd)[0] in {400, 404}, odd[:20]


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
