"""A production server that is named while the test goes on, and a certificate that is replaced."""

from __future__ import annotations

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.urls import reverse

from ketnoi_portal.day.models import Waiting
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.models import Application, PlatformRegistration
from ketnoi_portal.process.case import Stage
from ketnoi_protocol.services import Environment, Platform

from .forms import a_form
from .pages import Cast, Walk
from .test_registration_pages import certificate, request

pytestmark = pytest.mark.django_db


def without_production(cast: Cast) -> Walk:
    walk = Walk(cast)
    whole = a_form()
    servers = tuple(each for each in whole.servers if each.environment is Environment.TEST)
    actions.save_form(cast["rep"], walk.application, msgspec.structs.replace(whole, servers=servers))
    walk.take("rep", "submit")
    walk.to(Stage.TESTED)
    return walk


NAMED = {
    "VDXP-production-server": "VDXP/GOV/H55/SS01",
    "VDXP-production-subsystem": "MOTCUA",
    "VDXP-production-address": "ss01.example.vn",
}


def test_the_agency_names_it_and_its_operator_is_asked() -> None:
    cast = Cast()
    walk = without_production(cast)
    assert not Waiting.objects.filter(application=walk.application, office="desk:vdxp").exists()
    address = reverse("onboarding:server", args=[walk.application.pk, "VDXP", "production"])
    rep = cast.client("rep")
    assert rep.get(reverse("onboarding:servers_of", args=[walk.application.pk])).status_code == 200
    wrong = rep.post(address, NAMED | {"VDXP-production-server": "VDXP-TEST/GOV/H38/SS01"})
    assert wrong.status_code == 409
    for told in ("Mã này thuộc VDXP-TEST, cần mã trên VDXP", "cơ quan đăng ký là H55", "Chứng thư xác thực (hoặc CSR)"):
        assert told in wrong.content.decode()
    assert rep.post(address, NAMED | {"VDXP-production-pem": request()}).status_code == 302
    asked = walk.application.platform_registrations.get(environment="production")
    assert (asked.state, asked.server) == (PlatformRegistration.ASKED, "VDXP:GOV:H55:SS01")
    assert Waiting.objects.get(application=walk.application, office="desk:vdxp").unit == "VDXP/production"
    walk.to(Stage.LIVE)


@pytest.mark.parametrize("who", ["officer", "other_rep", "c06", "pc06", "vdxp"])
def test_nobody_else_names_it(who: str) -> None:
    cast = Cast()
    walk = without_production(cast)
    address = reverse("onboarding:server", args=[walk.application.pk, "VDXP", "production"])
    assert cast.client(who).post(address, NAMED | {"VDXP-production-pem": request()}).status_code == 404
    assert not walk.application.platform_registrations.filter(environment="production").exists()


def test_another_certificate_ends_what_the_test_has_shown() -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.TESTED)
    address = reverse("onboarding:server", args=[walk.application.pk, "VDXP", "test"])
    pem = certificate().public_bytes(Encoding.PEM).decode()
    silent = cast.client("rep").post(address, {"VDXP-test-pem": pem})
    assert silent.status_code == 409
    assert "Phải nêu lý do" in silent.content.decode()
    sent = {"VDXP-test-pem": pem, "VDXP-test-reason": "chứng thư cũ sắp hết hạn", "VDXP-test-server": "khác"}
    assert cast.client("clerk").post(address, sent).status_code == 403
    assert cast.client("rep").post(address, sent).status_code == 302
    now = Application.objects.get(pk=walk.application.pk)
    assert now.stage == Stage.TESTING
    assert not now.connection_checked
    entry = now.registration.server(Platform.VDXP, Environment.TEST)
    assert entry is not None
    assert (entry.server, entry.certificate.strip()) == ("VDXP-TEST/GOV/H55/SS01", pem.strip())
    assert now.platform_registrations.get(environment="test").state == PlatformRegistration.ASKED
