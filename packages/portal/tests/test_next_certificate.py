"""The next certificate of a server in use: handed in, registered, checked, the old one retired; the pages of each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.urls import reverse

from ketnoi_pages import clock
from ketnoi_portal.audit.models import Event
from ketnoi_portal.connection.models import RotationCheck
from ketnoi_portal.day import keeping
from ketnoi_portal.day.models import CertificateEnd, Waiting
from ketnoi_portal.notices import ending_certificates
from ketnoi_portal.notices.models import Letter, Notice
from ketnoi_portal.onboarding import actions, rotating
from ketnoi_portal.onboarding.asking import put_server
from ketnoi_portal.onboarding.certificate_models import CertificateSpan, NextCertificate, end_of, fingerprint
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.onboarding.renewing import renew
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.process.case import Rotation, Stage, opened
from ketnoi_portal.process.roles import SYSTEM_ACTOR
from ketnoi_portal.process.rules import StepRefused
from ketnoi_protocol.services import Environment, Platform

from .pages import Cast, Walk

pytestmark = pytest.mark.django_db
UNIT = "VDXP/production"
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ss01.example.vn")])


def certificate(days: int, *, signing: bool = False) -> x509.Certificate:
    """A server's certificate of its own key that ends in so many days."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    usage = ExtendedKeyUsageOID.EMAIL_PROTECTION if signing else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=days))
    return builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False).sign(key, hashes.SHA256())


def pem(made: x509.Certificate) -> str:
    return made.public_bytes(Encoding.PEM).decode()


def der(made: x509.Certificate) -> bytes:
    return made.public_bytes(Encoding.DER)


OLD, NEXT = certificate(20), certificate(400)


@pytest.fixture
def cast() -> Cast:
    return Cast()


@pytest.fixture
def live(cast: Cast) -> Walk:
    """In production, under certificates that end soon."""
    return in_production(cast)


def in_production(cast: Cast) -> Walk:
    """An application that runs, under certificates that the platform has."""
    walk = Walk(cast)
    walk.to(Stage.APPROVED)
    with_old(walk.application)
    walk.to(Stage.LIVE)
    walk.take("rep", "take_account", "production", Given(public_key="PEM"))
    return walk


def with_old(application: Application) -> None:
    for environment in Environment:
        entry = application.registration.server(Platform.VDXP, environment)
        assert entry is not None
        put_server(application, msgspec.structs.replace(entry, certificate=pem(OLD), request=""))
    application.save()
    application.platform_registrations.update(certificate=der(OLD))
    keeping.after_begin(application)


def checked(walk: Walk, unit: str = UNIT, made: x509.Certificate = NEXT) -> None:
    """Handed in, registered beside, checked."""
    walk.application = rotating.offer(walk.cast["rep"], walk.application, unit, pem(made))
    walk.take("vdxp", "register_beside", unit)
    walk.take(SYSTEM_ACTOR, "pass_rotation_check", unit)


def held(application: Application, environment: str = "production") -> bytes:
    return bytes(application.platform_registrations.get(environment=environment).certificate)


