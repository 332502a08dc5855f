"""What a signed directory says, spread over buckets so that a change touches few of them. Pure; no Django."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ketnoi_protocol.directory import Grant, IntegrationAccount, Officer, Organisation
from ketnoi_trust.directory import VALIDITY, bucket_of, write_bucket

BUCKETS: Final = 256
"""Of 200,000 officers each holds about 800: 100 kB to fetch when one of them changes."""
KEPT: Final = VALIDITY + timedelta(seconds=60)
"""A manifest counts so long, and whoever holds one can fetch what it names."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything but the officers; small enough to be written whole each time."""

    organisations: tuple[Organisation, ...] = ()
    accounts: tuple[IntegrationAccount, ...] = ()
    grants: tuple[Grant, ...] = ()


@dataclass(frozen=True, slots=True)
class Digests:
    """What a manifest names: the present content, by the digest of each part."""

    organisations: str
    accounts: str
    grants: str
    officers: dict[str, str]


@dataclass(slots=True)
class Board:
    """The content of one directory, and the bytes of every bucket that somebody may still ask for."""

    buckets: int = BUCKETS
    _stored: dict[str, bytes] = field(default_factory=dict)
    _retired: dict[str, datetime] = field(default_factory=dict)
    _officers: dict[str, dict[str, Officer]] = field(default_factory=dict)
    _parts: dict[str, str] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, at: datetime, buckets: int = BUCKETS) -> Board:
        """An empty directory of so many buckets: it names nobody."""
        board = cls(buckets)
        board.set_parts(Parts(), at)
        board._officers = {name: {} for name in board.spread(())}
        board._write(list(board._officers), at)
        return board

    def set_parts(self, parts: Parts, at: datetime) -> None:
        """These stand there from now on."""
        for name in Parts.__slots__:
            self._parts[name] = self._store(getattr(parts, name), self._parts.get(name), at)

    def set_officers(self, officers: Iterable[Officer], at: datetime) -> int:
        """These officers and no others; how many buckets differ."""
        return self.set_buckets(self.spread(officers), at)

    def spread(self, officers: Iterable[Officer]) -> dict[str, list[Officer]]:
        """Every bucket's name with those of these officers who stand in it."""
        spread: dict[str, list[Officer]] = {f"{number:04x}": [] for number in range(self.buckets)}
        for officer in officers:
            spread[bucket_of(officer.code, self.buckets)].append(officer)
        return spread

    def set_buckets(self, buckets: Mapping[str, Iterable[Officer]], at: datetime) -> int:
        """These buckets hold these officers from now on, the others what they held; how many differ."""
        before, touched = self._officers, []
        for name, officers in buckets.items():
            held = {officer.code: officer for officer in officers}
            if held != before[name]:
                self._officers[name] = held
                touched.append(name)
        return self._write(touched, at)

    def digests(self) -> Digests:
        """For a manifest."""
        return Digests(**self._parts, officers=dict(self._names))

    @property
    def count(self) -> int:
        """How many officers stand there."""
        return sum(len(held) for held in self._officers.values())

    def bucket(self, digest: str) -> bytes | None:
        """The bytes of a bucket, present or lately replaced; None for any other."""
        return self._stored.get(digest)

    def forget(self, at: datetime) -> None:
        """Let go of what no manifest that still counts can name."""
        for digest in [each for each, since in self._retired.items() if at - since > KEPT]:
            del self._retired[digest], self._stored[digest]

    def _write(self, names: Sequence[str], at: datetime) -> int:
        for name in names:
            held = self._officers[name]
            self._names[name] = self._store([held[code] for code in sorted(held)], self._names.get(name), at)
        return len(names)

    def _store(self, items: Sequence[object], before: str | None, at: datetime) -> str:
        digest, data = write_bucket(list(items))
        self._stored[digest] = data
        self._retired.pop(digest, None)
        # Empty buckets share one digest, so that it is only let go of when the last one that names it is.
        if before is not None and before != digest:
            names = [*self._parts.values(), *self._names.values()]
            if names.count(before) <= 1:
                self._retired[before] = at
        return digest
