"""The consent of somebody under 14 at the police desk: a representative whom the register names speaks, or nobody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from ketnoi_identity.consent import receipts
from ketnoi_identity.desk import officers as desk

from .asked import ask
from .desks import UNIT, Citizen, Officer
from .people import Person
from .register import PEOPLE
from .site import Site
from .visiting import Visitor

ComeIn = Callable[[], Visitor]
BE, BINH = PEOPLE["be"], PEOPLE["binh"]


@pytest.fixture
def database(site_database: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    return site_database


def speaks(officer: Officer, page: str, person: Person) -> Visitor:
    """The officer records who speaks for the child on whose page they are."""
    return officer.visitor.tell_who(person, page + "dai-dien/")


def test_agreeing_for_a_child_is_not_recorded_where_nobody_speaks_for_it(
    officers: list[Officer], database: psycopg.Connection[Any]
) -> None:
    consent, be = ask(database, PEOPLE["be"].number), PEOPLE["be"]
    first, second, _ = officers
    page = first.finds(be)
    first.visitor.go(f"{page}dong-y/{consent}/dong-y/").sees(200, "người đại diện theo pháp luật nói thay")
    assert 'name="value"' not in first.visitor.text
    # Nor by an act that was begun while the person was taken for an older one.
    act = first.begins(f"{page}dong-y/{consent}/tu-choi/")
    database.execute("UPDATE desk_act SET decision = 'agree'")
    second.proves(act).sees(422, "không còn chờ nữa")
    assert database.execute("SELECT agreed FROM consent").fetchone() == (None,)
    # No takes nobody else.
    second.proves(first.begins(f"{page}dong-y/{consent}/tu-choi/")).sees(200, "có hiệu lực")
    assert database.execute("SELECT agreed FROM consent").fetchone() == (False,)


def test_the_mother_agrees_for_her_child_and_it_is_written_down(
    officers: list[Officer], database: psycopg.Connection[Any], site_with_register: Site
) -> None:
    consent = ask(database, BE.number)
    first, second, _ = officers
    page = first.finds(BE)
    first.visitor.sees(200, "Ghi người đại diện")
    assert "Người đại diện đồng ý" not in first.visitor.text
    speaks(first, page, BINH).sees(200, "Nói thay trẻ", BINH.name, "mẹ", "Người đại diện đồng ý")
    act = first.begins(f"{page}dong-y/{consent}/dong-y/")
    second.visitor.go(act).sees(200, "Người đại diện ĐỒNG Ý thay trẻ", BINH.name, f"Sinh {BINH.birth}")
    second.proves(act).sees(200, "có hiệu lực")
    row = database.execute("SELECT agreed, proof->'proof', receipt FROM consent").fetchone()
    assert row is not None
    told = row[1]["representative"]
    assert (row[0], told["name"], told["relation"], told["account"]) == (True, BINH.name, "mother", None)
    assert BINH.number not in str(row)
    keys = receipts.public_receipt_keys(site_with_register.folder / "keys", datetime.now(UTC))
    event = receipts.verify(row[2], keys)["record"]["events"][0]
    assert event["given_by"] == {"role": "legal_representative", "relation": "mother"}
    # The child itself takes it back.
    second.proves(first.begins(f"{page}dong-y/{consent}/rut-lai/")).sees(200, "có hiệu lực")
    assert database.execute("SELECT revoked_at IS NOT NULL FROM consent").fetchone() == (True,)


def test_whom_the_register_does_not_name_speaks_for_no_child(
    officers: list[Officer], database: psycopg.Connection[Any]
) -> None:
    first, _, _ = officers
    page = first.finds(BE)
    speaks(first, page, PEOPLE["xom"]).sees(422, "không ghi người này là cha, mẹ")
    speaks(first, page, Person(BINH.number, "Lê Thị Khác", BINH.birth)).sees(422, "Không khớp")
    speaks(first, page, PEOPLE["cuong"]).sees(422, "Cán bộ không tự làm việc này")
    consent = ask(database, BE.number)
    first.visitor.go(f"{page}dong-y/{consent}/dong-y/").sees(200, "người đại diện theo pháp luật nói thay")
    # Who is older speaks for themselves.
    first.visitor.go(first.finds(PEOPLE["an"]) + "dai-dien/").sees(404)


def test_no_officer_witnesses_what_they_said_for_their_own_child(
    officers: list[Officer], database: psycopg.Connection[Any], come_in: ComeIn
) -> None:
    visitor = come_in()
    mother = Citizen(visitor, BINH, visitor.register(BINH))
    desk.add(database.cursor(), BINH.number, mother.code(), *UNIT, datetime.now(UTC))
    consent = ask(database, BE.number)
    first, second, _ = officers
    page = first.finds(BE)
    speaks(first, page, BINH).sees(200)
    act = first.begins(f"{page}dong-y/{consent}/dong-y/")
    visitor.go(act).sees(200, "chờ người làm chứng")
    assert 'name="value"' not in visitor.text
    second.proves(act).sees(200, "có hiệu lực")
    # Nor does she begin it.
    own = Officer(visitor, mother.phone)
    speaks(own, own.finds(BE), BINH).sees(422, "Cán bộ không tự làm việc này")