def test_from_the_page_to_the_retirement_nothing_closes_and_nothing_approved_changes(live: Walk) -> None:
    application, rep = live.application, live.cast.client("rep")
    application.refresh_from_db()
    before, form = application.case(), application.form
    page = reverse("connection:certificates", args=[application.pk])
    shown = rep.get(page, {"unit": UNIT}).content.decode()
    assert fingerprint(der(OLD)) in shown
    sent = {"unit": UNIT, "revision": application.revision, "pem": pem(NEXT)}
    assert rep.post(page, sent).status_code == 302
    application.refresh_from_db()
    assert Waiting.objects.get(application=application, office="desk:vdxp").step == "register_beside"
    assert opened(application.case()) == opened(before)

    live.take("vdxp", "register_beside", UNIT)
    assert Waiting.objects.get(application=application, office="agency:H55").step == "pass_rotation_check"
    assert set(spans(application)) >= {fingerprint(der(OLD)), fingerprint(der(NEXT))}, "both are registered"
    live.take(SYSTEM_ACTOR, "pass_rotation_check", UNIT)
    assert Waiting.objects.get(application=application, office="desk:vdxp").step == "retire_certificate"
    assert held(live.application) == der(OLD), "until it is retired the old one stands"

    live.application = rotating.retire(live.cast["vdxp"], live.application, UNIT)
    after = live.application.case()
    assert opened(after) == opened(before) == set(Environment)
    assert after == before, "stage, services, papers, decisions, confirmations: all as they were"
    assert held(live.application) == der(NEXT)
    live.application.refresh_from_db()
    changed = {name for name, value in live.application.form.items() if value != form[name]}
    assert changed == {"servers"}
    assert CertificateEnd.objects.get(registration__environment="production", registration__application=application).at
    assert spans(live.application, open_only=True) == [fingerprint(der(OLD)), fingerprint(der(NEXT))]
    acts = Event.objects.filter(kind="application", subject=str(application.pk)).values_list("act", flat=True)
    assert {"offer_certificate", "register_beside", "pass_rotation_check", "retire_certificate"} <= set(acts)
    noted = Event.objects.filter(subject=str(application.pk), act__in=("offer_certificate", "retire_certificate"))
    assert list(noted.order_by("id").values_list("note", flat=True)) == [
        f"SHA-256 {fingerprint(der(NEXT))}",
        f"SHA-256 {fingerprint(der(OLD))}",
    ]
    told = Notice.objects.filter(office="agency:H55", application=application).values_list("act", flat=True)
    assert {"register_beside", "pass_rotation_check", "retire_certificate"} <= set(told)


def spans(application: Application, *, open_only: bool = False) -> list[str]:
    """Fingerprints on record, those of the test environment first where they stand still."""
    found = CertificateSpan.objects.filter(application=application).order_by("-environment", "pk")
    if open_only:
        found = found.filter(ended_at=None)
    return [each.fingerprint for each in found]


def test_the_history_is_shown_to_the_agency_and_the_desks(live: Walk) -> None:
    checked(live)
    rotating.retire(live.cast["vdxp"], live.application, UNIT)
    page = reverse("connection:certificates", args=[live.application.pk])
    for who in ("rep", "clerk", "c06", "pc06", "vdxp", "auditor"):
        shown = live.cast.client(who).get(page).content.decode()
        assert shown.count(fingerprint(der(OLD))) >= 2, who
        assert fingerprint(der(NEXT)) in shown, who
    for who in ("other_rep", "officer", "other_pc06", "a05", "leader_1", "ndxp"):
        assert live.cast.client(who).get(page).status_code == 404, who


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("", "Dán chứng thư hoặc chọn tệp"),
        ("-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----", "Đây là khóa bí mật"),
        ("-----BEGIN CERTIFICATE REQUEST-----\nx\n-----END CERTIFICATE REQUEST-----", "Đây mới là CSR"),
        (pem(OLD), "Đây chính là chứng thư đang dùng"),
        (pem(certificate(10)), "không hết hạn sau chứng thư đang dùng"),
        (pem(certificate(400, signing=True)), "Đây không phải chứng thư xác thực"),
    ],
    ids=["nothing", "a key", "a request", "the same", "an earlier end", "one that signs"],
)
def test_what_is_no_next_certificate_is_refused_with_its_mend(live: Walk, given: str, told: str) -> None:
    page = reverse("connection:certificates", args=[live.application.pk])
    answer = live.cast.client("rep").post(page, {"unit": UNIT, "pem": given})
    assert answer.status_code in (409, 422)
    assert told in answer.content.decode()
    assert not NextCertificate.objects.exists()


def test_only_the_representative_hands_one_in(live: Walk) -> None:
    page = reverse("connection:certificates", args=[live.application.pk])
    for who in ("clerk", "c06", "pc06", "vdxp"):
        assert live.cast.client(who).post(page, {"unit": UNIT, "pem": pem(NEXT)}).status_code == 403, who
    assert live.cast.client("other_rep").post(page, {"unit": UNIT, "pem": pem(NEXT)}).status_code == 404
    assert not NextCertificate.objects.exists()


