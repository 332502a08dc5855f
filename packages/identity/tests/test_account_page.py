"""Signing in, keys, sessions and locks over HTTP: what a thief with a session or a phone cannot do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from .people import Person, Phone, octets, text
from .register import PEOPLE
from .site import Site
from .visiting import PASSCODE, Visitor

ComeIn = Callable[[], Visitor]
pytestmark = pytest.mark.usefixtures("site_database")


@pytest.fixture
def database(site_database: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    return site_database


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
    seen = "SELECT max(last_seen_at) FROM account_session WHERE ended_at IS NULL"
    ago(database, "account_session", "last_seen_at", "40 minutes")
    (before,) = database.execute(seen).fetchone() or ()
    here.go("/dong-y/dang-cho")
    assert database.execute(seen).fetchone() == (before,), "a page that lies open is nobody's use"
    here.go("/tai-khoan/").sees(200)
    ((after,),) = database.execute(seen).fetchall()
    assert after > before
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


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example/", "/\\evil.example/", "evil.example"])
def test_nobody_is_sent_to_another_site(come_in: ComeIn, to: str) -> None:
    phone = come_in().register(PEOPLE["an"])
    visitor = come_in().go("/dang-nhap/").prove("/dang-nhap/", phone, PASSCODE, next=to)
    assert str(visitor.answer.url).endswith("/")
    assert "evil" not in str(visitor.answer.url)


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


def test_the_start_page_says_which_doors_want_level_2_and_the_history_runs_backwards(come_in: ComeIn) -> None:
    somebody = come_in()
    somebody.register(PEOPLE["giang"])
    assert somebody.go("/").sees(200).text.count("cần mức 2") == 3
    told = somebody.go("/tai-khoan/nhat-ky/").sees(200).text
    # The terms were accepted before the account was there.
    assert told.index("Tài khoản được lập") < told.index("Chấp nhận điều khoản")
