"""Signing in to an agency with eID, on a phone: the page says what the agency will learn, and the phone comes back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from journeys.identity.conftest import PickUp
from packages.identity.tests.agencies import Agency, Asked, bearing, exchange
from packages.identity.tests.register import PEOPLE
from packages.identity.tests.site import Site


class _Page(BaseHTTPRequestHandler):
    """What the agency's system shows to whoever comes back."""

    def do_GET(self) -> None:
        told = "<!DOCTYPE html><html lang='vi'><title>Cơ quan</title><main><h1>Đã trở lại cơ quan</h1></main></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(told.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Codes stand in addresses."""


@pytest.fixture
def agency(site: Site) -> Iterator[Agency]:
    """An agency's system that runs on this machine, at another origin than the pages."""
    server = HTTPServer(("127.0.0.1", 0), _Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made = Agency("motcua-H55", "H55", f"http://127.0.0.1:{server.server_port}/quay-lai").register(site)
    yield made
    made.leave(site)
    server.shutdown()
    server.server_close()


def back(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def test_somebody_signs_in_to_an_agency_or_does_not(pick_up: PickUp, site: Site, agency: Agency) -> None:
    phone = pick_up().register(PEOPLE["an"])
    phone.sign_out()
    asked = Asked(agency)
    phone.go(asked.address())
    phone.prove("Đăng nhập").sees("Sở H55").sees("bí danh").sees("không nhận họ tên").is_fit("openid")
    phone.tap("Đồng ý và đăng nhập").sees("Đã trở lại cơ quan")
    told = back(phone.page.url)
    assert (told["state"], told["iss"]) == (asked.state, site.url)
    tokens = exchange(site, asked, told["code"]).json()
    assert set(bearing(site, "/openid/userinfo", tokens["access_token"]).json()) == {"sub", "acr"}

    phone.go(Asked(agency).address(scope="openid officer")).sees("với tư cách cán bộ").is_fit("openid-officer")
    phone.tap("Không đăng nhập").sees("Đã trở lại cơ quan")
    assert back(phone.page.url)["error"] == "access_denied"

    phone.go(Asked(agency).address(redirect_uri="https://evil.example/"))
    phone.sees("không được nhận ra").is_fit("openid-refused")
