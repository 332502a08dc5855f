"""The portal as processes: it migrates itself, answers over HTTP, works in the background, and ends when told."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


ASKED_TWICE = """
import http.server, sys, threading
from ketnoi_pages.serving import answers

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *told):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Page)
port = server.server_port
assert not answers("127.0.0.1", 9, "http://localhost:9")
known = set(sys.modules)
threading.Thread(target=server.handle_request).start()
assert answers("127.0.0.1", port, f"http://localhost:{port}")
print(sorted(set(sys.modules) - known))
"""
COMMAND = [sys.executable, "-m", "ketnoi_portal.cli"]


def settings(folder: Path, database: str, port: int) -> Path:
    (folder / "secret").write_text("a secret of these tests alone, long enough for Django to be content")
    file = folder / "portal.toml"
    file.write_text(
        f'database = "{database}"\nsecret_key_file = "secret"\nport = {port}\nbase_url = "http://127.0.0.1:{port}"\n'
    )
    return file


@contextmanager
def running(file: Path, *command: str) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """A process of the portal, once it has said that it is ready."""
    log = (file.parent / f"{command[0]}.log").open("wb")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
    process = subprocess.Popen(
        [*COMMAND, "--settings", str(file), *command], stdout=subprocess.PIPE, stderr=log, env=environment
    )
    try:
        assert process.stdout is not None
        # One that never gets ready is ended, and has said nothing.
        patience = threading.Timer(60.0, process.kill)
        patience.start()
        line = process.stdout.readline()
        patience.cancel()
        assert line, (file.parent / f"{command[0]}.log").read_text()
        yield process, json.loads(line)
    finally:
        process.terminate()
        try:
            process.wait(15)
        finally:
            process.kill()
            process.stdout.close()
            log.close()


@pytest.fixture(scope="module")
def file(cluster: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = settings(tmp_path_factory.mktemp("portal"), cluster.create_database(), free_port())
    for _ in range(2):
        subprocess.run([*COMMAND, "--settings", str(made), "migrate", "-v", "0"], check=True)
    return made


def test_the_web_front_answers_once_it_says_so(file: Path) -> None:
    with running(file, "web") as (process, ready):
        assert ready["ready"] == "web"
        with urllib.request.urlopen(f"{ready['url']}/healthz", timeout=10) as answer:
            assert answer.read() == b"ok\n"
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(
                urllib.request.Request(f"{ready['url']}/healthz", headers={"Host": "elsewhere.example"}), timeout=10
            )
        assert refused.value.code == 400
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0


def test_whoever_waits_for_the_pages_imports_nothing_once_workers_are_forked() -> None:
    """In a process of its own: a worker that is forked in the middle of a thread's import waits for it for ever."""
    done = subprocess.run([sys.executable, "-c", ASKED_TWICE], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_the_worker_ends_when_told(file: Path) -> None:
    with running(file, "worker") as (process, ready):
        assert ready["ready"] == "worker"
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0


def test_a_killed_worker_leaves_nothing_locked(file: Path) -> None:
    database = tomllib.loads(file.read_text())["database"]

    def runs() -> int:
        with psycopg.connect(database) as asked:
            row = asked.execute("SELECT runs FROM worker_taskhealth WHERE name = 'publication.reconcile'").fetchone()
        return row[0] if row else 0

    def wait_for(more: int) -> None:
        deadline = time.monotonic() + 30
        while runs() < more:
            assert time.monotonic() < deadline
            time.sleep(0.1)

    with running(file, "worker") as (process, _):
        wait_for(1)
        process.kill()
        process.wait(15)
    before = runs()
    with running(file, "worker"):
        wait_for(before + 2)
