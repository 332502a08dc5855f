"""Signing in, keys, sessions, locks and closing, over HTTP: what a thief with a session or a phone cannot do."""

from __future__ import annotations

import dataclasses
import re
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from .asked import ask
from .people import Person, Phone, octets, text
from .register import PEOPLE
from .site import Site
from .visiting import PASSCODE, Visitor

ComeIn = Callable[[], Visitor]


@pytest.fixture
def database(site_with_register: Site) -> Iterator[psycopg.Connection[Any]]:
    with site_with_register.connect() as opened:
        yield opened


@pytest.fixture(autouse=True)
def nobody_yet(site_with_register: Site) -> None:
    """Each test begins without accounts, and with no attempt counted."""
    with site_with_register.connect() as opened:
        opened.execute("TRUNCATE attempt, challenge, consent, account CASCADE")


def kinds(database: psycopg.Connection[Any], person: Person) -> list[str]:
    rows = database.execute(
        "SELECT kind FROM account_event e JOIN account a ON a.id = e.account WHERE personal_number = %s ORDER BY e.id",
        [person.number],
    )
    return [kind for (kind,) in rows.fetchall()]


def ago(database: psycopg.Connection[Any], table: str, column: str, span: str) -> None:
    """Move a moment into the past, as if time had gone by."""
    database.execute(f"UPDATE {table} SET {column} = {column} - %s::interval", [span])


def test_in_by_passcode_on_the_own_phone_and_out_again(come_in: ComeIn) -> None:
    phone = come_in().register(PEOPLE["an"])
    later = come_in()
    later.go("/tai-khoan/")
    assert "/dang-nhap/?next=" in str(later.answer.url)
    later.sign_in(phone).sees(200, "Nguyễn Văn An")
    later.send("/dang-xuat/").go("/tai-khoan/")
    assert "/dang-nhap/" in str(later.answer.url)


def test_the_passcode_opens_nothing_without_the_phone_and_locks_nobody_out(come_in: ComeIn) -> None:
    phone, stranger = come_in().register(PEOPLE["an"]), Phone()
    stranger.id = phone.id
    for _ in range(7):
        come_in().sign_in(stranger).sees(422, "Khóa này không dùng được")
    come_in().sign_in(phone).sees(200, "Nguyễn Văn An")


def test_five_wrong_passcodes_lock_for_a_quarter_of_an_hour_and_the_next_five_for_longer(
    come_in: ComeIn, database: psycopg.Connection[Any]
) -> None:
    phone = come_in().register(PEOPLE["an"])
    for left in (4, 3, 2, 1):
        come_in().sign_in(phone, "590314").sees(422, f"Còn {left} lần")
    come_in().sign_in(phone, "590314").sees(422, "tạm khóa", "sau 15 phút")
    come_in().sign_in(phone).sees(422, "tạm khóa")
    ago(database, "account", "locked_until", "15 minutes")
    for _ in range(4):
        come_in().sign_in(phone, "590314").sees(422, "Mật khẩu không đúng")
    come_in().sign_in(phone, "590314").sees(422, "sau 60 phút")
    ago(database, "account", "locked_until", "1 hour")
    come_in().sign_in(phone).sees(200, "Nguyễn Văn An")
    come_in().sign_in(phone, "590314").sees(422, "Còn 4 lần")
    assert kinds(database, PEOPLE["an"]).count("locked") == 2


def test_a_challenge_counts_once_for_its_browser_and_not_for_long(
    come_in: ComeIn, database: psycopg.Connection[Any]
) -> None:
    phone = come_in().register(PEOPLE["an"])
    one, other = come_in().go("/dang-nhap/"), come_in().go("/dang-nhap/")
    value = one.value

    def send(visitor: Visitor) -> Visitor:
        signature = text(phone.sign(octets(value)))
        told = {"value": value, "device": phone.id, "signature": signature, "passcode": PASSCODE}
        return visitor.send("/dang-nhap/", **told)

    send(other).sees(422, "Trang này đã cũ")
    send(one).sees(200)
    again = come_in().go("/dang-nhap/")
    send(again).sees(422, "Trang này đã cũ")
    again.go("/dang-nhap/")
    ago(database, "challenge", "until", "11 minutes")
    again.prove("/dang-nhap/", phone, PASSCODE).sees(422, "Trang này đã cũ")


def test_a_proof_for_one_purpose_is_none_for_another(come_in: ComeIn) -> None:
    an = come_in()
    phone = an.register(PEOPLE["an"])
    value = an.go("/tai-khoan/dien-thoai-khac/").value
    signature = text(phone.sign(octets(value)))
    an.go("/tai-khoan/dong/")
    told = {"value": value, "device": phone.id, "signature": signature, "passcode": PASSCODE}
    an.send("/tai-khoan/dong/", **told).sees(422, "Trang này đã cũ")


