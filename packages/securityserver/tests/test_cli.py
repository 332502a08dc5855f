"""The command line: a new server from nothing to ready, and what it says when it cannot."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from small_world import ASKING, World

from ketnoi_securityserver.cli import main

SETTINGS = """
server = "{server}"
database = "{database}"
profile = "{profile}"
[listen]
host = "127.0.0.1"
consumer_http = 0
consumer_https = 0
peers = 0
ocsp = 0
admin = 0
"""


def settings(folder: Path, database: str = "postgresql://nobody@/none?host=/nowhere", **others: str) -> Path:
    values = {"server": str(ASKING), "profile": "ketnoi"} | others
    path = folder / "settings.toml"
    path.write_text(SETTINGS.format(database=database, **values))
    return path


def test_a_new_server_comes_up(world: World, database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = settings(tmp_path, database)
    assert main(["init", "--settings", str(path), "--organisation", "Bộ Tư pháp", "--host", "ss.example"]) == 0
    told = capsys.readouterr().out
    requests = [Path(line.strip()) for line in told.splitlines() if line.strip().endswith("request.der")]
    assert [request.parent.parent.name for request in requests] == ["authentication", "signing"]
    issued = []
    for request, use in zip(requests, ("authentication", "signing"), strict=True):
        certificate = world.authority.certify_request(request.read_bytes(), use)  # type: ignore[arg-type]
        issued.append(tmp_path / f"{use}.pem")
        issued[-1].write_bytes(certificate.public_bytes(Encoding.PEM))
    assert main(["import-certificate", "--settings", str(path), *map(str, issued)]) == 0
    # Once more changes nothing, and asks for nothing.
    capsys.readouterr()
    assert main(["init", "--settings", str(path), "--organisation", "Bộ Tư pháp"]) == 0
    assert "request.der" not in capsys.readouterr().out
    assert main(["api-key", "--settings", str(path)]) == 0
    key = capsys.readouterr().out.strip()
    (tmp_path / "anchor.xml").write_bytes(world.asking.settings.path("anchor.xml").read_bytes())
    command = [sys.executable, "-c", "from ketnoi_securityserver.cli import main; main()"]
    process = subprocess.Popen(
        [*command, "run", "--settings", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        ready = json.loads(process.stdout.readline())
        assert (ready["ready"], ready["server"]) == ("securityserver", str(ASKING))
        with socket.create_connection(("127.0.0.1", ready["ports"]["consumer_http"]), 5) as connection:
            connection.sendall(b"GET /listClients HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 200 ")
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    assert key not in errors
    assert "PRIVATE" not in errors


def test_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    path = settings(tmp_path, profile="xroad-7.4")
    assert main(["init", "--settings", str(path), "--organisation", "A"]) == 0
    secret = [file for file in (tmp_path / "keys").rglob("*") if file.suffix == ".key" or file.name == "key.pem"]
    assert len(secret) == 4
    assert {os.stat(file).st_mode & 0o777 for file in secret} == {0o600}


@pytest.mark.parametrize(
    ("others", "command", "status", "text"),
    [
        ({}, ["run"], 1, "no message log key"),
        ({"server": "no identifier"}, ["run"], 2, "server: "),
        ({"profile": "unheard-of"}, ["run"], 2, "profile"),
        ({}, ["init", "--organisation", "x" * 65], 2, "1 to 64"),
        ({}, ["api-key"], 1, ""),
        ({}, ["import-certificate", "absent.pem"], 1, "absent.pem"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    others: dict[str, str],
    command: list[str],
    status: int,
    text: str,
) -> None:
    path = settings(tmp_path, **others)
    assert main([command[0], "--settings", str(path), *command[1:]]) == status
    told = capsys.readouterr().err.strip()
    assert text in told
    assert told.count("\n") == 0


def test_settings_that_are_not_there_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--settings", str(tmp_path / "absent.toml")]) == 2
    assert "absent.toml" in capsys.readouterr().err
