"""A world comes up, answers, stands beside another one, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ketnoi_client import evidence
from ketnoi_client.problems import Refused
from ketnoi_protocol.names import key_exact
from ketnoi_protocol.services import Environment, Platform
from ketnoi_registry.observer import CallEvent
from ketnoi_securityserver.observer import STEPS, StepEvent
from ketnoi_testbed.asking import member_of, person_of
from ketnoi_testbed.plan import WorldError, load, shipped
from ketnoi_testbed.postgres import Postgres
from ketnoi_testbed.world import World

SECOND = """
from ketnoi_testbed.asking import person_of
from ketnoi_testbed.world import World

with World("rehearsed_production", people=300, durable=False) as world:
    sent = world.agency("H55").verify_citizen(person_of(world.people.full))
    print(world.plan.environment, sent.instance, sent.answer.ma_ket_qua)
"""


@pytest.fixture(scope="module")
def world(cluster: Postgres) -> Iterator[World]:
    with World(people=600, postgres=cluster) as up:
        yield up


@pytest.mark.parametrize("code", ["G15", "H55"])
def test_all_four_services_answer(world: World, code: str) -> None:
    agency, people = world.agency(code), world.people
    whole = person_of(people.full)
    newest = people.full.old_id_numbers[-1].number

    assert agency.confirm_identity_number(person_of(people.full, old_number=newest)).answer.exists
    found = agency.look_up_citizen(whole)
    assert found.instance == "VDXP-TEST"
    assert found.answer.citizen is not None
    assert found.answer.citizen.name is not None
    assert key_exact(found.answer.citizen.name.full) == key_exact(people.full.full_name)
    assert (found.answer.citizen.head is None) == (code == "H55"), "the province has no licence for the household"
    members = [member_of(each) for each in people.family[1:]]
    household = agency.verify_household(whole, members).answer
    assert all(each.in_household and each.relation_confirmed for each in household.members)
    counted = agency.verify_citizen(whole)
    assert (counted.instance, counted.answer.count) == ("NDXP-TEST", 1)


def test_people_with_a_year_only_are_found(world: World) -> None:
    row = world.people.year_only
    answer = world.agency("G15").look_up_citizen(person_of(row)).answer
    assert answer.citizen is not None
    assert str(answer.citizen.birth) == str(row.birth_year)


def test_a_locked_officer_is_refused(world: World) -> None:
    with pytest.raises(Refused) as refused:
        world.agency("G15").look_up_citizen(person_of(world.people.full), officer="G15.CB.0003")
    assert refused.value.problem.row.code == "24"


def test_an_officer_asks_in_the_name_of_a_unit_beneath(world: World) -> None:
    agency, whole = world.agency("H55"), person_of(world.people.full)
    asked = agency.look_up_citizen(whole, officer="H55.02.CB.0001", unit="H55.02")
    assert asked.answer.ma_ket_qua == "00"
    with pytest.raises(Refused) as refused:
        agency.look_up_citizen(whole, officer="H55.02.CB.0001")
    assert refused.value.problem.row.code == "24"


def test_every_step_is_told(world: World) -> None:
    events: list[object] = []
    world.listen(events.append)
    sent = world.agency("G15").look_up_citizen(person_of(world.people.full))
    steps = [each for each in events if isinstance(each, StepEvent) and each.message_id == sent.message_id]
    for side in STEPS:
        # The first step is told before the message's id has been read.
        assert [each.number for each in steps if each.side == side][-8:] == list(range(2, 10))
    (call,) = [each for each in events if isinstance(each, CallEvent)]
    assert (call.message_id, call.outcome) == (sent.message_id, "00")


def test_evidence_is_fetched_and_judged_without_the_world(world: World, tmp_path: Path) -> None:
    agency = world.agency("G15")
    sent = agency.look_up_citizen(person_of(world.people.full))
    written = evidence.fetch(agency, sent.message_id, tmp_path)
    containers = [path for path in written if path.suffix == ".asice"]
    assert len(containers) == 2
    for container in containers:
        verdict = evidence.verify(container, tmp_path / "verificationconf", strict=True)
        assert verdict.signer.instance == "VDXP-TEST"


def test_two_hours_of_sleep_are_recovered_from(world: World) -> None:
    agency, whole = world.agency("G15"), person_of(world.people.full)
    world.clock.advance(timedelta(hours=2))
    # Nobody does anything: configuration, OCSP answers and directory are renewed by themselves.
    deadline = time.monotonic() + 30
    while True:
        try:
            assert agency.look_up_citizen(whole).answer.citizen is not None
        except Refused:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        else:
            break


def test_another_world_stands_beside_it(world: World) -> None:
    done = subprocess.run([sys.executable, "-c", SECOND], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.split() == ["production", "NDXP", "00"], done.stderr
    assert world.agency("G15").verify_citizen(person_of(world.people.full)).answer.count == 1


def test_servers_can_be_processes_and_nothing_stays(cluster: Postgres) -> None:
    with World(people=300, postgres=cluster, processes=True) as up:
        folder = up.folder
        processes = {each.hosted.process.pid for each in up.servers.values() if each.hosted.process is not None}
        assert len(processes) == 6
        answer = up.agency("H55").look_up_citizen(person_of(up.people.full)).answer
        assert answer.citizen is not None
    assert not folder.exists()
    assert not [pid for pid in processes if Path(f"/proc/{pid}/cmdline").exists()]


def test_worlds_that_cannot_be_say_why(tmp_path: Path) -> None:
    assert shipped() == [
        "after_2025",
        "country_production",
        "country_test",
        "existing_database",
        "identity",
        "rehearsed_production",
        "two_platforms",
    ]
    assert load("rehearsed_production").environment is Environment.PRODUCTION
    assert set(load("rehearsed_production").instances) == {"VDXP", "NDXP"}
    assert set(load().instances.values()) == {Platform.VDXP, Platform.NDXP}
    for mend, text in (
        ("G15", 'like = "two_platforms"\nagencies = [{code = "G15"}]'),
        ("evironment", 'like = "two_platforms"\nevironment = "test"'),
        ("nobody governs NDXP", 'like = "two_platforms"\nplatforms = [{platform = "VDXP", operator = "G22",'
         ' operator_vi = "a", operator_en = "a"}]'),
    ):  # fmt: skip
        (tmp_path / "world.toml").write_text(text)
        with pytest.raises(WorldError, match=r"world\.toml.*"):
            load(tmp_path / "world.toml")
        assert mend
    with pytest.raises(WorldError, match="known are"):
        load("nowhere")
