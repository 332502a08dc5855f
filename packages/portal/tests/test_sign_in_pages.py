"""Signing in with eID on the pages of an identity application, and in its paper."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.urls import reverse
from joserfc.jwk import ECKey

from ketnoi_pages import clock
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.onboarding.sign_in import DROPPED, SignInEntry
from ketnoi_portal.papers.contents import paper
from ketnoi_portal.papers.making import make_pdf
from ketnoi_protocol.services import Environment, System

from .pages import Cast, Walk
from .test_papers_made import text_of

pytestmark = pytest.mark.django_db

KEY = ECKey.generate_key("P-256")
ADDRESS = "https://motcua.example.vn/quay-lai"


@pytest.fixture
def cast() -> Cast:
    return Cast()


def posted(key: str = "", redirects: str = ADDRESS) -> dict[str, str]:
    return {
        "revision": "0",
        "verify_citizen-chosen": "on",
        "sign_in-test-redirects": redirects,
        "sign_in-test-key": key,
    }


def tables(cursor: CursorWrapper) -> list[tuple[str]]:
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return cursor.fetchall()


def test_it_is_filled_in_checked_and_shown(cast: Cast) -> None:
    walk = Walk(cast, System.IDENTITY)
    rep, key = cast.client("rep"), walk.application.pk
    form = reverse("onboarding:form", args=[key])
    assert 'name="sign_in-production-key"' in rep.get(form).content.decode()
    pem = KEY.as_pem(private=False).decode()
    saved = rep.post(form, posted(pem, f"{ADDRESS}\r\n\r\n {ADDRESS}2 "))
    assert saved.status_code == 302
    (entry,) = Application.objects.get().registration.sign_in
    assert (entry.environment, entry.redirects) == (Environment.TEST, (ADDRESS, f"{ADDRESS}2"))
    shown = rep.get(reverse("onboarding:application", args=[key])).content.decode()
    for told in (ADDRESS, KEY.thumbprint(), "Đăng nhập bằng eID"):
        assert told in shown
    again = rep.get(form).content.decode()
    assert pem.splitlines()[1] in again


def test_what_is_wrong_leads_to_its_field(cast: Cast) -> None:
    walk = Walk(cast, System.IDENTITY)
    rep, key = cast.client("rep"), walk.application.pk
    form = reverse("onboarding:form", args=[key])
    rep.post(form, posted(json.dumps(KEY.as_dict(private=True)), "http://motcua.example.vn/"))
    page = rep.get(reverse("onboarding:precheck", args=[key])).content.decode()
    editable = rep.get(form).content.decode()
    for anchor in ("id_sign_in-test-redirects", "id_sign_in-test-key"):
        assert f"#{anchor}" in page
        assert f'id="{anchor}"' in editable
    assert "khóa bí mật" in page


@pytest.mark.parametrize("button", ["", "check"])
def test_a_private_key_is_neither_kept_nor_shown_again(cast: Cast, button: str) -> None:
    walk = Walk(cast, System.IDENTITY)
    rep, key = cast.client("rep"), walk.application.pk
    form = reverse("onboarding:form", args=[key])
    for pasted in (KEY.as_pem(private=True).decode(), json.dumps(KEY.as_dict(private=True))):
        secret = pasted.splitlines()[1] if "\n" in pasted else KEY.as_dict(private=True)["d"]
        revision = str(Application.objects.get().revision)
        saved = rep.post(form, posted(pasted) | {"revision": revision} | ({button: "1"} if button else {}))
        assert secret not in saved.content.decode()
        assert Application.objects.get().registration.sign_in[0].key == DROPPED
        for page in (form, reverse("onboarding:precheck", args=[key]), reverse("onboarding:application", args=[key])):
            assert secret not in rep.get(page).content.decode()
    with connection.cursor() as cursor:
        for (table,) in tables(cursor):
            cursor.execute(f'SELECT count(*) FROM "{table}" AS row WHERE row::text LIKE %s', [f"%{secret}%"])
            assert cursor.fetchone() == (0,), table


def test_what_is_wrong_says_of_which_environment(cast: Cast) -> None:
    walk = Walk(cast, System.IDENTITY)
    rep, key = cast.client("rep"), walk.application.pk
    rep.post(reverse("onboarding:form", args=[key]), posted("", ADDRESS))
    page = rep.get(reverse("onboarding:precheck", args=[key])).content.decode()
    assert "Thiếu khóa công khai (đăng nhập bằng eID, thử nghiệm)" in page


def test_nothing_filled_in_is_nothing(cast: Cast) -> None:
    walk = Walk(cast, System.IDENTITY)
    cast.client("rep").post(reverse("onboarding:form", args=[walk.application.pk]), posted("", " \r\n"))
    assert Application.objects.get().registration.sign_in == ()


def test_the_population_system_has_no_such_part(cast: Cast) -> None:
    walk = Walk(cast)
    page = cast.client("rep").get(reverse("onboarding:form", args=[walk.application.pk])).content.decode()
    assert "sign_in-test-key" not in page


def test_the_paper_names_it_and_stays_the_same_without(cast: Cast) -> None:
    walk = Walk(cast, System.IDENTITY)
    walk.submitted()
    _, before = paper(walk.application, "1")
    assert "sign_in" not in before
    entry = SignInEntry(environment=Environment.TEST, redirects=(ADDRESS,), key=KEY.as_pem(private=False).decode())
    walk.application.form["sign_in"] = [{"environment": "test", "redirects": [ADDRESS], "key": entry.key}]
    form, data = paper(walk.application, "1")
    assert data["mark"] != before["mark"]
    text = "".join(text_of(make_pdf(form, data, clock.now())).replace("\u200b", "").split())
    for told in ("7.Đăngnhậpbằngtàikhoảnđịnhdanhđiệntử", ADDRESS, KEY.thumbprint()):
        assert told in text
