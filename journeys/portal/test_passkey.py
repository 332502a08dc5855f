"""Somebody new comes in as in real operation: an invitation, a password, an app's codes, a passkey; no rehearsal."""

from __future__ import annotations

import base64
import hmac
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from journeys.portal.desk import Desk
from ketnoi_testbed.parts.premises import free_port, write_settings
from ketnoi_testbed.postgres import Postgres

PASSWORD = "chuồn chuồn bay thấp 27"
PORTAL = (sys.executable, "-c", "import sys; from ketnoi_portal.cli import main; sys.exit(main())", "--settings")


class Portal:
    """A portal without neighbours, its pages answering under the name `localhost`, which browsers let have passkeys."""

    def __init__(self, folder: Path, database: str) -> None:
        port = free_port()
        self.url, self._settings = f"http://localhost:{port}", folder / "portal.toml"
        (folder / "secret").write_text(secrets.token_urlsafe(48))
        told = {"database": database, "secret_key_file": "secret", "base_url": self.url, "port": port}
        write_settings(self._settings, told)

    def say(self, *arguments: str) -> str:
        """Run a command to its end; what it printed."""
        done = subprocess.run([*PORTAL, str(self._settings), *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout.strip()

    def open(self) -> subprocess.Popen[str]:
        """Start the pages; returns when they can be had."""
        web = subprocess.Popen([*PORTAL, str(self._settings), "web"], stdout=subprocess.PIPE, text=True)
        assert web.stdout is not None
        assert '"ready"' in web.stdout.readline()
        return web


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory, cluster: Postgres) -> Iterator[Portal]:
    made = Portal(tmp_path_factory.mktemp("portal"), cluster.create_database())
    made.say("migrate", "--verbosity", "0")
    made.say("make_offices")
    web = made.open()
    yield made
    web.terminate()
    web.wait(timeout=30)


@pytest.fixture
def desk(portal: Portal, browser: Browser) -> Iterator[Desk]:
    """A browser on a device that keeps passkeys and recognises its owner."""
    context = browser.new_context(base_url=portal.url, locale="vi-VN", viewport={"width": 1000, "height": 900})
    context.set_default_timeout(20_000)
    page = context.new_page()
    desk = Desk(page)
    page.on("console", lambda told: desk.broken.append(told.text) if told.type == "error" else None)
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    yield desk
    context.close()


def period(page: Page) -> int:
    """The number of the half minute in which the browser is."""
    return int(page.evaluate("Math.floor(Date.now() / 30000)"))


def app_code(secret: str, moment: int) -> str:
    """What an authenticator app shows in one half minute (RFC 6238)."""
    digest = hmac.digest(base64.b32decode(secret + "=" * (-len(secret) % 8)), moment.to_bytes(8, "big"), "sha1")
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


def sign_out(desk: Desk) -> None:
    desk.page.locator("form[action$='/logout/'] button").first.click()
    expect(desk.page.locator("form[action$='/logout/']")).to_have_count(0)


def is_in(desk: Desk) -> None:
    desk.go("/nhan-su/").sees("Lê Thị Mới")
    assert desk.page.url.endswith("/nhan-su/")


def show_again(desk: Desk) -> None:
    """What changes how one signs in is done by somebody who has just shown who they are."""
    if "/reauthenticate/" in desk.page.url:
        desk.page.locator("[name=password]").fill(PASSWORD)
        desk.page.locator("main button.primary").first.click()


def test_an_invitation_becomes_an_officer_with_an_app_and_a_passkey(portal: Portal, desk: Desk) -> None:
    page = desk.page
    link = portal.say("invite", "moi@example.vn", "Lê Thị Mới", "--role", "publisher", "--desk", "c06")
    desk.go(link).is_accessible()
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=again]").fill(PASSWORD)
    page.locator("main button.primary").click()
    page.wait_for_url("**/accounts/2fa/")
    desk.sees("hãy bật ít nhất một").is_accessible()
    desk.go("/nhan-su/")
    assert page.url.endswith("/accounts/2fa/"), "nothing is worked at before a second factor protects it"

    # The app.
    page.locator("a[href$='/totp/activate/']").click()
    show_again(desk)
    page.wait_for_url("**/totp/activate/")
    desk.is_accessible()
    picture = page.locator("img.qr")
    assert picture.evaluate("each => each.complete && each.naturalWidth > 0"), "the picture is let through"
    found = re.search(r"[A-Z2-7]{32}", desk.text)
    assert found is not None
    used = period(page)
    page.locator("[name=code]").fill(app_code(found[0], used))
    page.locator("main button.primary").click()
    page.wait_for_url("**/recovery-codes/**")
    assert page.locator("ul.codes li").count() >= 10
    desk.is_accessible()
    is_in(desk)

    # The passkey.
    desk.go("/accounts/2fa/webauthn/add/")
    show_again(desk)
    desk.is_accessible()
    page.locator("[name=name]").fill("Máy ở cơ quan")
    page.locator("[name=passwordless]").check()
    page.locator("#mfa_webauthn_add").click()
    page.wait_for_url("**/accounts/2fa/")
    desk.go("/accounts/2fa/webauthn/").sees("Máy ở cơ quan").is_accessible()

    # In by the passkey alone.
    sign_out(desk)
    desk.go("/accounts/login/").is_accessible()
    page.locator("#passkey_login").click()
    page.wait_for_url(re.compile(r"/viec/$"))
    is_in(desk)

    # In by the password, with the passkey as the second step.
    sign_out(desk)
    enter(desk, PASSWORD)
    desk.is_accessible()
    page.locator("#mfa_webauthn_authenticate").click()
    page.wait_for_url(re.compile(r"/viec/$"))
    is_in(desk)

    # In by the password and the app; a code that was used up once is not taken again.
    sign_out(desk)
    enter(desk, PASSWORD)
    while period(page) <= used:
        page.wait_for_timeout(500)
    page.locator("[name=code]").fill(app_code(found[0], period(page)))
    page.locator("main button.primary").click()
    page.wait_for_url(re.compile(r"/viec/$"))
    is_in(desk)
    assert desk.broken == []


def enter(desk: Desk, password: str) -> None:
    desk.go("/accounts/login/")
    desk.page.locator("[name=login]").fill("moi@example.vn")
    desk.page.locator("[name=password]").fill(password)
    desk.page.locator("main button.primary").click()
    desk.page.wait_for_url("**/2fa/authenticate/")
