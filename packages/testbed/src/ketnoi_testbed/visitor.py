"""Somebody who uses the portal as a browser without JavaScript would: pages, links, forms, cookies, and no way beside.

with Visitor(country.portal.url, "Vàng Thị Mai") as visitor:
    page = visitor.open("/")
    page = page.form("submit").send()
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import httpx2
from lxml import html

Upload = tuple[str, bytes, str]
"""A file as a form sends it: its name, its content, its type."""
Value = str | bool | Sequence[str]

CARDS = "/the/"


class PageRefused(Exception):  # noqa: N818
    """The portal did not do it; the text is what the page said to whoever asked."""

    def __init__(self, address: str, status: int, said: str) -> None:
        super().__init__(f"{address}: {status}: {said}")
        self.status = status
        self.said = said


class Page:
    """One page as it came."""

    def __init__(self, visitor: Visitor, response: httpx2.Response) -> None:
        self._visitor = visitor
        self.url = str(response.url)
        self.content = response.content
        self.tree = html.document_fromstring(response.content.decode("utf-8")) if _is_html(response) else None

    @property
    def path(self) -> str:
        """Where it lies within the portal."""
        return urlsplit(self.url).path

    @property
    def text(self) -> str:
        """What its main part says."""
        return " ".join(self._root().text_content().split())

    def _root(self) -> html.HtmlElement:
        assert self.tree is not None, f"{self.url} is no page"
        found = self.tree.xpath("//main")
        return found[0] if found else self.tree

    def told(self, kind: str) -> list[str]:
        """The texts of every element of a class, such as `notice` or `error`."""
        found = self._root().xpath(f"//*[contains(concat(' ', normalize-space(@class), ' '), ' {kind} ')]")
        return [" ".join(each.text_content().split()) for each in found]

    def links(self, containing: str) -> list[str]:
        """The addresses of links whose address or text contains something."""
        found = self._root().xpath("//a[@href]")
        return [
            urljoin(self.url, each.get("href"))
            for each in found
            if containing in each.get("href") or containing in " ".join(each.text_content().split())
        ]

    def follow(self, containing: str) -> Page:
        """Go where a link leads. Raises LookupError when there is none."""
        found = self.links(containing)
        if not found:
            raise LookupError(f"{self.path} has no link with {containing!r}")
        return self._visitor.open(found[0])

    def forms(self, containing: str = "") -> list[Form]:
        """The forms whose address, fields or text contain something."""
        assert self.tree is not None
        return [
            Form(self._visitor, self.url, each)
            for each in self.tree.forms
            if containing in (each.action or "")
            or containing in each.text_content()
            or any(containing in (name or "") for name in each.fields)
            or any(containing == button.get("value") for button in each.xpath(".//button"))
        ]

    def form(self, containing: str) -> Form:
        """The one form that contains something. Raises LookupError."""
        found = self.forms(containing)
        if not found:
            raise LookupError(f"{self.path} has no form with {containing!r}: {self.text[:500]}")
        return found[0]


class Form:
    """A form as it stands on a page, with what is filled in already."""

    def __init__(self, visitor: Visitor, base: str, element: html.FormElement) -> None:
        self._visitor = visitor
        self._base = base
        self._element = element

    @property
    def action(self) -> str:
        """Where it sends to."""
        return urljoin(self._base, self._element.get("action") or self._base)

    @property
    def names(self) -> set[str]:
        """The names of its fields."""
        return {name for name in self._element.fields if name}

    @property
    def texts(self) -> list[str]:
        """The names of its areas for text."""
        return [each.get("name") for each in self._element.xpath(".//textarea[@name]")]

    @property
    def files(self) -> list[str]:
        """The names of its fields for files."""
        return [each.get("name") for each in self._element.xpath(".//input[@type='file'][@name]")]

    def values(self) -> list[tuple[str, str]]:
        """What a browser would send as it stands, buttons apart."""
        return [(name, str(value)) for name, value in self._element.form_values()]

    def send(
        self,
        values: Mapping[str, Value] | None = None,
        *,
        files: Mapping[str, Upload] | None = None,
        button: str = "",
    ) -> Page:
        """Fill in and press a button, the one whose text contains `button` or whose name or value it is.

        Raises PageRefused, and LookupError when there is no such button.
        """
        name, value, action = self._button(button)
        given = dict(values or {})
        sent = [(field, old) for field, old in self.values() if field not in given and field not in (files or {})]
        for field, filled in given.items():
            if isinstance(filled, bool):
                sent += [(field, "on")] if filled else []
            else:
                sent += [(field, each) for each in ([filled] if isinstance(filled, str) else filled)]
        if name:
            sent.append((name, value))
        grouped: dict[str, Any] = {}
        for field, each in sent:
            grouped.setdefault(field, []).append(each)
        if (self._element.get("method") or "get").lower() == "get":
            return self._visitor.open(action, params=sent)
        return self._visitor.send(action, grouped, files, self._base)

    def save(self) -> bytes:
        """Press the button, and keep the file that comes. Raises PageRefused."""
        return self.send().content

    def _button(self, text: str) -> tuple[str, str, str]:
        """Name, value and address of a button; of the first one when no text is given."""
        for each in self._element.xpath(".//button[not(@type) or @type='submit']"):
            if text in " ".join(each.text_content().split()) or text in (each.get("value"), each.get("name")):
                action = urljoin(self._base, each.get("formaction")) if each.get("formaction") else self.action
                return each.get("name") or "", each.get("value") or "", action
        if text:
            raise LookupError(f"the form has no button {text!r}")
        return "", "", self.action


class Visitor:
    """One person's browser. With a name they sign in by their card."""

    def __init__(self, url: str, name: str = "") -> None:
        self._client = httpx2.Client(base_url=url, follow_redirects=True, timeout=60.0, trust_env=False)
        self.name = name
        if name:
            self.sign_in(name)

    def sign_in(self, name: str) -> Page:
        """Take the card of a person of the test bed. Raises LookupError when there is none."""
        return self.open(CARDS).form(name).send()

    def open(self, address: str, params: Sequence[tuple[str, str]] | None = None) -> Page:
        """Go to an address. Raises PageRefused."""
        return self._shown(self._client.get(address, params=list(params) if params else None))

    def read(self, address: str) -> bytes:
        """What an address answers, as it came, for whoever looks at the bytes alone. Raises PageRefused."""
        response = self._client.get(address)
        return response.content if response.status_code < 400 else self._shown(response).content

    def send(
        self, address: str, values: Mapping[str, Any], files: Mapping[str, Upload] | None = None, referer: str = ""
    ) -> Page:
        """Send a form. Raises PageRefused."""
        headers = {"Referer": referer} if referer else {}
        return self._shown(self._client.post(address, data=dict(values), files=files or None, headers=headers))

    def _shown(self, response: httpx2.Response) -> Page:
        page = Page(self, response)
        if response.status_code >= 400:
            raise PageRefused(page.url, response.status_code, page.text[:2000] if page.tree is not None else "")
        return page

    def close(self) -> None:
        """Close the browser."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _is_html(response: httpx2.Response) -> bool:
    return response.headers.get("content-type", "").startswith("text/html")
