"""The command: `init` makes what must be there, `wire` answers or says why not."""

from __future__ import annotations

import asyncio
import stat
import subprocess

import msgspec
import psycopg
import pytest

from ketnoi_identity.initialise import initialise
from ketnoi_identity.openid import keys, pseudonyms
from ketnoi_runtime.clock import SystemClock
from ketnoi_testbed.parts.premises import write_settings

from .site import COMMAND
from .wires import Node, run, self_signed, settings, use


@pytest.fixture
def told(tmp_path, database):
    """Settings, with their file and certificates in place."""
    for name in ("wire", "registry", "portal"):
        self_signed(tmp_path, name)
    (tmp_path / "secret").write_text("x" * 50)
    told = settings(tmp_path, database)
    write_settings(tmp_path / "identity.toml", msgspec.to_builtins(told))
    return told


def say(folder, *words):
    return subprocess.run(
        [*COMMAND, folder / "identity.toml", *words], capture_output=True, text=True, check=False, timeout=60
    )


def test_init_makes_tables_keys_that_only_their_owner_reads_and_terms(tmp_path, told):
    for _ in range(2):
        done = say(tmp_path, "init")
        assert (done.returncode, done.stderr) == (0, "")
    folder = tmp_path / "keys"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert {file.parent.name for file in files} == {"keys", *keys.RINGS}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    # Run again, it changes nothing: one key a ring, one secret.
    assert len(files) == len(keys.RINGS) + 1
    assert pseudonyms.Pseudonyms.of(folder)
    with psycopg.connect(told.database) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM terms").fetchone() == (True,)
        assert connection.execute("SELECT count(*) FROM django_session").fetchone() == (0,)


def test_one_command_takes_a_stolen_key_out_of_one_ring_alone(tmp_path, told):
    asyncio.run(initialise(told, SystemClock()))
    rings = {name: keys.ring(tmp_path / "keys", name) for name in keys.RINGS}
    before = {name: ring.signing(SystemClock().now()).kid for name, ring in rings.items()}
    done = say(tmp_path, "turn-keys", "--now", keys.OFFICERS)
    assert (done.returncode, done.stderr) == (0, "")
    after = {name: ring.signing(SystemClock().now()).kid for name, ring in rings.items()}
    assert {name for name in keys.RINGS if before[name] != after[name]} == {keys.OFFICERS}
    assert len(rings[keys.OFFICERS].told(SystemClock().now())["keys"]) == 1
    assert say(tmp_path, "turn-keys", "--now", "elsewhere").returncode == 2


def test_keys_that_others_may_read_are_not_used(tmp_path, told):
    asyncio.run(initialise(told, SystemClock()))
    (tmp_path / "keys").chmod(0o750)
    done = say(tmp_path, "wire")
    assert (done.returncode, done.stdout) == (1, "")
    assert "chmod 700" in done.stderr
    with pytest.raises(keys.NoKeysError):
        asyncio.run(initialise(told, SystemClock()))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda folder: (folder / "registry.crt").write_text("x"), "registry.crt"),
        (lambda folder: (folder / "wire.key").unlink(), "wire.crt, wire.key"),
        (lambda folder: (folder / "identity.toml").write_text("x = 1"), "identity.toml"),
    ],
)
def test_what_keeps_the_wire_from_starting_is_named_in_one_line(tmp_path, told, spoil, why):
    asyncio.run(initialise(told, SystemClock()))
    spoil(tmp_path)
    done = say(tmp_path, "wire")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert why in done.stderr


def test_before_init_the_wire_does_not_start(tmp_path, told):
    done = say(tmp_path, "wire")
    assert (done.returncode, "init" in done.stderr) == (1, True)


def test_two_nodes_may_start_at_once_on_an_empty_database(tmp_path, told):
    folder = tmp_path / "keys"
    pseudonyms.begin(folder)
    for name in keys.RINGS:
        keys.ring(folder, name).begin(SystemClock().now())

    async def both():
        nodes = [Node(tmp_path, told) for _ in range(2)]
        await asyncio.gather(*(asyncio.to_thread(node.start) for node in nodes))
        return [await asyncio.to_thread(node.stop) for node in nodes]

    assert asyncio.run(both()) == [0, 0]


def test_connections_that_the_database_ends_are_made_anew(tmp_path, database):
    async def act(world):
        code = await world.agreed()
        asked = use(code)
        await world.use(asked)
        await world.pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        told = [await world.send("POST", "/v1/uses", {"uses": [asked]}) for _ in range(6)]
        return [answer.status for answer in told], told[-1].body["codes"]

    statuses, codes = run(tmp_path, database, act)
    assert set(statuses) <= {200, 503}
    assert (statuses[-1], codes) == (200, ["00"])
