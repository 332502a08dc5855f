"""Nobody is sent anywhere but where an agency has registered, whatever a request says."""

from __future__ import annotations

from typing import Any

import pytest

from .agencies import A, Asked, B, Browser, code_of, sent_back
from .site import Site


@pytest.mark.parametrize(
    "address",
    [
        "https://motcua.example.vn/quay-lai/",
        "https://motcua.example.vn/quay-lai?x=1",
        "https://motcua.example.vn/quay-lai#x",
        "https://motcua.example.vn/quay-la",
        "https://motcua.example.vn/quay-lai/../khac",
        "https://motcua.example.vn/quay%2Dlai",
        "https://motcua.example.vn:443/quay-lai",
        "https://motcua.example.vn.evil.example/quay-lai",
        "https://motcua.example.vn@evil.example/quay-lai",
        "https://evil.example/?https://motcua.example.vn/quay-lai",
        "http://motcua.example.vn/quay-lai",
        "HTTPS://motcua.example.vn/quay-lai",
        "https://MOTCUA.example.vn/quay-lai",
        " https://motcua.example.vn/quay-lai",
        "https://motcua.example.vn/quay-lai\r\nX: y",
        "https://motcua.example.vn\\@evil.example/quay-lai",
        'https://motcua.example.vn/"quay-lai',
        "https://thành-phố.example.vn/",
        "//evil.example/",
        "javascript:alert(1)",
        "",
        None,
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_exactly_registered(citizen: Browser, address: str | None) -> None:
    for broken in ({}, {"response_type": "token"}, {"scope": "everything"}, {"prompt": "none"}):
        answer = citizen.go(Asked(A).address(redirect_uri=address, **broken))
        assert answer.status_code == 400, broken
        assert "location" not in answer.headers
        assert "Chưa có gì được gửi đi" in answer.text


def test_a_posted_address_does_not_replace_the_one_that_was_shown(site: Site, somebody: Browser) -> None:
    asked = Asked(A)
    page = somebody.go(asked.address())
    token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    told = {"csrfmiddlewaretoken": token, "decision": "agree", "redirect_uri": "https://evil.example/"}
    answer = somebody.client.post(asked.address(), data=told, headers={"Referer": str(page.url)})
    assert answer.status_code == 400
    assert "location" not in answer.headers
    told |= {"redirect_uri": B.callback, "client_id": B.client_id}
    answer = somebody.client.post(asked.address(), data=told, headers={"Referer": str(page.url)})
    assert answer.status_code == 400, "what was not on the page is not agreed to"
    told = {"csrfmiddlewaretoken": token, "decision": "agree"}
    for more in ({"nonce": "another"}, {"scope": "openid officer"}, {"state": "x"}):
        answer = somebody.client.post(asked.address(), data=told | more, headers={"Referer": str(page.url)})
        assert "code=" not in answer.headers.get("location", ""), more


def test_an_unknown_client_gets_a_page_and_no_address(citizen: Browser) -> None:
    for client_id in ("nobody", "", None, "x' OR 1=1"):
        answer = citizen.go(Asked(A).address(client_id=client_id))
        assert (answer.status_code, "location" in answer.headers) == (400, False)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "x"}, "invalid_request"),
        ({"nonce": None}, "invalid_request"),
        ({"nonce": "x" * 600}, "invalid_request"),
        ({"request": "x.y.z"}, "request_not_supported"),
        ({"request_uri": "https://evil.example/"}, "request_uri_not_supported"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
    ],
)
def test_a_weaker_request_goes_back_with_an_error_and_with_who_answers(
    site: Site, citizen: Browser, changes: dict[str, Any], error: str
) -> None:
    asked = Asked(A)
    answer = citizen.go(asked.address(**changes))
    assert answer.headers["location"].startswith(A.callback + "?")
    back = sent_back(answer)
    assert (back["error"], back["state"], back["iss"]) == (error, asked.state, site.url)


def test_letters_that_no_error_may_repeat_are_refused_on_a_page(citizen: Browser) -> None:
    for odd in ("đường", 'a"b', "x\\y"):
        answer = citizen.go(Asked(A).address(response_type=odd))
        assert (answer.status_code, "location" in answer.headers) == (400, False)


def test_a_parameter_that_stands_twice_is_refused(somebody: Browser) -> None:
    asked = Asked(A)
    for more in ("&redirect_uri=https%3A%2F%2Fevil.example%2F", "&client_id=motcua-H38", "&scope=officer", "&state=x"):
        assert somebody.go(asked.address() + more).headers.get("location", "").find("code=") < 0
    for more in ("&code_challenge_method=plain", "&nonce=x", "&prompt=login&prompt=none", "&max_age=1&max_age=2"):
        answer = somebody.go(asked.address() + more)
        assert sent_back(answer)["error"] == "invalid_request", more


def test_a_nonce_counts_once(somebody: Browser) -> None:
    asked = Asked(A)
    assert code_of(somebody, asked)
    assert sent_back(somebody.go(asked.address()))["error"] == "invalid_request"


def test_a_mix_up_shows(site: Site, somebody: Browser) -> None:
    """Whoever thinks they asked another provider sees that this one answered (RFC 9207)."""
    for decision in ("agree", "refuse"):
        assert sent_back(somebody.decide(Asked(A).address(), decision))["iss"] == site.url
