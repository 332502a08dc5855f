"""C06's identity side in one environment: what servers ask, and the pages for citizens' browsers."""

from __future__ import annotations

import asyncio
import secrets
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg

from ketnoi_identity.initialise import initialise
from ketnoi_identity.settings import Settings
from ketnoi_identity.wire.app import Wire
from ketnoi_pages.text import Text
from ketnoi_runtime.settings import load_settings
from ketnoi_testbed.authority import UnsafeAuthority
from ketnoi_testbed.parts.hosting import Hosted, ServerProcess, StartFailed
from ketnoi_testbed.parts.premises import write_settings
from ketnoi_testbed.surroundings import Surroundings

if TYPE_CHECKING:
    from ketnoi_testbed.parts.registry import RegistryPart

_PROCEDURES: Final = """
"G15-TP110" = { vi = "Đăng ký khai sinh", en = "Birth registration" }
"G15-TP205" = { vi = "Cấp phiếu lý lịch tư pháp", en = "Criminal record certificate" }
"""
"""How the procedures of the test bed's agencies are called: invented, as their codes are."""

_COMMAND: Final = (sys.executable, "-c", "import sys; from ketnoi_identity.cli import main; sys.exit(main())")


class IdentityFolder:
    """The identity system whose settings lie in a folder, for whoever acts on it beside its own processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def settings(self) -> Settings:
        """Its settings, once it was started. Raises SettingsError."""
        return load_settings(self.folder / "identity.toml", Settings)

    @property
    def procedures(self) -> dict[str, Text]:
        """How the procedures that it knows are called, by their codes."""
        settings = self.settings
        table = tomllib.loads(settings.path(settings.procedures).read_text(encoding="utf-8"))
        return {code: Text(each["vi"], each["en"]) for code, each in table.items()}

    @contextmanager
    def cursor(self) -> Iterator[psycopg.Cursor[Any]]:
        """A cursor over its database, as its pages have; what was done is kept unless something is raised."""
        with psycopg.connect(self.settings.database) as connection, connection.cursor() as cursor:
            yield cursor


class IdentitySide(IdentityFolder):
    """The identity side: `start` what servers ask, then `open_pages` where citizens are to come with browsers.

    The pages answer under the name `localhost`, which browsers let have passkeys, on a port of their own.
    """

    def __init__(
        self, around: Surroundings, authority: UnsafeAuthority, host: str, database: str, pages_port: int
    ) -> None:
        self.host, self.database = host, database
        self._around = around
        super().__init__(around.premises.make_folder("identity"))
        self.tls = authority.issue_authentication(host)
        self.asks = authority.issue_authentication("identity.citizens")
        self.portal = authority.issue_authentication("portal.identity")
        self.port, self.pages_port = around.premises.ports[9444], pages_port
        self.url = f"http://localhost:{pages_port}"
        self.hosted: Hosted[Wire] = Hosted(
            "identity",
            "ketnoi_identity",
            self.folder / "identity.toml",
            self._start_here,
            self.folder / "wire.log",
            arguments=("--settings", str(self.folder / "identity.toml"), "wire"),
        )
        self.pages: ServerProcess | None = None

    @property
    def wire_url(self) -> str:
        """Where the registry and the portal ask."""
        return f"https://{self.host}:{self.port}"

    async def _start_here(self) -> Wire:
        return await Wire.start(self.settings, self._around.clock)

    async def start(self, registry: RegistryPart, *, as_process: bool) -> None:
        """Make its tables, keys and settings, and answer. Raises what the server raises, or StartFailed."""
        self._write(registry)
        await initialise(self.settings, self._around.clock)
        await self.hosted.start(as_process=as_process)

    async def open_pages(self) -> None:
        """Start the citizens' pages, once. Raises StartFailed."""
        if self.pages is None:
            await asyncio.to_thread(self.command, "init")
            settings = str(self.folder / "identity.toml")
            self.pages = await ServerProcess.start([*_COMMAND, "--settings", settings, "web"], self.folder / "web.log")

    def command(self, *arguments: str) -> str:
        """Run one of its commands to its end; what it said. Raises StartFailed with the end of its errors."""
        done = subprocess.run(  # noqa: S603
            [*_COMMAND, "--settings", str(self.folder / "identity.toml"), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StartFailed(f"ketnoi-identity {arguments[0]}: {done.stderr[-2000:]}")
        return done.stdout

    async def stop(self) -> None:
        """Stop whatever of it runs."""
        pages, self.pages = self.pages, None
        if pages is not None:
            await pages.stop()
        await self.hosted.stop()

    def _write(self, registry: RegistryPart) -> None:
        for name, data in (
            ("secret", secrets.token_urlsafe(48).encode()),
            ("tls.pem", self.tls.pem),
            ("tls-key.pem", self.tls.key_pem),
            ("asks.pem", self.asks.pem),
            ("asks-key.pem", self.asks.key_pem),
            ("portal.pem", self.portal.pem),
            ("registry.pem", registry.tls.pem),
            ("procedures.toml", _PROCEDURES.encode()),
        ):
            (self.folder / name).touch(mode=0o600)
            (self.folder / name).write_bytes(data)
        write_settings(
            self.folder / "identity.toml",
            {
                "environment": self._around.plan.environment.value,
                "profile": self._around.plan.profile,
                "database": self.database,
                "secret_key_file": "secret",
                "procedures": "procedures.toml",
                "base_url": self.url,
                "host": "127.0.0.1",
                "port": self.pages_port,
                "rehearsal": True,
                "wire": {
                    "host": self.host,
                    "port": self.port,
                    "certificate": "tls.pem",
                    "key": "tls-key.pem",
                    "registry": "registry.pem",
                    "portal": "portal.pem",
                },
                "register": {
                    "url": registry.address,
                    "certificate": "registry.pem",
                    "client_certificate": "asks.pem",
                    "client_key": "asks-key.pem",
                },
            },
        )
