"""What a platform's operator decides is registered on a real exchange, by this desk alone, and can be repeated."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_exchange.actions import ManagementRequest
from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_portal import settings as portal_settings
from ketnoi_portal.onboarding.models import Application, PlatformRegistration
from ketnoi_portal.process.case import OVER, Stage
from ketnoi_portal.process.roles import Actor, Role
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.publication import registrar
from ketnoi_portal.publication.admin_client import AdminError
from ketnoi_portal.publication.exchange import ExchangeAdmin
from ketnoi_protocol.services import Service
from ketnoi_testbed.forms import registration as form_in
from ketnoi_testbed.parts.exchanges import OPERATOR
from ketnoi_testbed.parts.premises import write_settings
from ketnoi_testbed.world import World

from .applications import an_application
from .browsing import as_person
from .offices import at_agency, at_desk, found

UNIT = "VDXP/test"


@pytest.fixture(scope="module")
def world(cluster: Any) -> Iterator[World]:
    with World("country_test", people=60, postgres=cluster) as running:
        yield running


@pytest.fixture(scope="module")
def told(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder, exchange = tmp_path_factory.mktemp("settings"), world.exchange("VDXP")

    async def key() -> str:
        async with exchange.actions() as actions:
            return (await actions.make_api_key(OPERATOR, ["XROAD_REGISTRATION_OFFICER"]))[1]

    (folder / "exchange.key").write_text(world.run(key()))
    (folder / "secret").write_text("only for these tests, and long enough for Django to be content")
    row = {
        "instance": exchange.instance,
        "platform": "VDXP",
        "environment": "test",
        "admin_url": exchange.admin_url,
        "certificate": str(exchange.admin_certificate),
        "api_key_file": "exchange.key",
    }
    file = write_settings(folder / "portal.toml", {"database": "", "secret_key_file": "secret", "exchanges": [row]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(portal_settings.SETTINGS_VARIABLE, str(file))
        portal_settings.current.cache_clear()
        yield
    portal_settings.current.cache_clear()


@pytest.fixture
def operator(committed: str, told: None) -> Actor:
    found()
    return at_desk("vdxp", Role.OPERATOR)


@pytest.fixture
def newcomer(operator: Actor, world: World) -> Iterator[Application]:
    """Lào Cai's application, with its security server as it stands, unknown to the platform before and after."""
    form = form_in([world], "H38", [Service.LOOK_UP_CITIZEN])
    made = an_application("H38", number="KN-2026-000001", stage=Stage.SUBMITTED, form=form, registered=False)
    (entry,) = form.servers
    made.platform_registrations.update(certificate=_der(entry.certificate))
    yield made
    with ExchangeAdmin.of(registrar.exchange_of(UNIT)) as exchange:
        exchange.remove(registrar.joining_of(made.platform_registrations.get()))


def _der(pem: str) -> bytes:
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)


def row(one: Application) -> PlatformRegistration:
    return one.platform_registrations.get(platform="VDXP", environment="test")


def test_deciding_registers_everything_on_the_platform(operator: Actor, newcomer: Application, world: World) -> None:
    assert not registrar.present(row(newcomer)).server
    after = registrar.register(operator, newcomer, UNIT)
    assert registrar.present(row(after)).is_complete
    assert row(after).state == PlatformRegistration.REGISTERED

    subsystem = row(after).subsystem

    async def seen() -> bool:
        await world.settle("VDXP-TEST")
        configuration = world.provider("VDXP").hosted.running.state.globalconf.current()
        return subsystem in {str(each) for each in configuration.subsystems}

    assert world.run(seen()), "and C06's security server sees it in the signed configuration"


def test_only_the_operators_desk_decides_and_others_change_nothing(operator: Actor, newcomer: Application) -> None:
    for actor in (at_desk("ndxp", Role.OPERATOR), at_desk("c06", Role.HANDLER), at_agency("H38")):
        with pytest.raises(StepRefused):
            registrar.register(actor, newcomer, UNIT)
    assert not registrar.present(row(newcomer)).server


def test_what_is_there_already_is_shown_and_still_waits_for_the_desk(operator: Actor, newcomer: Application) -> None:
    with ExchangeAdmin.of(registrar.exchange_of(UNIT)) as exchange:
        exchange.register(registrar.joining_of(row(newcomer)))
    client = as_person(operator, "desk:vdxp")
    listed = client.get("/nen-tang/")
    assert newcomer.number in listed.content.decode()
    page = client.get(f"/nen-tang/ho-so/{newcomer.pk}/", {"unit": UNIT}, follow=True).content.decode()
    assert "Đã có trên nền tảng" in page
    newcomer.refresh_from_db()
    assert row(newcomer).state == PlatformRegistration.ASKED
    address = f"/nen-tang/{row(newcomer).pk}/"
    assert client.post(address, {"register": "1", "revision": "0", "reason": ""}).status_code == 302
    assert row(newcomer).state == PlatformRegistration.REGISTERED


