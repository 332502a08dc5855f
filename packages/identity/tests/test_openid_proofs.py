"""How agencies prove themselves, and every way in which they cannot."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from joserfc import jws
from joserfc.jwk import ECKey

from .agencies import ASSERTION, A, Agency, Asked, B, Browser, bearing, code_of, exchange, is_refused, person
from .site import Site


def encoded(*parts: bytes) -> str:
    return ".".join(base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in parts)


def by_hand(header: dict[str, str], secret: bytes, **changes: Any) -> str:
    """An assertion that no library would make: unsigned without a secret, else by HMAC."""
    now = int(datetime.now(UTC).timestamp())
    claims = {"iss": A.client_id, "sub": A.client_id, "iat": now, "exp": now + 60, "jti": "by-hand"} | changes
    signed = encoded(json.dumps(header).encode(), json.dumps(claims).encode())
    return signed + "." + (encoded(hmac.digest(secret, signed.encode(), "sha256")) if secret else "")


def test_no_forged_proof_is_taken(site: Site, somebody: Browser) -> None:
    asked = Asked(A)
    code = code_of(somebody, asked)
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


def test_an_assertion_counts_once(site: Site, somebody: Browser) -> None:
    proof = A.assertion(site)
    first, second = Asked(A), Asked(A)
    assert exchange(site, first, code_of(somebody, first), client_assertion=proof).status_code == 200
    code = code_of(somebody, second)
    is_refused(exchange(site, second, code, client_assertion=proof), "invalid_client")
    assert exchange(site, second, code).status_code == 200


def test_an_assertion_that_came_with_a_bad_code_is_spent_too(site: Site, somebody: Browser) -> None:
    proof, asked = A.assertion(site), Asked(A)
    is_refused(exchange(site, asked, "x" * 48, client_assertion=proof), "invalid_grant")
    is_refused(exchange(site, asked, code_of(somebody, asked), client_assertion=proof), "invalid_client")


def after(seconds: int) -> int:
    return int((datetime.now(UTC) + timedelta(seconds=seconds)).timestamp())


def test_an_assertion_is_for_us_alone_and_short_lived_and_clocks_may_be_a_little_off(
    site: Site, somebody: Browser
) -> None:
    asked = Asked(A)
    code = code_of(somebody, asked)
    for changes in (
        {"aud": f"{site.url}/openid/token"},
        {"aud": []},
        {"aud": [site.url, "https://elsewhere.example"]},
        {"aud": "https://elsewhere.example"},
        {"aud": None},
        {"jti": None},
        {"jti": 7},
        {"jti": ""},
        {"jti": "a\0b"},
        {"jti": "x" * 300},
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


def test_no_other_way_of_proving_oneself_is_taken(site: Site, somebody: Browser) -> None:
    asked = Asked(A)
    code = code_of(somebody, asked)
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


def test_names_that_no_table_takes_are_refused_before_they_are_looked_for(site: Site, agencies: None) -> None:
    for name in ("a\\u0000b", "\\ud800", "", "đ", "x" * 300):
        payload = f'{{"iss": "{name}", "sub": "{name}"}}'.encode()
        assertion = encoded(b'{"alg":"ES256"}', payload, b"x" * 64)
        told = {"grant_type": "authorization_code", "code": "x", "client_assertion_type": ASSERTION}
        answer = httpx2.post(f"{site.url}/openid/token", data=told | {"client_assertion": assertion}, trust_env=False)
        is_refused(answer, "invalid_client")
    payload = json.dumps({"iss": A.client_id, "sub": A.client_id, "aud": site.url, "exp": after(60), "jti": "\ud800"})
    assertion = jws.serialize_compact({"alg": "ES256", "kid": A.key.kid}, payload.encode(), A.key, ["ES256"])
    is_refused(exchange(site, Asked(A), "x", client_assertion=assertion), "invalid_client")
