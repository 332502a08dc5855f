"""The connection check against servers that really run: it passes, and each way of failing is told by its item."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec.structs import force_setattr

from ketnoi_pages import clock
from ketnoi_portal.connection import configuration, expiring
from ketnoi_portal.connection.actions import ask_check
from ketnoi_portal.connection.findings import CHECK_ITEMS
from ketnoi_portal.connection.models import KnownCertificate, SeenConfiguration
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.models import Application, ConnectionCheck, PlatformRegistration
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.roles import Actor, Role
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.settings import current
from ketnoi_protocol.identifiers import SecurityServerId
from ketnoi_protocol.services import Environment, Platform, Service
from ketnoi_testbed import mischief
from ketnoi_testbed.world import World

from .connected import connected, failed_items, metaservice_id, newest_check
from .offices import at_agency, at_desk, found

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("neighbours")]


@pytest.fixture
def rep() -> Actor:
    found()
    return at_agency("H55")


@pytest.fixture
def applied(rep: Actor, world: World) -> Application:
    return connected(world)


def checked(actor: Actor, applied: Application, message_id: str = "") -> ConnectionCheck:
    ask_check(actor, applied, {"VDXP": message_id})
    return newest_check(applied)


def test_it_passes_and_the_test_begins(world: World, rep: Actor, applied: Application) -> None:
    check = checked(rep, applied, metaservice_id(world))
    assert [each["item"] for each in check.items if not each["passed"]] == []
    assert [each["item"] for each in check.items] == list(CHECK_ITEMS)
    assert check.passed
    assert check.ended_at is not None
    assert applied.stage == Stage.TESTING
    assert applied.connection_checked
    # The registered certificate is known from now on to whoever watches when it ends.
    assert KnownCertificate.objects.get(kind=KnownCertificate.SERVER).owner == "VDXP-TEST:GOV:H55:SS01"


def test_it_goes_over_both_platforms(world: World, rep: Actor) -> None:
    services = (Service.LOOK_UP_CITIZEN, Service.VERIFY_CITIZEN)
    applied = connected(world, services=services, number="KN-2026-000002")
    ids = {"VDXP": metaservice_id(world), "NDXP": metaservice_id(world, platform=Platform.NDXP)}
    ask_check(rep, applied, ids)
    check = newest_check(applied)
    assert [(each["platform"], each["item"]) for each in check.items] == [
        (platform, item) for platform in ("NDXP", "VDXP") for item in CHECK_ITEMS
    ]
    assert check.passed, [each for each in check.items if not each["passed"]]


def test_without_a_message_of_the_agency_it_fails_and_says_how_to_mend_it(rep: Actor, applied: Application) -> None:
    check = checked(rep, applied)
    assert failed_items(check) == {"call"}
    assert "ketnoi doctor" in next(each["mend_vi"] for each in check.items if each["item"] == "call")
    assert (check.passed, applied.connection_checked, applied.stage) == (False, False, Stage.OPENING)


def test_a_message_from_before_the_acceptance_does_not_do(world: World, rep: Actor, applied: Application) -> None:
    old = metaservice_id(world)
    later = clock.now() + timedelta(seconds=5)
    applied.integration_accounts.filter(environment=Environment.TEST).update(issued_at=later)
    assert failed_items(checked(rep, applied, old)) == {"call"}


def test_a_message_of_somebody_else_does_not_do(world: World, rep: Actor, applied: Application) -> None:
    assert failed_items(checked(rep, applied, metaservice_id(world, "G15"))) == {"call"}


def test_a_message_that_nobody_has_seen_does_not_do(rep: Actor, applied: Application) -> None:
    assert failed_items(checked(rep, applied, "VDXP-TEST-unheard-of")) == {"call"}


def test_a_server_that_is_down(world: World, rep: Actor, applied: Application) -> None:
    named, server = metaservice_id(world), world.server("VDXP", "H55")
    world.run(server.stop())
    try:
        check = checked(rep, applied, named)
    finally:
        world.run(world.start_server(server))
    assert failed_items(check) == {"reachable"}
    behind = {each["item"] for each in check.items if not each["passed"]}
    assert behind == {"reachable", "certificate_registered", "certificate_valid", "ocsp"}
    assert all(each["mend_vi"] and each["mend_en"] for each in check.items if not each["passed"])


def test_another_certificate_than_the_registered_one(world: World, rep: Actor, applied: Application) -> None:
    named, server = metaservice_id(world), world.server("VDXP", "H55")
    exchange = world.exchange("VDXP")
    other = world.authority.issue_authentication("Unsafe other")

    async def register(certificate: bytes) -> None:
        async with exchange.actions() as acting:
            await acting.remove_security_server("test", server.id)
        async with exchange.actions() as acting:
            await acting.add_security_server("test", server.id, server.host, certificate, [server.party.subsystem])
        await world.settle(exchange.instance)

    world.run(register(other.der))
    try:
        check = checked(rep, applied, named)
    finally:
        world.run(register(server.certificate("authentication").public_bytes(Encoding.DER)))
    assert failed_items(check) == {"certificate_registered"}


def test_a_server_that_the_platform_does_not_know(world: World, rep: Actor, applied: Application) -> None:
    named = metaservice_id(world)
    with mischief.deregistered(world, world.server("VDXP", "H55")):
        check = checked(rep, applied, named)
    # The message is still in the log, but the server that sent it is nobody's any more.
    assert failed_items(check) == {"registered", "call"}


def test_a_platform_whose_operator_has_not_registered_it(world: World, rep: Actor, applied: Application) -> None:
    applied.platform_registrations.update(state=PlatformRegistration.ASKED)
    check = checked(rep, applied, metaservice_id(world))
    assert [(each["item"], each["passed"]) for each in check.items] == [("registered", False)]


def test_no_right_on_the_server_of_c06(world: World, rep: Actor, applied: Application) -> None:
    named = metaservice_id(world)
    with mischief.without_right(world, "H55", Service.LOOK_UP_CITIZEN):
        check = checked(rep, applied, named)
    assert failed_items(check) == {"rights"}
    assert "TraCuuThongTinCongDan" in next(each["detail_vi"] for each in check.items if each["item"] == "rights")


@contextmanager
def answering(host: str, response: bytes) -> Iterator[None]:
    """Something else answers about the server's certificate, at its own address."""
    body = b"--ocsp\r\ncontent-type: application/ocsp-response\r\n\r\n" + response + b"\r\n--ocsp--\r\n"

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/related; boundary=ocsp")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    listening = ThreadingHTTPServer((host, 0), Answer)
    threading.Thread(target=listening.serve_forever).start()
    own = current()
    before = own.exchanges
    moved = tuple(msgspec.structs.replace(each, ocsp_port=listening.server_port) for each in before)
    force_setattr(own, "exchanges", moved)
    try:
        yield
    finally:
        force_setattr(own, "exchanges", before)
        listening.shutdown()
        listening.server_close()


