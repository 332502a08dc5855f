"""The registration form as people fill it in: begun, saved, checked, sent; certificates pasted or uploaded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.process.case import Stage
from ketnoi_protocol.services import Environment, Platform

from .pages import Cast, Walk

pytestmark = pytest.mark.django_db

KEY = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ss01.example.vn")])


def certificate() -> x509.Certificate:
    now = datetime.now(UTC)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    return (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(usage, critical=False)
        .sign(KEY, hashes.SHA256())
    )


def request() -> str:
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(NAME)
        .sign(KEY, hashes.SHA256())
        .public_bytes(Encoding.PEM)
        .decode()
    )


BODY = {
    "duties": "Giải quyết thủ tục hành chính",
    "information_system": "Cổng dịch vụ công",
    "security_level": "3",
    "level_decision": "12/QĐ-UBND",
    "level_decision_date": "2024-03-01",
    "per_day": "500",
    "peak_per_second": "5",
    "months": "12",
    "notify": "nhan@example.vn",
    "technical-name": "Kỹ thuật",
    "technical-email": "kt@example.vn",
    "head-name": "Thủ trưởng",
    "look_up_citizen-chosen": "on",
    "look_up_citizen-procedures": "G15-TP110\nG15-TP111, G15-TP110",
    "look_up_citizen-fields": ["HoVaTen", "ThuongTru"],
    "look_up_citizen-purpose": "Đăng ký khai sinh",
}
SERVER = {
    "VDXP-test-server": "VDXP-TEST/GOV/H55/SS01",
    "VDXP-test-subsystem": "MOTCUA",
    "VDXP-test-address": "ss01.example.vn",
}


def test_from_the_choice_of_a_system_to_what_was_sent() -> None:
    cast = Cast()
    rep = cast.client("rep")
    begun = rep.post(reverse("onboarding:begin"), {"system": "population"})
    application = Application.objects.get()
    form = reverse("onboarding:form", args=[application.pk])
    assert begun.headers["Location"] == form
    assert rep.get(form).status_code == 200
    sent = BODY | SERVER | {"VDXP-test-pem": certificate().public_bytes(Encoding.PEM).decode(), "check": "1"}
    saved = rep.post(form, sent | {"revision": "0"})
    assert saved.headers["Location"] == reverse("onboarding:precheck", args=[application.pk])
    kept = Application.objects.get().registration
    assert kept.services[0].procedures == ("G15-TP110", "G15-TP111")
    assert kept.services[0].fields == ("HoVaTen", "ThuongTru")
    assert kept.server(Platform.VDXP, Environment.TEST) is not None
    page = rep.get(saved.headers["Location"]).content.decode()
    assert "Phiếu không còn lỗi nào ngăn việc gửi" in page
    assert "Thiếu mã định danh máy chủ bảo mật (SS) trên VDXP" in page
    step = reverse("onboarding:step", args=[application.pk, "submit"])
    assert rep.post(step, {"revision": Application.objects.get().revision}).status_code == 302
    assert Application.objects.get().stage == Stage.SUBMITTED
    assert rep.get(form).status_code == 302
    assert rep.post(form, sent | {"revision": "2"}).status_code == 302
    assert Application.objects.get().registration == kept


def test_the_pre_check_lists_every_defect_with_a_link_to_a_field_that_is_there() -> None:
    cast = Cast()
    walk = Walk(cast)
    rep = cast.client("rep")
    form = reverse("onboarding:form", args=[walk.application.pk])
    rep.post(
        form, {"revision": "0", "look_up_citizen-chosen": "on", "verify_citizen-chosen": "on", "security_level": "2"}
    )
    page = rep.get(reverse("onboarding:precheck", args=[walk.application.pk])).content.decode()
    editable = rep.get(form).content.decode()
    anchors = {part.split('"')[0] for part in page.split(f'href="{form}#')[1:]}
    assert len(anchors) > 12
    for anchor in anchors:
        assert f'id="{anchor}"' in editable, anchor
    for told in ("Hệ thống phải đạt cấp độ an toàn từ 3 trở lên", "Tra cứu phải nêu các trường cần nhận", "NDXP-TEST"):
        assert told in page
    assert "VDXP-TEST/GOV/H55/SS01" in page


def test_platforms_follow_the_services_live_and_without_scripts() -> None:
    cast = Cast()
    walk = Walk(cast)
    rep = cast.client("rep")
    address = reverse("onboarding:servers", args=[walk.application.pk])
    live = rep.post(
        address, {"verify_citizen-chosen": "on", "NDXP-test-server": "NDXP-TEST/GOV/H55/S1"}
    ).content.decode()
    assert "NDXP-TEST" in live
    assert 'value="NDXP-TEST/GOV/H55/S1"' in live
    assert "VDXP" not in live
    assert Application.objects.get().revision == 0
    form = reverse("onboarding:form", args=[walk.application.pk])
    rep.post(form, {"revision": "0", "verify_citizen-chosen": "on", "look_up_citizen-chosen": "on"})
    shown = rep.get(form).content.decode()
    for place in ("VDXP-test", "VDXP-production", "NDXP-test", "NDXP-production"):
        assert f'name="{place}-server"' in shown


@pytest.mark.parametrize("kind", ["pem", "der", "csr", "csr_der"])
def test_a_certificate_or_request_is_taken_as_a_file_of_any_usual_kind(kind: str) -> None:
    cast = Cast()
    walk = Walk(cast)
    csr = request()
    data = {
        "pem": certificate().public_bytes(Encoding.PEM),
        "der": certificate().public_bytes(Encoding.DER),
        "csr": csr.encode(),
        "csr_der": x509.load_pem_x509_csr(csr.encode()).public_bytes(Encoding.DER),
    }[kind]
    sent = BODY | SERVER | {"revision": "0", "VDXP-test-upload": SimpleUploadedFile("ss01.crt", data)}
    answer = cast.client("rep").post(reverse("onboarding:form", args=[walk.application.pk]), sent)
    assert answer.status_code == 302
    entry = Application.objects.get().registration.server(Platform.VDXP, Environment.TEST)
    assert entry is not None
    assert bool(entry.certificate) is not kind.startswith("csr")
    assert bool(entry.request) is kind.startswith("csr")


def test_a_private_key_and_rubbish_are_refused_and_nothing_of_them_is_kept() -> None:
    cast = Cast()
    walk = Walk(cast)
    rep = cast.client("rep")
    form = reverse("onboarding:form", args=[walk.application.pk])
    key = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for data, told in ((key, "Đây là khóa bí mật"), (b"\x00\x01rubbish", "Không đọc được chứng thư hay CSR nào")):
        sent = BODY | SERVER | {"revision": "0", "VDXP-test-upload": SimpleUploadedFile("a.pem", data)}
        answer = rep.post(form, sent)
        assert answer.status_code == 422
        assert told in answer.content.decode()
    assert Application.objects.get().revision == 0


def test_what_cannot_be_kept_is_told_and_everything_typed_stays() -> None:
    cast = Cast()
    walk = Walk(cast)
    sent = BODY | {"revision": "0", "per_day": "nhiều", "information_system": "x" * 301}
    answer = cast.client("rep").post(reverse("onboarding:form", args=[walk.application.pk]), sent)
    text = answer.content.decode()
    assert answer.status_code == 422
    for anchor in ("#id_per_day", "#id_information_system"):
        assert f'href="{anchor}"' in text
    assert "Đăng ký khai sinh" in text
    assert Application.objects.get().revision == 0


def test_only_those_who_prepare_for_an_agency_begin_and_edit() -> None:
    cast = Cast()
    walk = Walk(cast)
    form = reverse("onboarding:form", args=[walk.application.pk])
    for name in cast.actors:
        client = cast.client(name)
        begun = client.post(reverse("onboarding:begin"), {"system": "identity"})
        assert (begun.status_code == 302) is name.endswith("rep") or name == "clerk", name
        edited = client.post(form, BODY | {"revision": "0"})
        if name not in ("rep", "clerk"):
            assert edited.status_code == 404, name
    wrong = cast.client("rep").post(reverse("onboarding:begin"), {"system": "other"})
    assert wrong.status_code == 400


def test_the_form_explains_which_services_each_system_has() -> None:
    text = Cast().client("rep").get(reverse("onboarding:begin")).content.decode()
    assert text.count("Tra cứu thông tin công dân") == 2
    assert "Chỉ cần giấy tờ (1) và (5)" in text


def test_a_renewal_starts_from_the_live_form_and_shows_what_it_changes() -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.LIVE)
    rep = cast.client("rep")
    renew = reverse("onboarding:renew", args=[walk.application.pk])
    for other in ("c06", "auditor"):
        assert cast.client(other).post(renew).status_code == 403
    assert cast.client("other_rep").post(renew).status_code == 404
    answer = rep.post(renew)
    new = Application.objects.get(supersedes=walk.application)
    assert answer.headers["Location"] == reverse("onboarding:form", args=[new.pk])
    assert new.registration == walk.application.registration
    assert rep.post(renew).status_code == 409
    page = reverse("onboarding:application", args=[new.pk])
    assert "chỉ gia hạn" in rep.get(page).content.decode()
    sent = BODY | SERVER | {"revision": "0", "VDXP-test-pem": request(), "months": "24"}
    sent |= {"VDXP-production-server": "VDXP/GOV/H55/SS01", "VDXP-production-subsystem": "MOTCUA"}
    sent |= {"VDXP-production-address": "127.0.0.9", "VDXP-production-pem": request()}
    assert rep.post(reverse("onboarding:form", args=[new.pk]), sent).status_code == 302
    text = rep.get(page).content.decode()
    for told in ("G15-TP111", "(NgayThangNamSinh)", "Thời hạn (tháng)"):
        assert told in text
    second = Walk.__new__(Walk)
    second.cast, second.system, second.application = cast, walk.system, Application.objects.get(pk=new.pk)
    second.operator, second.platform = walk.operator, walk.platform
    second.take("rep", "submit")
    second.to(Stage.LIVE)
    assert Application.objects.get(pk=walk.application.pk).stage == Stage.SUPERSEDED