def test_a_stolen_session_changes_no_key(come_in: ComeIn, database: psycopg.Connection[Any]) -> None:
    an = come_in()
    phone, thief = an.register(PEOPLE["an"]), Phone()
    # The thief has the cookies, and a phone of his own.
    an.go("/tai-khoan/them/").prove("/tai-khoan/them/", thief, PASSCODE).sees(422, "Khóa này không dùng được")
    an.enrol("/tai-khoan/them/", thief, "590314").sees(200, "Trang này đã cũ")
    an.go("/tai-khoan/dien-thoai-khac/").prove("/tai-khoan/dien-thoai-khac/", thief, PASSCODE).sees(422)
    an.go("/tai-khoan/dong/").prove("/tai-khoan/dong/", thief, PASSCODE).sees(422)
    an.go(f"/tai-khoan/go/dien-thoai/{phone.id}/").sees(200, "Đây là cách vào cuối cùng")
    assert database.execute("SELECT count(*) FROM device_key WHERE removed_at IS NULL").fetchone() == (1,)
    assert database.execute("SELECT state FROM account").fetchone() == ("active",)


def test_another_phone_joins_by_a_code_that_counts_once(come_in: ComeIn) -> None:
    an = come_in()
    phone = an.register(PEOPLE["an"])
    an.confirm("/tai-khoan/dien-thoai-khac/", phone).sees(200, "Không gửi mã này cho ai")
    found = re.search(r'id="enrolment-code">([^<]+)<', an.text)
    assert found is not None
    new, second = come_in(), Phone()
    new.go("/khoi-phuc/").send("/khoi-phuc/", code="AAAA-BBBB-CCCC").sees(422, "Mã không đúng")
    new.send("/khoi-phuc/", code=found[1].lower().replace("-", " ")).sees(200, "Chọn cách vào tài khoản")
    new.enrol("/khoi-phuc/khoa/", second, "590314").sees(200, "Nguyễn Văn An")
    new.go("/khoi-phuc/").send("/khoi-phuc/", code=found[1]).sees(422, "Mã không đúng")
    # One passcode for both phones: the newer one.
    come_in().sign_in(phone).sees(422, "Mật khẩu không đúng")
    come_in().sign_in(phone, "590314").sees(200)

    an = come_in().sign_in(phone, "590314")
    an.confirm(f"/tai-khoan/go/dien-thoai/{second.id}/", phone, "590314").sees(200, "Đã gỡ")
    come_in().sign_in(second, "590314").sees(422, "Khóa này không dùng được")


def test_a_key_is_added_after_a_proof_and_ends_other_sessions(come_in: ComeIn) -> None:
    an, other, second = come_in(), come_in(), Phone()
    phone = an.register(PEOPLE["an"])
    other.sign_in(phone).sees(200)
    an.confirm("/tai-khoan/them/", phone).sees(200, "Đặt mật khẩu")
    an.enrol("/tai-khoan/them/", second, "123456").sees(422, "quá dễ đoán")
    an.enrol("/tai-khoan/them/", second, "590314").sees(200, "Đã thêm khóa mới")
    other.go("/tai-khoan/")
    assert "/dang-nhap/" in str(other.answer.url)


def test_sessions_are_listed_and_ended_from_elsewhere(come_in: ComeIn, database: psycopg.Connection[Any]) -> None:
    here, there = come_in(), come_in()
    phone = here.register(PEOPLE["an"])
    there.sign_in(phone).sees(200)
    here.go("/tai-khoan/")
    named = re.findall(r"/tai-khoan/phien/([0-9a-f-]{36})/ket-thuc/", here.text)
    assert len(named) == 2
    # The one that began last comes first.
    here.send(f"/tai-khoan/phien/{named[0]}/ket-thuc/").sees(200, "Đã kết thúc phiên")
    there.go("/tai-khoan/")
    assert "/dang-nhap/" in str(there.answer.url)
    stranger = come_in()
    stranger.register(PEOPLE["xom"])
    stranger.send(f"/tai-khoan/phien/{named[1]}/ket-thuc/").sees(404)
    here.go("/tai-khoan/").sees(200)
    ago(database, "account_session", "last_seen_at", "61 minutes")
    here.go("/tai-khoan/")
    assert "/dang-nhap/" in str(here.answer.url)


def test_locked_at_once_by_oneself_and_then_by_no_key_opened(come_in: ComeIn) -> None:
    here, there = come_in(), come_in()
    phone = here.register(PEOPLE["an"])
    there.sign_in(phone).sees(200)
    here.go("/tai-khoan/khoa-ngay/").send("/tai-khoan/khoa-ngay/").sees(200, "Tài khoản đã khóa")
    there.go("/tai-khoan/")
    assert "/dang-nhap/" in str(there.answer.url)
    come_in().sign_in(phone).sees(422, "Đến Công an cấp xã")