def test_another_may_be_handed_in_until_one_is_registered(live: Walk) -> None:
    other = certificate(500)
    rotating.offer(live.cast["rep"], live.application, UNIT, pem(NEXT))
    live.application = rotating.offer(live.cast["rep"], live.application, UNIT, pem(other))
    (coming,) = NextCertificate.objects.filter(state=Rotation.OFFERED)
    assert bytes(coming.certificate) == der(other)
    live.take("vdxp", "register_beside", UNIT)
    with pytest.raises(StepRefused, match="wrong_stage"):
        rotating.offer(live.cast["rep"], live.application, UNIT, pem(NEXT))


def test_without_a_passed_check_nothing_is_retired(live: Walk) -> None:
    rotating.offer(live.cast["rep"], live.application, UNIT, pem(NEXT))
    live.take("vdxp", "register_beside", UNIT)
    with pytest.raises(StepRefused, match="wrong_stage"):
        rotating.retire(live.cast["vdxp"], live.application, UNIT)
    live.take(SYSTEM_ACTOR, "pass_rotation_check", UNIT)
    live.take(SYSTEM_ACTOR, "fail_rotation_check", UNIT)
    with pytest.raises(StepRefused, match="wrong_stage"):
        rotating.retire(live.cast["vdxp"], live.application, UNIT)


def test_the_operator_turns_one_down_and_the_old_one_stays(live: Walk) -> None:
    live.application = rotating.offer(live.cast["rep"], live.application, UNIT, pem(NEXT))
    live.take("vdxp", "drop_certificate", UNIT, Given(reason="cấp sai tên máy chủ"))
    assert live.application.case().rotations == ()
    assert held(live.application) == der(OLD)
    assert NextCertificate.objects.get().note == "cấp sai tên máy chủ"
    checked(live)


def test_in_a_test_that_is_under_way_the_proofs_begin_anew(cast: Cast) -> None:
    walk = Walk(cast)
    walk.to(Stage.TESTED)
    with_old(walk.application)
    checked(walk, "VDXP/test")
    case = walk.application.case()
    assert (case.stage, len(case.calls), case.test_confirmed) == (Stage.TESTED, 2, True), "calls go on, proofs count"
    walk.application = rotating.retire(cast["vdxp"], walk.application, "VDXP/test")
    case = walk.application.case()
    assert (case.stage, case.calls, case.connection_checked, case.test_confirmed) == (
        Stage.TESTING,
        frozenset(),
        False,
        False,
    )
    assert Environment.TEST in opened(case), "and the test stays open meanwhile"


def test_other_applications_on_the_same_server_follow(live: Walk) -> None:
    cast = live.cast
    draft = renew(cast["rep"], live.application)
    second = Walk(cast)
    second.to(Stage.TESTED)
    with_old(second.application)
    checked(live, "VDXP/test")
    with pytest.raises(StepRefused, match="rotation_elsewhere"):
        rotating.offer(cast["rep"], second.application, "VDXP/test", pem(NEXT))
    rotating.retire(cast["vdxp"], live.application, "VDXP/test")
    for each in (draft, second.application):
        each.refresh_from_db()
        entry = each.registration.server(Platform.VDXP, Environment.TEST)
        assert entry is not None
        assert entry.certificate == pem(NEXT)
    assert held(second.application, "test") == der(NEXT)
    assert second.application.stage == Stage.TESTING, "its proofs were made under the old one"
    assert draft.stage == Stage.DRAFT
    live.application.refresh_from_db()
    assert live.application.stage == Stage.LIVE
    kept = draft.registration.server(Platform.VDXP, Environment.PRODUCTION)
    assert kept is not None
    assert kept.certificate == pem(OLD), "the server of the other environment is another one"


def test_removal_from_the_platform_ends_a_rotation(live: Walk) -> None:
    checked(live)
    live.take("vdxp", "remove_from_platform", UNIT, Given(reason="máy chủ bị xâm nhập"))
    assert live.application.case().rotations == ()
    assert NextCertificate.objects.get().state == NextCertificate.DROPPED


