"""The officer's token: for one message of one organisation, of an officer at level 2 under the current terms."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx2
from joserfc import jwt
from joserfc.jwk import KeySet

from ketnoi_identity.openid.keys import OFFICERS, OPENID, KeyRing

from .agencies import A, Agency, Asked, B, Browser, bearing, code_of, exchange, person
from .site import Site

MESSAGE = "5c2a7d7e-0f2a-4a55-8f0e-1d6a3b1c9e77"


def access(site: Site, account: UUID, agency: Agency = A, scope: str = "openid officer") -> str:
    """What an officer's signing in gives the agency."""
    asked = Asked(agency)
    told = exchange(site, asked, code_of(Browser(site, account), asked, scope=scope)).json()
    return str(told["access_token"])


def ask(site: Site, token: str, message_id: str = MESSAGE) -> httpx2.Response:
    return bearing(site, "/openid/officer-token", token, message_id=message_id)


def test_an_officer_is_told_that_it_is_as_an_officer(site: Site, agencies: None) -> None:
    browser = Browser(site, person(site))
    assert "với tư cách cán bộ" in browser.go(Asked(A).address(scope="openid officer")).text
    assert "với tư cách cán bộ" not in browser.go(Asked(A).address()).text


def test_the_token_says_who_for_whom_and_for_which_message(site: Site, agencies: None) -> None:
    account = person(site)
    answer = ask(site, access(site, account))
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"].count("no-store")
    told = answer.json()
    keys = KeySet.import_key_set(KeyRing(site.folder / "keys" / OFFICERS).told(datetime.now(UTC)))
    token = jwt.decode(told["token"], keys, ["ES256"])
    assert token.header["typ"] == "ketnoi-officer+jwt"
    claims = token.claims
    assert set(claims) == {"iss", "aud", "sub", "org", "mid", "acr", "terms", "iat", "exp", "jti"}
    assert (claims["iss"], claims["aud"]) == (site.url, "ketnoi-registry:test")
    assert (claims["org"], claims["mid"], claims["acr"]) == ("H55", MESSAGE, "2")
    assert claims["sub"] == told["officer"]
    assert re.fullmatch("[A-Z2-7]{20}", told["officer"])
    assert claims["exp"] - claims["iat"] <= 300
    with site.connect() as connection:
        rows = connection.execute("SELECT organisation, code FROM officer WHERE account = %s", [account]).fetchall()
        (terms,) = connection.execute("SELECT version FROM terms ORDER BY valid_from DESC LIMIT 1").fetchone() or ("",)
        kept = connection.execute("SELECT message_id FROM officer_token WHERE jti = %s", [claims["jti"]]).fetchall()
    assert (rows, claims["terms"], kept) == ([("H55", told["officer"])], terms, [(MESSAGE,)])


def test_no_key_of_id_tokens_signs_for_officers(site: Site) -> None:
    now = datetime.now(UTC)
    kids = [
        {each["kid"] for each in KeyRing(site.folder / "keys" / name).told(now)["keys"]} for name in (OFFICERS, OPENID)
    ]
    assert not kids[0] & kids[1]


def test_an_officer_of_two_organisations_has_two_codes_and_one_at_each(site: Site, agencies: None) -> None:
    account = person(site)
    codes = [ask(site, access(site, account, agency)).json()["officer"] for agency in (A, A, B)]
    assert codes[0] == codes[1] != codes[2]


def test_a_token_without_the_scope_an_account_at_level_one_and_old_terms_get_none(site: Site, agencies: None) -> None:
    answer = ask(site, access(site, person(site), scope="openid"))
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")
    answer = ask(site, access(site, person(site, level=1)))
    assert (answer.status_code, answer.json()["error"]) == (403, "level_too_low")
    account = person(site)
    token = access(site, account)
    with site.connect() as connection:
        connection.execute(
            "UPDATE terms_acceptance SET sha256 = %s WHERE account = %s", [b"other words".ljust(32), account]
        )
    answer = ask(site, token)
    assert (answer.status_code, answer.json()["error"]) == (403, "terms_not_current")


def test_new_terms_stop_everybody_who_has_not_accepted_them(site: Site, agencies: None) -> None:
    token = access(site, person(site))
    assert ask(site, token).status_code == 200
    with site.connect() as connection:
        connection.execute(
            "INSERT INTO terms VALUES ('2999-01-01', %s, %s)", [b"x" * 32, datetime.now(UTC) - timedelta(seconds=1)]
        )
    try:
        assert ask(site, token).json()["error"] == "terms_not_current"
    finally:
        with site.connect() as connection:
            connection.execute("DELETE FROM terms WHERE version = '2999-01-01'")


def test_a_locked_account_gets_none(site: Site, agencies: None) -> None:
    account = person(site)
    token = access(site, account)
    with site.connect() as connection:
        connection.execute("UPDATE account SET state = 'locked' WHERE id = %s", [account])
    assert ask(site, token).status_code == 401


def test_what_names_no_message_gets_none(site: Site, agencies: None) -> None:
    token = access(site, person(site))
    for message_id in ("", "x" * 101, "a b", "a\nb", "đơn"):
        assert ask(site, token, message_id).status_code == 400
    headers = {"Authorization": f"Bearer {token}"}
    for body in (b"", b"{}", b"[]", b'{"message_id": 7}', b"\xff"):
        answer = httpx2.post(f"{site.url}/openid/officer-token", content=body, headers=headers, trust_env=False)
        assert answer.status_code == 400


def test_one_officer_gets_only_so_many_in_a_minute(site: Site, agencies: None) -> None:
    account = person(site)
    token = access(site, account)
    officer = ask(site, token).json()["officer"]
    with site.connect() as connection:
        connection.execute(
            "INSERT INTO officer_token SELECT gen_random_uuid()::text, organisation, officer, client_id, message_id,"
            " terms, at FROM officer_token, generate_series(1, 119) WHERE officer = %s",
            [officer],
        )
    answer = ask(site, token)
    assert (answer.status_code, answer.json()["error"], answer.headers["retry-after"]) == (429, "too_many", "60")
    assert ask(site, access(site, person(site))).status_code == 200, "others are not held up"
