"""Figures of what is in use: calls per service and agency, and how they ended, from the security servers' counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db.models import Sum

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.publication.models import TrafficCount, TrafficSource
from ketnoi_portal.settings import current
from ketnoi_protocol import errors
from ketnoi_protocol.identifiers import InvalidIdentifier, ServiceId, SubsystemId
from ketnoi_protocol.services import Catalogue

DAYS: Final = 7
MOST_ROWS: Final = 50
OK: Final = "ok"
_NO_SERVICE: Final = Text("Không tới một dịch vụ nào", "No service reached")


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls of one agency to one service on one instance. `share` of the largest number, in percent."""

    organisation: str
    code: str
    service: Text
    instance: str
    answered: int
    refused: int
    share: int

    @property
    def total(self) -> int:
        """Answered or not."""
        return self.answered + self.refused


@dataclass(frozen=True, slots=True)
class Failure:
    """How often calls to a service ended with a code. `meaning` is the table's, where the code stands in it."""

    code: str
    meaning: Text | None
    service: Text
    instance: str
    count: int


@dataclass(frozen=True, slots=True)
class Day:
    """One day's calls."""

    day: date
    answered: int
    refused: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the page shows: the last DAYS days, the newest day first; `fetched_at` is the oldest of the sources'."""

    days: list[Day]
    calls: list[Calls]
    failures: list[Failure]
    more: int
    fetched_at: datetime | None
    troubles: list[TrafficSource]

    @property
    def total(self) -> int:
        """All calls of these days."""
        return sum(each.answered + each.refused for each in self.days)


def traffic(actor: Actor) -> Traffic:
    """The calls of the agencies that an actor manages; who manages all sees also what nobody could be proved for."""
    first = clock.today() - timedelta(days=DAYS - 1)
    rows = TrafficCount.objects.filter(day__gte=first).values_list("instance", "day", "client", "service", "code")
    by_day: Counter[tuple[date, bool]] = Counter()
    by_pair: defaultdict[tuple[str, str, str], Counter[bool]] = defaultdict(Counter)
    by_code: Counter[tuple[str, str, str]] = Counter()
    for instance, day, client, service, code, count in rows.annotate(total=Sum("count")):
        holder = _holder(client)
        if actor.area and not (holder and actor.manages(holder)):
            continue
        ok = code == OK
        by_day[day, ok] += count
        by_pair[holder, service, instance][ok] += count
        if not ok:
            by_code[code, service, instance] += count
    sources = list(TrafficSource.objects.all())
    fetched = [each.fetched_at for each in sources if each.fetched_at is not None]
    return Traffic(
        [
            Day(day, by_day[day, True], by_day[day, False])
            for day in _days(first)
            if by_day[day, True] or by_day[day, False]
        ],
        _calls(by_pair),
        [
            Failure(code, _meaning(code), service_words(service, instance), instance, count)
            for (code, service, instance), count in by_code.most_common(MOST_ROWS)
        ],
        max(0, len(by_pair) - MOST_ROWS),
        min(fetched, default=None),
        [each for each in sources if each.trouble],
    )


def _days(first: date) -> list[date]:
    return [first + timedelta(days=ahead) for ahead in reversed(range(DAYS))]


def _calls(by_pair: dict[tuple[str, str, str], Counter[bool]]) -> list[Calls]:
    names = dict(Organisation.objects.filter(pk__in={holder for holder, _, _ in by_pair}).values_list("pk", "name"))
    most = max((counted.total() for counted in by_pair.values()), default=0) or 1
    ordered = sorted(by_pair.items(), key=lambda each: (-each[1].total(), each[0]))
    return [
        Calls(
            names.get(holder, holder),
            holder,
            service_words(service, instance),
            instance,
            counted[True],
            counted[False],
            round(100 * counted.total() / most),
        )
        for (holder, service, instance), counted in ordered[:MOST_ROWS]
    ]


def _holder(client: str) -> str:
    """The organisation code of a subsystem in colon form; empty for none."""
    try:
        return SubsystemId.from_colon(client).member_code
    except InvalidIdentifier:
        return ""


def service_words(service: str, instance: str) -> Text:
    """A service in words, where the catalogue has it; else its code."""
    if not service:
        return _NO_SERVICE
    try:
        code = ServiceId.from_colon(service).service_code
    except InvalidIdentifier:
        return Text(service, service)
    catalogue = Catalogue.load(current().profile)
    entry = catalogue.by_code(instance, code) or catalogue.consent_by_code(instance, code)
    return Text(entry.title_vi, entry.title_en) if entry is not None else Text(code, code)


def _meaning(code: str) -> Text | None:
    if code.startswith("http_"):
        status = code.removeprefix("http_")
        return Text(f"hệ thống cung cấp trả về {status}", f"the providing system answered {status}")
    try:
        row = errors.row(code)
    except LookupError:
        return None
    return Text(row.title_vi, row.title_en)
