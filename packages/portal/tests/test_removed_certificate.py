"""A server that was removed while its application runs: who may do what, what waits for whom, what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.urls import reverse

from ketnoi_portal.audit.models import Event
from ketnoi_portal.connection import rotation
from ketnoi_portal.day.models import Waiting
from ketnoi_portal.notices.models import Notice
from ketnoi_portal.onboarding import removing, rotating
from ketnoi_portal.onboarding.certificate_models import CertificateSpan, NextCertificate, end_of, fingerprint
from ketnoi_portal.onboarding.models import Application, PlatformRegistration
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.process.case import Rotation, Stage, opened
from ketnoi_portal.process.roles import SYSTEM_ACTOR
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.publication import registrar
from ketnoi_portal.publication.reading import approved_applications
from ketnoi_protocol.services import Environment, Platform

from .pages import Cast, Walk
from .test_next_certificate import NAME, NEXT, OLD, certificate, der, held, in_production, pem, with_old

pytestmark = pytest.mark.django_db
UNIT = "VDXP/production"
STOLEN = Given(reason="khóa bị đánh cắp")


@pytest.fixture
def cast() -> Cast:
    return Cast()


@pytest.fixture
def live(cast: Cast) -> Walk:
    """In production, under certificates that the platform has."""
    return in_production(cast)


@pytest.fixture
def removed(live: Walk) -> Walk:
    live.take("vdxp", "remove_from_platform", UNIT, STOLEN)
    return live


def named(walk: Walk, made: x509.Certificate = NEXT) -> None:
    walk.application = removing.name_certificate(walk.cast["rep"], walk.application, UNIT, pem(made))


def waits(walk: Walk) -> dict[str, str]:
    return dict(Waiting.objects.filter(application=walk.application).values_list("office", "step"))


def published(walk: Walk) -> frozenset[Environment]:
    (found,) = (each for each in approved_applications() if each.number == walk.application.number)
    return found.environments


def test_from_the_removal_to_the_check_everybody_knows_what_waits(removed: Walk) -> None:
    application, rep = removed.application, removed.cast.client("rep")
    assert waits(removed)["agency:H55"] == "name_certificate"
    assert "desk:vdxp" not in waits(removed), "the operator has nothing to decide yet"
    assert published(removed) == {Environment.TEST}
    link = f"{reverse('connection:certificates', args=[application.pk])}?unit=VDXP%2Fproduction#offer"
    page = rep.get(reverse("onboarding:application", args=[application.pk])).content.decode()
    assert link in page
    assert "Nêu chứng thư khác thay chứng thư đã gỡ" in page
    shown = rep.get(reverse("connection:certificates", args=[application.pk]), {"unit": UNIT}).content.decode()
    assert "đã gỡ khỏi nền tảng" in shown
    assert "Gửi đơn vị vận hành" in shown
    application.refresh_from_db()
    sent = {"unit": UNIT, "revision": application.revision, "pem": pem(NEXT)}
    assert rep.post(reverse("connection:certificates", args=[application.pk]), sent).status_code == 302

    assert waits(removed)["desk:vdxp"] == "register_on_platform"
    assert waits(removed).get("agency:H55") is None
    assert Notice.objects.filter(office="desk:vdxp", act="turn:register_on_platform", unit=UNIT).exists()
    removed.take("vdxp", "register_on_platform", UNIT)
    assert waits(removed)["agency:H55"] == "pass_check_after_removal"
    assert opened(removed.application.case()) == published(removed) == {Environment.TEST}
    page = rep.get(reverse("connection:certificates", args=[application.pk])).content.decode()
    assert "Kiểm tra dưới chứng thư mới" in page
    coming = rotating.next_of(removed.application, UNIT)
    assert rotation.may_ask(removed.cast["rep"], removed.application, coming)

    removed.take(SYSTEM_ACTOR, "pass_check_after_removal", UNIT)
    assert opened(removed.application.case()) == published(removed) == set(Environment)
    assert held(removed.application) == der(NEXT)
    entry = removed.application.registration.server(Platform.VDXP, Environment.PRODUCTION)
    assert entry is not None
    assert (entry.server, entry.certificate) == ("VDXP/GOV/H55/SS01", pem(NEXT))
    acts = list(Event.objects.filter(subject=str(application.pk)).order_by("id").values_list("act", flat=True))
    assert acts[-3:] == ["name_certificate", "register_on_platform", "pass_check_after_removal"]
    told = Notice.objects.filter(office="agency:H55", application=application).values_list("act", flat=True)
    assert {"remove_from_platform", "register_on_platform", "pass_check_after_removal"} <= set(told)
    assert Notice.objects.filter(office="desk:c06", act="name_certificate").exists()


def test_what_was_removed_is_never_registered_again(removed: Walk) -> None:
    for act in (
        lambda: registrar.register(removed.cast["vdxp"], removed.application, UNIT),
        lambda: named(removed, OLD),
    ):
        with pytest.raises(StepRefused, match="certificate_removed"):
            act()
    with pytest.raises(StepRefused, match="wrong_stage"):
        removed.take("vdxp", "register_on_platform", UNIT)
    named(removed)
    removed.take("vdxp", "register_on_platform", UNIT)
    removed.take(SYSTEM_ACTOR, "pass_check_after_removal", UNIT)
    with pytest.raises(StepRefused, match="certificate_removed"):
        rotating.offer(removed.cast["rep"], removed.application, UNIT, pem(OLD), compromised=True)
    removed.take("vdxp", "remove_from_platform", UNIT, STOLEN)
    for made in (OLD, NEXT):
        with pytest.raises(StepRefused, match="certificate_removed"):
            named(removed, made)


def test_before_production_the_operator_does_not_register_it_again_either(cast: Cast) -> None:
    walk = Walk(cast)
    walk.to(Stage.TESTED)
    with_old(walk.application)
    unit = "VDXP/test"
    walk.take("vdxp", "remove_from_platform", unit, STOLEN)
    with pytest.raises(StepRefused, match="certificate_removed"):
        walk.take("vdxp", "register_on_platform", unit)
    page = reverse("onboarding:server", args=[walk.application.pk, "VDXP", "test"])
    sent = {
        "VDXP-test-server": "VDXP-TEST/GOV/H55/SS01",
        "VDXP-test-subsystem": "MOTCUA",
        "VDXP-test-address": "ss01.example.vn",
    }
    answer = cast.client("rep").post(page, sent | {"VDXP-test-pem": pem(OLD)})
    assert answer.status_code == 409
    assert "đã bị gỡ khỏi nền tảng" in answer.content.decode()
    assert cast.client("rep").post(page, sent | {"VDXP-test-pem": pem(NEXT)}).status_code == 302
    walk.take("vdxp", "register_on_platform", unit)


def test_another_application_that_goes_by_it_goes_on_until_it_is_removed_there_too(live: Walk) -> None:
    second = Walk(live.cast)
    second.to(Stage.TESTED)
    with_old(second.application)
    live.take("vdxp", "remove_from_platform", "VDXP/test", STOLEN)
    third = Walk(live.cast)
    third.to(Stage.SUBMITTED)
    with_old(third.application)
    asked = third.application.platform_registrations.get(environment="test")
    assert not removing.is_refused(asked), "the other one still goes by it"
    second.take("vdxp", "remove_from_platform", "VDXP/test", STOLEN)
    assert removing.is_refused(asked)
    with pytest.raises(StepRefused, match="certificate_removed"):
        third.take("vdxp", "register_on_platform", "VDXP/test")


def of_the_same_key() -> tuple[x509.Certificate, x509.Certificate]:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    made = x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME).public_key(key.public_key())
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=300))
    made = made.add_extension(usage, critical=False)
    one, two = (made.serial_number(number).sign(key, hashes.SHA256()) for number in (1, 2))
    return one, two


def test_a_new_certificate_of_the_stolen_key_is_refused(live: Walk) -> None:
    one, two = of_the_same_key()
    live.application.platform_registrations.update(certificate=der(one))
    with pytest.raises(StepRefused, match="same_key"):
        rotating.offer(live.cast["rep"], live.application, UNIT, pem(two), compromised=True)
    live.take("vdxp", "remove_from_platform", UNIT, STOLEN)
    with pytest.raises(StepRefused, match="same_key"):
        named(live, two)
    named(live)


@pytest.mark.parametrize("who", ["clerk", "officer", "other_rep", "c06", "pc06", "vdxp", "a05", "leader_1", "auditor"])
def test_nobody_but_the_representative_names_it(removed: Walk, who: str) -> None:
    page = reverse("connection:certificates", args=[removed.application.pk])
    sent = {"unit": UNIT, "pem": pem(NEXT)}
    assert removed.cast.client(who).post(page, sent).status_code in (403, 404)
    assert removed.cast.client(who).post(f"{page}rut/", sent | {"reason": "x"}).status_code in (403, 404)
    with pytest.raises(StepRefused):
        removing.name_certificate(removed.cast[who], removed.application, UNIT, pem(NEXT))
    assert not NextCertificate.objects.exists()


def test_one_that_was_named_may_be_replaced_until_it_is_registered(removed: Walk) -> None:
    named(removed)
    with pytest.raises(StepRefused, match="same_certificate"):
        named(removed)
    other = certificate(500)
    named(removed, other)
    coming = rotating.next_of(removed.application, UNIT)
    assert coming is not None
    assert (bytes(coming.certificate), bytes(coming.replaces)) == (der(other), der(OLD))
    removed.take("vdxp", "register_on_platform", UNIT)
    with pytest.raises(StepRefused, match="wrong_stage"):
        named(removed)


def test_a_suspended_application_is_not_resumed_before_the_check(removed: Walk) -> None:
    removed.take("c06", "suspend", given=Given(reason="điều tra"))
    named(removed)
    removed.take("vdxp", "register_on_platform", UNIT)
    with pytest.raises(StepRefused, match="missing:checked_after_removal"):
        removed.take("c06", "resume", given=Given(reason="đã thay khóa"))
    removed.take(SYSTEM_ACTOR, "pass_check_after_removal", UNIT)
    removed.take("c06", "resume", given=Given(reason="đã thay khóa"))
    assert opened(removed.application.case()) == set(Environment)


def test_the_history_tells_what_was_removed(removed: Walk) -> None:
    named(removed)
    removed.take("vdxp", "register_on_platform", UNIT)
    spans = CertificateSpan.objects.filter(application=removed.application, environment="production")
    told = {each.fingerprint: (each.removed, each.ended_at is None) for each in spans}
    assert told[fingerprint(der(OLD))] == (True, False)
    assert told[fingerprint(der(NEXT))] == (False, True)


def test_a_registration_that_ended_otherwise_was_not_removed(cast: Cast) -> None:
    walk = Walk(cast)
    walk.to(Stage.SUBMITTED)
    with_old(walk.application)
    walk.take("vdxp", "register_on_platform", "VDXP/test")
    walk.take("c06", "return_registration", given=Given(reason="sửa"))
    walk.to(Stage.SUBMITTED)
    walk.take("vdxp", "register_on_platform", "VDXP/test")
    assert walk.application.platform_registrations.get(environment="test").state == PlatformRegistration.REGISTERED


# In the ordinary rotation


def test_an_earlier_end_is_taken_only_for_what_is_compromised_and_with_a_warning(live: Walk) -> None:
    page = reverse("connection:certificates", args=[live.application.pk])
    rep, sooner = live.cast.client("rep"), certificate(10)
    assert end_of(der(sooner)) < end_of(der(OLD))
    answer = rep.post(page, {"unit": UNIT, "pem": pem(sooner)})
    assert answer.status_code == 409
    assert "đánh dấu điều đó" in answer.content.decode()
    answer = rep.post(page, {"unit": UNIT, "pem": pem(sooner), "compromised": "on"}, follow=True)
    assert "Chứng thư này hết hạn trước chứng thư cũ" in answer.content.decode()
    coming = NextCertificate.objects.get()
    assert (coming.compromised, coming.ends_earlier) == (True, True)
    note = Event.objects.filter(act="offer_certificate").latest("id").note
    assert note.startswith(f"SHA-256 {fingerprint(der(sooner))}")
    assert "bị lộ" in note


@pytest.mark.parametrize("state", [Rotation.OFFERED, Rotation.BESIDE, Rotation.CHECKED])
def test_the_representative_gives_the_next_certificate_up_with_a_reason(live: Walk, state: Rotation) -> None:
    live.application = rotating.offer(live.cast["rep"], live.application, UNIT, pem(NEXT))
    if state is not Rotation.OFFERED:
        live.take("vdxp", "register_beside", UNIT)
    if state is Rotation.CHECKED:
        live.take(SYSTEM_ACTOR, "pass_rotation_check", UNIT)
    with pytest.raises(StepRefused, match="reason_missing"):
        live.take("rep", "give_up_certificate", UNIT)
    live.take("rep", "give_up_certificate", UNIT, Given(reason="khóa mới cũng bị lộ"))
    assert live.application.case().rotations == ()
    assert (NextCertificate.objects.get().state, held(live.application)) == (NextCertificate.DROPPED, der(OLD))
    assert Notice.objects.filter(office="desk:vdxp", act="give_up_certificate").exists()
    assert not Notice.objects.filter(office="desk:ndxp", act="give_up_certificate").exists()


def test_what_is_not_there_is_not_given_up(live: Walk) -> None:
    page = reverse("connection:give_up", args=[live.application.pk])
    assert live.cast.client("rep").post(page, {"unit": UNIT, "reason": "x"}).status_code == 404
    assert live.cast.client("rep").post(page, {"unit": "gì/đó", "reason": "x"}).status_code == 404
    assert Application.objects.get(pk=live.application.pk).revision == live.application.revision
