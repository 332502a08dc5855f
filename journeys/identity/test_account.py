"""A citizen's account on a phone: by passkey, by passcode and the phone's own key, locked, joined by another phone."""

from __future__ import annotations

from journeys.identity.conftest import PickUp
from journeys.identity.handset import PASSCODE
from packages.identity.tests.asked import ask
from packages.identity.tests.register import PEOPLE
from packages.identity.tests.site import Site


def test_an_account_by_passkey(pick_up: PickUp) -> None:
    phone = pick_up().go("/").is_fit("start")
    phone.tap("Đăng ký tài khoản").at("/dang-ky/").is_fit("register-who")
    phone.page.locator("[name=personal_number]").fill("123")
    phone.tap("Tiếp tục").sees("Số định danh có 12 chữ số").is_fit("register-wrong")
    phone.tell_who(PEOPLE["an"]).tap("Tiếp tục").at("/dang-ky/dieu-khoan/").is_fit("register-terms")
    assert not phone.page.locator("[name=accepted]").is_checked()
    phone.tap("Chấp nhận và tiếp tục")
    # The browser itself points at the box; where it does not, the answer brings one to what is missing.
    assert phone.page.evaluate("document.activeElement.name") == "accepted"
    phone.page.evaluate("document.querySelector('[name=accepted]').required = false")
    phone.tap("Chấp nhận và tiếp tục").sees("Đánh dấu vào ô để chấp nhận").is_at_the_alert()
    # Back to a page that answered a form is a page, and nothing is sent again.
    phone.page.evaluate("document.querySelector('[name=accepted]').required = false")
    phone.tap("Chấp nhận và tiếp tục").sees("Đánh dấu vào ô để chấp nhận")
    phone.page.go_back()
    phone.sees("Điều khoản sử dụng và cam kết").sees_not("Đánh dấu vào ô để chấp nhận")
    phone.page.locator("[name=accepted]").check()
    phone.tap("Chấp nhận và tiếp tục").at("/dang-ky/khoa/").is_fit("register-key")
    phone.tap("Tạo khóa truy cập").at("/tai-khoan/?moi=1").sees("Nguyễn Văn An").is_fit("account-new")
    phone.sign_out()
    phone.go("/dang-nhap/").is_fit("sign-in")
    phone.prove("Đăng nhập").at("/").sees("Xin chào, Nguyễn Văn An").is_fit("home")
    phone.go("/tai-khoan/").tap("Đóng tài khoản").at("/tai-khoan/dong/").is_fit("close")
    phone.prove("Đóng tài khoản").sees("Tài khoản đã đóng").is_fit("closed")


def test_an_account_by_passcode_and_another_phone(pick_up: PickUp) -> None:
    phone = pick_up(passkeys=False).register(PEOPLE["xom"], passkey=False)
    phone.sees("điện thoại này").is_fit("account-passcode")
    phone.sign_out()
    phone.go("/dang-nhap/").sees("Vũ Xóm").is_fit("sign-in-passcode")
    phone.prove("Đăng nhập", passcode="590314").sees("Còn 4 lần").is_fit("sign-in-wrong")
    phone.prove("Đăng nhập", passcode=PASSCODE).at("/").sees("Xin chào, Vũ Xóm")

    phone.go("/tai-khoan/").tap("Thêm điện thoại khác").at("/tai-khoan/dien-thoai-khac/").is_fit("another-phone")
    phone.prove("Lấy mã", passcode=PASSCODE).sees("Mã dùng một lần").is_fit("code")
    code = phone.page.locator("#enrolment-code").inner_text()
    other = pick_up()
    other.go("/dang-nhap/").sees("Mật khẩu chỉ dùng được trên điện thoại đã đặt mật khẩu đó").is_fit("sign-in-unknown")
    other.tap("Có mã để nhập").at("/khoi-phuc/").is_fit("type-code")
    other.page.locator("[name=code]").fill(code)
    other.tap("Tiếp tục").at("/khoi-phuc/khoa/").tap("Tạo khóa truy cập").at("/tai-khoan/?moi=1").sees("khóa truy cập")

    # The new phone throws the lost one out.
    other.page.locator("a[href*='/go/dien-thoai/']").click()
    other.ready().sees("Gỡ khỏi tài khoản").is_fit("remove")
    other.prove("Gỡ").at("/tai-khoan/").sees("Đã gỡ")
    phone.go("/tai-khoan/").sees("Đăng nhập bằng mật khẩu")
    phone.prove("Đăng nhập", passcode=PASSCODE).sees("Khóa này không dùng được")

    # A second key here, after a proof.
    other.tap("Thêm khóa ở đây").at("/tai-khoan/them/").is_fit("add")
    other.prove("Tiếp tục").sees("Thêm khóa trên điện thoại này").is_fit("add-key")
    other.set_passcode("590314").at("/tai-khoan/").sees("Đã thêm khóa mới").is_fit("account")
    other.go("/tai-khoan/nhat-ky/").sees("Thêm khóa truy cập").is_fit("history")

    other.go("/tai-khoan/").tap("Khóa tài khoản ngay").at("/tai-khoan/khoa-ngay/").is_fit("lock")
    other.tap("Khóa ngay").sees("Tài khoản đã khóa").is_fit("locked")
    other.go("/dang-nhap/").prove("Đăng nhập").sees("Tài khoản đang khóa")


def test_a_child_through_its_mother(pick_up: PickUp, site: Site) -> None:
    mother = pick_up().register(PEOPLE["binh"])
    # A desk attested her; test_desk tells how.
    with site.connect() as database:
        database.execute("UPDATE account SET level = 2 WHERE personal_number = %s", [PEOPLE["binh"].number])
    mother.go("/tai-khoan/").tap("Đăng ký cho con").at("/tai-khoan/tre-em/").is_fit("child")
    mother.tell_who(PEOPLE["be"]).page.locator("[name=accepted]").check()
    mother.tap("Đăng ký").sees("Nguyễn Bé").is_fit("child-code")
    code = mother.page.locator("#enrolment-code").inner_text()
    child = pick_up(passkeys=False)
    child.go("/khoi-phuc/").page.locator("[name=code]").fill(code)
    child.tap("Tiếp tục").at("/khoi-phuc/khoa/").set_passcode("590314").at("/tai-khoan/?moi=1").sees("Nguyễn Bé")
    mother.go("/tai-khoan/").sees("Nguyễn Bé").is_fit("account-mother")

    # An agency asks about the child, who cannot agree alone; the mother answers in its place.
    with site.connect() as database:
        database.execute("UPDATE account SET level = 2 WHERE personal_number = %s", [PEOPLE["be"].number])
        code = ask(database, PEOPLE["be"].number)
    child.go(f"/dong-y/{code}/").sees("Người dưới 14 tuổi").is_fit("child-consent-alone")
    mother.go("/dong-y/").tap("Nguyễn Bé").sees("Đồng ý về dữ liệu của con").is_fit("child-consents")
    mother.tap("UBND tỉnh Thái Nguyên").sees("xin dữ liệu của con bạn").is_fit("child-consent")
    mother.tap("Đồng ý thay con bằng khóa truy cập").sees("Đang có hiệu lực").is_fit("child-consent-agreed")
    child.go(f"/dong-y/{code}/").sees("Đang có hiệu lực").is_fit("child-consent-agreed-for-it")
    mother.tap("Rút lại sự đồng ý").sees("rút lại").is_fit("child-consent-taken-back")
