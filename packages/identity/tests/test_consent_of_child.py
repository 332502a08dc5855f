"""The consent of somebody under 14: never agreed to alone, by nobody; refused and taken back by the child itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from ketnoi_identity.consent import ending, receipts

from .asked import ask
from .people import Phone
from .register import PEOPLE
from .site import Site
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


def child_id(database: psycopg.Connection[Any]) -> str:
    row = database.execute("SELECT id FROM account WHERE personal_number = %s", [BE.number]).fetchone()
    assert row is not None
    return str(row[0])


def test_a_guardian_sees_and_agrees_by_her_own_proof_and_the_receipt_says_so(
    database: psycopg.Connection[Any],
    mother: tuple[Visitor, Phone],
    child: tuple[Visitor, Phone],
    site_with_register: Site,
) -> None:
    visitor, phone = mother
    consent, home = ask(database, BE.number), f"/dong-y/con/{child_id(database)}/"
    visitor.go("/dong-y/").sees(200, "Của con:", BE.name, "đang chờ")
    assert visitor.go("/dong-y/dang-cho").answer.json() == {"all": 1, "waiting": 1}
    visitor.go(home).sees(200, "UBND tỉnh Thái Nguyên", f"{home}{consent}/")
    visitor.go(f"{home}{consent}/").sees(200, "xin dữ liệu của con bạn", BE.name, "Nơi thường trú")
    # Not by the child's phone: the proof is the guardian's own.
    visitor.prove(f"{home}{consent}/dong-y", child[1], PASSCODE).sees(200, "xin dữ liệu của con bạn")
    assert decided(database, consent) == (None, None)
    visitor.go(f"{home}{consent}/").prove(f"{home}{consent}/dong-y", phone, PASSCODE)
    visitor.sees(200, "Bạn đã đồng ý thay con", "do người đại diện")
    row = database.execute("SELECT decided_by, proof->'proof', receipt FROM consent").fetchone()
    assert row is not None
    assert row[0].startswith("guardian:")
    assert (row[1]["by"], row[1]["representative"]["relation"]) == ("device", "mother")
    keys = receipts.public_receipt_keys(site_with_register.folder / "keys", datetime.now(UTC))
    event = receipts.verify(row[2], keys)["record"]["events"][0]
    assert event["given_by"] == {"role": "legal_representative", "relation": "mother"}
    assert visitor.go(f"{home}{consent}/bien-nhan").sees(200).answer.text == row[2]
    # The child sees who agreed, and takes it back alone.
    child[0].go(f"/dong-y/{consent}/").sees(200, "do người đại diện").send(f"/dong-y/{consent}/rut-lai").sees(200)
    assert decided(database, consent)[1] == child_id(database)


def test_a_guardian_refuses_and_takes_back(
    database: psycopg.Connection[Any], mother: tuple[Visitor, Phone], child: tuple[Visitor, Phone]
) -> None:
    visitor, phone = mother
    refused, held, home = ask(database, BE.number), ask(database, BE.number), f"/dong-y/con/{child_id(database)}/"
    visitor.go(f"{home}{refused}/").send(f"{home}{refused}/tu-choi").sees(200, "Người đại diện đã từ chối")
    visitor.go(f"{home}{held}/").prove(f"{home}{held}/dong-y", phone, PASSCODE).sees(200, "đồng ý thay con")
    visitor.send(f"{home}{held}/rut-lai").sees(200, "Người đại diện đã rút lại")
    assert decided(database, refused) == (False, None)
    assert (decided(database, held)[1] or "").startswith("guardian:")


def test_whoever_represents_nobody_any_more_sees_and_decides_nothing(
    database: psycopg.Connection[Any], mother: tuple[Visitor, Phone], child: tuple[Visitor, Phone], come_in: ComeIn
) -> None:
    visitor, phone = mother
    consent, home = ask(database, BE.number), f"/dong-y/con/{child_id(database)}/"
    stranger = come_in()
    stranger.register(PEOPLE["xom"])
    database.execute("UPDATE account SET level = 2")
    stranger.go(home).sees(404)
    # A guardian by an old row, whom the register does not name.
    database.execute(
        "UPDATE guardian SET guardian = (SELECT id FROM account WHERE personal_number = %s)", [PEOPLE["xom"].number]
    )
    for address in (home, f"{home}{consent}/", f"{home}{consent}/bien-nhan"):
        stranger.go(address).sees(404)
        visitor.go(address).sees(404)
    stranger.go("/tai-khoan/").send(f"{home}{consent}/tu-choi").sees(404)
    # Fourteen since the page was opened.
    database.execute(
        "UPDATE guardian SET guardian = (SELECT id FROM account WHERE personal_number = %s)", [BINH.number]
    )
    visitor.go(f"{home}{consent}/")
    database.execute("UPDATE account SET birth_text = '2010-05-04' WHERE personal_number = %s", [BE.number])
    visitor.prove(f"{home}{consent}/dong-y", phone, PASSCODE).sees(404)
    assert decided(database, consent) == (None, None)


def test_what_a_guardian_agreed_to_ends_with_her_account(
    database: psycopg.Connection[Any], mother: tuple[Visitor, Phone], child: tuple[Visitor, Phone]
) -> None:
    visitor, phone = mother
    consent, home = ask(database, BE.number), f"/dong-y/con/{child_id(database)}/"
    visitor.go(f"{home}{consent}/").prove(f"{home}{consent}/dong-y", phone, PASSCODE).sees(200, "đồng ý thay con")
    guardian = database.execute("SELECT guardian FROM guardian").fetchone()
    assert guardian is not None
    ending.take_back_given(database.cursor(), guardian[0], datetime.now(UTC), ending.LOWERED)
    assert decided(database, consent) == (True, "level_lowered")
