"""The population registry of a world, as C06 sets it up."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ketnoi_registry.access_log import Pseudonyms
from ketnoi_runtime.clock import Clock
from ketnoi_runtime.database import migrate, open_pool
from ketnoi_testbed.files import make_own_certificate, write_toml
from ketnoi_testbed.operating import Running
from ketnoi_testbed.plan import Plan
from ketnoi_testbed.population import Population, load, load_units_of_both_maps
from ketnoi_testbed.postgres import Postgres

PORT = 9443


@dataclass
class RegisterSite:
    """The registry of a world. `running` while it runs."""

    plan: Plan
    folder: Path
    host: str
    database: str = ""
    running: Running | None = None

    @property
    def settings_file(self) -> Path:
        """The registry's settings."""
        return self.folder / "registry.toml"

    @property
    def certificate(self) -> Path:
        """Its TLS certificate (PEM)."""
        return self.folder / "certificate.pem"

    @property
    def server(self) -> Any:
        """The running registry in this process."""
        assert self.running is not None
        return self.running.server

    def url(self, service_code: str) -> str:
        """Where a service is asked."""
        return f"https://{self.host}:{PORT}/v1/{service_code}"

    async def prepare(self, postgres: Postgres, population: Population, clock: Clock) -> None:
        """Keys, tables, administrative units and everybody."""
        make_own_certificate(self.folder, "Unsafe registry", clock.now())
        Pseudonyms.make(self.folder / "pseudonyms.json", "k1")
        self.database = await asyncio.to_thread(postgres.create_database)
        pool = await open_pool(self.database)
        try:
            await migrate(pool, "ketnoi_registry")
            await load_units_of_both_maps(pool)
        finally:
            await pool.close()
        await asyncio.to_thread(load, self.database, population)

    def write_settings(self, callers: Mapping[str, Path], directory_url: str, directory_certificate: bytes) -> None:
        """`callers` are the certificates of C06's security servers by instance."""
        (self.folder / "directory.pem").write_bytes(directory_certificate)
        pinned = []
        for instance, certificate in callers.items():
            copy = self.folder / f"caller-{instance}.pem"
            copy.write_bytes(certificate.read_bytes())
            pinned.append({"instance": instance, "certificate": copy.name})
        write_toml(
            self.settings_file,
            {
                "environment": self.plan.environment.value,
                "node_id": "node0",
                "database": self.database,
                "certificate": "certificate.pem",
                "key": "key.pem",
                "pseudonym_keys": "pseudonyms.json",
                "profile": self.plan.profile,
                "host": self.host,
                "port": PORT,
                "directory": {"url": directory_url, "certificate": "directory.pem", "poll_seconds": 1.0},
                "callers": pinned,
            },
        )
