"""What must not get anybody in: codes, proofs, addresses and sessions that are not what they should be."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from joserfc.jwk import ECKey

from .agencies import ASSERTION, Agency, Asked, Browser, bearing, code_of, exchange, person, sent_back
from .site import Site

A = Agency("motcua-H55", "H55", "https://motcua.example.vn/quay-lai")
B = Agency("motcua-H38", "H38", "https://h38.example.vn/quay-lai")


@pytest.fixture(scope="module")
def agencies(site: Site) -> None:
    A.register(site)
    B.register(site)


@pytest.fixture
def browser(site: Site, agencies: None) -> Iterator[Browser]:
    """Somebody of their own for each test: an account has so many codes in a minute."""
    browser = Browser(site, person(site))
    yield browser
    browser.client.close()


@pytest.fixture(scope="module")
def reader(site: Site, agencies: None) -> Iterator[Browser]:
    """Somebody who signed in and never gets a code."""
    browser = Browser(site, person(site))
    yield browser
    browser.client.close()


def is_refused(answer: httpx2.Response, error: str) -> None:
    assert (answer.status_code, answer.json()["error"]) == (400, error), answer.text
    assert "access_token" not in answer.json()


# Codes


def test_a_code_counts_once_and_a_second_showing_takes_back_what_the_first_got(site: Site, browser: Browser) -> None:
    asked = Asked(A)
    code = code_of(browser, asked)
    token = exchange(site, asked, code).json()["access_token"]
    assert bearing(site, "/openid/userinfo", token).status_code == 200
    is_refused(exchange(site, asked, code), "invalid_grant")
    answer = bearing(site, "/openid/userinfo", token)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


def test_of_two_that_show_a_code_at_once_one_gets_tokens_at_most(site: Site, browser: Browser) -> None:
    asked = Asked(A)
    code = code_of(browser, asked)
    with ThreadPoolExecutor(4) as many:
        answers = [each.result() for each in [many.submit(exchange, site, asked, code) for _ in range(4)]]
    assert sorted(each.status_code for each in answers) == [200, 400, 400, 400]
    token = next(each for each in answers if each.status_code == 200).json()["access_token"]
    assert bearing(site, "/openid/userinfo", token).status_code == 401, "somebody else has the code too"


def test_a_code_is_its_clients_alone(site: Site, browser: Browser) -> None:
    asked = Asked(A)
    code = code_of(browser, asked)
    is_refused(exchange(site, asked, code, client_assertion=B.assertion(site)), "invalid_grant")
    assert exchange(site, asked, code).status_code == 200, "and another client cannot spoil it either"


def test_a_code_does_not_outlive_its_minute(site: Site, browser: Browser) -> None:
    asked = Asked(A)
    code = code_of(browser, asked)
    with site.connect() as connection:
        connection.execute("UPDATE openid_code SET expires_at = %s WHERE nonce = %s", [datetime.now(UTC), asked.nonce])
    is_refused(exchange(site, asked, code), "invalid_grant")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"redirect_uri": "https://motcua.example.vn/quay-lai/"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"code": "x" * 48}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": "đường"}, "unsupported_grant_type"),
    ],
)
def test_an_exchange_with_another_verifier_or_address_is_refused(
    site: Site, browser: Browser, changes: dict[str, Any], error: str
) -> None:
    asked = Asked(A)
    told = {"code": code_of(browser, asked)} | changes
    is_refused(exchange(site, asked, told.pop("code"), **told), error)


def test_parameters_in_an_address_are_not_read(site: Site, agencies: None) -> None:
    told = {"grant_type": "authorization_code", "code": "x", "client_assertion": A.assertion(site)}
    is_refused(httpx2.post(f"{site.url}/openid/token?{urlencode(told)}", trust_env=False), "invalid_request")
    assert httpx2.get(f"{site.url}/openid/token", trust_env=False).status_code == 405


def test_the_database_holds_no_code_and_no_token_that_could_be_used(site: Site, browser: Browser) -> None:
    asked = Asked(A)
    code = code_of(browser, asked)
    token = exchange(site, asked, code).json()["access_token"]
    with site.connect() as connection:
        rows = connection.execute("SELECT * FROM openid_code, openid_token").fetchall()
    assert rows
    assert code not in str(rows)
    assert token not in str(rows)


# Proofs


def encoded(*parts: bytes) -> str:
    return ".".join(base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in parts)


def by_hand(header: dict[str, str], secret: bytes, **changes: Any) -> str:
    """An assertion that no library would make: unsigned without a secret, else by HMAC."""
    now = int(datetime.now(UTC).timestamp())
    claims = {"iss": A.client_id, "sub": A.client_id, "iat": now, "exp": now + 60, "jti": "by-hand"} | changes
    signed = encoded(json.dumps(header).encode(), json.dumps(claims).encode())
    return signed + "." + (encoded(hmac.digest(secret, signed.encode(), "sha256")) if secret else "")


def test_no_forged_proof_is_taken(site: Site, browser: Browser) -> None:
    asked = Asked(A)
    code = code_of(browser, asked)
    stranger = ECKey.generate_key("P-256")
    other_kid = {"kid": B.key.kid}
    for assertion in (
        by_hand({"alg": "none"}, b"", aud=site.url),
        by_hand({"alg": "NONE", "kid": str(A.key.kid)}, b"", aud=site.url),
        # Signed with the client's public key, as if it were a shared secret.
        by_hand({"alg": "HS256"}, A.key.as_pem(private=False), aud=site.url),
        by_hand({"alg": "HS256", "kid": str(A.key.kid)}, A.key.as_der(private=False), aud=site.url),
        A.assertion(site, key=stranger),
        A.assertion(site, key=stranger, header={"jwk": stranger.as_dict(private=False), "kid": stranger.thumbprint()}),
        A.assertion(site, key=B.key, header=other_kid),
        B.assertion(site, iss=A.client_id, sub=A.client_id),
        A.assertion(site, iss=B.client_id),
        A.assertion(site)[:-4] + "AAAA",
        "a.b.c",
        "",
    ):
        is_refused(exchange(site, asked, code, client_assertion=assertion), "invalid_client")
    assert exchange(site, asked, code).status_code == 200, "the code itself was good all the time"


def test_an_assertion_counts_once(site: Site, browser: Browser) -> None:
    proof = A.assertion(site)
    first, second = Asked(A), Asked(A)
    assert exchange(site, first, code_of(browser, first), client_assertion=proof).status_code == 200
    code = code_of(browser, second)
    is_refused(exchange(site, second, code, client_assertion=proof), "invalid_client")
    assert exchange(site, second, code).status_code == 200


def test_an_assertion_that_came_with_a_bad_code_is_spent_too(site: Site, browser: Browser) -> None:
    proof, asked = A.assertion(site), Asked(A)
    is_refused(exchange(site, asked, "x" * 48, client_assertion=proof), "invalid_grant")
    is_refused(exchange(site, asked, code_of(browser, asked), client_assertion=proof), "invalid_client")


def after(seconds: int) -> int:
    return int((datetime.now(UTC) + timedelta(seconds=seconds)).timestamp())


def test_an_assertion_is_for_us_alone_and_short_lived_and_clocks_may_be_a_little_off(
    site: Site, browser: Browser
) -> None:
    asked = Asked(A)
    code = code_of(browser, asked)
    for changes in (
        {"aud": f"{site.url}/openid/token"},
        {"aud": [site.url]},
        {"aud": [site.url, "https://elsewhere.example"]},
        {"aud": "https://elsewhere.example"},
        {"aud": None},
        {"jti": None},
        {"jti": 7},
        {"exp": None},
        {"exp": after(-40)},
        {"exp": after(3600)},
        {"exp": "tomorrow"},
        {"nbf": after(90)},
        {"iat": after(90)},
        {"sub": None},
        {"sub": ["x"]},
    ):
        is_refused(exchange(site, asked, code, client_assertion=A.assertion(site, **changes)), "invalid_client")
    skewed = A.assertion(site, iat=after(20), nbf=after(20), exp=after(80))
    assert exchange(site, asked, code, client_assertion=skewed).status_code == 200


def test_no_other_way_of_proving_oneself_is_taken(site: Site, browser: Browser) -> None:
    asked = Asked(A)
    code = code_of(browser, asked)
    nothing = {"client_assertion": None, "client_assertion_type": None}
    for changes in (nothing, {"client_id": A.client_id}, {"client_id": A.client_id, "client_secret": "x"}):
        is_refused(exchange(site, asked, code, **(nothing | changes)), "invalid_client")
    told = {"grant_type": "authorization_code", "code": code, "code_verifier": asked.verifier}
    is_refused(
        httpx2.post(f"{site.url}/openid/token", data=told, auth=(A.client_id, "x"), trust_env=False), "invalid_client"
    )
    is_refused(exchange(site, asked, code, client_id=B.client_id), "invalid_client")
    is_refused(exchange(site, asked, code, client_assertion_type=ASSERTION + "x"), "invalid_client")


def test_a_client_that_the_portal_has_withdrawn_gets_nothing_more(site: Site) -> None:
    gone = Agency("motcua-H01", "H01", "https://h01.example.vn/").register(site)
    browser = Browser(site, person(site))
    first, second = Asked(gone), Asked(gone)
    token = exchange(site, first, code_of(browser, first)).json()["access_token"]
    code = code_of(browser, second)
    gone.leave(site)
    is_refused(exchange(site, second, code), "invalid_client")
    assert bearing(site, "/openid/userinfo", token).status_code == 401
    assert browser.go(second.address()).status_code == 400


# Addresses


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
def test_nobody_is_sent_to_an_address_that_is_not_exactly_registered(reader: Browser, address: str | None) -> None:
    for broken in ({}, {"response_type": "token"}, {"scope": "everything"}, {"prompt": "none"}):
        answer = reader.go(Asked(A).address(redirect_uri=address, **broken))
        assert answer.status_code == 400, broken
        assert "location" not in answer.headers
        assert "Chưa có gì được gửi đi" in answer.text


def test_a_posted_address_does_not_replace_the_one_that_was_shown(site: Site, browser: Browser) -> None:
    asked = Asked(A)
    page = browser.go(asked.address())
    token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    told = {"csrfmiddlewaretoken": token, "decision": "agree", "redirect_uri": "https://evil.example/"}
    answer = browser.client.post(asked.address(), data=told, headers={"Referer": str(page.url)})
    assert answer.status_code == 400
    assert "location" not in answer.headers
    told |= {"redirect_uri": B.callback, "client_id": B.client_id}
    answer = browser.client.post(asked.address(), data=told, headers={"Referer": str(page.url)})
    assert answer.status_code == 400, "what was not on the page is not agreed to"


def test_an_unknown_client_gets_a_page_and_no_address(reader: Browser) -> None:
    for client_id in ("nobody", "", None, "x' OR 1=1"):
        answer = reader.go(Asked(A).address(client_id=client_id))
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
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
    ],
)
def test_a_weaker_request_goes_back_with_an_error_and_with_who_answers(
    site: Site, reader: Browser, changes: dict[str, Any], error: str
) -> None:
    asked = Asked(A)
    answer = reader.go(asked.address(**changes))
    assert answer.headers["location"].startswith(A.callback + "?")
    back = sent_back(answer)
    assert (back["error"], back["state"], back["iss"]) == (error, asked.state, site.url)


def test_letters_that_no_error_may_repeat_are_refused_on_a_page(reader: Browser) -> None:
    for odd in ("đường", 'a"b', "x\\y"):
        answer = reader.go(Asked(A).address(response_type=odd))
        assert (answer.status_code, "location" in answer.headers) == (400, False)


def test_a_parameter_that_stands_twice_is_refused(browser: Browser) -> None:
    asked = Asked(A)
    for more in ("&redirect_uri=https%3A%2F%2Fevil.example%2F", "&client_id=motcua-H38", "&scope=officer", "&state=x"):
        assert browser.go(asked.address() + more).headers.get("location", "").find("code=") < 0
    answer = browser.go(asked.address() + "&code_challenge_method=plain")
    assert sent_back(answer)["error"] == "invalid_request"


def test_a_nonce_counts_once(browser: Browser) -> None:
    asked = Asked(A)
    assert code_of(browser, asked)
    assert sent_back(browser.go(asked.address()))["error"] == "invalid_request"


def test_a_mix_up_shows(site: Site, browser: Browser) -> None:
    """Whoever thinks they asked another provider sees that this one answered (RFC 9207)."""
    for decision in ("agree", "refuse"):
        assert sent_back(browser.decide(Asked(A).address(), decision))["iss"] == site.url


# Sessions


def test_a_decision_without_the_forms_token_is_none(browser: Browser) -> None:
    answer = browser.client.post(Asked(A).address(), data={"decision": "agree"})
    assert answer.status_code == 403
    assert "location" not in answer.headers


def test_a_session_that_its_owner_has_ended_takes_codes_and_tokens_with_it(site: Site, browser: Browser) -> None:
    first, second = Asked(A), Asked(A)
    token = exchange(site, first, code_of(browser, first)).json()["access_token"]
    code = code_of(browser, second)
    with site.connect() as connection:
        connection.execute(
            "UPDATE account_session SET ended_at = %s WHERE id = %s", [datetime.now(UTC), browser.session]
        )
    assert browser.go(Asked(A).address()).headers["location"].startswith("/dang-nhap/")
    is_refused(exchange(site, second, code), "invalid_grant")
    assert bearing(site, "/openid/userinfo", token).status_code == 401


@pytest.mark.parametrize("change", ["state = 'locked'", "sessions_after = now() + interval '1 second'"])
def test_a_locked_account_takes_its_tokens_with_it(site: Site, agencies: None, change: str) -> None:
    account = person(site)
    browser, asked = Browser(site, account), Asked(A)
    token = exchange(site, asked, code_of(browser, asked)).json()["access_token"]
    with site.connect() as connection:
        connection.execute(f"UPDATE account SET {change} WHERE id = %s", [account])  # type: ignore[arg-type]
    assert bearing(site, "/openid/userinfo", token).status_code == 401


def test_tokens_are_short_lived_and_no_others_are_taken(site: Site, browser: Browser) -> None:
    asked = Asked(A)
    told = exchange(site, asked, code_of(browser, asked)).json()
    assert told["expires_in"] <= 900
    for token in ("x" * 43, told["id_token"], told["access_token"] + "x"):
        assert bearing(site, "/openid/userinfo", token).status_code == 401
    assert httpx2.get(f"{site.url}/openid/userinfo", trust_env=False).status_code == 401
    in_address = f"{site.url}/openid/userinfo?access_token={told['access_token']}"
    assert httpx2.get(in_address, trust_env=False).status_code == 401
    with site.connect() as connection:
        connection.execute("UPDATE openid_token SET expires_at = %s", [datetime.now(UTC)])
    assert bearing(site, "/openid/userinfo", told["access_token"]).status_code == 401


def test_one_account_gets_only_so_many_codes_in_a_minute(site: Site, browser: Browser) -> None:
    for _ in range(20):
        assert code_of(browser, Asked(A))
    answer = browser.decide(Asked(A).address())
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert "quá nhiều lần" in answer.text
