"""What an agency got ends with the session that it came of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from .agencies import A, Asked, Browser, bearing, code_of, exchange, is_refused, person
from .site import Site


def test_a_decision_without_the_forms_token_is_none(somebody: Browser) -> None:
    answer = somebody.client.post(Asked(A).address(), data={"decision": "agree"})
    assert answer.status_code == 403
    assert "location" not in answer.headers


def test_a_session_that_its_owner_has_ended_takes_codes_and_tokens_with_it(site: Site, somebody: Browser) -> None:
    first, second = Asked(A), Asked(A)
    token = exchange(site, first, code_of(somebody, first)).json()["access_token"]
    code = code_of(somebody, second)
    with site.connect() as connection:
        connection.execute(
            "UPDATE account_session SET ended_at = %s WHERE id = %s", [datetime.now(UTC), somebody.session]
        )
    assert somebody.go(Asked(A).address()).headers["location"].startswith("/dang-nhap/")
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


def test_tokens_are_short_lived_and_no_others_are_taken(site: Site, somebody: Browser) -> None:
    asked = Asked(A)
    told = exchange(site, asked, code_of(somebody, asked)).json()
    assert told["expires_in"] <= 900
    for token in ("x" * 43, told["id_token"], told["access_token"] + "x"):
        assert bearing(site, "/openid/userinfo", token).status_code == 401
    assert httpx2.get(f"{site.url}/openid/userinfo", trust_env=False).status_code == 401
    in_address = f"{site.url}/openid/userinfo?access_token={told['access_token']}"
    assert httpx2.get(in_address, trust_env=False).status_code == 401
    with site.connect() as connection:
        connection.execute("UPDATE openid_token SET expires_at = %s", [datetime.now(UTC)])
    assert bearing(site, "/openid/userinfo", told["access_token"]).status_code == 401


def test_one_account_gets_only_so_many_codes_in_a_minute(site: Site, somebody: Browser) -> None:
    for _ in range(20):
        assert code_of(somebody, Asked(A))
    answer = somebody.decide(Asked(A).address())
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert "Đã có quá nhiều lần thử" in answer.text


def test_a_lock_that_has_run_out_is_none_here_either(site: Site, agencies: None) -> None:
    account, asked = person(site), Asked(A)
    browser = Browser(site, account)
    with site.connect() as connection:
        connection.execute(
            "UPDATE account SET state = 'locked', locked_until = %s WHERE id = %s",
            [datetime.now(UTC) - timedelta(minutes=1), account],
        )
    token = exchange(site, asked, code_of(browser, asked)).json()["access_token"]
    assert bearing(site, "/openid/userinfo", token).status_code == 200
    with site.connect() as connection:
        connection.execute(
            "UPDATE account SET locked_until = %s WHERE id = %s", [datetime.now(UTC) + timedelta(minutes=1), account]
        )
    assert bearing(site, "/openid/userinfo", token).status_code == 401
    assert browser.go(Asked(A).address()).headers["location"].startswith("/dang-nhap/")


def test_what_ran_out_is_thrown_away_with_its_session(site: Site, somebody: Browser) -> None:
    old, kept = Asked(A), Asked(A)
    exchange(site, old, code_of(somebody, old))
    exchange(site, kept, code_of(Browser(site, person(site)), kept))
    with site.connect() as connection:
        connection.execute(
            "UPDATE account_session SET began_at = began_at - interval '100 days', last_seen_at = last_seen_at"
            " - interval '100 days' WHERE id = %s",
            [somebody.session],
        )
        for table in ("openid_code", "openid_token"):
            connection.execute(
                f"UPDATE {table} SET expires_at = expires_at - interval '100 days' WHERE session = %s",
                [somebody.session],
            )
    site.say("tidy")
    with site.connect() as connection:
        for table, key in (("account_session", "id"), ("openid_code", "session"), ("openid_token", "session")):
            found = connection.execute(f"SELECT {key} FROM {table}").fetchall()
            assert (somebody.session,) not in found
            assert found, "and nothing else is"