def test_a_lock_and_a_removed_key_void_codes(come_in: ComeIn, database: psycopg.Connection[Any]) -> None:
    an = come_in()
    phone = an.register(PEOPLE["an"])

    def code() -> str:
        an.confirm("/tai-khoan/dien-thoai-khac/", phone).sees(200)
        found = re.search(r'id="enrolment-code">([^<]+)<', an.text)
        assert found is not None
        return found[1]

    second, second_phone = come_in(), Phone()
    second.go("/khoi-phuc/").send("/khoi-phuc/", code=code()).enrol("/khoi-phuc/khoa/", second_phone, PASSCODE)
    # A phone that joins ends the other sessions; so does one that is removed, whose own session was open.
    an.go("/tai-khoan/")
    assert "/dang-nhap/" in str(an.answer.url)
    an.sign_in(phone).sees(200)
    made = code()
    second.confirm(f"/tai-khoan/go/dien-thoai/{phone.id}/", second_phone).sees(200, "Đã gỡ")
    an.go("/tai-khoan/")
    assert "/dang-nhap/" in str(an.answer.url)
    come_in().go("/khoi-phuc/").send("/khoi-phuc/", code=made).sees(422, "Mã không đúng")

    an, phone = second, second_phone
    made = code()
    an.go("/tai-khoan/khoa-ngay/").send("/tai-khoan/khoa-ngay/").sees(200)
    database.execute("UPDATE account SET state = 'active'")
    come_in().go("/khoi-phuc/").send("/khoi-phuc/", code=made).sees(422, "Mã không đúng")


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
    later.send("/dieu-khoan/chap-nhan/", version="2026-01-01").sees(422, "Đánh dấu vào ô")
    later.accept("/dieu-khoan/chap-nhan/", next="/tai-khoan/").sees(200, "Mức 1")
    rows = database.execute("SELECT version FROM terms_acceptance ORDER BY version").fetchall()
    assert rows == [("2020-01-01",), ("2026-01-01",)]


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
            waits = (
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            while database.execute(waits).fetchone() == (0,):
                pass
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


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example/", "/\\evil.example/", "evil.example"])
def test_nobody_is_sent_to_another_site(come_in: ComeIn, to: str) -> None:
    phone = come_in().register(PEOPLE["an"])
    visitor = come_in().go("/dang-nhap/").prove("/dang-nhap/", phone, PASSCODE, next=to)
    assert str(visitor.answer.url).endswith("/")
    assert "evil" not in str(visitor.answer.url)


def test_a_guardian_registers_a_child_whom_the_register_gives_her(
    come_in: ComeIn, database: psycopg.Connection[Any]
) -> None:
    mother, stranger = come_in(), come_in()
    phone = mother.register(PEOPLE["binh"])
    mother.go("/tai-khoan/tre-em/").sees(403, "cần tài khoản mức 2")
    stranger.register(PEOPLE["xom"])
    database.execute("UPDATE account SET level = 2")
    be = PEOPLE["be"]
    stranger.tell_who(be, "/tai-khoan/tre-em/", accepted="yes", version="2026-01-01").sees(422, "không ghi bạn là cha")
    mother.tell_who(be, "/tai-khoan/tre-em/").sees(422, "Đánh dấu vào ô")
    mother.tell_who(PEOPLE["xom"], "/tai-khoan/tre-em/", accepted="yes").sees(422, "từ 14 tuổi tự đăng ký")
    mother.tell_who(be, "/tai-khoan/tre-em/", accepted="yes", version="2026-01-01").sees(200, "Nguyễn Bé")
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
    mother.go("/tai-khoan/").sees(200)
    assert "Nguyễn Bé" not in mother.text


def test_a_session_outlives_the_program_and_gets_a_new_key_at_sign_in(
    come_in: ComeIn, site_with_register: Site
) -> None:
    phone = come_in().register(PEOPLE["an"])
    visitor = come_in().go("/dang-nhap/")
    before = dict(visitor.client.cookies)
    visitor.prove("/dang-nhap/", phone, PASSCODE, next="/tai-khoan/").sees(200)
    after = dict(visitor.client.cookies)
    assert after.keys() == before.keys()
    assert all(after[name] != before[name] for name in ("dinhdanh", "dinhdanh_csrf"))
    assert visitor.answer.headers["cache-control"] == "no-store"
    site_with_register.close()
    site_with_register.open()
    visitor.go("/tai-khoan/").sees(200, "Nguyễn Văn An")


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
