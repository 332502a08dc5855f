"""A desk at which somebody sits: the portal's pages as people use them. It reads like the story it tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FilePayload, Locator, Page, Response, expect

from ketnoi_testbed.visitor import CARDS

SERIOUS = {"serious", "critical"}


class Desk:
    """One person's browser."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.broken: list[str] = []
        page.on("response", self._heard)
        page.on("pageerror", lambda error: self.broken.append(f"script: {error}"))

    @classmethod
    def at(cls, page: Page, name: str) -> Desk:
        """Sit down, by one's card; without a name nobody has signed in."""
        desk = cls(page)
        if name:
            desk.go(CARDS)
            desk.page.locator("form", has_text=name).get_by_role("button").first.click()
            expect(page.locator("form[action$='/logout/']")).to_be_visible()
        return desk

    def _heard(self, response: Response) -> None:
        if response.status >= 500:
            self.broken.append(f"{response.status} {response.url}")

    # Going and reading

    def go(self, address: str) -> Desk:
        """To an address."""
        self.page.goto(address, wait_until="domcontentloaded")
        return self

    def follow(self, text: str) -> Desk:
        """A link of the page's main part."""
        self.page.locator("main").get_by_role("link", name=text).first.click()
        self.page.wait_for_load_state("domcontentloaded")
        return self

    @property
    def text(self) -> str:
        """What the main part says."""
        return self.page.locator("main").inner_text()

    def sees(self, text: str, within: float = 20.0) -> Desk:
        """The page says so, at once or soon."""
        expect(self.page.locator("main")).to_contain_text(text, timeout=within * 1000)
        return self

    def sees_not(self, text: str) -> Desk:
        """The page does not say so."""
        expect(self.page.locator("main")).not_to_contain_text(text)
        return self

    # Acting

    def form(self, action: str) -> Locator:
        """The form that sends to an address which contains something."""
        return self.page.locator(f"form[action*='{action}']").first

    def fill(self, form: Locator, values: dict[str, Any]) -> None:
        """Fill fields in by their names, whatever kind they are of."""
        for name, value in values.items():
            field = form.locator(f"[name='{name}']")
            kind = field.first.evaluate("each => each.type || each.tagName.toLowerCase()")
            if kind in ("checkbox", "radio"):
                for each in [value] if isinstance(value, str) else value:
                    form.locator(f"[name='{name}'][value='{each}']").check()
            elif kind == "file":
                field.first.set_input_files(value)
            elif kind.startswith("select"):
                field.first.select_option(value)
            else:
                field.first.fill(str(value))

    def send(self, action: str, button: str = "", **values: Any) -> Desk:
        """Fill a form in and send it."""
        form = self.form(action)
        self.fill(form, values)
        pressed = form.get_by_role("button", name=button) if button else form.get_by_role("button")
        pressed.last.click()
        self.page.wait_for_load_state("domcontentloaded")
        return self

    def press(self, name: str) -> Desk:
        """A button by its name."""
        self.page.locator(f"main button[name='{name}']").first.click()
        self.page.wait_for_load_state("domcontentloaded")
        return self

    # Being judged

    def is_accessible(self) -> Desk:
        """Axe finds nothing serious on this page."""
        found = Axe().run(self.page).response["violations"]
        grave = [
            f"{each['id']} ({each['impact']}): {each['help']}: {[node['target'] for node in each['nodes']][:3]}"
            for each in found
            if each["impact"] in SERIOUS
        ]
        assert grave == [], f"{self.page.url}: {grave}"
        return self

    def fits(self) -> Desk:
        """Nothing sticks out of a narrow window."""
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 1, f"{self.page.url} is {wide} pixels too wide"
        return self

    def picture(self, file: Path) -> None:
        """Keep a picture of the page."""
        file.write_bytes(self.page.screenshot(full_page=True, animations="disabled"))


def pdf(name: str, content: bytes) -> FilePayload:
    """A file as a form takes it."""
    return {"name": name, "mimeType": "application/pdf", "buffer": content}
