"""Whose attempts are counted: the caller's, told by a trusted proxy alone, and by nobody who only says so."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from ketnoi_pages.proxies import CallerAddressMiddleware, caller
from ketnoi_portal.settings import Settings
from ketnoi_portal.site.limits import is_within
from ketnoi_runtime.settings import SettingsError, load_settings

PROXIES = (ip_network("10.0.0.0/24"), ip_network("fd00::1"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        # A stranger's own header says nothing.
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("203.0.113.9", "10.0.0.5, 198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        # What the caller sent stands left of what the proxy has added.
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.2, 198.51.100.1", "198.51.100.1"),
        # Two proxies in a row.
        ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.3", "10.0.0.3"),
        ("10.0.0.1", "1.1.1.1, unknown", "10.0.0.1"),
        ("10.0.0.1", "1.1.1.1, <b>, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", " , 198.51.100.1,, ", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("fd00::1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("fd00::1", "2001:db8::7", "2001:db8::7"),
        # One caller has one address, however it is written.
        ("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("", "198.51.100.1", ""),
    ],
)
def test_the_last_hop_that_is_no_trusted_proxy_is_the_caller(peer: str, forwarded: str, found: str) -> None:
    assert caller(peer, forwarded, PROXIES) == found


def trusting(settings: Any, *proxies: str) -> CallerAddressMiddleware:
    settings.TRUSTED_PROXIES = Settings(database="", secret_key_file="", trusted_proxies=proxies).proxies()

    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=200 if is_within(request, "try", 3, 3600) else 429)

    return CallerAddressMiddleware(page)


def tried(portal: CallerAddressMiddleware, peer: str, forwarded: str) -> int:
    return portal(RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)).status_code


@pytest.mark.django_db
def test_a_forged_header_wins_no_further_attempts(settings: Any) -> None:
    cache.clear()
    nobody = trusting(settings)
    assert [tried(nobody, "203.0.113.9", f"1.1.1.{n}") for n in range(4)] == [200, 200, 200, 429]
    cache.clear()
    one = trusting(settings, "10.0.0.1")
    assert [tried(one, "203.0.113.9", f"1.1.1.{n}") for n in range(4)] == [200, 200, 200, 429]
    assert [tried(one, "10.0.0.1", f"1.1.1.{n}, 198.51.100.1") for n in range(4)] == [200, 200, 200, 429]


@pytest.mark.django_db
def test_behind_a_trusted_proxy_each_caller_has_attempts_of_their_own(settings: Any) -> None:
    cache.clear()
    portal = trusting(settings, "10.0.0.0/24")
    assert [tried(portal, "10.0.0.1", f"198.51.100.{n}") for n in range(6)] == [200] * 6


def test_a_network_that_is_none_is_refused_with_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "portal.toml"
    for wrong in ("10.0.0.1/24", "proxy.example", ""):
        file.write_text(f'database = "x"\nsecret_key_file = "s"\ntrusted_proxies = ["{wrong}"]\n')
        with pytest.raises(SettingsError):
            load_settings(str(file), Settings)
    file.write_text('database = "x"\nsecret_key_file = "s"\ntrusted_proxies = ["10.0.0.0/24", "::1"]\n')
    assert len(load_settings(str(file), Settings).proxies()) == 2
