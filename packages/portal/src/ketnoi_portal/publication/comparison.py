"""Compares what should stand on a server with what does, and says what follows. Pure; a table of cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from ketnoi_portal.publication.desired import WantedRight


class Key(NamedTuple):
    """What names a right on its server."""

    subject: str
    service_code: str


class Stand(StrEnum):
    """A right of the ledger. `opening` and `closing`: the server was asked, and whether it answered is not known."""

    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class Ours(NamedTuple):
    """A row of the ledger: what publication opened or took over, as far as it knows."""

    stand: Stand
    servers: frozenset[str]


class Standing(StrEnum):
    """What was decided about a right that no application approved."""

    UNDECIDED = "undecided"
    KEPT = "kept"
    ENDED = "ended"
    GONE = "gone"


class Kind(StrEnum):
    """What is done to a right."""

    OPEN = "open"
    ALTER = "alter"
    CLOSE = "close"


class Difference(StrEnum):
    """Kinds of drift; models.Drift has their words."""

    GONE = "gone"
    FOREIGN = "foreign"
    ALTERED = "altered"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. `because` are the applications that want it, or a decision's kind."""

    kind: Kind
    key: Key
    servers: frozenset[str] = frozenset()
    organisation: str = ""
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What a server holds, offers, and sees of its platform's configuration."""

    rights: Mapping[Key, frozenset[str]]
    services: frozenset[str]
    registered_servers: frozenset[str]
    registered_subjects: frozenset[str]
    shown: Callable[[frozenset[str]], frozenset[str]] = lambda servers: servers


@dataclass(slots=True)
class Comparison:
    """Everything that follows from one look."""

    steps: list[Step] = field(default_factory=list)
    drifts: dict[tuple[Difference, Key], dict[str, object]] = field(default_factory=dict)
    take_over: dict[Key, frozenset[str]] = field(default_factory=dict)
    strangers: dict[Key, frozenset[str]] = field(default_factory=dict)
    confirmed: dict[Key, frozenset[str]] = field(default_factory=dict)
    settled: list[Key] = field(default_factory=list)
    vanished: list[Key] = field(default_factory=list)

    @property
    def removals(self) -> list[Step]:
        """The steps that take something away."""
        return [step for step in self.steps if step.kind is Kind.CLOSE]


def compare(
    wanted: Mapping[tuple[str, str], WantedRight],
    found: Found,
    ledger: Mapping[Key, Ours],
    legacy: Mapping[Key, Standing],
) -> Comparison:
    """What follows, closings first.

    `take_over`: stands there, is approved, and was not opened by us. `strangers`: stands there and nobody knows of
    it. `confirmed`: asked for before, and there now, whoever was killed in between. `settled`: rows of the ledger
    whose right is closed as it should be. `vanished`: legacy rights that are gone.
    """
    result = Comparison()
    for key in sorted({Key(*each) for each in (*found.rights, *wanted, *ledger, *legacy)}):
        right, held, ours = wanted.get(key), found.rights.get(key), ledger.get(key)
        if right is not None:
            _wanted(result, key, right, held, ours, found)
        elif held is not None:
            _unwanted(result, key, held, ours, legacy.get(key))
        else:
            _absent(result, key, ours, legacy.get(key))
    order = [Kind.CLOSE, Kind.ALTER, Kind.OPEN]
    result.steps.sort(key=lambda step: (order.index(step.kind), step.key))
    return result


def _wanted(
    result: Comparison,
    key: Key,
    right: WantedRight,
    held: frozenset[str] | None,
    ours: Ours | None,
    found: Found,
) -> None:
    servers = right.servers & found.registered_servers
    hindrance = _hindrance(key, servers, found)
    if hindrance and held is None:
        result.drifts[Difference.HELD, key] = {"because": hindrance}
        return
    if held is None:
        if ours is not None and ours.stand is Stand.OPEN:
            result.drifts[Difference.GONE, key] = {"servers": sorted(ours.servers)}
        result.steps.append(Step(Kind.OPEN, key, servers, right.organisation, right.applications))
        return
    if ours is None:
        result.take_over[key] = held
    if held != found.shown(servers) and servers:
        if ours is not None and ours.stand is Stand.OPEN and held != found.shown(ours.servers):
            result.drifts[Difference.ALTERED, key] = {"found": sorted(held), "servers": sorted(servers)}
        result.steps.append(Step(Kind.ALTER, key, servers, right.organisation, right.applications))
    elif ours is not None and ours.stand is not Stand.OPEN:
        result.confirmed[key] = servers


def _hindrance(key: Key, servers: frozenset[str], found: Found) -> str:
    """What must be there before: the service, then in the platform's configuration the subsystem, then its server."""
    if key.service_code not in found.services:
        return "service"
    if key.subject not in found.registered_subjects:
        return "subsystem"
    return "" if servers else "server"


def _unwanted(result: Comparison, key: Key, held: frozenset[str], ours: Ours | None, standing: Standing | None) -> None:
    if ours is not None:
        if ours.stand is Stand.CLOSED:
            # We had closed it; somebody has opened it again by hand.
            result.drifts[Difference.FOREIGN, key] = {"found": sorted(held)}
        result.steps.append(Step(Kind.CLOSE, key, held, because=("ledger",)))
    elif standing is Standing.ENDED:
        result.steps.append(Step(Kind.CLOSE, key, held, because=("decision",)))
    elif standing is not Standing.KEPT:
        if standing is not Standing.UNDECIDED:
            result.strangers[key] = held
        result.drifts[Difference.FOREIGN, key] = {"found": sorted(held)}


def _absent(result: Comparison, key: Key, ours: Ours | None, standing: Standing | None) -> None:
    if ours is not None and ours.stand is not Stand.CLOSED:
        result.settled.append(key)
    if standing is Standing.KEPT:
        result.drifts[Difference.GONE, key] = {}
    if standing is not None and standing is not Standing.GONE:
        result.vanished.append(key)


def is_too_much(removals: Iterable[Step], held: int, most: int, share: float, owner: Callable[[str], str]) -> bool:
    """Whether so many removals at once need two officers.

    More than `most` always do; more than `share` of what the server holds do, unless all are one organisation's: a
    single revocation never waits.
    """
    removed = list(removals)
    owners = {owner(step.key.subject) for step in removed}
    return len(removed) > most or (len(removed) > share * held and len(owners) > 1)
