"""Whose hands were on the servers: settings files by their digest, and who is named beside each change."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from ketnoi_testbed.country import Country

# Everything that one server or platform has written down about its own changes.
_CHANGES = {
    "server": "SELECT id AS number, actor, action, subject FROM audit ORDER BY id",
    "platform": "SELECT version AS number, actor, action, subject FROM history ORDER BY version",
}
_MADE_A_KEY = ("make api key", "make API key")


@dataclass(frozen=True)
class Change:
    """One change of a server or a platform, as its own ledger names it."""

    where: str
    number: int
    actor: str
    action: str
    subject: str


class Hands:
    """What has been done to the servers of a country since this was made."""

    def __init__(self, country: Country) -> None:
        self._country = country
        self._settings = _settings(country)
        before = _changes(country)
        self._seen = {(each.where, each.number) for each in before}
        # The key that was made last, when the world was complete, is the one that was handed to the portal.
        self._portal = {each.where: _holder(each) for each in before if each.action in _MADE_A_KEY}

    @property
    def changed_settings(self) -> list[str]:
        """Settings files of servers, platforms and registries that are others now, or new, or gone."""
        now = _settings(self._country)
        return sorted(name for name in now.keys() | self._settings.keys() if now.get(name) != self._settings.get(name))

    @property
    def by_the_portal(self) -> list[Change]:
        """The changes that were made with the portal's own keys."""
        return [each for each in self._new() if each.actor == self._portal.get(each.where)]

    @property
    def by_others(self) -> list[Change]:
        """All other changes."""
        return [each for each in self._new() if each.actor != self._portal.get(each.where)]

    def _new(self) -> list[Change]:
        return [each for each in _changes(self._country) if (each.where, each.number) not in self._seen]


def _holder(change: Change) -> str:
    """How a ledger names the holder of a key that it has made."""
    return f"api-key {change.subject.removeprefix('api-key ')}"


def _settings(country: Country) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for world in country.worlds.values():
        for room in ("exchange", "securityserver", "registry"):
            for file in sorted(Path(world.folder / room).rglob("*.toml")):
                found[str(file)] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found


def _changes(country: Country) -> list[Change]:
    asked = [
        (str(each.id), each.settings.database, _CHANGES["server"])
        for world in country.worlds.values()
        for each in world.servers.values()
    ]
    asked += [
        (each.instance, each.settings.database, _CHANGES["platform"])
        for world in country.worlds.values()
        for each in world.exchanges.values()
    ]

    async def read() -> list[Change]:
        found = []
        for where, database, statement in asked:
            connection = await asyncpg.connect(database)
            try:
                rows = await connection.fetch(statement)
            finally:
                await connection.close()
            found += [Change(where, *row) for row in rows]
        return found

    return country.test.run(read())
