"""The main pages as people see them: nothing serious for a screen reader, nothing too wide, nothing broken.

The pictures in docs are taken by this very test:

    KETNOI_PICTURES=docs/pictures/portal .venv/bin/python -m pytest journeys/portal/test_pictures.py
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from journeys.portal.conftest import SitDown
from journeys.portal.dossier import Dossier
from ketnoi_protocol.services import Platform, Service
from ketnoi_testbed.cast import AUDITOR, CONSTRUCTION, HANDLER, OPERATORS, SERVER_OFFICERS
from ketnoi_testbed.country import Country
from ketnoi_testbed.forms import registration

DOCS = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "portal"

# Picture, whose page it is (empty: nobody has signed in), address; KEY is the application's.
PAGES = (
    ("home", "", "/"),
    ("how-to-connect", "", "/ket-noi/"),
    ("sign-in-cards", "", "/the/"),
    ("form", CONSTRUCTION.clerk, "/ho-so/KEY/"),
    ("application", HANDLER, "/ho-so/KEY/"),
    ("queue", HANDLER, "/viec/"),
    ("figures", HANDLER, "/so-lieu/"),
    ("operator", OPERATORS[Platform.NDXP], "/nen-tang/"),
    ("servers", SERVER_OFFICERS[0], "/may-chu/"),
    ("audit-log", AUDITOR, "/nhat-ky/"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pictures go: away, unless a folder is named."""
    named = os.environ.get("KETNOI_PICTURES")
    folder = Path(named) if named else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_the_main_pages_are_seen(country: Country, sit_down: SitDown, folder: Path) -> None:
    clerk = sit_down(CONSTRUCTION.clerk)
    dossier = Dossier.begin(clerk)
    dossier.fill_in(clerk, registration(list(country.worlds.values()), "G17", [Service.VERIFY_CITIZEN]))
    dossier.send(sit_down(CONSTRUCTION.representative))
    for name, who, address in PAGES:
        desk = sit_down(who)
        desk.go(address.replace("KEY", dossier.key)).is_accessible()
        desk.picture(folder / f"{name}.png")
        assert desk.broken == [], name
        phone = sit_down(who, phone=True)
        phone.go(address.replace("KEY", dossier.key)).fits()


def test_every_page_has_its_picture_in_the_docs() -> None:
    assert {file.stem for file in DOCS.glob("*.png")} == {name for name, _, _ in PAGES}
