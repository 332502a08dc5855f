"""Where a world stands: a folder, loopback addresses of its own, and a PostgreSQL."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import shutil
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ketnoi_testbed.postgres import Postgres

# Not below a home, which may be closed to the database's user, and short for the sake of socket paths.
_ABOVE: Final = "/tmp"  # noqa: S108 - each folder in it is made for its owner alone
_PREFIX: Final = "ketnoi-world-"
# Held by a world for as long as it stands, so that another one beside it takes other addresses.
_CLAIM = 47_299
_SHIFT = 10_000
_BARE = re.compile(r"[A-Za-z0-9_-]+")
# X-Road's, the registry's, the identity side's, the authority's, the directory's.
_PORTS = (4000, 5500, 5577, 8080, 8443, 9443, 9444, 8888, 8090)


class NoRoom(Exception):  # noqa: N818
    """No addresses or ports are free; the text says what to do."""


HOST = "127.0.0.1"
"""Where pages for browsers answer."""


@dataclass(frozen=True)
class Ports:
    """X-Road's own ports, moved when something else on this machine listens on them at every address."""

    shift: int = 0

    def __getitem__(self, port: int) -> int:
        return port + self.shift


def folders() -> list[Path]:
    """The folders of this machine's worlds, the newest first: of those that stand, and of those that were killed."""
    return sorted(Path(_ABOVE).glob(f"{_PREFIX}*"), key=lambda each: each.stat().st_mtime, reverse=True)


class Premises:
    """Claimed when made, given back by `remove`.

    `postgres` is a running cluster that is somebody else's to remove; without one the world has its own.
    """

    def __init__(self, postgres: Postgres | None = None, *, durable: bool = True) -> None:
        self._claim, self._net = _claim_net()
        try:
            self.ports = Ports(_free_shift(self.address(1)))
            self._own = Postgres(durable=durable) if postgres is None else None
        except Exception:
            self._claim.close()
            raise
        self.postgres = postgres or self._own
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_ABOVE))

    def start(self) -> None:
        """Start the world's own PostgreSQL. Raises PostgresError."""
        if self._own is not None:
            self._own.start()

    def create_database(self) -> str:
        """The address of a new, empty database."""
        assert self.postgres is not None
        return self.postgres.create_database()

    def address(self, number: int) -> str:
        """One of the world's own loopback addresses, 1 to 254."""
        return f"{self._net}.{number}"

    def make_folder(self, *names: str) -> Path:
        """A folder for somebody in this world, who alone may read it."""
        folder = self.folder.joinpath(*names)
        folder.mkdir(parents=True, mode=0o700)
        return folder

    def remove(self) -> None:
        """Everything the world wrote, its database included, is gone."""
        if self._own is not None:
            self._own.remove()
        self._claim.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _claim_net() -> tuple[socket.socket, str]:
    for _ in range(200):
        net = f"127.{16 + secrets.randbelow(230)}.{secrets.randbelow(256)}"
        claim = socket.socket()
        try:
            claim.bind((f"{net}.254", _CLAIM))
            claim.listen(1)
        except OSError:
            claim.close()
        else:
            return claim, net
    raise NoRoom("no loopback addresses of 127.0.0.0/8 can be used on this machine")


def _free_shift(host: str) -> int:
    for shift in (0, _SHIFT, 2 * _SHIFT, 3 * _SHIFT):
        if all(_is_free(host, port + shift) for port in _PORTS):
            return shift
    raise NoRoom("X-Road's ports (4000, 5500, 5577, 8080, 8443) are taken at every address of this machine")


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def write_settings(path: Path, content: Mapping[str, Any]) -> Path:
    """Write a settings file (TOML), readable by its owner alone."""
    path.touch(mode=0o600)
    path.write_text("\n".join(_lines(content, "")) + "\n", encoding="utf-8")
    return path


def _lines(table: Mapping[str, Any], name: str) -> list[str]:
    lines = [f"{_key(key)} = {_value(value)}" for key, value in table.items() if not _is_table(value)]
    for key, value in table.items():
        whole = f"{name}{_key(key)}"
        if isinstance(value, Mapping):
            lines += ["", f"[{whole}]", *_lines(value, f"{whole}.")]
        elif _is_table(value):
            for each in value:
                lines += ["", f"[[{whole}]]", *_lines(each, f"{whole}.")]
    return lines


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and bool(value) and isinstance(value[0], Mapping))


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def _value(value: object) -> str:
    # TOML's strings, numbers, booleans and arrays of them are written as JSON writes them.
    return json.dumps(value, ensure_ascii=False)


def free_port(wanted: int = 0) -> int:
    """The wanted port of HOST, or another one when it is taken or none is wanted. Raises OSError."""
    for port in (wanted, 0):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return int(probe.getsockname()[1])
    raise OSError(f"no port of {HOST} is free")
