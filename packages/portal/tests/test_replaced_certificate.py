"""A certificate that is replaced before production no longer opens anything, and its server no longer passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_portal.connection.actions import ask_check
from ketnoi_portal.connection.findings import CHECK_ITEMS
from ketnoi_portal.onboarding import actions, rotating
from ketnoi_portal.onboarding.models import Application, PlatformRegistration
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.roles import Actor, Role
from ketnoi_portal.publication import registrar
from ketnoi_portal.publication.exchange import ExchangeAdmin
from ketnoi_protocol.identifiers import SecurityServerId
from ketnoi_protocol.services import Environment, Platform
from ketnoi_securityserver.credentials.keys import KeyStore, authentication_request
from ketnoi_testbed.world import World

from .applications import an_application
from .connected import connected, failed_items, newest_check
from .offices import at_agency, at_desk, found

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("neighbours")]
UNIT = "VDXP/test"


@pytest.fixture(scope="module")
def world(cluster: Any) -> Iterator[World]:
    """A world of its own: its platform has other certificates meanwhile."""
    with World(people=60, postgres=cluster) as running:
        yield running


@pytest.fixture
def rep() -> Actor:
    found()
    return at_agency("H55")


@pytest.fixture
def operator(rep: Actor) -> Actor:
    return at_desk("vdxp", Role.OPERATOR)


@pytest.fixture
def testing(rep: Actor, world: World) -> Iterator[Application]:
    """In its test under the certificate that its server shows, which the platform has before and after."""
    made = connected(world, stage=Stage.TESTING)
    named_by(made, world)
    yield made
    joining = registrar.joining_of(rotating.registration_of(made, UNIT))
    with ExchangeAdmin.of(registrar.exchange_of(UNIT)) as exchange:
        assert exchange.register(replace(joining, certificate=shown(world))).is_complete
        others = exchange.certificates(joining.server).keys() - {hash_of(shown(world))}
        assert exchange.remove_certificates(joining.server, others, shown(world))
    world.run(world.settle("VDXP-TEST"))


def named_by(application: Application, world: World) -> None:
    application.platform_registrations.filter(environment=Environment.TEST).update(
        certificate=shown(world), address=world.server("VDXP", "H55").host
    )
    application.refresh_from_db()


def shown(world: World) -> bytes:
    """What the agency's server proves itself with (DER)."""
    return world.server("VDXP", "H55").certificate("authentication").public_bytes(Encoding.DER)


def hash_of(der: bytes) -> str:
    return sha256(der).hexdigest().upper()


def of_another_key(world: World) -> x509.Certificate:
    """Certified for the same server, whose key it does not have."""
    server = world.server("VDXP", "H55")
    keys = KeyStore(server.folder / "elsewhere")
    asked = authentication_request(keys.make_authentication_key(), server.id, "Thái Nguyên", server.host)
    return world.authority.certify_request(asked, "authentication")


def replaced(rep: Actor, operator: Actor, application: Application, made: x509.Certificate) -> Application:
    """The agency replaces the certificate, and the platform's operator registers that."""
    entry = application.registration.server(Platform.VDXP, Environment.TEST)
    assert entry is not None
    entry = msgspec.structs.replace(entry, certificate=made.public_bytes(Encoding.PEM).decode(), request="")
    given = Given(reason="khóa cũ bị lộ", server=entry)
    application = actions.take(rep, application, "replace_certificate", UNIT, given)
    return registrar.register(operator, application, UNIT)


def on_the_platform(application: Application) -> set[str]:
    server = SecurityServerId.from_colon(rotating.registration_of(application, UNIT).server)
    with ExchangeAdmin.of(registrar.exchange_of(UNIT)) as exchange:
        return set(exchange.certificates(server))


def failed_check(rep: Actor, application: Application) -> set[str]:
    ask_check(rep, application, {"VDXP": ""})
    check = newest_check(application)
    assert [each["item"] for each in check.items] == list(CHECK_ITEMS)
    # No message of the agency is named here.
    return failed_items(check) - {"call"}


def test_the_one_before_is_taken_off_the_platform(
    world: World, rep: Actor, operator: Actor, testing: Application
) -> None:
    assert on_the_platform(testing) == {hash_of(shown(world))}
    made = of_another_key(world)
    testing = replaced(rep, operator, testing, made)
    assert on_the_platform(testing) == {hash_of(made.public_bytes(Encoding.DER))}
    world.run(world.settle("VDXP-TEST"))
    assert failed_check(rep, testing) == {"certificate_registered"}


def test_it_stays_while_another_application_goes_by_it_but_does_not_pass_here(
    world: World, rep: Actor, operator: Actor, testing: Application
) -> None:
    other = an_application("H55", number="KN-2026-000002", stage=Stage.LIVE)
    named_by(other, world)
    assert failed_check(rep, testing) == set()
    made = of_another_key(world)
    testing = replaced(rep, operator, testing, made)
    both = {hash_of(shown(world)), hash_of(made.public_bytes(Encoding.DER))}
    assert on_the_platform(testing) == both
    world.run(world.settle("VDXP-TEST"))
    assert failed_check(rep, testing) == {"certificate_registered"}, "registered for the server, but not here"


def test_an_application_that_is_over_does_not_keep_it(
    world: World, rep: Actor, operator: Actor, testing: Application
) -> None:
    over = an_application("H55", number="KN-2025-000002", stage=Stage.SUPERSEDED)
    named_by(over, world)
    made = of_another_key(world)
    testing = replaced(rep, operator, testing, made)
    assert on_the_platform(testing) == {hash_of(made.public_bytes(Encoding.DER))}


def test_whoever_is_interrupted_registers_again(
    world: World, rep: Actor, operator: Actor, testing: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    made = of_another_key(world)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(ExchangeAdmin, "remove_certificates", die)
        replaced(rep, operator, testing, made)
    assert len(on_the_platform(testing)) == 2
    testing.refresh_from_db()
    assert rotating.registration_of(testing, UNIT).state == PlatformRegistration.ASKED
    registrar.register(operator, testing, UNIT)
    assert on_the_platform(testing) == {hash_of(made.public_bytes(Encoding.DER))}