def test_a_stale_answer_about_its_certificate(world: World, rep: Actor, applied: Application) -> None:
    named, server = metaservice_id(world), world.server("VDXP", "H55")
    certificate = server.certificate("authentication")
    old = world.authority.ocsp_response(certificate, this_update=world.clock.now() - timedelta(hours=2))
    with answering(server.host, old):
        check = checked(rep, applied, named)
    assert failed_items(check) == {"ocsp"}
    told = next(each for each in check.items if each["item"] == "ocsp")
    assert "too old" in told["detail_en"]
    assert "trả lời OCSP đã quá cũ" in told["detail_vi"]
    with answering(server.host, world.authority.ocsp_response(certificate)):
        assert checked(rep, applied, named).passed


def test_an_answer_about_another_certificate(world: World, rep: Actor, applied: Application) -> None:
    named, server = metaservice_id(world), world.server("VDXP", "H55")
    other = world.server("VDXP", "G15").certificate("authentication")
    with answering(server.host, world.authority.ocsp_response(other)):
        assert failed_items(checked(rep, applied, named)) == {"ocsp"}


def test_a_revoked_certificate(world: World, rep: Actor, applied: Application) -> None:
    named, server = metaservice_id(world), world.server("VDXP", "H55")
    certificate = server.certificate("authentication")
    world.authority.revoke(certificate)
    try:
        revoked = world.authority.ocsp_response(certificate)
    finally:
        world.authority.revoked.pop(certificate.serial_number)
    with answering(server.host, revoked):
        assert failed_items(checked(rep, applied, named)) == {"ocsp"}


def test_an_account_with_another_key_than_the_published_one(world: World, rep: Actor, applied: Application) -> None:
    applied.integration_accounts.filter(environment=Environment.TEST).update(public_key="another")
    assert failed_items(checked(rep, applied, metaservice_id(world))) == {"account"}


