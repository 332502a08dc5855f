"""A server's certificate changed on a real platform: both stand side by side, and calls go on all the while."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_portal.connection import expiring
from ketnoi_portal.connection.models import KnownCertificate, RotationCheck
from ketnoi_portal.onboarding import rotating
from ketnoi_portal.onboarding.models import Application, PlatformRegistration
from ketnoi_portal.process.case import Rotation, Stage
from ketnoi_portal.process.effects import platform_of
from ketnoi_portal.process.roles import Actor, Role
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.publication import rotation as platform
from ketnoi_securityserver.credentials.keys import KeyStore, authentication_request
from ketnoi_testbed.asking import person_of
from ketnoi_testbed.world import World

from .agencys_server import UNIT, certificate_of_a_new_key, check, der, live_in, on_the_platform, settle, shown
from .browsing import as_person
from .offices import at_agency, at_desk, found

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("neighbours")]


@pytest.fixture(scope="module")
def world(cluster: Any) -> Iterator[World]:
    """A world of its own: a server has another certificate afterwards."""
    with World(people=200, postgres=cluster) as running:
        yield running


@pytest.fixture
def operator() -> Actor:
    found()
    return at_desk("vdxp", Role.OPERATOR)


@pytest.fixture
def rep(operator: Actor) -> Actor:
    return at_agency("H55")


@pytest.fixture
def live(operator: Actor, world: World) -> Application:
    return live_in(world)


class Caller:
    """Asks C06 without a pause, in a thread of its own, until it is told to stop."""

    def __init__(self, world: World) -> None:
        self._agency, self._person = world.agency("H55"), person_of(world.people.full)
        self._told = threading.Event()
        self.answered, self.failed = 0, list[str]()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Caller:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._told.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._told.is_set():
            try:
                self._agency.look_up_citizen(self._person)
                self.answered += 1
            except Exception as error:
                self.failed.append(repr(error))


def test_calls_go_on_while_one_certificate_takes_the_place_of_the_other(
    world: World, operator: Actor, rep: Actor, live: Application
) -> None:
    old = shown(world)
    coming = certificate_of_a_new_key(world)
    assert shown(world) == old, "what no platform has registered is not used"
    with Caller(world) as caller:
        live = rotating.offer(rep, live, UNIT, coming.public_bytes(Encoding.PEM).decode())
        live = platform.register_beside(operator, live, UNIT)
        assert len(on_the_platform(live)) == 2, "both stand on the platform"
        assert live.case().rotation(platform_of(UNIT)) is Rotation.BESIDE
        settle(world)
        world.until(lambda: shown(world) == coming)
        assert check(rep, live) == []
        assert live.case().rotation(platform_of(UNIT)) is Rotation.CHECKED
        live = platform.retire(operator, live, UNIT)
        settle(world)
        assert on_the_platform(live) == {der_hash(coming)}
        before = caller.answered
        world.until(lambda: caller.answered >= before + 5 or caller.failed)
    assert caller.failed == []
    assert bytes(rotating.registration_of(live, UNIT).certificate) == der(coming)
    assert live.stage == Stage.LIVE
    expiring.watch()
    known = KnownCertificate.objects.filter(kind=KnownCertificate.SERVER, owner="VDXP-TEST:GOV:H55:SS01")
    assert [bytes(each.certificate) for each in known] == [der(coming)]


def der_hash(made: x509.Certificate) -> str:
    return sha256(der(made)).hexdigest().upper()


def test_a_server_that_shows_another_certificate_does_not_pass(
    world: World, operator: Actor, rep: Actor, live: Application
) -> None:
    before = on_the_platform(live)
    elsewhere = KeyStore(world.server("VDXP", "H55").folder / "elsewhere")
    server = world.server("VDXP", "H55")
    asked = authentication_request(elsewhere.make_authentication_key(), server.id, "Thái Nguyên", server.host)
    coming = world.authority.certify_request(asked, "authentication")
    live = rotating.offer(rep, live, UNIT, coming.public_bytes(Encoding.PEM).decode())
    live = platform.register_beside(operator, live, UNIT)
    settle(world)
    assert check(rep, live) == ["shows_next", "certificate_registered", "certificate_valid", "ocsp"]
    assert not RotationCheck.objects.latest("pk").passed
    assert live.case().rotation(platform_of(UNIT)) is Rotation.BESIDE
    with pytest.raises(StepRefused, match="wrong_stage"):
        platform.retire(operator, live, UNIT)
    platform.drop(operator, live, UNIT, "khóa không ở máy chủ này")
    assert on_the_platform(live) == before
    settle(world)


def test_the_agency_gives_a_checked_one_up_and_it_is_taken_off(
    world: World, operator: Actor, rep: Actor, live: Application
) -> None:
    before, old, coming = on_the_platform(live), shown(world), certificate_of_a_new_key(world)
    live = rotating.offer(rep, live, UNIT, coming.public_bytes(Encoding.PEM).decode())
    live = platform.register_beside(operator, live, UNIT)
    settle(world)
    world.until(lambda: shown(world) == coming)
    assert check(rep, live) == []
    with pytest.raises(StepRefused, match="reason_missing"):
        platform.give_up(rep, live, UNIT, " ")
    assert on_the_platform(live) == before | {der_hash(coming)}
    with pytest.raises(StepRefused, match="not_your_role"):
        platform.give_up(operator, live, UNIT, "không phải việc của tôi")
    told = {"unit": UNIT, "revision": str(live.revision), "reason": "khóa mới cũng bị lộ"}
    page = f"/ket-noi/{live.pk}/chung-thu/rut/"
    assert as_person(rep, "agency:H55").post(page, told).status_code == 302
    live.refresh_from_db()
    assert on_the_platform(live) == before
    assert live.case().rotations == ()
    settle(world)
    world.until(lambda: shown(world) == old)


def test_the_operators_page_registers_beside_turns_down_and_takes_off(
    world: World, operator: Actor, rep: Actor, live: Application
) -> None:
    before = on_the_platform(live)
    coming = certificate_of_a_new_key(world)
    live = rotating.offer(rep, live, UNIT, coming.public_bytes(Encoding.PEM).decode())
    client = as_person(operator, "desk:vdxp")
    assert "Chứng thư kế tiếp" in client.get("/nen-tang/").content.decode()
    address = f"/nen-tang/{rotating.registration_of(live, UNIT).pk}/"
    page = client.get(address).content.decode()
    assert rotating.next_of(live, UNIT).fingerprint in page  # type: ignore[union-attr]
    assert 'name="beside"' in page
    assert 'name="retire"' not in page
    told = {"revision": str(live.revision), "reason": ""}
    assert client.post(address, told | {"beside": "1"}).status_code == 302
    assert on_the_platform(live) == before | {der_hash(coming)}
    live.refresh_from_db()
    told["revision"] = str(live.revision)
    silent = client.post(address, told | {"drop": "1"})
    assert silent.status_code == 200
    assert on_the_platform(live) == before | {der_hash(coming)}, "a reason is needed"
    assert client.post(address, told | {"drop": "1", "reason": "khóa bị lộ"}).status_code == 302
    assert on_the_platform(live) == before
    live.refresh_from_db()
    assert live.case().rotations == ()
    assert rotating.registration_of(live, UNIT).state == PlatformRegistration.REGISTERED
    settle(world)


def test_whoever_is_interrupted_between_the_two_halves_does_it_again(
    world: World, operator: Actor, rep: Actor, live: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    coming = certificate_of_a_new_key(world)
    live = rotating.offer(rep, live, UNIT, coming.public_bytes(Encoding.PEM).decode())
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(platform, "take", die)
        platform.register_beside(operator, live, UNIT)
    live = platform.register_beside(operator, live, UNIT)
    settle(world)
    world.until(lambda: shown(world) == coming)
    assert check(rep, live) == []
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(rotating, "retire", die)
        platform.retire(operator, live, UNIT)
    assert on_the_platform(live) == {der_hash(coming)}
    live = platform.retire(operator, live, UNIT)
    assert bytes(rotating.registration_of(live, UNIT).certificate) == der(coming)
