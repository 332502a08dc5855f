"""An officer asks for a canary and for many numbers in a row; within a minute C06 sees both in the portal."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from journeys.portal.conftest import SitDown
from journeys.portal.pictures import Pictures
from journeys.waiting import eventually
from ketnoi_testbed.asking import person_of
from ketnoi_testbed.cast import HANDLER
from ketnoi_testbed.country import Country

A_MINUTE = 60.0
CANARY, NUMBERS = "Hỏi người trong danh sách theo dõi", "Dò số liên tiếp"
REFRESHED = 12.0
"""Seconds after which the registry has read its canaries anew."""


def test_c06_sees_within_a_minute_who_draws_people_out(
    country: Country, sit_down: SitDown, pictures: Pictures, tmp_path: Path
) -> None:
    world = country.test
    someone = world.people.full
    handler = sit_down(HANDLER)
    handler.go("/canh-bao/").sees_not(CANARY)
    canaries = tmp_path / "canaries.txt"
    canaries.write_text(f"{someone.personal_number}\n", encoding="ascii")
    settings = str(world.registry.folder / "registry.toml")
    command = [sys.executable, "-m", "ketnoi_registry.cli", "canaries", "--settings", settings, str(canaries)]
    subprocess.run(command, check=True, capture_output=True)
    time.sleep(REFRESHED)

    agency = world.agency("H55")
    assert agency.look_up_citizen(person_of(someone)).answer.ma_ket_qua == "00", "it is answered as ever"
    for last in range(12):
        agency.look_up_citizen(person_of(someone, personal_number=f"{someone.personal_number[:9]}{last:03}"))
    assert eventually(
        lambda: all(told in handler.go("/canh-bao/").text for told in (CANARY, NUMBERS)), within=A_MINUTE
    ), "within a minute"
    shown = handler.text
    assert agency.settings.officer in shown
    assert someone.personal_number not in shown
    handler.go("/").sees("cảnh báo chờ xem xét")
    pictures.take(handler.go("/canh-bao/"), "alarms")
    assert handler.page.get_by_role("link", name="Dừng cơ quan này").first.get_attribute("href").endswith("code=H55")
    assert handler.broken == []
