"""Signing in to an agency with eID, and what it learns."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import httpx2
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from joserfc import jwt
from joserfc.jwk import KeySet

from .agencies import A, Asked, B, Browser, bearing, code_of, exchange, person, sent_back
from .site import Site


def claims_of(site: Site, id_token: str) -> dict[str, object]:
    keys = KeySet.import_key_set(httpx2.get(f"{site.url}/openid/keys", trust_env=False).json())
    return jwt.decode(id_token, keys, ["ES256"]).claims


def test_the_discovery_document_is_valid_and_says_only_what_there_is(site: Site, agencies: None) -> None:
    told = httpx2.get(f"{site.url}/.well-known/openid-configuration", trust_env=False).json()
    assert told["issuer"] == site.url
    # The library's own reading, which wants https; a rehearsal's address has none.
    AuthorizationServerMetadata(
        {k: v.replace("http:", "https:") if isinstance(v, str) else v for k, v in told.items()}
    ).validate()
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert told["subject_types_supported"] == ["pairwise"]
    assert told["id_token_signing_alg_values_supported"] == ["ES256"]
    assert told["authorization_response_iss_parameter_supported"] is True


def test_a_citizen_reads_what_the_agency_will_learn_and_agrees(site: Site, citizen: Browser) -> None:
    page = citizen.go(Asked(A).address())
    assert page.status_code == 200
    for words in ("Sở H55", "bí danh", "motcua.example.vn", "không nhận họ tên"):
        assert words in page.text
    assert "https://motcua.example.vn" in page.headers["content-security-policy"]
    assert page.headers["cache-control"].count("no-store")


def test_the_code_becomes_an_id_token_with_level_time_and_pseudonym_and_nothing_else(
    site: Site, citizen: Browser
) -> None:
    asked = Asked(A)
    back = sent_back(citizen.decide(asked.address()))
    assert back == {"code": back["code"], "state": asked.state, "iss": site.url}
    answer = exchange(site, asked, back["code"])
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"].count("no-store")
    told = answer.json()
    assert set(told) == {"access_token", "token_type", "expires_in", "scope", "id_token"}
    claims = claims_of(site, told["id_token"])
    assert set(claims) == {"iss", "aud", "sub", "iat", "exp", "auth_time", "nonce", "acr", "at_hash"}
    now = datetime.now(UTC).timestamp()
    assert (claims["iss"], claims["aud"], claims["nonce"], claims["acr"]) == (site.url, A.client_id, asked.nonce, "2")
    assert now - 600 < claims["auth_time"] <= now  # type: ignore[operator]
    assert 0 < claims["exp"] - claims["iat"] <= 300  # type: ignore[operator]
    known = bearing(site, "/openid/userinfo", told["access_token"])
    assert known.json() == {"sub": claims["sub"], "acr": "2"}


def test_two_agencies_know_the_same_person_by_names_that_have_nothing_in_common(site: Site, citizen: Browser) -> None:
    names = []
    for agency in (A, A, B):
        asked = Asked(agency)
        told = exchange(site, asked, code_of(citizen, asked)).json()
        names.append(str(claims_of(site, told["id_token"])["sub"]))
    first, again, other = names
    assert first == again
    assert other != first
    assert re.fullmatch(r"[\w-]{43}", first), "as long as a digest, and nothing of a number in it"


def test_an_address_with_a_query_of_its_own_keeps_it(citizen: Browser) -> None:
    back = sent_back(citizen.decide(Asked(B).address()))
    assert back["tu"] == "eid"
    assert back["code"]


def test_whoever_refuses_is_sent_back_without_a_code(site: Site, citizen: Browser) -> None:
    asked = Asked(A)
    back = sent_back(citizen.decide(asked.address(), "refuse"))
    assert back["error"] == "access_denied"
    assert (back["state"], back["iss"]) == (asked.state, site.url)
    assert "code" not in back


def test_a_stranger_signs_in_first_and_comes_back_to_the_request(site: Site, agencies: None) -> None:
    asked = Asked(A)
    answer = Browser(site).go(asked.address())
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/dang-nhap/?next=/openid/authorize%3F")
    assert asked.nonce in answer.headers["location"]


def test_an_account_at_level_one_says_so(site: Site, agencies: None) -> None:
    asked = Asked(A)
    told = exchange(site, asked, code_of(Browser(site, person(site, level=1)), asked)).json()
    assert claims_of(site, told["id_token"])["acr"] == "1"
    assert bearing(site, "/openid/userinfo", told["access_token"]).json()["acr"] == "1"


def test_a_client_may_want_somebody_who_has_just_signed_in(site: Site, agencies: None) -> None:
    account = person(site)
    answer = Browser(site, account).go(Asked(A).address(prompt="login"))
    assert answer.headers["location"].startswith("/dang-nhap/?next=%2Fopenid%2Fauthorize%3F")
    assert "prompt" not in answer.headers["location"]
    browser = Browser(site, account)
    assert browser.go(Asked(A).address(max_age="600")).status_code == 200
    with site.connect() as connection:
        connection.execute(
            "UPDATE account_session SET began_at = began_at - interval '11 minutes' WHERE id = %s", [browser.session]
        )
    assert browser.go(Asked(A).address(max_age="600")).headers["location"].startswith("/dang-nhap/")


def test_nobody_is_signed_in_without_a_page(site: Site, citizen: Browser) -> None:
    back = sent_back(citizen.go(Asked(A).address(prompt="none")))
    assert (back["error"], back["iss"]) == ("consent_required", site.url)
    assert sent_back(Browser(site).go(Asked(A).address(prompt="none")))["error"] == "login_required"


def test_a_restart_in_the_middle_loses_nothing(site: Site, citizen: Browser) -> None:
    asked = Asked(A)
    citizen.go(asked.address())
    site.close()
    site.open()
    code = code_of(citizen, asked)
    site.close()
    site.open()
    told = exchange(site, asked, code)
    assert told.status_code == 200
    site.close()
    site.open()
    assert bearing(site, "/openid/userinfo", told.json()["access_token"]).status_code == 200


def test_keys_turn_while_people_sign_in(site: Site, citizen: Browser) -> None:
    asked = Asked(A)
    before = exchange(site, asked, code_of(citizen, asked)).json()["id_token"]
    site.say("turn-keys")
    keys = httpx2.get(f"{site.url}/openid/keys", trust_env=False).json()["keys"]
    assert len(keys) == 2, "the next one is told before it signs"
    assert claims_of(site, before)["nonce"] == asked.nonce
    again = Asked(A)
    after = exchange(site, again, code_of(citizen, again)).json()["id_token"]
    assert claims_of(site, after)["nonce"] == again.nonce
