"""A revocation is decided, and with 200,000 officers in the directory no answer leaves C06 a minute later."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ketnoi_client.problems import Refused
from ketnoi_pages import clock
from ketnoi_portal.onboarding import actions as onboarding
from ketnoi_portal.onboarding.models import Application, IntegrationAccount
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.process.roles import Role
from ketnoi_portal.publication import actions
from ketnoi_portal.publication.desired import stand_in_code
from ketnoi_portal.publication.inherited import Inherited
from ketnoi_portal.publication.models import PublishedDirectory, Right, Target
from ketnoi_protocol.directory import Officer
from ketnoi_protocol.services import Environment, Service, System
from ketnoi_testbed.asking import person_of
from ketnoi_testbed.parts.premises import write_settings
from ketnoi_testbed.world import World

from .applications import an_application
from .offices import at_desk, found
from .test_commands import running

OFFICERS = 200_000
SECONDS = 60.0


@pytest.fixture(scope="module")
def world(cluster: Any) -> Iterator[World]:
    with World(people=400, postgres=cluster, directory="portal") as up:
        yield up


@pytest.fixture
def file(committed: str, world: World, tmp_path: Path) -> Path:
    """The settings of worker and publisher, with a country's officers in the directory."""
    provider, (host, port) = world.provider("VDXP"), world.directory_url.removeprefix("http://").split(":")
    for name, data in (
        ("secret", b"only for this test, and long enough for Django to be content"),
        ("server.key", world.run(provider.make_api_key("portal", ["XROAD_SERVICE_ADMINISTRATOR"])).encode()),
        ("directory.pem", world.directory_signer.pem),
        ("directory.key", world.directory_signer.key_pem),
        ("inherited.json", msgspec.json.encode(Inherited(officers=tuple(country())))),
    ):
        (tmp_path / name).write_bytes(data)
    server = {
        "instance": "VDXP-TEST",
        "platform": "VDXP",
        "environment": "test",
        "subsystem": str(provider.party.subsystem),
        "admin_url": provider.admin_url,
        "certificate": str(provider.internal_certificate),
        "api_key_file": "server.key",
    }
    directory = {
        "environment": "test",
        "certificate": "directory.pem",
        "key": "directory.key",
        "host": host,
        "port": int(port),
        "inherited": "inherited.json",
    }
    told = {"database": committed, "secret_key_file": "secret", "rehearsal": True}
    return write_settings(tmp_path / "portal.toml", {**told, "servers": [server], "directories": [directory]})


def country() -> Iterator[Officer]:
    at, services = clock.now(), (Service.LOOK_UP_CITIZEN,)
    for number in range(OFFICERS):
        yield Officer(f"H38.CB.{number:06d}", "H38", True, services, at)


def until(is_so: Callable[[], object], within: float = SECONDS) -> float:
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < within, "it did not come to pass"
        time.sleep(0.2)
    return time.monotonic() - began


def justice(world: World) -> Application:
    """The ministry of the world, approved, with the account that it really has."""
    made = an_application("G15", number="KN-2026-000001", services=(Service.LOOK_UP_CITIZEN,))
    account = next(world.agencies["G15"].accounts())
    IntegrationAccount.objects.filter(application=made, environment="test").update(
        name=account.id, public_key=account.public_key
    )
    return made


def test_sixty_seconds_after_a_revocation_no_answer_leaves(world: World, file: Path) -> None:
    found()
    one, c06 = justice(world), at_desk("c06", Role.HANDLER)
    officer = stand_in_code(one.number, System.POPULATION, Environment.TEST)
    person = person_of(world.people.full)

    def is_answered() -> bool:
        try:
            world.agency("G15").look_up_citizen(person, officer=officer)
        except Refused:
            return False
        return True

    with ExitStack() as stack:
        stack.enter_context(running(file, "publisher"))
        stack.enter_context(running(file, "worker"))
        until(is_answered)
        assert PublishedDirectory.objects.get().officers == OFFICERS + 1
        target = until_imported()
        first, second = (at_desk("c06", Role.PUBLISHER, name=name) for name in ("one", "two"))
        actions.confirm(second, actions.propose_enforce(first, target, "đã rà soát"))
        until(lambda: Target.objects.get().mode == Target.ENFORCE and not Target.objects.get().unfinished)
        assert is_answered()

        onboarding.take(c06, one, "revoke", given=Given(reason="lạm dụng"))
        decided = last_answer = time.monotonic()
        closed = Right.objects.filter(subject__contains=":G15:", state=Right.CLOSED)
        while not closed.exists() or time.monotonic() - last_answer < 3:
            if is_answered():
                last_answer = time.monotonic()
            assert time.monotonic() - decided < SECONDS
            time.sleep(0.1)
    print(f"last answer {last_answer - decided:.1f} s after the decision")
    assert last_answer - decided < 20, "well within the minute that is promised"
    assert not is_answered()


def until_imported() -> Target:
    until(lambda: Target.objects.exclude(imported_at=None).exists())
    return Target.objects.get()