def test_the_check_is_asked_for_by_the_agency_and_c06_and_shown(live: Walk) -> None:
    address = reverse("connection:rotation_check", args=[live.application.pk])
    rep = live.cast.client("rep")
    rep.post(address, {"unit": UNIT})
    assert not RotationCheck.objects.exists(), "nothing is registered beside the old one yet"
    rotating.offer(live.cast["rep"], live.application, UNIT, pem(NEXT))
    live.take("vdxp", "register_beside", UNIT)
    for who in ("vdxp", "pc06"):
        live.cast.client(who).post(address, {"unit": UNIT})
    assert not RotationCheck.objects.exists()
    assert live.cast.client("other_rep").post(address, {"unit": UNIT}).status_code == 404
    assert rep.post(address, {"unit": "NDXP/test"}).status_code == 404
    live.cast.client("clerk").post(address, {"unit": UNIT})
    live.cast.client("c06").post(address, {"unit": UNIT})
    check = RotationCheck.objects.get()
    page = reverse("connection:certificates", args=[live.application.pk])
    assert "Đang kiểm tra" in rep.get(page).content.decode()
    items = [
        {
            "item": "shows_next", "platform": "VDXP", "name_vi": "Trình chứng thư", "name_en": "Shown", "passed": False,
            "detail_vi": "<b>AA</b>", "detail_en": "AA", "mend_vi": "Kích hoạt", "mend_en": "Activate",
        }
    ]  # fmt: skip
    RotationCheck.objects.filter(pk=check.pk).update(items=items, passed=False, ended_at=clock.now())
    shown = rep.get(page).content.decode()
    assert "Kích hoạt" in shown
    assert "&lt;b&gt;AA" in shown


def test_a_certificate_without_a_known_one_before_it(cast: Cast) -> None:
    """What was registered from a CSR alone has no certificate in the portal; its next one is taken all the same."""
    walk = Walk(cast)
    walk.to(Stage.LIVE)
    checked(walk)
    walk.application = rotating.retire(cast["vdxp"], walk.application, UNIT)
    assert held(walk.application) == der(NEXT)
    assert end_of(held(walk.application)) > clock.now() + timedelta(days=300)


def test_two_at_once_cannot_both_hand_one_in(live: Walk) -> None:
    seen = live.application.revision
    rotating.offer(live.cast["rep"], live.application, UNIT, pem(NEXT), revision=seen)
    with pytest.raises(actions.Changed):
        rotating.offer(live.cast["rep"], live.application, UNIT, pem(certificate(500)), revision=seen)


def test_the_agency_is_reminded_before_a_certificate_ends_and_led_to_the_act(live: Walk) -> None:
    Letter.objects.all().delete()
    ends = end_of(der(OLD))
    assert set(CertificateEnd.objects.values_list("at", flat=True)) == {ends}
    assert ending_certificates.run(ends - timedelta(days=61)) == 0
    assert ending_certificates.run(ends - timedelta(days=59)) == 2, "one for each environment"
    assert ending_certificates.run(ends - timedelta(days=58)) == 0, "nobody is told twice"
    told = Notice.objects.filter(office="agency:H55", act="ends:60:offer_certificate")
    assert told.count() == 2
    letters = list(Letter.objects.filter(subject__contains="trong 60 ngày"))
    assert letters
    page = reverse("connection:certificates", args=[live.application.pk])
    assert all(f"http://testserver{page}" in letter.body for letter in letters)
    shown = live.cast.client("rep").get("/thong-bao/").content.decode()
    assert "Chứng thư máy chủ hết hạn trong 60 ngày" in shown
    assert shown.count(f'href="{page}"') == 2, "the notices lead to the act as the letters do"

    rotating.offer(live.cast["rep"], live.application, UNIT, pem(NEXT))
    assert ending_certificates.run(ends - timedelta(days=29)) == 1, "what is being changed is left in peace"
    live.take("vdxp", "register_beside", UNIT)
    live.take(SYSTEM_ACTOR, "pass_rotation_check", UNIT)
    rotating.retire(live.cast["vdxp"], live.application, UNIT)
    renewed = CertificateEnd.objects.get(registration__environment="production")
    assert (renewed.at, renewed.reminded) == (end_of(der(NEXT)), None)
    assert ending_certificates.run(ends + timedelta(days=1)) == 0, "what has ended is on the page of figures"
