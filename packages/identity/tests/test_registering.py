"""How a citizen gets an account at level 1, over HTTP: who, the terms, a key."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from ketnoi_testbed.postgres import Postgres

from .people import Phone
from .register import PEOPLE, Register
from .site import Site
from .visiting import Visitor

ComeIn = Callable[[], Visitor]
NO_MATCH = "Thông tin không khớp với Cơ sở dữ liệu quốc gia về dân cư"


def test_an_account_is_made_and_what_was_accepted_is_kept(site_with_register: Site, come_in: ComeIn) -> None:
    an = come_in()
    an.register(PEOPLE["an"])
    an.sees(200, "Nguyễn Văn An", "Mức 1", "điện thoại này")
    with site_with_register.connect() as database:
        row = database.execute(
            "SELECT a.id, a.level, t.version, t.sha256 FROM account a JOIN terms_acceptance t ON t.account = a.id"
            " WHERE personal_number = %s",
            [PEOPLE["an"].number],
        ).fetchone()
        assert row is not None
        events = database.execute("SELECT kind FROM account_event WHERE account = %s ORDER BY id", [row[0]]).fetchall()
    assert row[1:3] == (1, "2026-01-02")
    assert [kind for (kind,) in events] == ["registered", "terms_accepted", "device_added", "passcode_set", "signed_in"]
    shown = an.go("/dieu-khoan/").text
    assert bytes(row[3]).hex() in shown
    assert "Cam kết bảo đảm an ninh, an toàn và bảo mật thông tin của cá nhân" in shown


def test_the_digest_is_that_of_the_file_that_is_shipped() -> None:
    from importlib import resources

    from ketnoi_identity.accounts import terms

    file = resources.files("ketnoi_identity.accounts") / "wordings" / "2026-01-02.vi.txt"
    assert terms.wordings()["2026-01-02"].sha256 == hashlib.sha256(file.read_bytes()).digest()


def test_nobody_and_somebody_else_get_one_answer(come_in: ComeIn) -> None:
    told = []
    for change in ({"number": "990089000777"}, {"name": "Trần Văn Nam"}, {"birth": "03/03/1989"}, {"birth": "1989"}):
        visitor = come_in()
        visitor.tell_who(dataclasses.replace(PEOPLE["an"], **change)).sees(422, NO_MATCH)
        page = visitor.text
        for typed in (*change.values(), *dataclasses.astuple(PEOPLE["an"])):
            page = page.replace(typed, "…")
        told.append(page.partition("<main")[2])
    assert {page.count(NO_MATCH) for page in told} == {1}
    assert len({page.partition("Số định danh cá nhân")[0].partition('role="alert"')[2] for page in told}) == 1


def test_what_is_not_well_formed_is_told_by_field_and_asks_nobody(site: Site) -> None:
    # Its registry cannot be had: had it been asked, that would be the answer.
    with Visitor(site.url) as visitor:
        visitor.go("/dang-ky/").send("/dang-ky/", personal_number="12345", name="An 7", birth="30/02/1989")
        visitor.sees(422, "Số định danh có 12 chữ số", "Viết họ và tên như trên thẻ", "Viết ngày/tháng/năm")
        visitor.tell_who(PEOPLE["an"]).sees(422, "Chưa đối chiếu được")


def test_the_terms_are_whole_and_their_box_is_not_ticked(come_in: ComeIn) -> None:
    visitor = come_in().tell_who(PEOPLE["xom"])
    visitor.sees(200, "6. Thay đổi và chấm dứt", "đ) Chịu trách nhiệm trước pháp luật")
    box = visitor.text.partition('name="accepted"')[2].partition(">")[0]
    assert "checked" not in box
    visitor.send("/dang-ky/dieu-khoan/", version="2026-01-02").sees(422, "Đánh dấu vào ô để chấp nhận")
    visitor.send("/dang-ky/dieu-khoan/", version="2020-01-01", accepted="yes").sees(422, "Điều khoản vừa thay đổi")
    visitor.go("/dang-ky/khoa/").sees(200, "Bạn là ai")


def test_a_second_account_is_refused(come_in: ComeIn) -> None:
    come_in().register(PEOPLE["cuong"])
    come_in().tell_who(PEOPLE["cuong"]).sees(422, "Bạn đã có tài khoản")


def test_two_at_once_for_one_person_make_one_account(come_in: ComeIn) -> None:
    first, second = come_in(), come_in()
    for visitor in (first, second):
        visitor.tell_who(PEOPLE["giang"]).accept().sees(200)
    first.enrol("/dang-ky/khoa/", Phone(), "407193").sees(200, "Đào Giang")
    second.enrol("/dang-ky/khoa/", Phone(), "407193").sees(422, "Bạn đã có tài khoản")


def test_somebody_under_14_needs_a_guardian(come_in: ComeIn) -> None:
    come_in().tell_who(PEOPLE["be"]).sees(422, "Người dưới 14 tuổi có tài khoản qua cha, mẹ")


def test_easy_passcodes_and_slips_are_refused(come_in: ComeIn) -> None:
    visitor = come_in().tell_who(PEOPLE["ha"]).accept()
    for passcode, again, reason in [
        ("123456", "", "quá dễ đoán"),
        ("12345", "", "từ 6 đến 12 chữ số"),
        ("abcdef", "", "chỉ gồm chữ số"),
        ("850001", "", "một phần số định danh"),
        ("407193", "407194", "không giống nhau"),
    ]:
        visitor.enrol("/dang-ky/khoa/", Phone(), passcode, again).sees(422, reason)


def test_a_key_that_did_not_sign_is_refused(come_in: ComeIn) -> None:
    visitor = come_in().tell_who(PEOPLE["ha"]).accept()
    one, other = Phone(), Phone()
    one.sign = other.sign  # type: ignore[method-assign]
    visitor.enrol("/dang-ky/khoa/", one, "407193").sees(422, "Khóa vừa tạo không dùng được")


def test_somebody_who_tries_codes_shuts_out_no_other_phone_of_the_network(come_in: ComeIn) -> None:
    curious = come_in()
    for _ in range(20):
        curious.go("/khoi-phuc/").send("/khoi-phuc/", code="AAAA-BBBB-CCCC").sees(422, "Mã không đúng")
    come_in().go("/khoi-phuc/").send("/khoi-phuc/", code="DDDD-EEEE-FFFF").sees(422, "Mã không đúng")


def test_too_many_tries_about_one_number_from_one_address_are_held_back(come_in: ComeIn) -> None:
    wrong = dataclasses.replace(PEOPLE["khoa"], name="Lý Khác")
    for _ in range(5):
        come_in().tell_who(wrong).sees(422, NO_MATCH)
    told = come_in().tell_who(PEOPLE["khoa"]).sees(429, "Đã có quá nhiều lần thử", "phút")
    assert 0 < int(told.answer.headers["retry-after"]) <= 3600
    come_in().tell_who(PEOPLE["long"]).sees(200, "Điều khoản sử dụng")


def test_a_stranger_elsewhere_shuts_nobodys_number_out(cluster: Postgres, register: Register, tmp_path: Path) -> None:
    wrong = dataclasses.replace(PEOPLE["khoa"], name="Lý Khác")

    def comes_from(address: str) -> Visitor:
        visitor = stack.enter_context(Visitor(site.url))
        visitor.client.headers["X-Forwarded-For"] = address
        return visitor

    proxies = ["127.0.0.0/8", "::1/128"]
    with (
        Site(tmp_path, cluster.create_database(), register=register.settings, trusted_proxies=proxies) as site,
        ExitStack() as stack,
    ):
        for _ in range(5):
            comes_from("203.0.113.7").tell_who(wrong).sees(422, NO_MATCH)
        comes_from("203.0.113.7").tell_who(PEOPLE["khoa"]).sees(429)
        comes_from("198.51.100.9").tell_who(PEOPLE["khoa"]).sees(200, "Điều khoản sử dụng")
        # All of one subscriber's addresses are one.
        for last in range(5):
            comes_from(f"2001:db8:1:2::{last + 1}").tell_who(wrong).sees(422, NO_MATCH)
        comes_from("2001:db8:1:2::99").tell_who(PEOPLE["khoa"]).sees(429)
        comes_from("2001:db8:1:3::1").tell_who(PEOPLE["khoa"]).sees(200, "Điều khoản sử dụng")


def test_the_log_tells_nothing_about_anybody(site_with_register: Site, come_in: ComeIn) -> None:
    wrong = dataclasses.replace(PEOPLE["dung"], name="Phan Khác")
    come_in().tell_who(wrong).sees(422, NO_MATCH)
    come_in().tell_who(PEOPLE["dung"]).accept().enrol("/dang-ky/khoa/", Phone(), "123456").sees(422, "quá dễ đoán")
    log = site_with_register.log.read_text()
    assert "/citizens/match" in log
    for person in PEOPLE.values():
        assert person.number not in log
        assert person.name not in log
    assert "123456" not in log
