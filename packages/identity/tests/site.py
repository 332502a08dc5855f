"""`ketnoi-identity web` on a database of its own, at an address under which browsers let have passkeys."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import psycopg

from ketnoi_testbed.country import free_port
from ketnoi_testbed.parts.premises import write_settings
from packages.registry.tests.certificates import self_signed

COMMAND = (sys.executable, "-c", "import sys; from ketnoi_identity.cli import main; sys.exit(main())", "--settings")


class Site:
    """The pages. A context manager: they can be had inside. `changes` are of the settings."""

    def __init__(self, folder: Path, database: str, **changes: Any) -> None:
        port = free_port()
        self.folder, self.database, self.url = folder, database, f"http://localhost:{port}"
        self.settings, self.log = folder / "identity.toml", folder / "web.log"
        for name in ("registry", "identity"):
            self_signed(folder, name)
        told = {
            "environment": "test",
            "rehearsal": True,
            "database": database,
            "secret_key_file": "secret",
            "base_url": self.url,
            "port": port,
            "wire": {"certificate": "wire.crt", "key": "wire.key", "registry": "registry.crt"},
            "register": {
                "url": "https://127.0.0.1:1",
                "certificate": "registry.crt",
                "client_certificate": "identity.crt",
                "client_key": "identity.key",
            },
        }
        write_settings(self.settings, told | changes)
        self._web: subprocess.Popen[str] | None = None

    def say(self, *arguments: str, given: str = "") -> str:
        """Run a command to its end; what it printed."""
        done = self.try_to(*arguments, given=given)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout.strip()

    def try_to(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end, whatever becomes of it."""
        return subprocess.run(
            [*COMMAND, str(self.settings), *arguments], capture_output=True, text=True, check=False, input=given
        )

    def __enter__(self) -> Self:
        self.say("init")
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Start the pages; returns when they can be had."""
        with self.log.open("a") as log:
            self._web = subprocess.Popen(
                [*COMMAND, str(self.settings), "web"], stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self._web.stdout is not None
        assert '"ready"' in self._web.stdout.readline()

    def close(self) -> None:
        """End the pages."""
        if self._web is not None:
            self._web.terminate()
            self._web.wait(timeout=30)
            assert self._web.stdout is not None
            self._web.stdout.close()
            self._web = None

    def connect(self) -> psycopg.Connection[Any]:
        """To look into the database, or to prepare something there."""
        return psycopg.connect(self.database, autocommit=True)
