"""An application by e-mail: SMTP in, a draft out, which is nobody's until its representative claims it."""

from __future__ import annotations

import re

from journeys.portal.conftest import SitDown
from ketnoi_protocol.services import Service, System
from ketnoi_testbed.cast import CONSTRUCTION, HANDLER, HEALTH
from ketnoi_testbed.country import MAILBOXES, Country
from ketnoi_testbed.forms import registration
from ketnoi_testbed.mailing import filled, letter
from ketnoi_testbed.visitor import Visitor

SENDER = "van-thu@bo-y-te.example"


def test_a_form_by_mail_is_claimed_and_sent(country: Country, sit_down: SitDown) -> None:
    code = HEALTH.code
    form = registration(list(country.worlds.values()), code, [Service.VERIFY_CITIZEN])
    with Visitor(country.portal.url) as anybody:
        page = anybody.open("/ket-noi/?system=identity")
        assert MAILBOXES[System.IDENTITY] in page.text
        empty = page.follow("mau-phieu").content
    country.write(letter(SENDER, filled(empty, code, form, System.IDENTITY), System.IDENTITY), SENDER)

    country.test.until(lambda: country.post.letters(SENDER), within=90)
    (answer,) = country.post.letters(SENDER)
    told = answer.get_content()
    number = re.search(r"KN-\d{4}-\d{6}", told)
    assert number is not None
    assert answer["Auto-Submitted"] == "auto-generated"
    assert form.technical.name not in told

    # C06 sees it at its mail desk; another organisation's people do not see it at all.
    sit_down(HANDLER).go("/thu/?state=opened").sees("Đăng ký sử dụng dịch vụ").is_accessible()
    sit_down(CONSTRUCTION.representative).go("/thu/cho-nhan/").sees_not(number[0])
    # The clerk may read it, and cannot claim it.
    clerk = sit_down(HEALTH.clerk).go("/thu/cho-nhan/").sees(number[0])
    assert clerk.page.locator("form[action$='/viec/claim/']").count() == 0

    desk = sit_down(HEALTH.representative).go("/thu/cho-nhan/").sees(number[0]).is_accessible()
    found = re.search(r"/ho-so/[0-9a-f-]{36}/", told)
    assert found is not None
    # Unclaimed, it cannot even be edited; claimed, the form that was mailed is sent as it is.
    desk.go(f"{found[0]}phieu/").sees("Nhận bản đăng ký gửi qua thư")
    desk.go("/thu/cho-nhan/").send("/viec/claim/")
    desk.go(f"{found[0]}kiem-tra/").sees("Phiếu không còn lỗi nào ngăn việc gửi").send("/viec/submit/")
    sit_down(HANDLER).go(found[0]).sees(form.information_system)
