"""Agencies' systems that citizens sign in to, and citizens who have signed in to the identity side already."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID, uuid4

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey

from .site import Site

ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_ENTER = """
import sys, django
django.setup()
from django.contrib.sessions.backends.db import SessionStore
session = SessionStore()
session["account"], session["account_session"] = sys.argv[1:]
session.create()
print(session.session_key)
"""


@dataclass
class Agency:
    """A client with a key of its own. `code` is its organisation."""

    client_id: str
    code: str
    callback: str
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))

    def register(self, site: Site, *more: str) -> Agency:
        """As the portal would write it."""
        self.key.ensure_kid()
        jwks = {"keys": [self.key.as_dict(private=False)]}
        with site.connect() as connection:
            connection.execute(
                "INSERT INTO client (client_id, organisation, name_vi, name_en, redirect_uris, jwks)"
                " VALUES (%s, %s, %s, %s, %s, %s::jsonb) ON CONFLICT (client_id) DO UPDATE SET jwks = EXCLUDED.jwks",
                [self.client_id, self.code, f"Sở {self.code}", f"Department {self.code}", [self.callback, *more],
                 json.dumps(jwks)],
            )  # fmt: skip
        return self

    def leave(self, site: Site) -> None:
        """As when the portal withdraws it."""
        with site.connect() as connection:
            connection.execute("DELETE FROM client WHERE client_id = %s", [self.client_id])

    def assertion(self, site: Site, *, key: Any = None, header: dict[str, Any] | None = None, **changes: Any) -> str:
        """What it proves itself with; `changes` of claims, None takes one away."""
        now = datetime.now(UTC)
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": site.url,
            "jti": secrets.token_urlsafe(16),
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(seconds=60)).timestamp()),
        } | changes
        told = {"alg": "ES256", "kid": self.key.kid} | (header or {})
        return jwt.encode(told, {k: v for k, v in claims.items() if v is not None}, key or self.key, [told["alg"]])


A = Agency("motcua-H55", "H55", "https://motcua.example.vn/quay-lai")
B = Agency("motcua-H38", "H38", "https://h38.example.vn/quay-lai?tu=eid")


@dataclass
class Asked:
    """One authorization request, with what the agency keeps of it."""

    agency: Agency
    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def address(self, **changes: Any) -> str:
        """Where the browser is sent; `changes` of parameters, None takes one away."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self.agency.client_id,
            "redirect_uri": self.agency.callback,
            "scope": "openid",
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        } | changes
        return "/openid/authorize?" + urlencode({k: v for k, v in asked.items() if v is not None})


def person(site: Site, *, level: int = 2, terms: bool = True) -> UUID:
    """An account, of nobody; with the current terms accepted."""
    account, now = uuid4(), datetime.now(UTC)
    number = "9" + "".join(secrets.choice("0123456789") for _ in range(11))
    with site.connect() as connection:
        connection.execute(
            "INSERT INTO account (id, personal_number, full_name, birth_text, level, state, sessions_after, created_at)"
            " VALUES (%s, %s, 'Nguyễn Thị Thử', '1990-01-02', %s, 'active', %s, %s)",
            [account, number, level, now - timedelta(days=1), now - timedelta(days=1)],
        )
        if terms:
            connection.execute(
                "INSERT INTO terms_acceptance SELECT %s, version, sha256, %s FROM terms WHERE valid_from <= %s"
                " ORDER BY valid_from DESC LIMIT 1",
                [account, now, now],
            )
    return account


class Browser:
    """A browser; redirects are looked at, not followed."""

    def __init__(self, site: Site, account: UUID | None = None) -> None:
        self.client = httpx2.Client(base_url=site.url, follow_redirects=False, trust_env=False, timeout=30)
        self.session = uuid4()
        if account is not None:
            self._enter(site, account)

    def _enter(self, site: Site, account: UUID) -> None:
        now = datetime.now(UTC)
        with site.connect() as connection:
            connection.execute(
                "INSERT INTO account_session (id, account, began_at, last_seen_at, device, entered_by, credential)"
                " VALUES (%s, %s, %s, %s, 'điện thoại', 'passkey', 'none')",
                [self.session, account, now, now],
            )
        named = {
            "KETNOI_IDENTITY_SETTINGS": str(site.settings),
            "DJANGO_SETTINGS_MODULE": "ketnoi_identity.site.settings",
        }
        done = subprocess.run(
            [sys.executable, "-c", _ENTER, str(account), str(self.session)],
            env=os.environ | named, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        self.client.cookies.set("dinhdanh", done.stdout.strip(), domain="localhost.local", path="/")

    def go(self, address: str) -> httpx2.Response:
        """To a page."""
        return self.client.get(address)

    def decide(self, address: str, decision: str = "agree") -> httpx2.Response:
        """Read the page and press a button on it."""
        page = self.go(address)
        assert page.status_code == 200, f"{page.status_code} {page.headers.get('location')} {unescape(page.text)[:500]}"
        found = _TOKEN.search(page.text)
        assert found is not None
        told = {"csrfmiddlewaretoken": found[1], "decision": decision}
        return self.client.post(address, data=told, headers={"Referer": str(page.url)})


def sent_back(answer: httpx2.Response) -> dict[str, str]:
    """What the browser carries back to the agency."""
    assert answer.status_code in (302, 303), f"{answer.status_code} {unescape(answer.text)[:500]}"
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def code_of(browser: Browser, asked: Asked, **changes: Any) -> str:
    """The code that comes of a request which the citizen agrees to."""
    return sent_back(browser.decide(asked.address(**changes)))["code"]


def exchange(site: Site, asked: Asked, code: str, **changes: Any) -> httpx2.Response:
    """The agency's server shows the code; `changes` of parameters, None takes one away."""
    told = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": asked.agency.callback,
        "code_verifier": asked.verifier,
        "client_assertion_type": ASSERTION,
        "client_assertion": None if "client_assertion" in changes else asked.agency.assertion(site),
    } | changes
    data = {name: value for name, value in told.items() if value is not None}
    return httpx2.post(f"{site.url}/openid/token", data=data, trust_env=False)


def bearing(site: Site, path: str, token: str, **json_body: Any) -> httpx2.Response:
    """The agency's server comes with an access token: with a body it posts, without it asks."""
    method, body = ("POST", {"json": json_body}) if json_body else ("GET", {})
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.request(method, f"{site.url}{path}", headers=headers, trust_env=False, **body)


def is_refused(answer: httpx2.Response, error: str) -> None:
    """The token endpoint gave nothing, for this reason."""
    assert (answer.status_code, answer.json()["error"]) == (400, error), answer.text
    assert "access_token" not in answer.json()
