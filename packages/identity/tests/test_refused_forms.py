"""A form that is refused: what is missing is said where the eye is, and a slip of the thumb costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg

from .register import PEOPLE
from .visiting import PASSCODE, Visitor

ComeIn = Callable[[], Visitor]
ALERT = 'role="alert" tabindex="-1" autofocus>'


def test_terms_without_the_tick_are_asked_for_at_once(come_in: ComeIn, site_database: psycopg.Connection[Any]) -> None:
    somebody = come_in().tell_who(PEOPLE["long"]).sees(200, 'name="accepted" value="yes" required')
    somebody.send("/dang-ky/dieu-khoan/").sees(422, ALERT + "Đánh dấu vào ô để chấp nhận")
    # Going back to a page that answered a form asks for the page alone.
    somebody.sees(422, "identity/posted.js")
    assert "posted.js" not in somebody.go("/dang-ky/dieu-khoan/").sees(200).text


def test_who_one_is_says_what_matters_and_where_it_is_wrong(
    come_in: ComeIn, site_database: psycopg.Connection[Any]
) -> None:
    somebody = come_in().go("/dang-ky/").sees(200, "Viết có dấu, như trên thẻ", "02031989")
    somebody.send("/dang-ky/", personal_number=PEOPLE["an"].number, name="", birth="mai").sees(422)
    assert somebody.text.count("autofocus") == 1
    assert 'aria-invalid="true" autofocus' in somebody.text.split('id="name"')[1].split(">")[0]
    unaccented = {"personal_number": PEOPLE["an"].number, "name": "Nguyen Van An", "birth": PEOPLE["an"].birth}
    somebody.send("/dang-ky/", **unaccented).sees(422, ALERT + "Thông tin không khớp", "có đủ dấu")
    # The digits alone, as a keypad gives them.
    somebody.send("/dang-ky/", **unaccented | {"name": PEOPLE["an"].name, "birth": PEOPLE["an"].birth.replace("/", "")})
    somebody.sees(200, "Điều khoản sử dụng và cam kết")


def test_an_empty_passcode_is_no_attempt_and_a_wrong_one_is_not_said_to_be_anothers(
    come_in: ComeIn, site_database: psycopg.Connection[Any]
) -> None:
    somebody = come_in()
    phone = somebody.register(PEOPLE["khoa"])

    def wrong() -> Any:
        return site_database.execute("SELECT wrong_attempts FROM account").fetchone()

    for _ in range(6):
        come_in().sign_in(phone, "").sees(422, ALERT + "Hãy nhập mật khẩu")
    assert wrong() == (0,)
    come_in().sign_in(phone, "590314").sees(422, "Mật khẩu không đúng")
    assert wrong() == (1,)
    come_in().sign_in(phone, PASSCODE).sees(200, "Nhập sai mật khẩu")
    assert "không phải bạn làm" not in somebody.go("/tai-khoan/nhat-ky/").sees(200, "Nhập sai mật khẩu").text
