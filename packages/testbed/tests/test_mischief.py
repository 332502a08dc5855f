"""Trouble does what it says, and is over when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from ketnoi_client.agency import Agency
from ketnoi_client.problems import Refused
from ketnoi_protocol.services import Service
from ketnoi_testbed import mischief
from ketnoi_testbed.asking import person_of
from ketnoi_testbed.postgres import Postgres
from ketnoi_testbed.world import World


@pytest.fixture(scope="module")
def world(cluster: Postgres) -> Iterator[World]:
    with World(people=300, postgres=cluster) as up:
        yield up


@pytest.fixture
def look_up(world: World) -> Iterator[object]:
    """Asks, and tells the code of the refusal if there is one; the world must be well again afterwards."""
    person = person_of(world.people.full)

    def ask(agency: Agency | None = None) -> str:
        try:
            return (agency or world.agency("G15")).look_up_citizen(person).answer.ma_ket_qua
        except Refused as refused:
            return refused.problem.row.code

    assert ask() == "00"
    yield ask
    world.until(lambda: ask() == "00")


def test_a_revoked_certificate_signs_no_more(world: World, look_up: object) -> None:
    server = world.server("VDXP", "G15")
    mischief.revoke(world, server, "signing")
    assert look_up() == "cannot_create_signature"  # type: ignore[operator]
    world.authority.revoked.clear()
    mischief.ask_ocsp_again(world, server)


def test_stale_answers_of_the_authority(world: World, look_up: object) -> None:
    with mischief.stale_ocsp(world):
        # What was fresh before goes on until it is not.
        assert look_up() == "00"  # type: ignore[operator]
        world.clock.advance(timedelta(minutes=61))
        assert look_up() != "00"  # type: ignore[operator]


def test_a_server_struck_off(world: World, look_up: object) -> None:
    with mischief.deregistered(world, world.server("VDXP", "G15")):
        assert look_up() not in ("00", "internal_error")  # type: ignore[operator]


def test_a_service_closed(world: World, look_up: object) -> None:
    with mischief.without_right(world, "G15", Service.LOOK_UP_CITIZEN):
        assert look_up() == "access_denied"  # type: ignore[operator]
        assert look_up(world.agency("H55")) == "00"  # type: ignore[operator]


def test_an_officer_locked_and_a_grant_suspended(world: World, look_up: object) -> None:
    mischief.change_officer(world, "G15.CB.0001", active=False)
    assert look_up() == "24"  # type: ignore[operator]
    mischief.change_officer(world, "G15.CB.0001", active=True)
    mischief.change_grant(world, "G15", Service.LOOK_UP_CITIZEN, active=False)
    assert look_up() == "22"  # type: ignore[operator]
    mischief.change_grant(world, "G15", Service.LOOK_UP_CITIZEN, active=True)


def test_a_directory_that_nobody_signs(world: World, look_up: object) -> None:
    with mischief.frozen_directory(world):
        world.clock.advance(timedelta(minutes=11))
        world.until(lambda: look_up() == "99")  # type: ignore[operator]


def test_somebody_else_at_the_address_of_the_exchange(world: World, look_up: object) -> None:
    server = world.server("VDXP", "G15").hosted.running.state
    with mischief.false_source(world, "VDXP") as source:
        assert world.run(server.globalconf.poll())
        for key, data in source.served.items():
            source.served[key] = data.replace(b"SHARED", b"shared") if "internalconf" in key else data
        assert not world.run(server.globalconf.poll())
        assert look_up() == "00"  # type: ignore[operator]
    assert world.run(server.globalconf.poll())


@pytest.mark.parametrize("code", ["G15", "G01.C06"])
def test_a_log_that_cannot_be_written(world: World, look_up: object, code: str) -> None:
    with mischief.unwritable_log(world, world.server("VDXP", code)):
        assert look_up() == "logging_failed"  # type: ignore[operator]


def test_another_server_of_the_same_agency_is_not_opened(world: World, look_up: object) -> None:
    second = world.run(world.add_server("VDXP", "G15", "SS02"))
    with world.agency_through("G15", second) as agency:
        assert look_up(agency) not in ("00", "internal_error")  # type: ignore[operator]
