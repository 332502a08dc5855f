"""Following every link: where somebody can get by clicking alone, one address of each shape."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from urllib.parse import parse_qsl, urldefrag, urlsplit

from lxml import html

from journeys.portal.desk import Desk

MOST = 120
"""Shapes that one person's way is followed through: more means that a shape below is missing."""
OF_A_PASSWORD = "/accounts/2fa/"
"""Whoever came in by a card has no password to show anew, as these pages demand; test_passkey goes there with one."""
# What stands for one thing among many.
_ONE_OF_MANY = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "KEY"),
    (re.compile(r"(?<=/)(VDXP|NDXP)(-TEST)?(?=/)"), "INSTANCE"),
    (re.compile(r"(?<=/)[A-Z]{2}-\d{4}-\d{6}(?=/)"), "NUMBER"),
    (re.compile(r"(?<=/)[GH]\d\d(\.\w+)*(?=/)"), "CODE"),
    (re.compile(r"(?<=/co-quan/bo-phan/)(?!moi/)[\w-]+(?=/)"), "DESK"),
    (re.compile(r"(?<=/)\d+(?=/|$)"), "N"),
)


def shape_of(address: str) -> str:
    """An address without what it names: `/ho-so/KEY/khao-sat/`, `/thu/?state`."""
    parts = urlsplit(address)
    path = parts.path
    for one, mark in _ONE_OF_MANY:
        path = one.sub(mark, path)
    names = sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)})
    return path + ("?" + "&".join(names) if names else "")


def followed(desk: Desk, start: str = "/") -> Iterator[str]:
    """Every page that is reached from one, the first of each shape. What is linked must be there, files too."""
    site = urlsplit(desk.page.url).netloc
    waiting, seen = deque([start]), set()
    while waiting:
        address = waiting.popleft()
        shape = shape_of(address)
        if shape in seen:
            continue
        seen.add(shape)
        assert len(seen) <= MOST, sorted(seen)
        answer = desk.page.context.request.get(address)
        if answer.status == 403 and address.startswith(OF_A_PASSWORD):
            continue
        assert answer.status == 200, f"a link leads to {address}, which answers {answer.status}"
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        yield address
        tree = html.document_fromstring(answer.text(), base_url=answer.url)
        tree.make_links_absolute()
        for link in tree.xpath("//a/@href"):
            target, _ = urldefrag(link)
            parts = urlsplit(target)
            if parts.netloc == site and parts.scheme in ("http", "https"):
                waiting.append(parts._replace(scheme="", netloc="").geturl())
