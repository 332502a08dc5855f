"""The consent of somebody under 14: never agreed to alone, by nobody; refused and taken back by the child itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from .asked import ask
from .people import Phone
from .register import PEOPLE
from .visiting import PASSCODE, Visitor

ComeIn = Callable[[], Visitor]
BE, BINH = PEOPLE["be"], PEOPLE["binh"]


@pytest.fixture
def database(site_database: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    return site_database


@pytest.fixture
def mother(database: psycopg.Connection[Any], come_in: ComeIn) -> tuple[Visitor, Phone]:
    """Bình, at level 2."""
    visitor = come_in()
    phone = visitor.register(BINH)
    database.execute("UPDATE account SET level = 2")
    return visitor, phone


@pytest.fixture
def child(database: psycopg.Connection[Any], mother: tuple[Visitor, Phone], come_in: ComeIn) -> tuple[Visitor, Phone]:
    """Bé, nine years old, with a phone and an account at level 2 that the mother has made."""
    code = registered(mother[0])
    visitor, phone = come_in(), Phone()
    visitor.go("/khoi-phuc/").send("/khoi-phuc/", code=code).enrol("/khoi-phuc/khoa/", phone, PASSCODE).sees(200)
    database.execute("UPDATE account SET level = 2")
    return visitor, phone


def registered(mother: Visitor) -> str:
    """The mother registers the child; the code for its phone."""
    version = re.search(r'name="version" value="([^"]+)"', mother.go("/tai-khoan/tre-em/").text)
    assert version is not None
    mother.tell_who(BE, "/tai-khoan/tre-em/", accepted="yes", version=version[1]).sees(200, BE.name)
    found = re.search(r'id="enrolment-code">([^<]+)<', mother.text)
    assert found is not None
    return found[1]


def decided(database: psycopg.Connection[Any], consent: str) -> tuple[bool | None, str | None]:
    row = database.execute("SELECT agreed, revoked_by FROM consent WHERE id = %s", [consent]).fetchone()
    assert row is not None
    return row[0], row[1]


def test_a_child_does_not_agree_alone_and_is_told_who_does(
    database: psycopg.Connection[Any], child: tuple[Visitor, Phone]
) -> None:
    visitor, phone = child
    consent = ask(database, BE.number)
    page = visitor.go(f"/dong-y/{consent}/").sees(200, "Người dưới 14 tuổi", "người đại diện theo pháp luật", "Từ chối")
    assert 'name="value"' not in page.text
    # By hand, with a proof that the page of another act asked for; and by a real proof, had it come from there.
    visitor.go("/tai-khoan/muc-2/").prove(f"/dong-y/{consent}/dong-y", phone, PASSCODE).is_led_to(
        f"/dong-y/{consent}/", "Người dưới 14 tuổi"
    )
    assert decided(database, consent) == (None, None)
    # Fourteen by now: the page asks for the proof, and it counts.
    database.execute("UPDATE account SET birth_text = '2010-05-04' WHERE personal_number = %s", [BE.number])
    visitor.go(f"/dong-y/{consent}/").prove(f"/dong-y/{consent}/dong-y", phone, PASSCODE).sees(200, "Bạn đã đồng ý")
    assert decided(database, consent) == (True, None)


def test_a_page_that_was_opened_before_does_not_let_a_child_agree(
    database: psycopg.Connection[Any], child: tuple[Visitor, Phone]
) -> None:
    visitor, phone = child
    consent = ask(database, BE.number)
    database.execute("UPDATE account SET birth_text = '2010-05-04' WHERE personal_number = %s", [BE.number])
    visitor.go(f"/dong-y/{consent}/")
    database.execute("UPDATE account SET birth_text = '2017-05-04' WHERE personal_number = %s", [BE.number])
    visitor.prove(f"/dong-y/{consent}/dong-y", phone, PASSCODE).is_led_to(f"/dong-y/{consent}/", "Người dưới 14 tuổi")
    assert decided(database, consent) == (None, None)


def test_a_child_refuses_and_takes_back_alone(database: psycopg.Connection[Any], child: tuple[Visitor, Phone]) -> None:
    visitor, _ = child
    refused, held = ask(database, BE.number), ask(database, BE.number)
    visitor.go(f"/dong-y/{refused}/").send(f"/dong-y/{refused}/tu-choi").sees(200, "Bạn đã từ chối")
    database.execute(
        "UPDATE consent SET agreed = true, decided_at = asked_at, decided_by = 'x',"
        " valid_until = answer_by + interval '1 day' WHERE id = %s",
        [held],
    )
    visitor.go(f"/dong-y/{held}/").send(f"/dong-y/{held}/rut-lai").sees(200, "Đã rút lại")
    assert decided(database, refused) == (False, None)
    assert decided(database, held)[1] is not None
