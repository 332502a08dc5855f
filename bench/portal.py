"""The portal's lists, as somebody reads them in a browser, beside a page of the same portal that lists nothing.

10,000 applications and 200,000 officers' accounts stand in it. One reader at a time, over a kept connection: what is
measured is the page, from the request to its last byte, with nobody before it in a queue.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from statistics import median
from time import perf_counter
from urllib.parse import unquote_plus

from bench.sides import Side, take_turns
from ketnoi_testbed.parts.portal import PortalPart
from ketnoi_testbed.postgres import Postgres
from ketnoi_testbed.visitor import Visitor

APPLICATIONS, ACCOUNTS = 10_000, 200_000
HOST = "127.0.0.1"

PLAIN = ("/nhan-su/toi/",)
QUEUE = ("/viec/", "/viec/?page=3", "/viec/?late=1&system=population")
SEARCH = ("/tim/", "/tim/?q=th%C3%A1i+nguy%C3%AAn", "/tim/?q=h55&stage=live")
OF_A_DESK = (
    "/can-bo/cho-xu-ly/",
    "/can-bo/dia-ban/",
    "/can-bo/dia-ban/?state=active&trang=20",
    "/can-bo/dia-ban/?q=V%C3%A0ng+Th%E1%BB%8B",
)
OF_AN_AGENCY = (
    "/can-bo/cua-don-vi/",
    "/can-bo/cua-don-vi/?state=active&trang=20",
    "/can-bo/cua-don-vi/?q=V%C3%A0ng+Th%E1%BB%8B",
)
READERS = (
    ("Phan Anh Dũng", OF_A_DESK),
    ("Tạ Ngọc Diệp", OF_A_DESK),
    ("Dương Văn Tú", OF_AN_AGENCY),
)
"""Of the test bed's offices: C06, the PC06 of one province, and that province."""
ROW = b'<th scope="row">'


@dataclass
class Pages:
    """Addresses that are read in turn, one at a time, each by a visitor; each address's latencies are kept apart."""

    asked: list[tuple[str, Visitor, str]]
    holds: bytes
    latencies: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._next = cycle(self.asked)

    def run(self, seconds: float) -> list[float]:
        """Read for about `seconds`, each page at least once.

        Raises PageRefused, and RuntimeError for a list with nothing in it: that would be fast.
        """
        latencies: list[float] = []
        until = perf_counter() + seconds
        while perf_counter() < until or len(latencies) < len(self.asked):
            name, visitor, address = next(self._next)
            begun = perf_counter()
            body = visitor.read(address)
            took = perf_counter() - begun
            if self.holds not in body:
                raise RuntimeError(f"{name}: {address} does not hold what it should")
            latencies.append(took)
            self.latencies.setdefault((name, address), []).append(took)
        return latencies

    @property
    def slowest(self) -> float:
        """The median of the page whose median is highest, in seconds."""
        return max(map(median, self.latencies.values()))

    def told(self) -> Iterator[str]:
        """Each page's median, the slowest first."""
        for (name, address), found in sorted(self.latencies.items(), key=lambda item: -median(item[1])):
            yield f"  {median(found) * 1e3:7.1f} ms  {name}  {unquote_plus(address)}"


def lists(seconds: float, tell: Callable[[str], None]) -> dict[str, float]:
    """Of each list the median of its slowest page, in milliseconds, and its median over the plain page's."""
    with ExitStack() as stack:
        url = stack.enter_context(_portal(tell))
        visitors = [(name, stack.enter_context(Visitor(url, name)), accounts) for name, accounts in READERS]
        everybody = {
            name: Pages([(who, visitor, each) for who, visitor, _ in visitors for each in addresses], holds)
            for name, addresses, holds in (("plain", PLAIN, b"</main>"), ("queue", QUEUE, ROW), ("search", SEARCH, ROW))
        }
        everybody["accounts"] = Pages([(who, visitor, each) for who, visitor, own in visitors for each in own], ROW)
        sides = {name: Side(name, pages.run) for name, pages in everybody.items()}
        tell(f"pages, one reader at a time, {seconds:.0f} s a side")
        for pages in everybody.values():  # warm, with every page of every reader once
            pages.run(0.0)
            pages.latencies.clear()
        take_turns(list(sides.values()), seconds, tell)
        for name, pages in everybody.items():
            tell(f"{name}:")
            for line in pages.told():
                tell(line)
    plain = sides.pop("plain")
    return {
        **{f"{name}_over_plain_page": side.percentile(0.5) / plain.percentile(0.5) for name, side in sides.items()},
        **{f"{name}_p50_ms": everybody[name].slowest * 1e3 for name in sides},
        "plain_page_p50_ms": plain.percentile(0.5) * 1e3,
    }


@contextmanager
def _portal(tell: Callable[[str], None]) -> Iterator[str]:
    """The address of a portal with its own database, filled; its pages alone run, no worker beside them."""
    tell(f"a portal with {APPLICATIONS:,} applications and {ACCOUNTS:,} accounts")
    with ExitStack() as stack:
        postgres = Postgres()
        stack.callback(postgres.remove)
        postgres.start()
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = int(probe.getsockname()[1])
        part = PortalPart(postgres.create_database(), HOST, port)
        stack.callback(part.remove)
        part.prepare()
        part.furnish()
        part.command("make_crowd", "--applications", str(APPLICATIONS), "--accounts", str(ACCOUNTS))
        loop = stack.enter_context(asyncio.Runner())
        loop.run(part.start_pages())
        stack.callback(lambda: loop.run(part.stop()))
        yield part.url
