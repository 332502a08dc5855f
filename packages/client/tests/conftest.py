"""An agency on a folder of its own, and a stand-in for its security server on a real HTTPS port."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from agency_folder import AgencyFolder, write_certificate
from stand_in import StandIn

from ketnoi_client.agency import Agency


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