def test_an_account_that_was_not_taken(world: World, rep: Actor, applied: Application) -> None:
    applied.integration_accounts.filter(environment=Environment.TEST).update(taken_at=None)
    assert failed_items(checked(rep, applied, metaservice_id(world))) == {"account"}


def test_a_failed_check_takes_a_passed_one_back(world: World, rep: Actor, applied: Application) -> None:
    assert checked(rep, applied, metaservice_id(world)).passed
    assert not checked(rep, applied).passed
    assert not applied.connection_checked
    assert applied.connection_checks.count() == 2


def test_an_act_during_the_check_means_to_check_again(
    world: World, rep: Actor, applied: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ketnoi_portal.connection import checking

    examine = checking.examine

    def meanwhile(*given: object) -> object:
        monkeypatch.setattr(checking, "examine", examine)
        Application.objects.filter(pk=applied.pk).update(revision=99)
        return examine(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(checking, "examine", meanwhile)
    ask_check(rep, applied, {"VDXP": metaservice_id(world)})
    assert newest_check(applied).ended_at is None
    assert newest_check(applied).passed


def test_who_may_ask(applied: Application) -> None:
    ask_check(at_desk("c06", Role.HANDLER), applied, {})
    with pytest.raises(StepRefused, match="check_running"):
        ask_check(at_agency("H55", Role.CLERK), applied, {})
    newest_check(applied)
    for stranger in (at_agency("H38"), at_agency("H55", Role.OFFICER), at_desk("pc06-h55", Role.HANDLER)):
        with pytest.raises(StepRefused, match="not_your_role"):
            ask_check(stranger, applied, {})


def test_what_is_given_as_a_message_id(rep: Actor, applied: Application) -> None:
    for bad, code in (("x" * 256, "no_message_id"), ("é", "no_message_id"), ("990-190-000123", "personal_number")):
        with pytest.raises(StepRefused, match=code):
            ask_check(rep, applied, {"VDXP": bad})
    assert not applied.connection_checks.exists()


def test_after_the_test_nothing_is_checked(rep: Actor, applied: Application) -> None:
    Application.objects.filter(pk=applied.pk).update(stage=Stage.LIVE)
    with pytest.raises(StepRefused, match="wrong_stage"):
        ask_check(rep, applied, {})


def test_an_older_configuration_is_refused(rep: Actor, applied: Application) -> None:
    told = configuration.exchange_of(Platform.VDXP, Environment.TEST)
    assert told is not None
    configuration.fetch(told)
    SeenConfiguration.objects.update(expires_at=clock.now() + timedelta(days=1))
    with pytest.raises(configuration.NoConfiguration, match="older"):
        configuration.fetch(told)
    assert failed_items(checked(rep, applied)) == {"configuration"}


def test_a_configuration_under_another_anchor_is_refused(neighbours: Path, rep: Actor, applied: Application) -> None:
    (neighbours / "VDXP-TEST-anchor.xml").write_bytes((neighbours / "NDXP-TEST-anchor.xml").read_bytes())
    check = checked(rep, applied)
    assert failed_items(check) == {"configuration"}


def test_certificates_that_end_soon_are_listed(world: World, applied: Application) -> None:
    server = world.server("VDXP", "H55")
    der = server.certificate("authentication").public_bytes(Encoding.DER)
    applied.platform_registrations.filter(environment=Environment.TEST).update(certificate=der)
    expiring.watch()
    kinds = set(KnownCertificate.objects.values_list("kind", flat=True))
    assert {KnownCertificate.AUTHORITY, KnownCertificate.STAMPER, KnownCertificate.SIGNER} <= kinds
    assert [each.owner for each in expiring.expiring(timedelta(days=400)) if each.kind == KnownCertificate.SERVER] == [
        str(SecurityServerId("VDXP-TEST", "GOV", "H55", "SS01"))
    ]
    assert not expiring.expiring(timedelta(days=30)).exists()
    with mischief.deregistered(world, server):
        expiring.watch()
    assert not KnownCertificate.objects.filter(kind=KnownCertificate.SERVER).exists()


def test_the_step_is_the_systems_alone(rep: Actor, applied: Application) -> None:
    with pytest.raises(StepRefused, match="system_only"):
        actions.take(rep, applied, "pass_connection_check")
