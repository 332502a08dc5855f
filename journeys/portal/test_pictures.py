"""The main pages as people see them: nothing serious for a screen reader, nothing too wide, nothing broken."""

from __future__ import annotations

from journeys.portal.conftest import SitDown
from journeys.portal.dossier import Dossier
from journeys.portal.pictures import DOCS, NAMES, Pictures
from ketnoi_protocol.services import Platform, Service
from ketnoi_testbed.cast import AUDITOR, CONSTRUCTION, HANDLER, OPERATORS, SERVER_OFFICERS
from ketnoi_testbed.country import Country
from ketnoi_testbed.forms import registration

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


def test_the_main_pages_are_seen(country: Country, sit_down: SitDown, pictures: Pictures) -> None:
    clerk = sit_down(CONSTRUCTION.clerk)
    dossier = Dossier.begin(clerk)
    dossier.fill_in(clerk, registration(list(country.worlds.values()), "G17", [Service.VERIFY_CITIZEN]))
    dossier.send(sit_down(CONSTRUCTION.representative))
    for name, who, address in PAGES:
        desk = sit_down(who)
        pictures.take(desk.go(address.replace("KEY", dossier.key)), name)
        phone = sit_down(who, phone=True)
        phone.go(address.replace("KEY", dossier.key)).fits()


def test_every_page_has_its_picture_in_the_docs() -> None:
    assert {file.stem for file in DOCS.glob("*.png")} == NAMES
