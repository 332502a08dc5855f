"""The commune's police desk: level 2, a lost phone, and the consent of somebody who has no smartphone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import FilePayload, expect

from journeys.identity.conftest import PickUp
from journeys.identity.handset import Handset
from ketnoi_identity.desk import officers as desk
from packages.identity.tests.asked import ask
from packages.identity.tests.people import Person
from packages.identity.tests.register import PEOPLE
from packages.identity.tests.site import Site


@pytest.fixture
def officers(site: Site, pick_up: PickUp) -> tuple[Handset, Handset]:
    """Two officers of one desk, each with a phone of their own."""
    with site.connect() as database:
        database.execute("TRUNCATE attempt, consent, account CASCADE")
    phones = []
    for name in ("cuong", "dung"):
        phone = pick_up().register(PEOPLE[name])
        phones.append(phone)
        phone.go("/tai-khoan/muc-2/").prove("Lấy mã").sees("Cho cán bộ xem mã này")
        code = phone.page.locator("#presence-code").inner_text()
        with site.connect() as database:
            desk.add(database.cursor(), PEOPLE[name].number, code, "H55.01", "Công an phường Thử", datetime.now(UTC))
    return phones[0], phones[1]


def finds(officer: Handset, person: Person) -> Handset:
    """Somebody stands at the desk, with their papers."""
    return officer.go("/ban/").tell_who(person).tap("Tìm").sees("Người đang ở bàn").sees(person.name)


def test_a_day_at_the_desk(site: Site, pick_up: PickUp, officers: tuple[Handset, Handset]) -> None:
    first, second = officers
    first.go("/ban/").is_fit("desk-start")

    # An has registered; now she comes in person.
    an = pick_up().register(PEOPLE["an"])
    an.go("/du-lieu/").sees("cần tài khoản mức 2").is_fit("level-needed")
    finds(first, PEOPLE["an"]).is_fit("desk-person")
    first.tap("Xác nhận, nâng lên mức 2").sees("đã so người với giấy tờ").is_fit("desk-attest")
    an.go("/tai-khoan/").tap("Tôi đang ở Công an cấp xã").at("/tai-khoan/muc-2/").is_fit("presence")
    an.prove("Lấy mã").sees("Cho cán bộ xem mã này").is_fit("presence-code")
    first.page.locator("[name=presence]").fill(an.page.locator("#presence-code").inner_text())
    first.prove("Xác nhận").sees("chờ người làm chứng").is_fit("desk-act-waiting")
    second.go("/ban/").sees("chờ bạn").is_fit("desk-start-witness")
    second.tap("Xác nhận trực tiếp").sees("Bạn làm chứng rằng").is_fit("desk-witness")
    second.prove("Làm chứng").sees("có hiệu lực").is_fit("desk-act-done")
    an.go("/tai-khoan/").sees("Mức 2").sees("Công an phường Thử")

    # Her phone is lost.
    finds(first, PEOPLE["an"]).tap("Khôi phục").sees("Mọi khóa và mật khẩu cũ bị gỡ").is_fit("desk-recover")
    first.prove("Xác nhận").sees("chờ người làm chứng")
    second.go("/ban/").tap("Khôi phục tài khoản").ready().prove("Làm chứng").sees("có hiệu lực")
    first.tap("Xem lại").tap("Cho người này xem mã").sees("Xoay màn hình").is_fit("desk-code")
    new = pick_up(passkeys=False).go("/khoi-phuc/")
    new.page.locator("[name=code]").fill(first.page.locator("#enrolment-code").inner_text())
    new.tap("Tiếp tục").at("/khoi-phuc/khoa/").set_passcode().at("/tai-khoan/?moi=1").sees("Nguyễn Văn An")
    an.go("/tai-khoan/")
    assert "/dang-nhap/" in an.page.url

    # Something was wrong with the papers after all.
    finds(first, PEOPLE["an"]).tap("Hạ xuống mức 1").is_fit("desk-revoke")
    first.page.locator("[name=because]").fill("Giấy tờ không phải của người này")
    first.prove("Hạ xuống mức 1").sees("Đã hạ xuống mức 1").is_fit("desk-revoked")


def test_somebody_without_a_smartphone_agrees_and_takes_it_back(
    site: Site, pick_up: PickUp, officers: tuple[Handset, Handset]
) -> None:
    first, second = officers
    xom = PEOPLE["xom"]
    with site.connect() as database:
        consent = ask(database, xom.number)
    finds(first, xom).sees("Chưa có tài khoản").sees("UBND tỉnh Thái Nguyên").is_fit("desk-consent-waits")
    first.tap("Người này đồng ý").sees("Nơi thường trú").is_fit("desk-consent")
    first.prove("Ghi").sees("chờ người làm chứng").is_fit("desk-consent-waiting")
    second.go("/ban/").tap("Quyết định về chia sẻ").sees("ĐỒNG Ý").is_fit("desk-consent-witness")
    second.prove("Làm chứng").sees("có hiệu lực").is_fit("desk-consent-done")
    second.tap("In biên nhận").sees("Các mã dưới đây").is_fit("desk-receipt")
    receipt = second.page.locator("#receipt").inner_text()
    # Whoever is shown the file verifies it, on a phone of their own.
    anybody = pick_up().go("/bien-nhan/").is_fit("verify")
    file = FilePayload(name="bien-nhan.jws", mimeType="application/jose", buffer=receipt.encode())
    anybody.page.locator("[type=file]").set_input_files(file)
    expect(anybody.page.locator("[name=receipt]")).to_have_value(receipt)
    anybody.tap("Kiểm tra").sees("không bị sửa").sees("UBND tỉnh Thái Nguyên").is_fit("verified")
    finds(first, xom).sees("đã đồng ý").tap("Người này rút lại").sees("RÚT LẠI")
    first.prove("Ghi").sees("chờ người làm chứng")
    second.go("/ban/").tap("Quyết định về chia sẻ").prove("Làm chứng").sees("có hiệu lực")
    with site.connect() as database:
        row = database.execute("SELECT agreed, revoked_at IS NOT NULL FROM consent WHERE id = %s", [consent]).fetchone()
    assert row == (True, True)
