"""A phone in somebody's hand: a narrow window, touched, that may keep passkeys and the key of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

from playwright.sync_api import Browser, Page, expect

from journeys.portal.desk import Desk
from packages.identity.tests.people import Person

SIZE = {"width": 390, "height": 844}
NARROWEST = {"width": 320, "height": 568}
PASSCODE = "407193"


class Handset(Desk):
    """One phone."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        page.on("console", lambda told: self._said(told.type, told.text))

    def _said(self, kind: str, told: str) -> None:
        # A refused form is no fault of the page.
        if kind == "error" and "status of 4" not in told:
            self.broken.append(told)

    @classmethod
    def new(cls, browser: Browser, url: str, *, passkeys: bool = True) -> Self:
        """A phone that nobody has used yet; its owner is always recognised by it."""
        context = browser.new_context(
            base_url=url, locale="vi-VN", viewport=SIZE, has_touch=True, is_mobile=True, device_scale_factor=2
        )
        context.set_default_timeout(20_000)
        page = context.new_page()
        if passkeys:
            device = context.new_cdp_session(page)
            device.send("WebAuthn.enable")
            options = {
                "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                "isUserVerified": True, "automaticPresenceSimulation": True,
            }  # fmt: skip
            device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return cls(page)

    def go(self, address: str) -> Self:
        """To an address; its script has looked at the page."""
        super().go(address)
        return self.ready()

    def ready(self) -> Self:
        """Wait until the script of keys, where the page has it, has looked at it."""
        self.page.wait_for_load_state("domcontentloaded")
        # One question, since the page may be leaving for the next one just now.
        looked = "html[data-ready], html:not(:has(script[src*='keys.js']))"
        expect(self.page.locator(looked)).to_be_attached(timeout=20_000)
        return self

    def is_fit(self, name: str = "") -> Self:
        """Nothing serious for a screen reader, nothing sticks out; and a picture where a folder is named for them."""
        self.is_accessible().fits()
        self.reads_large()
        folder = os.environ.get("KETNOI_IDENTITY_PICTURES")
        if folder and name:
            # It lies over the lower end of the window, which in a picture of the whole page is its middle.
            self.page.evaluate("document.querySelector('nav.tabs')?.style.setProperty('position', 'static')")
            self.picture(Path(folder) / f"{name}.png")
        return self

    def reads_large(self) -> Self:
        """On the narrowest phone with letters twice as large nothing sticks out, and an answer has room for a word."""
        self.page.set_viewport_size(NARROWEST)
        self.page.evaluate("document.documentElement.style.fontSize = '200%'")
        self.fits()
        squeezed = self.page.evaluate(
            "[...document.querySelectorAll('dl.facts dd')].filter((each) =>"
            " each.clientWidth < each.parentElement.clientWidth / 2).map((each) => each.textContent)"
        )
        assert squeezed == [], f"{self.page.url}: {squeezed}"
        self.page.evaluate("document.documentElement.style.removeProperty('font-size')")
        self.page.set_viewport_size(SIZE)
        return self

    def is_at_the_alert(self) -> Self:
        """What was wrong is in the window, and is where a screen reader goes on."""
        alert = self.page.locator("[role=alert]:visible").first
        expect(alert).to_be_focused()
        expect(alert).to_be_in_viewport()
        return self

    def tap(self, words: str) -> Self:
        """A button or link of the main part, by its words."""
        main = self.page.locator("main")
        main.get_by_role("button", name=words).or_(main.get_by_role("link", name=words)).first.click()
        return self.ready()

    def at(self, address: str) -> Self:  # type: ignore[override]
        """The page that one has come to."""
        self.page.wait_for_url(f"**{address}")
        return self.ready()

    def tell_who(self, person: Person) -> Self:
        """Number, name and birth date."""
        for field, value in (("personal_number", person.number), ("name", person.name), ("birth", person.birth)):
            self.page.locator(f"[name={field}]").fill(value)
        return self

    def set_passcode(self, passcode: str = PASSCODE) -> Self:
        """In the form by which this phone's key is made."""
        self.page.locator("[name=passcode]").fill(passcode)
        self.page.locator("[name=again]").fill(passcode)
        return self.tap("Đặt mật khẩu")

    def register(self, person: Person, *, passkey: bool = True) -> Self:
        """All the way to an account."""
        self.go("/dang-ky/").tell_who(person).tap("Tiếp tục").at("/dang-ky/dieu-khoan/")
        self.page.locator("[name=accepted]").check()
        self.tap("Chấp nhận và tiếp tục").at("/dang-ky/khoa/")
        if passkey:
            self.tap("Tạo khóa truy cập")
        else:
            self.set_passcode()
        return self.at("/tai-khoan/?moi=1")

    def prove(self, words: str, *, passcode: str = "") -> Self:
        """Press the button that asks for a passkey, or give the passcode."""
        if passcode:
            self.page.locator("[name=passcode]").fill(passcode)
            return self.tap(f"{words} bằng mật khẩu")
        return self.tap(f"{words} bằng khóa truy cập")

    def sign_out(self) -> Self:
        """By the account's page."""
        self.go("/tai-khoan/").tap("Đăng xuất")
        expect(self.page.locator("nav.tabs")).to_have_count(0)
        return self
