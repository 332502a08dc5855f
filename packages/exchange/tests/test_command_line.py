"""`ketnoi-exchange` as people and worlds use it: processes of their own, killed when it pleases the machine."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from ketnoi_exchange.cli import AWAY, DONE, REFUSED, UNUSABLE, main
from ketnoi_trust.configuration import Anchor

from .platforms import DESK, INSTANCE, MINISTRY, SERVER, Authority, own_host, read


@pytest.fixture
def settings(database: str, folder: Path) -> Path:
    """A settings file of a platform that is not made yet."""
    file = folder / "exchange.toml"
    file.write_text(
        f'instance = "{INSTANCE}"\ndatabase = "{database}"\nrehearsal = true\n'
        f'[listen]\nhost = "{own_host()}"\n[publish]\npoll = 0.05\n'
    )
    return file


def told(capsys: pytest.CaptureFixture[str], settings: Path, *words: str) -> Any:
    """What a command prints as JSON; it must succeed."""
    capsys.readouterr()
    assert main([*words, "--settings", str(settings), "--json"]) == DONE, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


@contextmanager
def node(settings: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """`ketnoi-exchange run`, once it says that it is ready."""
    program = Path(sys.executable).with_name("ketnoi-exchange")
    running = subprocess.Popen([program, "run", "--settings", settings], stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        yield running, json.loads(running.stdout.readline())
    finally:
        running.kill()
        running.wait()
        assert running.stdout is not None
        running.stdout.close()


def read_once(anchor: Anchor) -> Any:
    return asyncio.run(read(anchor))[1]


def test_a_platform_from_the_command_line_to_its_members(
    settings: Path, folder: Path, unsafe: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--settings", str(settings)]) == DONE
    printed = capsys.readouterr().out.strip().split("\n")
    assert "chỉ hiện một lần" in printed[0]
    assert "shown only once" in printed[1]
    assert len(printed[2]) == 36

    (folder / "ca.der").write_bytes(unsafe.certificate)
    (folder / "ss.der").write_bytes(unsafe.issue())
    with node(settings) as (running, ready):
        assert (ready["ready"], ready["instance"], ready["configuration"]) == ("exchange", INSTANCE, 8080)
        told(capsys, settings, "member-class", "add", "GOV", "Cơ quan nhà nước")
        told(capsys, settings, "member", "add", str(MINISTRY), "Bộ Tư pháp", "--by", "tran thi b")
        told(capsys, settings, "subsystem", "add", str(DESK), "--name", "Một cửa")
        ocsp = ["--ocsp", "http://127.0.0.1:9/ocsp"]
        assert told(capsys, settings, "authority", "add", str(folder / "ca.der"), *ocsp)["made"] == "1"
        told(capsys, settings, "tsa", "add", str(folder / "ca.der"), "http://127.0.0.1:9/tsa")
        told(capsys, settings, "set", "--management-provider", str(DESK), "--timestamp-interval", "5")
        certificate = ["--certificate", str(folder / "ss.der"), "--client", str(DESK)]
        version = told(capsys, settings, "server", "add", str(SERVER), "127.0.0.9", *certificate)["version"]
        told(capsys, settings, "anchor", "--out", str(folder / "anchor.xml"))
        anchor = Anchor.parse((folder / "anchor.xml").read_bytes())

        deadline = time.monotonic() + 20
        while SERVER not in (configuration := read_once(anchor)).servers:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert configuration.timestamp_interval.total_seconds() == 5

        history = told(capsys, settings, "history")
        assert history[-1]["version"] == version
        assert {row["actor"] for row in history} >= {"cli tran thi b"}
        listed = told(capsys, settings, "member", "list")
        assert listed == [{"id": str(MINISTRY), "name": "Bộ Tư pháp"}, {"id": str(DESK), "name": "Một cửa"}]
        assert told(capsys, settings, "server", "list")[0]["address"] == "127.0.0.9"
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=20) == 0


def test_refusals_are_told_in_both_languages(settings: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    by = ["--settings", str(settings)]
    assert main(["member", "list", *by]) == REFUSED
    assert "not_initialized" in capsys.readouterr().err
    assert main(["init", *by]) == DONE
    capsys.readouterr()
    assert main(["init", *by]) == REFUSED
    vietnamese, english = capsys.readouterr().err.strip().split("\n")
    assert vietnamese.startswith("init_already_initialized: Nền tảng này đã được khởi tạo")
    assert english.startswith("init_already_initialized: The platform has been initialised already")
    assert main(["member", "add", str(MINISTRY), "Bộ Tư pháp", *by]) == REFUSED
    assert "member_class_not_found" in capsys.readouterr().err


def test_what_cannot_be_used_is_told(settings: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["member", "list", "--settings", str(folder / "missing.toml")]) == UNUSABLE
    for words in (["member", "add", "no identifier", "x"], ["tsa", "add", str(folder / "missing"), "http://x"], []):
        with pytest.raises(SystemExit) as stopped:
            main([*words, "--settings", str(settings)])
        assert stopped.value.code == UNUSABLE
    text = settings.read_text()
    settings.write_text(text.replace("rehearsal = true", "rehearsed = true"))
    assert main(["member", "list", "--settings", str(settings)]) == UNUSABLE
    assert "rehearsed" in capsys.readouterr().err
    settings.write_text(text.replace("host=/", "host=/nowhere/"))
    assert main(["member", "list", "--settings", str(settings)]) == AWAY
    captured = capsys.readouterr()
    assert "Không với tới cơ sở dữ liệu" in captured.err


def test_a_node_killed_in_the_middle_goes_on_where_it_was(
    database: str, settings: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--settings", str(settings)]) == DONE
    assert main(["anchor", "--settings", str(settings), "--out", str(folder / "anchor.xml")]) == DONE
    anchor = Anchor.parse((folder / "anchor.xml").read_bytes())
    stop = threading.Event()

    def bustle() -> None:
        # Somebody changes something all the time, so that a kill meets the node at work.
        async def change() -> None:
            connection = await asyncpg.connect(database)
            try:
                while not stop.is_set():
                    await connection.execute("UPDATE platform SET version = version + 1")
                    await asyncio.sleep(0.02)
            finally:
                await connection.close()

        asyncio.run(change())

    busy = threading.Thread(target=bustle)
    busy.start()
    newest = None
    try:
        for pause in (0.0, 0.11, 0.23):
            with node(settings) as (running, _):
                for _ in range(3):
                    listing, _, _ = asyncio.run(read(anchor, newest_seen=newest))
                    assert newest is None or listing.expires_at >= newest
                    newest = listing.expires_at
                time.sleep(pause)
                running.kill()
                running.wait()
    finally:
        stop.set()
        busy.join()
    with node(settings):
        listing, _, _ = asyncio.run(read(anchor, newest_seen=newest))
        assert newest is not None
        assert listing.expires_at >= newest
