"""Chromium with the hands of the test bed's Visitor, so that a whole walk can be taken in a real browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Locator
from playwright.sync_api import Page as Tab

from journeys.portal.desk import Desk
from ketnoi_testbed.visitor import PageRefused, Upload, Value

# Whatever is folded around the form or in it is opened.
_OPEN = """form => {
  for (let at = form; at; at = at.parentElement) if (at.open === false) at.open = true;
  for (const at of form.querySelectorAll("details")) at.open = true;
}"""


class BrowserVisitor:
    """One person at a desk."""

    def __init__(self, desk: Desk, name: str) -> None:
        self.desk = desk
        self.name = name

    def open(self, address: str) -> BrowserPage:
        """Go to an address; a file is fetched with the browser's own cookies. Raises PageRefused."""
        if address.partition("?")[0].endswith((".pdf", "/lap")):
            return BrowserPage(self.desk.page, self.desk.page.context.request.get(address).body())
        response = self.desk.page.goto(address, wait_until="domcontentloaded")
        assert response is not None
        if response.status >= 400:
            raise PageRefused(address, response.status, self.desk.text)
        return BrowserPage(self.desk.page)


class BrowserPage:
    """The page that is open now."""

    def __init__(self, tab: Tab, content: bytes = b"") -> None:
        self._tab = tab
        self.content = content
        self.url = tab.url

    @property
    def path(self) -> str:
        """Where it lies within the portal."""
        return urlsplit(self.url).path

    @property
    def text(self) -> str:
        """What its main part says, as it stands in the document."""
        return " ".join((self._tab.locator("main").text_content() or "").split())

    def told(self, kind: str) -> list[str]:
        """The texts of every element of a class."""
        return [" ".join(each.split()) for each in self._tab.locator(f"main .{kind}").all_text_contents()]

    def links(self, containing: str) -> list[str]:
        """The addresses of links whose address or text contains something."""
        found = self._tab.locator("main a[href]").evaluate_all("all => all.map(each => [each.href, each.textContent])")
        return [href for href, text in found if containing in href or containing in " ".join(text.split())]

    def follow(self, containing: str) -> BrowserPage:
        """Click a link."""
        self._tab.locator(f"main a[href*='{containing}']").first.click()
        self._tab.wait_for_load_state("domcontentloaded")
        return BrowserPage(self._tab)

    def forms(self, containing: str = "") -> list[BrowserForm]:
        """The forms whose address, fields, buttons or text contain something."""
        seen = self._tab.locator("form").evaluate_all(
            "all => all.map(form => [form.getAttribute('action') || '', form.textContent,"
            " ...[...form.elements].map(each => each.name), ...[...form.elements].map(each => each.value)])"
        )
        forms = self._tab.locator("form")
        return [
            BrowserForm(self._tab, forms.nth(number))
            for number, (action, text, *names) in enumerate(seen)
            if containing in action or containing in text or containing in names
        ]

    def form(self, containing: str) -> BrowserForm:
        """The one form that contains something. Raises LookupError."""
        found = self.forms(containing)
        if not found:
            raise LookupError(f"{self.path} has no form with {containing!r}")
        return found[0]


class BrowserForm:
    """A form on the page."""

    def __init__(self, tab: Tab, form: Locator) -> None:
        self._tab = tab
        self._form = form

    @property
    def texts(self) -> list[str]:
        """The names of its areas for text."""
        return list(self._form.locator("textarea[name]").evaluate_all("all => all.map(each => each.name)"))

    @property
    def files(self) -> list[str]:
        """The names of its fields for files."""
        return list(self._form.locator("input[type=file][name]").evaluate_all("all => all.map(each => each.name)"))

    def values(self) -> list[tuple[str, str]]:
        """What would be sent as it stands, files apart."""
        script = "form => [...new FormData(form)].filter(([, value]) => typeof value === 'string')"
        return [(name, value) for name, value in self._form.evaluate(script)]

    def send(
        self,
        values: Mapping[str, Value] | None = None,
        *,
        files: Mapping[str, Upload] | None = None,
        button: str = "",
    ) -> BrowserPage:
        """Fill in and press a button. Raises PageRefused for what the page says was wrong."""
        self._fill_in(values or {}, files or {})
        with self._tab.expect_response(lambda response: response.request.is_navigation_request()) as sent:
            self._button(button).click()
        self._tab.wait_for_load_state("domcontentloaded")
        mistakes = self._tab.locator("main .error[role=alert]")
        if sent.value.status >= 400 or mistakes.count():
            said = " ".join(mistakes.all_inner_texts()) or self._tab.locator("main").inner_text()
            raise PageRefused(self._tab.url, sent.value.status, said[:2000])
        return BrowserPage(self._tab)

    def save(self) -> bytes:
        """Press the button, and keep the file that comes."""
        with self._tab.expect_download() as coming:
            self._button("").click()
        return coming.value.path().read_bytes()

    def _fill_in(self, values: Mapping[str, Value], files: Mapping[str, Upload]) -> None:
        self._form.evaluate(_OPEN)
        for name, value in values.items():
            fields = self._form.locator(f"[name='{name}']")
            kind: Any = fields.first.evaluate("each => each.type")
            if isinstance(value, bool):
                fields.first.set_checked(value)
            elif kind in ("checkbox", "radio"):
                for each in [value] if isinstance(value, str) else value:
                    self._form.locator(f"[name='{name}'][value='{each}']").check()
            elif kind.startswith("select"):
                fields.first.select_option(value)  # type: ignore[arg-type]
            elif kind != "hidden":
                fields.first.fill(str(value))
        for name, (file, content, media_type) in files.items():
            payload: Any = {"name": file, "mimeType": media_type, "buffer": content}
            self._form.locator(f"[name='{name}']").set_input_files(payload)

    def _button(self, wanted: str) -> Locator:
        buttons = self._form.locator("button:not([type=button])")
        if not wanted:
            return buttons.first
        found = buttons.evaluate_all(
            "(all, wanted) => all.findIndex(each => each.textContent.includes(wanted)"
            " || each.name === wanted || each.value === wanted)",
            wanted,
        )
        if found < 0:
            raise LookupError(f"the form has no button {wanted!r}")
        return buttons.nth(found)
