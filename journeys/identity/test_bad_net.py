"""A form on a phone whose script is late, blocked, or whose net is away: nothing goes out without a word."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, LocatorAssertions, Page, Route, expect

from journeys.identity.conftest import PickUp
from journeys.identity.handset import PASSCODE, SIZE, Handset
from packages.identity.tests.register import PEOPLE
from packages.identity.tests.site import Site

OFFLINE = "Không có mạng. Chưa có gì được gửi đi."
KEYS = re.compile(r"/accounts/keys\.js")


def passcode_button(page: Page, words: str) -> LocatorAssertions:
    return expect(page.locator("main").get_by_role("button", name=f"{words} bằng mật khẩu"))


def test_before_its_script_has_come_a_form_cannot_be_sent(pick_up: PickUp) -> None:
    phone = pick_up(passkeys=False).register(PEOPLE["an"], passkey=False).sign_out()
    held: list[Route] = []
    phone.page.route(KEYS, lambda route: held.append(route))
    phone.page.goto("/dang-nhap/", wait_until="commit")
    loading = expect(phone.page.locator("[data-loading]"))
    loading.to_be_visible()
    field = phone.page.locator("[name=passcode]")
    field.fill(PASSCODE)
    passcode_button(phone.page, "Đăng nhập").to_be_disabled()
    expect(phone.page.locator("[data-passkey]")).to_be_disabled()
    field.press("Enter")
    loading.to_be_visible()
    phone.is_fit("sign-in-loading")
    assert len(held) == 1
    held[0].continue_()
    phone.ready()
    loading.to_be_hidden()
    expect(field).to_have_value(PASSCODE)
    field.press("Enter")
    phone.at("/").sees("Xin chào, Nguyễn Văn An")


def test_without_scripts_the_page_says_so_before_its_form(browser: Browser, site: Site) -> None:
    context = browser.new_context(base_url=site.url, locale="vi-VN", viewport=SIZE, java_script_enabled=False)
    phone = Handset(context.new_page())
    phone.page.goto("/dang-nhap/")
    told = phone.page.locator("main .notice", has_text="Trình duyệt này đang chặn")
    expect(told).to_be_visible()
    expect(phone.page.locator("[data-loading]")).to_be_hidden()
    passcode_button(phone.page, "Đăng nhập").to_be_disabled()
    first = phone.page.locator("[data-passkey]")
    above, below = told.bounding_box(), first.bounding_box()
    assert above
    assert below
    assert above["y"] + above["height"] <= below["y"]
    context.close()


def test_away_from_the_net_each_form_says_that_nothing_was_sent(pick_up: PickUp) -> None:
    phone = pick_up().register(PEOPLE["binh"], passkey=False)
    # A form that needs no key, one by passcode, one by passkey.
    phone.go("/tai-khoan/khoa-ngay/").page.context.set_offline(True)
    phone.tap("Khóa ngay").sees(OFFLINE).is_fit("lock-offline")
    phone.page.context.set_offline(False)
    phone.go("/tai-khoan/dien-thoai-khac/").page.context.set_offline(True)
    phone.prove("Lấy mã", passcode=PASSCODE).sees(OFFLINE).is_fit("code-offline")
    phone.page.context.set_offline(False)
    phone.prove("Lấy mã", passcode=PASSCODE).sees("Mã dùng một lần")
    phone.sign_out().go("/dang-nhap/").page.context.set_offline(True)
    phone.prove("Đăng nhập").sees(OFFLINE)
    phone.page.context.set_offline(False)


def test_who_puts_the_finger_away_is_told_of_other_ways_only_where_there_are_any(pick_up: PickUp) -> None:
    phone = pick_up().register(PEOPLE["cuong"])
    away = "void (navigator.credentials.get = () => Promise.reject(new DOMException('', 'NotAllowedError')))"
    phone.go("/tai-khoan/dong/").page.evaluate(away)
    phone.prove("Đóng tài khoản").sees("Chưa được. Hãy thử lại.").sees_not("cách khác")
    phone.go("/tai-khoan/").sees(PEOPLE["cuong"].name)
    phone.go("/tai-khoan/them/").prove("Tiếp tục").sees("Đặt mật khẩu")
    phone.page.evaluate(away.replace(".get", ".create"))
    phone.tap("Tạo khóa truy cập").sees("Chưa được. Hãy thử lại. Hoặc chọn cách khác.")
