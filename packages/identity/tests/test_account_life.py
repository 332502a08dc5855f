"""Terms, children, closing and what is kept of people, over HTTP."""

from __future__ import annotations

import dataclasses
import re
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from .asked import ask
from .people import Phone, octets
from .register import PEOPLE
from .site import Site
from .visiting import PASSCODE, Visitor

ComeIn = Callable[[], Visitor]
pytestmark = pytest.mark.usefixtures("site_database")


@pytest.fixture
def database(site_database: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    return site_database


def ago(database: psycopg.Connection[Any], table: str, column: str, span: str) -> None:
    """Move a moment into the past, as if time had gone by."""
    database.execute(f"UPDATE {table} SET {column} = {column} - %s::interval", [span])


def test_closing_leaves_no_name_and_ends_consents(come_in: ComeIn, database: psycopg.Connection[Any]) -> None:
    an = come_in()
    phone = an.register(PEOPLE["an"])
    waits = (None, None, None, None)
    for state, decision in (("A", ("2026-01-01", True, "device", "2100-01-01")), ("B", waits)):
        database.execute(
            "INSERT INTO consent (id, organisation, unit, officer, message_id, service, fields, procedure_code,"
            " purpose, one_time, lasts_seconds, personal_number, asked_at, answer_by,"
            " decided_at, agreed, decided_by, valid_until)"
            " VALUES (%s, 'H55', 'H55', 'cb', %s, 'look_up_citizen', '{}', '1.001', 'x', false, 60, %s, '2026-01-01',"
            " '2100-01-01', %s, %s, %s, %s)",
            [state * 26, state, PEOPLE["an"].number, *decision],
        )
    an.confirm("/tai-khoan/dong/", phone).sees(200, "Tài khoản đã đóng")
    row = database.execute(
        "SELECT personal_number, full_name, birth_text, passcode_hash, state FROM account"
    ).fetchone()
    assert row == (None, None, None, None, "closed")
    rows = database.execute("SELECT agreed, revoked_at IS NOT NULL FROM consent ORDER BY id").fetchall()
    assert rows == [(True, True), (False, False)]
    come_in().sign_in(phone).sees(422, "Khóa này không dùng được")
    come_in().register(PEOPLE["an"])


def test_new_terms_are_read_before_anything_else(come_in: ComeIn, database: psycopg.Connection[Any]) -> None:
    an = come_in()
    phone = an.register(PEOPLE["an"])
    # As if those that are shipped had become current only after this person accepted others.
    database.execute("INSERT INTO terms VALUES ('2020-01-01', sha256('x'), '2020-01-01')")
    database.execute("UPDATE terms_acceptance SET version = '2020-01-01'")
    later = come_in().sign_in(phone, to="/tai-khoan/")
    later.sees(200, "Điều khoản đã thay đổi").go("/tai-khoan/nhat-ky/").sees(200, "Điều khoản đã thay đổi")
    later.send("/dieu-khoan/chap-nhan/", version="2026-01-02").sees(422, "Đánh dấu vào ô")
    later.accept("/dieu-khoan/chap-nhan/", next="/tai-khoan/").sees(200, "Mức 1")
    rows = database.execute("SELECT version FROM terms_acceptance ORDER BY version").fetchall()
    assert rows == [("2020-01-01",), ("2026-01-02",)]


def test_saying_no_and_locking_want_no_new_terms(come_in: ComeIn, database: psycopg.Connection[Any]) -> None:
    an = come_in()
    phone = an.register(PEOPLE["an"])
    database.execute("UPDATE account SET level = 2")
    agreed, waits, refused = (ask(database, PEOPLE["an"].number) for _ in range(3))
    an.go(f"/dong-y/{agreed}/").prove(f"/dong-y/{agreed}/dong-y", phone, PASSCODE).sees(200, "Đang có hiệu lực")
    database.execute("DELETE FROM terms_acceptance")
    an.go("/du-lieu/").sees(200, "Điều khoản đã thay đổi", "từ chối và rút lại đồng ý")
    an.go(f"/dong-y/{agreed}/").send(f"/dong-y/{agreed}/rut-lai").sees(200, "Đã rút lại")
    an.go(f"/dong-y/{refused}/").send(f"/dong-y/{refused}/tu-choi").sees(200, "Bạn đã từ chối")
    # Nor does the proof of what was agreed to, and how it was used.
    an.go(f"/dong-y/{agreed}/bien-nhan").sees(200, "Tải biên nhận về máy")
    an.go(f"/dong-y/{agreed}/bien-nhan/tai-ve").sees(200, "ey")
    an.go(f"/dong-y/{agreed}/lan-dung").sees(200, "Chưa được dùng lần nào")
    an.go(f"/dong-y/{waits}/").prove(f"/dong-y/{waits}/dong-y", phone, PASSCODE).sees(200, "Điều khoản đã thay đổi")
    rows = database.execute("SELECT id, agreed, revoked_at IS NOT NULL FROM consent").fetchall()
    assert sorted(rows) == sorted([(agreed, True, True), (refused, False, False), (waits, None, False)])
    an.go("/tai-khoan/khoa-ngay/").send("/tai-khoan/khoa-ngay/").sees(200, "Tài khoản đã khóa")


@pytest.mark.parametrize("change", ["level = 1", "state = 'locked'", "sessions_after = '2100-01-01'"])
def test_what_is_lowered_locked_or_ended_meanwhile_agrees_to_nothing(
    come_in: ComeIn, database: psycopg.Connection[Any], site_with_register: Site, change: str
) -> None:
    an = come_in()
    phone = an.register(PEOPLE["an"])
    database.execute("UPDATE account SET level = 2")
    consent = ask(database, PEOPLE["an"].number)
    an.go(f"/dong-y/{consent}/")
    with site_with_register.connect() as other, ThreadPoolExecutor(1) as thread:
        with other.transaction():
            # The request has been let in at level 2, and waits while somebody else changes the account.
            other.execute("SELECT 1 FROM account FOR UPDATE")
            agreeing = thread.submit(an.prove, f"/dong-y/{consent}/dong-y", phone, PASSCODE)
            waiting = "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            while database.execute(f"SELECT count(*) {waiting}").fetchone() == (0,):
                time.sleep(0.02)
            other.execute(f"UPDATE account SET {change}")
        agreeing.result(30)
    assert database.execute("SELECT agreed FROM consent").fetchone() == (None,)


@pytest.mark.parametrize("address", ["/dang-ky/", "/dang-ky/khoa/", "/dang-nhap/"])
def test_pages_about_somebody_stay_out_of_caches(come_in: ComeIn, address: str) -> None:
    visitor = come_in()
    assert visitor.go("/").answer.headers["cache-control"] == "private, no-cache"
    wrong = dataclasses.replace(PEOPLE["an"], name="Trần Khác")
    visitor.tell_who(wrong).sees(422, wrong.number)
    assert visitor.answer.headers["cache-control"] == "no-store"
    visitor.tell_who(PEOPLE["an"]).accept().go(address).sees(200)
    assert visitor.answer.headers["cache-control"] == "no-store"


def test_sessions_keep_nobodys_number_in_clear(come_in: ComeIn, database: psycopg.Connection[Any]) -> None:
    database.execute("TRUNCATE django_session")
    visitor = come_in()
    visitor.tell_who(PEOPLE["an"]).sees(200)
    rows = database.execute("SELECT session_data FROM django_session").fetchall()
    assert len(rows) == 1
    kept = rows[0][0].split(":")[0].removeprefix(".")
    try:
        clear = zlib.decompress(octets(kept))
    except zlib.error:
        clear = octets(kept)
    assert b"registering" in clear
    assert PEOPLE["an"].number.encode() not in clear
    assert b"Nguy" not in clear
    visitor.accept().sees(200).enrol("/dang-ky/khoa/", Phone(), PASSCODE).sees(200, "Nguyễn Văn An")


def test_a_guardian_registers_a_child_whom_the_register_gives_her(
    come_in: ComeIn, database: psycopg.Connection[Any]
) -> None:
    mother, stranger = come_in(), come_in()
    phone = mother.register(PEOPLE["binh"])
    mother.go("/tai-khoan/tre-em/").sees(403, "cần tài khoản mức 2")
    stranger.register(PEOPLE["xom"])
    database.execute("UPDATE account SET level = 2")
    be = PEOPLE["be"]
    stranger.tell_who(be, "/tai-khoan/tre-em/", accepted="yes", version="2026-01-02").sees(422, "không ghi bạn là cha")
    mother.tell_who(be, "/tai-khoan/tre-em/").sees(422, "Đánh dấu vào ô")
    # Terms that are no more, or none: no account without an acceptance.
    for version in ("2020-01-01", ""):
        mother.tell_who(be, "/tai-khoan/tre-em/", accepted="yes", version=version).sees(422, "Điều khoản vừa thay đổi")
    assert database.execute("SELECT count(*) FROM account WHERE personal_number = %s", [be.number]).fetchone() == (0,)
    assert database.execute("SELECT count(*) FROM guardian").fetchone() == (0,)
    mother.tell_who(PEOPLE["xom"], "/tai-khoan/tre-em/", accepted="yes").sees(422, "từ 14 tuổi tự đăng ký")
    mother.tell_who(be, "/tai-khoan/tre-em/", accepted="yes", version="2026-01-02").sees(200, "Nguyễn Bé")
    found = re.search(r'id="enrolment-code">([^<]+)<', mother.text)
    assert found is not None
    child = come_in()
    child.go("/khoi-phuc/").send("/khoi-phuc/", code=found[1]).enrol("/khoi-phuc/khoa/", Phone(), "590314")
    child.sees(200, "Nguyễn Bé", "Mức 1")
    page = mother.go("/tai-khoan/").sees(200, "Nguyễn Bé").text
    found = re.search(r"/tai-khoan/tre-em/[0-9a-f-]{36}/ma/", page)
    assert found is not None
    mother.confirm(found[0], phone).sees(200, "Mã dùng một lần")
    # Once 14, the account is its holder's alone.
    database.execute("UPDATE account SET birth_text = '2007-05-04' WHERE personal_number = %s", [be.number])
    mother.go(found[0]).sees(404)
    child.go("/tai-khoan/").sees(200, "Bạn đã đủ 14 tuổi")
    mother.go("/tai-khoan/").sees(200)
    assert "Nguyễn Bé" not in mother.text


def test_tidying_throws_away_what_ran_out(
    come_in: ComeIn, database: psycopg.Connection[Any], site_with_register: Site
) -> None:
    database.execute("TRUNCATE django_session")
    an = come_in()
    an.register(PEOPLE["an"])
    an.go("/tai-khoan/them/")
    come_in().tell_who(PEOPLE["xom"]).sees(200)
    ago(database, "challenge", "until", "1 hour")
    ago(database, "attempt", "until", "2 hours")
    # Whoever has not finished registering is forgotten within half an hour.
    database.execute("UPDATE django_session SET expire_date = expire_date - interval '31 minutes'")
    site_with_register.say("tidy")
    counts = [
        database.execute(f"SELECT count(*) FROM {table}").fetchone()
        for table in ("challenge", "attempt", "account_session")
    ]
    assert counts == [(0,), (0,), (1,)]
    an.go("/tai-khoan/").sees(200, "Nguyễn Văn An")
    assert database.execute("SELECT count(*) FROM django_session").fetchone() == (1,)


@pytest.mark.parametrize(
    "address", ["/", "/dang-ky/", "/dang-nhap/", "/khoi-phuc/", "/tai-khoan/", "/tai-khoan/khoa-ngay/", "/dieu-khoan/"]
)
def test_pages_speak_english_to_whoever_chose_it(come_in: ComeIn, address: str) -> None:
    visitor = come_in()
    if address.startswith("/tai-khoan/"):
        visitor.register(PEOPLE["an"])
    visitor.client.cookies.set("dinhdanh_ngon_ngu", "en")
    visitor.go(address).sees(200, 'lang="en"')
    main = re.sub(r"<[^>]*>", " ", visitor.text.partition("<main")[2].partition("</main>")[0])
    for own in (PEOPLE["an"].name, "đ)"):
        main = main.replace(own, "")
    assert re.findall(r"[ạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹđ]+", main) == []
