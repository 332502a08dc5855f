"""The rehearsal's cards sign people in there, and are no door anywhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from ketnoi_portal.process.roles import Role
from ketnoi_portal.staff.models import Person
from ketnoi_portal.staff.sign_in.cards import BACKEND

from .offices import at_agency, at_desk, found

pytestmark = pytest.mark.django_db


@pytest.fixture
def rehearsal(settings: Settings) -> None:
    """What the settings say where the file says `rehearsal = true`; a test below reads them from such a file."""
    settings.REHEARSAL = True
    settings.AUTHENTICATION_BACKENDS = [*settings.AUTHENTICATION_BACKENDS, BACKEND]


@pytest.mark.usefixtures("rehearsal")
def test_a_card_signs_in_without_password_and_second_factor(client: Client) -> None:
    found()
    actor = at_desk("c06", Role.HANDLER)
    at_agency("H55")
    text = client.get(reverse("cards")).content.decode()
    assert text.count('name="card"') == 2
    assert "Cán bộ thụ lý" in text
    assert "mọi người, cơ quan và giấy tờ ở đây đều là giả" in text
    client.post(reverse("cards"), {"card": f"{actor.person} desk:c06"})
    assert client.get(reverse("staff:people")).status_code == 200


@pytest.mark.usefixtures("rehearsal")
@pytest.mark.parametrize("card", ["", "0", "999999 desk:c06", "x desk:c06", "1' OR 1=1"])
def test_a_card_that_is_none_signs_nobody_in(client: Client, card: str) -> None:
    assert client.post(reverse("cards"), {"card": card}).status_code == 404
    assert "_auth_user_id" not in client.session


@pytest.mark.usefixtures("rehearsal")
def test_a_card_is_posted_from_the_page_only() -> None:
    found()
    actor = at_desk("c06", Role.HANDLER)
    browser = Client(enforce_csrf_checks=True)
    assert browser.post(reverse("cards"), {"card": f"{actor.person} desk:c06"}).status_code == 403


def test_elsewhere_there_are_no_cards_and_no_session_of_one_holds(client: Client) -> None:
    found()
    actor = at_desk("c06", Role.HANDLER)
    assert client.get(reverse("cards")).status_code == 404
    assert client.post(reverse("cards"), {"card": f"{actor.person} desk:c06"}).status_code == 404
    assert "_auth_user_id" not in client.session
    assert reverse("cards") not in client.get("/").content.decode()
    assert reverse("cards") not in client.get(reverse("account_login")).content.decode()
    client.force_login(Person.objects.get(pk=actor.person), backend=BACKEND)
    session = client.session
    session["signed_in_by_card"] = True
    session.save()
    assert client.get(reverse("staff:people")).headers["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("rehearsal", [True, False])
def test_only_a_file_that_says_so_makes_a_rehearsal(tmp_path: Path, rehearsal: bool) -> None:
    (tmp_path / "secret").write_text("long enough for this test")
    file = tmp_path / "portal.toml"
    line = "rehearsal = true\n" if rehearsal else ""
    file.write_text(f'database = "postgresql://ketnoi@/portal"\nsecret_key_file = "secret"\n{line}')
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "from ketnoi_portal.site import settings as s; print(s.REHEARSAL, s.AUTHENTICATION_BACKENDS)",
        ],
        env={**os.environ, "KETNOI_PORTAL_SETTINGS": str(file)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told.startswith(str(rehearsal))
    assert (BACKEND in told) is rehearsal
