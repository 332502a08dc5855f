"""An officer signs in to the agency's system with eID, and each of the system's questions is proved to be theirs."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from journeys.identity.asking import Asking
from ketnoi_registry.store.people import PersonRow
from ketnoi_testbed.cards import Cards
from ketnoi_testbed.citizens import Citizen, Citizens
from ketnoi_testbed.world import World
from packages.identity.tests.agencies import Agency, Asked, Browser, bearing, code_of, exchange


class Pages:
    """The citizens' pages of a country, as the agencies of tests know pages."""

    def __init__(self, country: World) -> None:
        country.run(country.identity.open_pages())
        self.url = country.identity.url
        self.settings: Path = country.identity.folder / "identity.toml"
        self._database = country.identity.database

    def connect(self) -> psycopg.Connection[Any]:
        """To its database."""
        return psycopg.connect(self._database, autocommit=True)


Card = Callable[[str], str]


@pytest.fixture
def officer(country: World, citizens: Citizens, adults: Iterator[PersonRow]) -> Citizen:
    """Somebody at level 2, whom two police officers have seen."""
    made = citizens.enrol(next(adults))
    Cards(country, citizens).attest(made)
    return made


@pytest.fixture
def signed_in(country: World, officer: Citizen) -> Iterator[tuple[str, Card]]:
    """The officer's code at G15, and what the system of G15 asks for a card with while they are signed in."""
    pages: Any = Pages(country)
    system = Agency("G15", "G15", "https://g15.example.vn/quay-lai").register(pages)
    browser, asked = Browser(pages, officer.account), Asked(system)
    token = exchange(pages, asked, code_of(browser, asked, scope="openid officer")).json()["access_token"]

    def card(message_id: str) -> str:
        answer = bearing(pages, "/openid/officer-token", token, message_id=message_id)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])

    yield str(bearing(pages, "/openid/officer-token", token, message_id="which").json()["officer"]), card
    system.leave(pages)


def test_each_question_is_proved_to_be_the_officers(
    country: World, citizen: Citizen, signed_in: tuple[str, Card]
) -> None:
    code, card = signed_in
    system = Asking(country, "G15")
    consent = system.consent(citizen.row, officer=code, officer_token=card)
    citizen.agree(consent)
    mine = {"officer": code, "message_id": str(uuid.uuid4())}
    assert system.told(citizen.row, consent, **mine, officer_token=card("another-message")) == "27"
    assert system.told(citizen.row, consent, **mine, officer_token=card) == "00"


def test_a_card_is_of_no_use_to_another_agency_or_under_another_code(
    country: World, citizen: Citizen, signed_in: tuple[str, Card]
) -> None:
    code, card = signed_in
    thai_nguyen, justice = Asking(country, "H55"), Asking(country, "G15")
    assert thai_nguyen.told(citizen.row, "A" * 26, officer=code, officer_token=card) == "27"
    assert justice.told(citizen.row, "A" * 26, officer="B" * 20, officer_token=card) == "27"
    assert justice.told(citizen.row, "A" * 26, officer=code, officer_token=card) == "50", "the officer is believed"
