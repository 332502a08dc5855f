"""C06's registry in one environment, with the invented population in it, or in an existing database behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ketnoi_registry.access_log import Pseudonyms
from ketnoi_registry.app import Registry
from ketnoi_registry.settings import Settings
from ketnoi_runtime.settings import load_settings
from ketnoi_testbed.authority import UnsafeAuthority
from ketnoi_testbed.parts.behind import BehindPart
from ketnoi_testbed.parts.hosting import Hosted
from ketnoi_testbed.parts.identity import IdentitySide
from ketnoi_testbed.parts.premises import write_settings
from ketnoi_testbed.population import Population, load, prepare
from ketnoi_testbed.surroundings import Surroundings


class RegistryPart:
    """The registry: `prepare` its database, then `start` it."""

    def __init__(self, around: Surroundings, authority: UnsafeAuthority, host: str, database: str) -> None:
        self.host = host
        self.database = database
        self._around = around
        self.folder = around.premises.make_folder("registry")
        self.tls = authority.issue_authentication(host)
        self.watcher = authority.issue_authentication("portal.alarms")
        self.port = around.premises.ports[9443]
        self._identity: IdentitySide | None = None
        self.behind = BehindPart(around, authority) if around.plan.existing_database else None
        self.hosted: Hosted[Registry] = Hosted(
            "registry",
            "ketnoi_registry",
            self.folder / "registry.toml",
            self._start_here,
            self.folder / "registry.log",
        )

    def lives_beside(self, identity: IdentitySide) -> None:
        """It answers for the identity system too, whose own side this is."""
        self._identity = identity

    @property
    def settings(self) -> Settings:
        """Its settings, once `write` has been called."""
        return load_settings(self.folder / "registry.toml", Settings)

    @property
    def address(self) -> str:
        """Where services, alarms and citizens' pages are asked for."""
        return f"https://{self.host}:{self.port}"

    def url(self, service_code: str) -> str:
        """Where it answers one service."""
        return f"{self.address}/v1/{service_code}"

    async def _start_here(self) -> Registry:
        return await Registry.start(self.settings, self._around.clock, self._around.told)

    async def prepare(self, population: Population, *, processes: int) -> None:
        """Make the tables, the map and the people. An existing database has the people instead."""
        await prepare(self.database)
        if self.behind is not None:
            await self.behind.take(population)
            return
        await asyncio.to_thread(load, self.database, population, processes=processes)

    def write(self, callers: Mapping[str, Path], directory: str, signer: bytes) -> None:
        """Write its keys and settings.

        `callers` is the certificate (PEM) of C06's security server by instance, `directory` the address of the signed
        directory, `signer` the certificate (PEM) whose key signs it.
        """
        for name, data in (("tls.pem", self.tls.pem), ("tls-key.pem", self.tls.key_pem)):
            (self.folder / name).touch(mode=0o600)
            (self.folder / name).write_bytes(data)
        (self.folder / "directory.pem").write_bytes(signer)
        Pseudonyms.make(self.folder / "pseudonyms.json", "k1")
        (self.folder / "watcher.pem").write_bytes(self.watcher.pem)
        for instance, certificate in callers.items():
            (self.folder / f"{instance}.pem").write_bytes(certificate.read_bytes())
        write_settings(
            self.folder / "registry.toml",
            {
                "environment": self._around.plan.environment.value,
                "profile": self._around.plan.profile,
                "systems": list(self._around.plan.systems),
                "node_id": "node0",
                "database": self.database,
                "host": self.host,
                "port": self.port,
                "certificate": "tls.pem",
                "key": "tls-key.pem",
                "pseudonym_keys": "pseudonyms.json",
                "callers": [{"instance": instance, "certificate": f"{instance}.pem"} for instance in callers],
                "watchers": [{"certificate": "watcher.pem"}],
                "directory": {
                    "url": directory,
                    "certificate": "directory.pem",
                    "poll_seconds": self._around.pace.poll_directory,
                },
                **self._beside(),
                **({"upstream": self.behind.write(self.folder)} if self.behind is not None else {}),
            },
        )

    def _beside(self) -> dict[str, Any]:
        """What its settings say of the identity side, with the files that they name."""
        identity = self._identity
        if identity is None:
            return {}
        (self.folder / "identity.pem").write_bytes(identity.tls.pem)
        (self.folder / "citizens.pem").write_bytes(identity.asks.pem)
        return {
            "citizens": [{"certificate": "citizens.pem"}],
            "identity": {
                "url": identity.wire_url,
                "certificate": "identity.pem",
                "client_certificate": "tls.pem",
                "client_key": "tls-key.pem",
                "issuer": identity.url,
            },
        }

    async def start(self, *, as_process: bool) -> None:
        """Start it, after the existing database where there is one. Raises what the servers raise, or StartFailed."""
        if self.behind is not None:
            await self.behind.database.start()
        await self.hosted.start(as_process=as_process)

    async def stop(self) -> None:
        """Stop it, and then the existing database."""
        await self.hosted.stop()
        if self.behind is not None:
            await self.behind.database.stop()
