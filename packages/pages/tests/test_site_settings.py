"""What the settings of every site have alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from ketnoi_pages.site_settings import common, policy

DATABASE = "postgresql://web:secret@/identity?host=/run/postgresql&port=5433"


def settings(base_url: str) -> dict[str, object]:
    return common(base_url, DATABASE, Path("/srv/site"))


@pytest.mark.parametrize("name", ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "LANGUAGE_COOKIE_SECURE"])
def test_cookies_keep_to_tls_where_the_site_has_it(name: str) -> None:
    assert settings("https://dinhdanh.example")[name] is True
    assert settings("http://127.0.0.1:8001")[name] is False


def test_browsers_are_told_to_come_back_by_tls_where_the_site_has_it() -> None:
    assert settings("https://dinhdanh.example")["SECURE_HSTS_SECONDS"] == 365 * 24 * 3600
    assert settings("http://127.0.0.1:8001")["SECURE_HSTS_SECONDS"] == 0


def test_a_site_answers_to_its_own_name_alone() -> None:
    found = settings("https://dinhdanh.example:8443")
    assert found["ALLOWED_HOSTS"] == ["dinhdanh.example"]
    assert found["CSRF_TRUSTED_ORIGINS"] == ["https://dinhdanh.example:8443"]


def test_the_database_is_where_libpq_would_find_it() -> None:
    (database,) = settings("https://dinhdanh.example")["DATABASES"].values()
    told = {name: database[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    assert told == {
        "NAME": "identity",
        "USER": "web",
        "PASSWORD": "secret",
        "HOST": "/run/postgresql",
        "PORT": "5433",
    }


def test_how_the_database_is_believed_is_handed_on() -> None:
    verified = "postgresql://web:secret@db.example/identity?sslmode=verify-full&sslrootcert=/etc/ca.pem"
    (database,) = common("https://dinhdanh.example", verified, Path("/srv/site"))["DATABASES"].values()
    told = {name: value for name, value in database["OPTIONS"].items() if name != "pool"}
    assert told == {"sslmode": "verify-full", "sslrootcert": "/etc/ca.pem"}


def test_pages_load_from_their_own_site_and_are_framed_nowhere() -> None:
    directives = policy()["DIRECTIVES"]
    assert directives["default-src"] == directives["frame-ancestors"] == directives["base-uri"] == ["'none'"]
    assert directives["script-src"] == directives["form-action"] == ["'self'"]


def test_a_site_widens_only_what_it_names() -> None:
    plain, wider = policy()["DIRECTIVES"], policy(img_src=["'self'", "data:"])["DIRECTIVES"]
    assert wider.pop("img-src") == ["'self'", "data:"]
    assert wider == {name: sources for name, sources in plain.items() if name != "img-src"}
