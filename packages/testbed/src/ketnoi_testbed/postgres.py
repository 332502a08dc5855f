"""A private PostgreSQL cluster, made from the binaries that the system has, for a world or a test run.

PostgreSQL refuses to run as root; as root it is started as an ordinary user that exists already (`postgres`, else
`nobody`), and its data then lies in a folder that this user may enter.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_USERS = ("postgres", "nobody")
_MISSING = (
    "PostgreSQL's server programs were not found. Install them:  sudo apt-get install postgresql\n"
    "or set KETNOI_POSTGRES_BIN to the folder that holds initdb and postgres."
)


class PostgresError(Exception):
    """The cluster cannot be made or started; the text says what to do."""


def find_binaries() -> Path:
    """The folder of the newest PostgreSQL (15 or later) on this machine. Raises PostgresError when there is none."""
    named = os.environ.get("KETNOI_POSTGRES_BIN")
    folders = (
        [Path(named)]
        if named
        else sorted(
            Path("/usr/lib/postgresql").glob("*/bin"),
            key=lambda folder: int(folder.parent.name),
            reverse=True,
        )
    )
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise PostgresError(_MISSING)


class Postgres:
    """One cluster in a folder of its own, reached through a Unix socket only.

    `durable=False` is for tests that do not look at durability; a world keeps fsync on. `shared_buffers` is
    PostgreSQL's own setting, with its unit.
    """

    def __init__(self, *, durable: bool = True, max_connections: int = 200, shared_buffers: str = "256MB") -> None:
        self._binaries = find_binaries()
        # The socket's path must stay under 108 bytes, however long the checkout's own path is.
        self._folder = Path(tempfile.mkdtemp(prefix="ketnoi-pg-", dir="/tmp"))
        self._owner = _ordinary_user() if os.geteuid() == 0 else None
        self._options = [
            "-c", "listen_addresses=",
            "-c", f"unix_socket_directories={self._folder}",
            "-c", f"max_connections={max_connections}",
            "-c", f"shared_buffers={shared_buffers}",
            "-c", "max_wal_size=2GB",
            "-c", "log_min_messages=warning",
            "-c", "log_min_error_statement=panic",  # a failing statement's text could hold personal data
            "-c", "log_parameter_max_length_on_error=0",
            "-c", "log_error_verbosity=terse",  # an error's detail quotes the row
            *([] if durable else ["-c", "fsync=off", "-c", "full_page_writes=off"]),
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def folder(self) -> Path:
        """Where the cluster lies: data, socket and its log `postgres.log`."""
        return self._folder

    def dsn(self, database: str) -> str:
        """The address of one database of this cluster."""
        return f"postgresql://ketnoi@/{database}?host={self._folder}"

    def start(self) -> None:
        """Make the cluster if it is new, start it, and wait until it accepts connections."""
        data = self._folder / "data"
        if not data.exists():
            if self._owner is not None:
                os.chown(self._folder, self._owner.pw_uid, self._owner.pw_gid)
            self._run(
                "initdb", "-D", str(data), "-U", "ketnoi", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8",
                "--no-sync",
            )  # fmt: skip
        with (self._folder / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [str(self._binaries / "postgres"), "-D", str(data), *self._options],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                start_new_session=True,
                **self._identity(),
            )
        self._wait_until_ready()

    def create_database(self, name: str | None = None) -> str:
        """Make an empty database and return its address; the name is made up when none is given."""
        database = name or f"d{secrets.token_hex(6)}"
        self._run("createdb", "-h", str(self._folder), "-U", "ketnoi", "-T", "template0", database)
        return self.dsn(database)

    def stop(self, *, immediate: bool = False) -> None:
        """Stop the server; `immediate` leaves it as a crash would, for recovery to mend."""
        if self._process is not None:
            self._process.send_signal(3 if immediate else 2)  # SIGQUIT: immediate; SIGINT: fast shutdown
            self._process.wait(timeout=30)
            self._process = None

    def remove(self) -> None:
        """Stop the server and delete its folder."""
        self.stop(immediate=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _identity(self) -> dict[str, object]:
        if self._owner is None:
            return {}
        return {"user": self._owner.pw_uid, "group": self._owner.pw_gid, "extra_groups": []}

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603
            [str(self._binaries / program), *arguments],
            capture_output=True,
            cwd=self._folder,
            check=False,
            **self._identity(),
        )
        if done.returncode != 0:
            raise PostgresError(f"{program} failed: {done.stderr.decode(errors='replace').strip()}")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            assert self._process is not None
            if self._process.poll() is not None:
                log = (self._folder / "postgres.log").read_text(errors="replace")
                raise PostgresError(f"PostgreSQL ended at once:\n{log[-2000:]}")
            ready = subprocess.run(  # noqa: S603
                [
                    str(self._binaries / "pg_isready"),
                    "-q",
                    "-h",
                    str(self._folder),
                    "-U",
                    "ketnoi",
                    "-d",
                    "postgres",
                ],
                check=False,
            )
            if ready.returncode == 0:
                return
            time.sleep(0.05)
        raise PostgresError("PostgreSQL did not accept connections within 30 s")


def _ordinary_user() -> pwd.struct_passwd:
    for name in _USERS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise PostgresError("PostgreSQL does not run as root, and neither user `postgres` nor `nobody` exists")


@contextlib.contextmanager
def private_cluster(*, durable: bool = True, shared_buffers: str = "256MB") -> Iterator[Postgres]:
    """A started cluster that is removed at the end."""
    cluster = Postgres(durable=durable, shared_buffers=shared_buffers)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.remove()
