"""An agency on a folder of its own, and a stand-in for its security server on a real HTTPS port."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from agency_folder import AgencyFolder, write_certificate
from lists import rows_of
from stand_in import StandIn

from ketnoi_client import batch as batches
from ketnoi_client.agency import Agency
from ketnoi_client.cli import main


@pytest.fixture
def folder(tmp_path: Path) -> AgencyFolder:
    """The agency's keys and certificates; settings are written by `folder.settings(…)`."""
    return AgencyFolder.make(tmp_path / "agency")


@pytest.fixture
def server(folder: AgencyFolder) -> Iterator[StandIn]:
    """The agency's security server, as far as an information system sees it."""
    with StandIn(folder.path) as running:
        folder.address = running.address
        yield running


@pytest.fixture
def agency(folder: AgencyFolder, server: StandIn) -> Iterator[Agency]:
    """The agency, connected with the stand-in on both platforms."""
    with Agency.open(folder.settings()) as opened:
        yield opened


@pytest.fixture
def another_certificate(tmp_path: Path) -> Callable[[], tuple[Path, Path]]:
    """Makes a certificate and key that nobody has registered."""

    def make() -> tuple[Path, Path]:
        write_certificate(tmp_path, "stranger")
        return tmp_path / "stranger.crt", tmp_path / "stranger.key"

    return make


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses between repetitions are noted, not waited for."""
    pauses: list[float] = []
    monkeypatch.setitem(batches.Batch.__init__.__kwdefaults__, "pause", pauses.append)
    return pauses


@pytest.fixture
def run(
    folder: AgencyFolder,
    server: StandIn,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    no_waiting: list[float],
) -> Callable[..., tuple[int, dict[int, dict[str, str]], str]]:
    """`run("look-up", text)` asks about the list: status, result rows by line, what was said."""

    def of(service: str, text: str | bytes, *more: str, name: str = "people.csv"):
        file = tmp_path / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        out = tmp_path / "out.csv"
        status = main(
            ["batch", "--settings", str(folder.settings()), service, "--input", str(file), "--out", str(out), *more]
        )
        return status, rows_of(out), capsys.readouterr().err

    return of