def test_whoever_is_interrupted_between_the_two_halves_does_it_again(
    operator: Actor, newcomer: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(registrar, "take", die)
        registrar.register(operator, newcomer, UNIT)
    assert registrar.present(row(newcomer)).is_complete
    registrar.register(operator, newcomer, UNIT)
    assert row(newcomer).state == PlatformRegistration.REGISTERED


def test_what_the_server_has_asked_for_itself_is_approved(operator: Actor, newcomer: Application, world: World) -> None:
    joining = registrar.joining_of(row(newcomer))

    async def ask() -> None:
        async with world.exchange("VDXP").actions() as actions:
            # A member stays, also after the tests before.
            with contextlib.suppress(ChangeRefused):
                await actions.add_member(OPERATOR, joining.server.owner, "Tỉnh Lào Cai")
            asked = ManagementRequest(
                "AUTH_CERT_REGISTRATION_REQUEST",
                "SECURITY_SERVER",
                joining.server,
                address=joining.address,
                certificate=joining.certificate,
            )
            await actions.ask(OPERATOR, asked)

    world.run(ask())
    registrar.register(operator, newcomer, UNIT)
    assert registrar.present(row(newcomer)).is_complete


def test_removing_takes_the_server_off_the_platform_in_reverse(operator: Actor, newcomer: Application) -> None:
    registrar.register(operator, newcomer, UNIT)
    with pytest.raises(StepRefused, match="reason_missing"):
        registrar.remove(operator, newcomer, UNIT, " ")
    assert registrar.present(row(newcomer)).is_complete
    registrar.remove(operator, newcomer, UNIT, "máy chủ bị xâm nhập")
    left = registrar.present(row(newcomer))
    assert (left.member, left.subsystem, left.server, left.client) == (True, False, False, False)
    assert row(newcomer).state == PlatformRegistration.REMOVED


def test_what_another_application_stands_on_stays(operator: Actor, newcomer: Application, world: World) -> None:
    registrar.register(operator, newcomer, UNIT)
    other = an_application(
        "H38", number="KN-2026-000002", stage=Stage.LIVE, form=form_in([world], "H38", [Service.VERIFY_HOUSEHOLD])
    )
    registrar.remove(operator, newcomer, UNIT, "gộp vào hồ sơ mới")
    assert registrar.present(row(newcomer)).client
    assert row(other).state == PlatformRegistration.REGISTERED


@pytest.mark.parametrize("stage", sorted(OVER))
def test_an_application_that_is_over_stands_on_nothing(
    operator: Actor, newcomer: Application, world: World, stage: Stage
) -> None:
    registrar.register(operator, newcomer, UNIT)
    form = form_in([world], "H38", [Service.LOOK_UP_CITIZEN])
    an_application("H38", number="KN-2025-000002", stage=stage, form=form)
    registrar.remove(operator, newcomer, UNIT, "khóa bị đánh cắp")
    left = registrar.present(row(newcomer))
    assert (left.server, left.certificate, left.client) == (False, False, False)


def test_without_a_certificate_nothing_is_registered(operator: Actor, newcomer: Application) -> None:
    newcomer.platform_registrations.update(certificate=b"")
    with pytest.raises(StepRefused, match="certificate_missing"):
        registrar.register(operator, newcomer, UNIT)
    assert not registrar.present(row(newcomer)).server


def test_another_organisations_server_is_not_registered(operator: Actor, newcomer: Application) -> None:
    newcomer.platform_registrations.update(server="VDXP-TEST:GOV:G15:SS01")
    with pytest.raises(StepRefused, match="identifier"):
        registrar.register(operator, newcomer, UNIT)
    newcomer.platform_registrations.update(server="VDXP-TEST:GOV:H38:SS01")


def test_an_exchange_out_of_reach_leaves_the_step_untaken(
    operator: Actor, newcomer: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = msgspec.structs.replace(registrar.exchange_of(UNIT), admin_url="https://127.0.0.1:9/api/v1")
    with monkeypatch.context() as patch:
        patch.setattr(registrar, "exchange_of", lambda unit: gone)
        with pytest.raises(AdminError):
            registrar.register(operator, newcomer, UNIT)
        page = as_person(operator, "desk:vdxp").get(f"/nen-tang/{row(newcomer).pk}/").content.decode()
        assert "Không hỏi được nền tảng" in page
    assert row(newcomer).state == PlatformRegistration.ASKED


def test_other_desks_find_no_such_page(operator: Actor, newcomer: Application) -> None:
    for actor, hat in (
        (at_desk("ndxp", Role.OPERATOR), "desk:ndxp"),
        (at_desk("pc06-h38", Role.HANDLER), "desk:pc06-h38"),
        (at_agency("H38"), "agency:H38"),
    ):
        client = as_person(actor, hat)
        assert client.get(f"/nen-tang/{row(newcomer).pk}/").status_code == 404
        assert client.post(f"/nen-tang/{row(newcomer).pk}/", {"register": "1"}).status_code == 404
    assert row(newcomer).state == PlatformRegistration.ASKED
