"""Routes are data: under the profile 2025 everything goes over NDOP, and a service that is moved keeps its meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from journeys.conftest import PEOPLE, MakeWorld
from ketnoi_client.problems import Refused
from ketnoi_protocol.services import Platform, Service
from ketnoi_testbed.asking import ask, member_of, person_of
from ketnoi_testbed.plan import load
from ketnoi_testbed.postgres import Postgres
from ketnoi_testbed.show import evidence
from ketnoi_testbed.world import World

MOVED = """
extends = "2022-seed"

[[service]]
system = "population"
service = "look_up_citizen"
platform = "NDXP"
"""


def test_under_the_profile_2025_all_four_services_are_answered_over_ndop(make_world: MakeWorld) -> None:
    with make_world("after_2025") as world:
        assert list(world.plan.instances.values()) == [Platform.NDOP]
        for code in ("G15", "H55"):
            for service in Service:
                sent = ask(world.agency(code), world.people, service)
                assert sent.instance == "NDOP-TEST"
        found = ask(world.agency("H55"), world.people, Service.LOOK_UP_CITIZEN)
        assert found.answer.ma_ket_qua == "00"
        assert set(found.answer.citizen.fields) == {"SoDinhDanh", "HoVaTen", "NgayThangNamSinh", "ThuongTru"}
        # The first journey's end: what was asked and answered is logged, and proved offline.
        (looked,) = world.run(evidence.looked(world, found.message_id))
        assert (looked.officer, looked.unit, looked.result) == ("H55.CB.0001", "H55", "00")
        assert {each.kind: each.signer for each in evidence.proofs(world, "H55", found.message_id)} == {
            "request": "NDOP-TEST:GOV:H55",
            "response": "NDOP-TEST:GOV:G01.C06",
        }


@dataclass(frozen=True)
class Told:
    """What an agency is told, whichever way the question goes."""

    code: str
    fields: Any = None


def questions(world: World) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Look-ups that end in every way that there is."""
    full, year_only = world.people.full, world.people.year_only
    for code in ("G15", "H55"):
        agency = world.agency(code)
        yield f"{code} found", lambda agency=agency: agency.look_up_citizen(person_of(full))
        yield f"{code} by year", lambda agency=agency: agency.look_up_citizen(person_of(year_only))
        yield f"{code} another name", lambda agency=agency: agency.look_up_citizen(person_of(full, name="Lê Không Ai"))
        yield f"{code} another birth", lambda agency=agency: agency.look_up_citizen(person_of(full, birth="1901-02-03"))
        yield (
            f"{code} nobody",
            lambda agency=agency: agency.look_up_citizen(person_of(full, personal_number="900000000000")),
        )
        yield f"{code} procedure", lambda agency=agency: agency.look_up_citizen(person_of(full), procedure="X-0")
        yield f"{code} unit", lambda agency=agency: agency.look_up_citizen(person_of(full), unit="H01")
        yield f"{code} officer", lambda agency=agency: agency.look_up_citizen(person_of(full), officer="X.CB.1")
        # Services that stay where they are.
        yield (
            f"{code} household",
            lambda agency=agency: agency.verify_household(
                person_of(world.people.family[0]), [member_of(each) for each in world.people.family[1:]]
            ),
        )
        yield f"{code} verify", lambda agency=agency: agency.verify_citizen(person_of(full))


def told(world: World) -> dict[str, tuple[Told, str]]:
    """Every question with what came back, and the instance over which an answer came."""
    found = {}
    for name, question in questions(world):
        try:
            sent = question()
        except Refused as refused:
            found[name] = Told(refused.code, (refused.problem.hop, refused.problem.detail)), ""
        else:
            answer = msgspec.to_builtins(sent.answer)
            # What is of the moment and of the question's own number.
            answer = {name: each for name, each in answer.items() if name not in ("MaYeuCau", "as_of")}
            found[name] = Told(sent.answer.ma_ket_qua, answer), sent.instance
    return found


@pytest.fixture
def moved(tmp_path: Path, cluster: Postgres) -> Iterator[World]:
    """The same world, but for one row: look-ups go over NDXP."""
    profile = tmp_path / "moved.toml"
    profile.write_text(MOVED)
    with World(
        msgspec.structs.replace(load("two_platforms"), profile=str(profile)), people=PEOPLE, postgres=cluster
    ) as it:
        yield it


def test_a_service_that_is_moved_keeps_the_meaning_of_its_answers(world: World, moved: World) -> None:
    before, after = told(world), told(moved)
    assert {name: each for name, (each, _) in after.items()} == {name: each for name, (each, _) in before.items()}
    assert {each.code for each, _ in before.values()} >= {"00", "01", "22", "23", "24"}
    over = {name: (before[name][1], after[name][1]) for name in before if before[name][1]}
    assert over["H55 found"] == over["G15 by year"] == ("VDXP-TEST", "NDXP-TEST")
    assert over["H55 household"] == ("VDXP-TEST", "VDXP-TEST")
    assert over["G15 verify"] == ("NDXP-TEST", "NDXP-TEST")
