"""What becomes of a form that was not taken: one is led to a page that can be read again, and told what happened."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from .asked import ask
from .people import Person, Phone
from .register import PEOPLE
from .visiting import PASSCODE, Visitor

ComeIn = Callable[[], Visitor]
Database = psycopg.Connection[Any]
AN = PEOPLE["an"]


def registered(come_in: ComeIn, database: Database, person: Person = AN) -> tuple[Visitor, Phone]:
    visitor = come_in()
    phone = visitor.register(person)
    database.execute("UPDATE account SET level = 2 WHERE personal_number = %s", [person.number])
    return visitor, phone


def attempts(database: Database) -> int:
    row = database.execute("SELECT wrong_attempts FROM account WHERE personal_number = %s", [AN.number]).fetchone()
    assert row is not None
    return int(row[0])


def test_after_a_refused_proof_the_page_is_read_again_and_its_language_changed(
    come_in: ComeIn, site_database: Database
) -> None:
    visitor, phone = registered(come_in, site_database)
    page = f"/dong-y/{ask(site_database, AN.number)}/"
    visitor.go(page).prove(page + "dong-y", phone, "590314").is_led_to(page, "Mật khẩu không đúng", 'role="alert"')
    assert f'name="next" value="{page}"' in visitor.text
    visitor.send("/i18n/setlang/", language="en", next=page).is_led_to(page, 'lang="en"')
    assert "Wrong passcode" not in visitor.go(page).sees(200).text


@pytest.mark.parametrize("act", ["dong-y", "tu-choi", "rut-lai"])
def test_whoever_was_signed_out_is_told_and_comes_back_to_the_request(
    come_in: ComeIn, site_database: Database, act: str
) -> None:
    visitor, phone = registered(come_in, site_database)
    page = f"/dong-y/{ask(site_database, AN.number)}/"
    visitor.go(page)
    site_database.execute("UPDATE account SET sessions_after = now()")
    visitor.send(page + act).is_led_to("/dang-nhap/", "Bạn đã đăng xuất; chưa có gì được gửi đi")
    visitor.prove(visitor.answer.url.raw_path.decode(), phone, PASSCODE).is_led_to(page, "Từ chối")
    assert "đã đăng xuất" not in visitor.text
    assert site_database.execute("SELECT decided_at FROM consent").fetchone() == (None,)


def test_who_only_reads_is_sent_to_sign_in_without_a_word(come_in: ComeIn) -> None:
    visitor = come_in().go("/dong-y/")
    assert visitor.answer.url.path == "/dang-nhap/"
    assert "đã đăng xuất" not in visitor.text


def test_addresses_that_take_forms_lead_to_their_page_when_opened(come_in: ComeIn, site_database: Database) -> None:
    visitor, _ = registered(come_in, site_database)
    page = f"/dong-y/{ask(site_database, AN.number)}/"
    for act in ("dong-y", "tu-choi", "rut-lai"):
        visitor.go(page + act).is_led_to(page)
    for address in (f"/tai-khoan/phien/{uuid.uuid4()}/ket-thuc/", "/tai-khoan/phien/ket-thuc/"):
        visitor.go(address).is_led_to("/tai-khoan/")
    visitor.go("/dang-xuat/").is_led_to("/", "Xin chào")
    act = uuid.uuid4()
    visitor.go(f"/ban/viec/{act}/ma/")
    assert visitor.answer.url.path == f"/ban/viec/{act}/"


def test_a_browser_at_an_address_of_programs_gets_a_page(visitor: Visitor) -> None:
    answer = visitor.client.get("/openid/token", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert "Địa chỉ này không phải là một trang" in answer.text
    assert visitor.client.get("/openid/token", headers={"Accept": "application/json"}).content == b""


def test_a_form_without_a_signature_says_what_is_the_matter_and_counts_nothing(
    come_in: ComeIn, site_database: Database
) -> None:
    visitor, phone = registered(come_in, site_database)
    page = f"/dong-y/{ask(site_database, AN.number)}/"
    unsigned = {"device": "", "signature": "", "credential": "", "passcode": PASSCODE}
    visitor.go(page).send(page + "dong-y", value=visitor.value, **unsigned)
    visitor.is_led_to(page, "trang chưa tải xong, hoặc trình duyệt đang chặn JavaScript")
    assert "bị gỡ" not in visitor.text
    assert attempts(site_database) == 0
    visitor.prove(page + "dong-y", phone, PASSCODE).is_led_to(page, "Bạn đã đồng ý")


def test_a_key_form_without_a_signature_says_so_too(come_in: ComeIn, site_database: Database) -> None:
    visitor = come_in().tell_who(AN).sees(200).accept().sees(200)
    told = {"new_key": "1", "value": visitor.value, "passcode": PASSCODE, "again": PASSCODE}
    visitor.send("/dang-ky/khoa/", **told, device="", public_key="", signature="")
    assert "trang chưa tải xong" in visitor.text
    assert site_database.execute("SELECT count(*) FROM account").fetchone() == (0,)


def test_a_mistyped_code_stands_in_its_field_and_a_code_names_the_address(
    come_in: ComeIn, site_database: Database
) -> None:
    stranger = come_in().go("/khoi-phuc/").send("/khoi-phuc/", code='AAAA-"BBB-CCCC')
    stranger.sees(422, "Mã không đúng", 'value="AAAA-"BBB-CCCC"')
    visitor, phone = registered(come_in, site_database)
    visitor.confirm("/tai-khoan/dien-thoai-khac/", phone).sees(200, f">{str(visitor.client.base_url).rstrip('/')}<")
    # A form that leads away would lose the code.
    assert "/i18n/setlang/" not in visitor.text
    visitor.go("/tai-khoan/khoa-ngay/").send("/tai-khoan/khoa-ngay/").sees(200, "Tài khoản đã khóa")
    assert "/i18n/setlang/" not in visitor.text
