"""Behind a proxy that ends TLS: links, cookies and HSTS are those of the public address, whatever a request says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from ketnoi_portal import settings as portal_settings
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.process.roles import Role
from ketnoi_portal.staff.models import Person

from .offices import at_desk, found

PUBLIC = "https://ketnoi.c06.example"
PROXY, STRANGER = "10.0.0.1", "203.0.113.9"

_ASKED = """
import json
from ketnoi_portal.site import settings
names = (
    "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "LANGUAGE_COOKIE_SECURE", "SECURE_HSTS_SECONDS",
    "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "SECURE_PROXY_SSL_HEADER",
)
print(json.dumps({name: getattr(settings, name) for name in names}))
"""


def django_settings(folder: Path, base_url: str) -> dict[str, object]:
    """What a portal of that address starts with."""
    (folder / "secret").write_text("for this test only, and long enough")
    file = folder / "portal.toml"
    file.write_text(f'database = "postgresql:///x"\nsecret_key_file = "secret"\nbase_url = "{base_url}"\n')
    told = os.environ | {"KETNOI_PORTAL_SETTINGS": str(file)}
    done = subprocess.run([sys.executable, "-c", _ASKED], env=told, capture_output=True, check=True, timeout=60)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_a_portal_that_is_public_over_https_sends_its_cookies_by_tls_alone(tmp_path: Path) -> None:
    public = django_settings(tmp_path, PUBLIC)
    cookies = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "LANGUAGE_COOKIE_SECURE")
    assert [public[name] for name in cookies] == [True, True, True]
    assert public["SECURE_HSTS_SECONDS"] == 31_536_000
    assert public["MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN"] is False
    assert (public["ALLOWED_HOSTS"], public["CSRF_TRUSTED_ORIGINS"]) == (["ketnoi.c06.example"], [PUBLIC])
    assert public["SECURE_PROXY_SSL_HEADER"] == ["HTTP_X_FORWARDED_PROTO", "https"]
    plain = django_settings(tmp_path, "http://127.0.0.1:8001")
    assert [plain[name] for name in cookies] == [False, False, False]
    assert plain["SECURE_HSTS_SECONDS"] == 0


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """This portal, as if its settings file had an https address and one trusted proxy."""
    cache.clear()
    own = msgspec.structs.replace(portal_settings.current(), base_url=f"{PUBLIC}/", trusted_proxies=(PROXY,))
    for module in ("staff.sign_in.adapter", "staff.letters", "publication.alarms"):
        monkeypatch.setattr(f"ketnoi_portal.{module}.current", lambda: own)
    settings.TRUSTED_PROXIES = own.proxies()
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.ALLOWED_HOSTS = ["ketnoi.c06.example"]
    settings.EMAIL_BACKEND = "ketnoi_portal.site.mail.OutboxBackend"


def asked(peer: str, scheme: str | None, path: str = "account_login") -> HttpResponse:
    headers = {"host": "ketnoi.c06.example"} | ({} if scheme is None else {"x-forwarded-proto": scheme})
    answer: HttpResponse = Client().get(reverse(path), headers=headers, REMOTE_ADDR=peer)
    return answer


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("peer", "scheme", "by_tls"),
    [
        (PROXY, "https", True),
        (PROXY, "HTTPS", True),
        # What the caller sent itself stands left of the proxy's own word.
        (PROXY, "https, http", False),
        (PROXY, "http, https", True),
        (PROXY, "http", False),
        (PROXY, None, False),
        (STRANGER, "https", False),
        (STRANGER, None, False),
    ],
)
@pytest.mark.usefixtures("public")
def test_only_a_trusted_proxy_says_that_a_request_came_by_tls(peer: str, scheme: str | None, by_tls: bool) -> None:
    answer = asked(peer, scheme)
    assert answer.status_code == 200
    assert answer.wsgi_request.is_secure() is by_tls  # type: ignore[attr-defined]
    assert answer.headers.get("Strict-Transport-Security") == ("max-age=31536000" if by_tls else None)
    assert answer.cookies["csrftoken"]["secure"] is True


@pytest.mark.django_db
@pytest.mark.usefixtures("public")
def test_the_link_that_sets_a_password_leads_to_the_public_address() -> None:
    found()
    person = Person.objects.get(pk=at_desk("c06", Role.HANDLER).person)
    person.set_password("một mật khẩu thật dài 91")
    person.save()
    sent = {"email": person.email}
    for peer, headers in ((STRANGER, {}), (PROXY, {"x-forwarded-proto": "http", "x-forwarded-host": "evil.example"})):
        Letter.objects.all().delete()
        host = headers | {"host": "ketnoi.c06.example"}
        assert Client().post(reverse("account_reset_password"), sent, headers=host, REMOTE_ADDR=peer).status_code == 302
        body = Letter.objects.get().body
        assert f"{PUBLIC}/accounts/password/reset/key/" in body
        assert "http://" not in body
        assert "evil" not in body


@pytest.mark.django_db
@pytest.mark.usefixtures("public")
def test_a_request_for_another_host_is_refused_and_writes_no_letter() -> None:
    found()
    person = Person.objects.get(pk=at_desk("c06", Role.HANDLER).person)
    page = reverse("account_reset_password")
    answer = Client().post(page, {"email": person.email}, headers={"host": "evil.example"}, REMOTE_ADDR=PROXY)
    assert answer.status_code == 400
    assert not Letter.objects.exists()


def test_no_letter_is_written_with_the_host_of_a_request() -> None:
    source = Path(portal_settings.__file__).parent
    files = [file for file in source.rglob("*.py") if "build_absolute_uri" in file.read_text(encoding="utf-8")]
    assert files == []
