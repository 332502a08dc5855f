"""The consent of somebody without a smartphone at the police desk: found, decided, attested by two officers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from ketnoi_identity.consent import receipts

from .asked import ask
from .desks import Officer
from .register import PEOPLE
from .site import Site
from .visiting import Visitor

ComeIn = Callable[[], Visitor]


@pytest.fixture
def database(site_database: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    return site_database


@pytest.mark.parametrize("has_account", [True, False], ids=["with an account", "without an account"])
def test_consent_without_a_smartphone(
    officers: list[Officer],
    database: psycopg.Connection[Any],
    site_with_register: Site,
    come_in: ComeIn,
    has_account: bool,
) -> None:
    an = PEOPLE["an"]
    citizen = come_in() if has_account else None
    if citizen is not None:
        citizen.register(an)
    consent = ask(database, an.number)
    first, second, _ = officers
    page = first.finds(an)
    first.visitor.sees(200, "đang chờ", "UBND tỉnh Thái Nguyên")
    first.visitor.go(f"{page}dong-y/{consent}/dong-y/").sees(200, "Nơi thường trú", "nhạy cảm", "30 ngày")
    # Whoever is called "you" there is not the officer.
    first.visitor.sees(200, "“bạn” là người đang ở bàn", "kể từ lúc đồng ý")
    act = first.begins(f"{page}dong-y/{consent}/dong-y/")
    assert database.execute("SELECT agreed FROM consent").fetchone() == (None,)
    second.visitor.go(act).sees(200, "ĐỒNG Ý", "Đăng ký khai sinh cho con")
    second.proves(act).sees(200, "có hiệu lực")
    (read,) = database.execute("SELECT proof->'shown'->'called'->>'organisation' FROM consent").fetchone() or ()
    assert read == "UBND tỉnh Thái Nguyên"
    row = database.execute("SELECT agreed, decided_by, proof->'proof', receipt FROM consent").fetchone()
    assert row is not None
    agreed, by, proof, receipt = row
    now = datetime.now(UTC)
    assert agreed
    assert by.startswith("desk:")
    assert (proof["officer"]["purpose"], proof["witness"]["purpose"]) == ("desk-begin", "desk-witness")
    assert proof["officer"]["about_sha256"] == proof["witness"]["about_sha256"]
    told = receipts.verify(receipt, receipts.public_receipt_keys(site_with_register.folder / "keys", now))
    assert told["record"]["parties"][0]["party_name"] == "UBND tỉnh Thái Nguyên"
    if citizen is not None:
        database.execute("UPDATE account SET level = 2 WHERE personal_number = %s", [an.number])
        citizen.go(f"/dong-y/{consent}/").sees(200, "Đang có hiệu lực", "tại bàn tiếp dân của Công an")
    # Taken back the same way.
    page = first.finds(an)
    second.proves(first.begins(f"{page}dong-y/{consent}/rut-lai/")).sees(200, "có hiệu lực")
    assert database.execute("SELECT revoked_at IS NOT NULL FROM consent").fetchone() == (True,)


def test_a_consent_is_refused_at_the_desk_and_nobody_elses_is_found(
    officers: list[Officer], database: psycopg.Connection[Any]
) -> None:
    mine, others = ask(database, PEOPLE["an"].number), ask(database, PEOPLE["xom"].number)
    first, second, _ = officers
    page = first.finds(PEOPLE["an"])
    first.visitor.go(f"{page}dong-y/{others}/dong-y/").sees(404)
    second.proves(first.begins(f"{page}dong-y/{mine}/tu-choi/")).sees(200, "có hiệu lực")
    rows = dict(database.execute("SELECT id, agreed FROM consent").fetchall())
    assert rows == {mine: False, others: None}
    first.visitor.go(f"{page}dong-y/{mine}/dong-y/").sees(404)


def test_what_expires_while_the_witness_is_fetched_is_not_agreed(
    officers: list[Officer], database: psycopg.Connection[Any]
) -> None:
    consent = ask(database, PEOPLE["an"].number)
    first, second, _ = officers
    act = first.begins(first.finds(PEOPLE["an"]) + f"dong-y/{consent}/dong-y/")
    database.execute("UPDATE consent SET answer_by = answer_by - interval '16 minutes'")
    second.proves(act).sees(422, "không còn chờ nữa")
    assert database.execute("SELECT agreed FROM consent").fetchone() == (None,)
    assert database.execute("SELECT witnessed_at FROM desk_act").fetchone() == (None,)


def test_no_officer_decides_about_their_own_consent(officers: list[Officer], database: psycopg.Connection[Any]) -> None:
    own, colleagues = ask(database, PEOPLE["cuong"].number), ask(database, PEOPLE["dung"].number)
    first, second, _ = officers
    first.visitor.go(first.finds(PEOPLE["cuong"]) + f"dong-y/{own}/dong-y/").sees(404)
    act = first.begins(first.finds(PEOPLE["dung"]) + f"dong-y/{colleagues}/dong-y/")
    second.visitor.go(act).sees(200)
    assert 'name="value"' not in second.visitor.text


def test_what_is_in_force_is_found_at_the_desk_behind_any_number_of_requests(
    officers: list[Officer], database: psycopg.Connection[Any]
) -> None:
    number = PEOPLE["an"].number
    lasting = ask(database, number)
    database.execute(
        "UPDATE consent SET agreed = true, decided_at = asked_at, decided_by = 'desk:0', valid_until = answer_by"
        " + interval '1 year'"
    )
    over = [ask(database, number) for _ in range(25)]
    database.execute("UPDATE consent SET answer_by = asked_at - interval '1 minute' WHERE id = ANY(%s)", [over])
    first = officers[0].visitor
    page = officers[0].finds(PEOPLE["an"])
    first.sees(200, f"dong-y/{lasting}/rut-lai/")
    assert not any(code in first.text for code in over)
    # Those that wait come first, on as many pages as they need.
    waiting = [ask(database, number) for _ in range(25)]
    first.go(page).sees(200, "Xem các mục cũ hơn")
    assert sum(code in first.text for code in waiting) == 20
    first.go(f"{page}?trang=1").sees(200, f"dong-y/{lasting}/rut-lai/", "Về các mục mới nhất")
    assert sum(code in first.text for code in waiting) == 5


def test_a_one_time_consent_that_was_used_is_told_as_used_up(
    officers: list[Officer], database: psycopg.Connection[Any]
) -> None:
    used, lasting = ask(database, PEOPLE["an"].number), ask(database, PEOPLE["an"].number)
    database.execute(
        "UPDATE consent SET agreed = true, decided_at = asked_at, decided_by = 'desk:0', valid_until = answer_by"
        " + interval '1 day'"
    )
    database.execute(
        "UPDATE consent SET one_time = true, used_up_by = 'q', used_up_at = asked_at WHERE id = %s", [used]
    )
    first = officers[0]
    first.finds(PEOPLE["an"])
    first.visitor.sees(200, "cũng không được gửi lại nữa")
    tags = [first.visitor.text.count(f">{each}</span>") for each in ("đã dùng xong", "đã đồng ý")]
    assert tags == [1, 1]
    assert f"/{lasting}/rut-lai/" in first.visitor.text
