"""Where worlds stand: beside each other, and beside whatever else this machine runs."""

from __future__ import annotations

import asyncio
import socket
import stat
import tomllib
from pathlib import Path

import pytest

from ketnoi_testbed.parts.hosting import Hosted, StartFailed
from ketnoi_testbed.parts.premises import NoRoom, Premises, _free_shift, write_settings
from ketnoi_testbed.postgres import Postgres


def test_two_worlds_take_different_addresses(cluster: Postgres) -> None:
    first, second = Premises(cluster), Premises(cluster)
    try:
        assert first.address(1) != second.address(1)
        assert first.folder != second.folder
        assert not stat.S_IMODE(first.folder.stat().st_mode) & 0o077
    finally:
        first.remove()
        second.remove()
    assert not first.folder.exists()


def test_ports_are_moved_out_of_the_way(cluster: Postgres) -> None:
    premises = Premises(cluster)
    try:
        host = premises.address(9)
        assert _free_shift(host) == 0
        with socket.socket() as other, socket.socket() as another:
            other.bind((host, 8080))
            other.listen()
            assert _free_shift(host) == 10_000
            another.bind((host, 15_577))
            another.listen()
            assert _free_shift(host) == 20_000
    finally:
        premises.remove()
    with pytest.raises(NoRoom, match="ports"):
        _free_shift("203.0.113.1")


def test_settings_are_written_as_they_are_read(tmp_path: Path) -> None:
    content = {
        "vi": 'Bộ "Tư pháp" \\ Thái Nguyên',
        "port": 8080,
        "pace": 0.5,
        "rehearsal": True,
        "names": ["một", "hai"],
        "none": [],
        "listen": {"host": "127.0.0.1", "deeper": {"still": 1}},
        "callers": [{"instance": "VDXP-TEST"}, {"instance": "NDXP-TEST", "more": {"a": "b"}}],
    }
    file = write_settings(tmp_path / "settings.toml", content)
    assert tomllib.loads(file.read_text(encoding="utf-8")) == content
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_process_that_does_not_start_says_why(tmp_path: Path) -> None:
    settings = write_settings(tmp_path / "registry.toml", {"environment": "nowhere"})
    hosted: Hosted[Postgres] = Hosted("registry", "ketnoi_registry", settings, None, tmp_path / "log")  # type: ignore
    with pytest.raises(StartFailed, match=r"registry\.toml.*environment"):
        asyncio.run(hosted.start(as_process=True))
    assert not hosted.is_running
    with pytest.raises(RuntimeError, match="not running"):
        _ = hosted.running
