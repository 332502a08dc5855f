"""The commands at their start: `init` makes what can be made, and what lacks is named before anything serves."""

from __future__ import annotations

import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from ketnoi_testbed.postgres import Postgres

from .site import COMMAND, Site


def say(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, str(folder / "identity.toml"), *words], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def ready(tmp_path: Path, database: str) -> Site:
    """A folder in which `init` has been run."""
    made = Site(tmp_path, database, procedures="procedures.toml")
    (tmp_path / "procedures.toml").write_text('"1.001" = { vi = "Khai sinh" }')
    made.say("init")
    return made


def test_init_makes_the_secret_that_its_owner_alone_reads_and_keeps_it(ready: Site) -> None:
    secret = ready.folder / "secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    first = secret.read_text()
    assert len(first) >= 50
    ready.say("init")
    assert secret.read_text() == first


def test_after_init_the_pages_come(ready: Site) -> None:
    ready.open()
    ready.close()


LACKS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "the secret": (lambda folder: (folder / "secret").unlink(), "secret", "không đọc hoặc ghi được"),
    "an empty secret": (lambda folder: (folder / "secret").write_text("\n"), "secret", "tệp rỗng"),
    "the keys": (lambda folder: (folder / "keys").rename(folder / "k"), "keys", "không có khóa"),
    "keys for everybody": (lambda folder: (folder / "keys").chmod(0o755), "keys", "người khác đọc được"),
    "one ring's": (lambda folder: (folder / "keys" / "openid").rename(folder / "o"), "openid", "không có khóa"),
    "pseudonyms": (lambda folder: (folder / "keys" / "pairwise").unlink(), "pairwise", "không đọc hoặc ghi được"),
    "a certificate": (lambda folder: (folder / "identity.crt").unlink(), "identity.crt", "không đọc hoặc ghi được"),
    "a right key": (lambda folder: (folder / "identity.key").write_text("x"), "identity.key", "chứng thư hoặc khóa"),
    "names": (lambda folder: (folder / "procedures.toml").write_text("a = 1"), "procedures.toml", "không đúng dạng"),
}


@pytest.mark.parametrize("what", LACKS)
def test_what_keeps_the_pages_from_coming_is_named_in_one_line(ready: Site, what: str) -> None:
    spoil, name, words = LACKS[what]
    spoil(ready.folder)
    done = say(ready.folder, "web")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert name in done.stderr
    assert words in done.stderr
    assert " · " in done.stderr


def test_before_init_and_without_a_database_the_pages_say_what_to_do(
    ready: Site, cluster: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> None:
    empty = cluster.create_database()
    text = ready.settings.read_text()
    for database, words in ((empty, "hãy chạy `init`"), ("postgresql://u@127.0.0.1:1/x", "xem `database`")):
        ready.settings.write_text(text.replace(ready.database, database))
        done = say(ready.folder, "web")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert words in done.stderr
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE tablename = 'account'").fetchone() == (0,)


@pytest.mark.parametrize("command", ["tidy", "turn-keys"])
def test_other_commands_name_the_file_too(ready: Site, command: str) -> None:
    for name in ("secret", "keys"):
        (ready.folder / name).rename(ready.folder / f"{name}.away")
    done = say(ready.folder, command)
    assert done.returncode == 1
    assert str(ready.folder / ("secret" if command == "tidy" else "keys")) in done.stderr
    assert done.stderr.startswith("ketnoi-identity: ")
    assert "Traceback" not in done.stderr
