"""What must not get anybody tokens: codes that are not what they should be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from .agencies import A, Asked, B, Browser, bearing, code_of, exchange, is_refused
from .site import Site


def test_a_code_counts_once_and_a_second_showing_takes_back_what_the_first_got(site: Site, somebody: Browser) -> None:
    asked = Asked(A)
    code = code_of(somebody, asked)
    token = exchange(site, asked, code).json()["access_token"]
    assert bearing(site, "/openid/userinfo", token).status_code == 200
    is_refused(exchange(site, asked, code), "invalid_grant")
    answer = bearing(site, "/openid/userinfo", token)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


def test_of_two_that_show_a_code_at_once_one_gets_tokens_at_most(site: Site, somebody: Browser) -> None:
    asked = Asked(A)
    code = code_of(somebody, asked)
    with ThreadPoolExecutor(4) as many:
        answers = [each.result() for each in [many.submit(exchange, site, asked, code) for _ in range(4)]]
    assert sorted(each.status_code for each in answers) == [200, 400, 400, 400]
    token = next(each for each in answers if each.status_code == 200).json()["access_token"]
    assert bearing(site, "/openid/userinfo", token).status_code == 401, "somebody else has the code too"


def test_a_code_is_its_clients_alone(site: Site, somebody: Browser) -> None:
    asked = Asked(A)
    code = code_of(somebody, asked)
    is_refused(exchange(site, asked, code, client_assertion=B.assertion(site)), "invalid_grant")
    assert exchange(site, asked, code).status_code == 200, "and another client cannot spoil it either"


def test_a_code_does_not_outlive_its_minute(site: Site, somebody: Browser) -> None:
    asked = Asked(A)
    code = code_of(somebody, asked)
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
    site: Site, somebody: Browser, changes: dict[str, Any], error: str
) -> None:
    asked = Asked(A)
    told = {"code": code_of(somebody, asked)} | changes
    is_refused(exchange(site, asked, told.pop("code"), **told), error)


def test_parameters_in_an_address_are_not_read(site: Site, agencies: None) -> None:
    told = {"grant_type": "authorization_code", "code": "x", "client_assertion": A.assertion(site)}
    is_refused(httpx2.post(f"{site.url}/openid/token?{urlencode(told)}", trust_env=False), "invalid_request")
    assert httpx2.get(f"{site.url}/openid/token", trust_env=False).status_code == 405


def test_the_database_holds_no_code_and_no_token_that_could_be_used(site: Site, somebody: Browser) -> None:
    asked = Asked(A)
    code = code_of(somebody, asked)
    token = exchange(site, asked, code).json()["access_token"]
    with site.connect() as connection:
        rows = connection.execute("SELECT * FROM openid_code, openid_token").fetchall()
    assert rows
    assert code not in str(rows)
    assert token not in str(rows)
