"""A browser without scripts: cookies, forms with their tokens, redirects followed."""

from __future__ import annotations

import re
from html import unescape
from typing import Self

import httpx2

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Visitor:
    """One person's browser. A context manager."""

    def __init__(self, url: str) -> None:
        self.client = httpx2.Client(base_url=url, follow_redirects=True, trust_env=False, timeout=30)
        self.answer: httpx2.Response

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    @property
    def text(self) -> str:
        """What the page says, with its markup."""
        return unescape(self.answer.text)

    def go(self, address: str) -> Self:
        """To a page."""
        self.answer = self.client.get(address)
        return self

    def send(self, address: str, **values: str) -> Self:
        """Send a form of the present page to an address."""
        found = _TOKEN.search(self.answer.text)
        assert found is not None, "the page has no form"
        self.answer = self.client.post(
            address, data={"csrfmiddlewaretoken": found[1]} | values, headers={"Referer": str(self.answer.url)}
        )
        return self

    def sees(self, status: int, *texts: str) -> Self:
        """The page has this status and says these things."""
        assert self.answer.status_code == status, f"{self.answer.status_code} {self.answer.url}"
        for text in texts:
            assert text in self.text
        return self
