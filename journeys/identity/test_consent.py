"""An agency asks through its security server, and a citizen decides on a phone: the whole way, both systems."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from journeys.identity.asking import Asking
from journeys.identity.conftest import PickUp
from journeys.identity.handset import PASSCODE, Handset
from ketnoi_protocol.consent import ConsentState
from ketnoi_registry.store.people import PersonRow
from ketnoi_testbed.asking import member_of, person_of
from ketnoi_testbed.world import World
from packages.identity.tests.people import Person as Typed

PURPOSE = "Xác nhận nơi thường trú để cấp giấy khai sinh cho con"
FIELDS = ["HoVaTen", "NgayThangNamSinh", "ThuongTru"]
PhoneOf = Callable[..., Handset]


@pytest.fixture(scope="module", autouse=True)
def pages(country: World) -> None:
    """The citizens' pages of the country."""
    country.run(country.identity.open_pages())


@pytest.fixture
def agency(country: World) -> Asking:
    """Thái Nguyên's information system."""
    return Asking(country, "H55")


@pytest.fixture
def phone_of(country: World, pick_up_at: PickUp) -> PhoneOf:
    """`phone_of(row)`: the phone of somebody who has just registered with it; a desk has met them, see test_desk."""

    def pick(row: PersonRow, *, passkeys: bool = True) -> Handset:
        phone = pick_up_at(country.identity.url, passkeys=passkeys).register(typed(row), passkey=passkeys)
        with country.identity.cursor() as cursor:
            cursor.execute("UPDATE account SET level = 2 WHERE personal_number = %s", [row.personal_number])
        return phone

    return pick


def typed(row: PersonRow) -> Typed:
    """As somebody types it."""
    parts = [f"{part:02}" for part in (row.birth_day, row.birth_month, row.birth_year) if part]
    return Typed(row.personal_number, row.full_name, "/".join(parts))


def couple(country: World) -> tuple[PersonRow, PersonRow]:
    """The head of a household and somebody grown up in it, whom no other story here is about."""
    grown = [row for row in country.population if row.birth_year < 2000 and row.life_status == "alive"][-100:]
    homes = {row.household_id: row for row in grown if row.relation_to_head == "QH00"}
    return next(
        (homes[row.household_id], row) for row in grown if row.household_id in homes and row not in homes.values()
    )


def request(agency: Asking, row: PersonRow, **changes: Any) -> str:
    """The agency asks this person; the consent's code."""
    told: dict[str, Any] = {"fields": FIELDS, "purpose": PURPOSE, "one_time": False, "lasts": 30 * 86_400}
    return agency.consent(row, **told | changes)


def press(phone: Handset, words: str, told: str, *, passcode: str = "") -> Handset:
    """A button that leads back to the same address; what the page then tells."""
    if passcode:
        phone.page.locator("[name=passcode]").fill(passcode)
    phone.page.locator("main").get_by_role("button", name=words).first.click()
    phone.sees(told)
    phone.page.wait_for_load_state("domcontentloaded")
    return phone


def test_a_request_shows_at_once_is_agreed_to_used_and_taken_back(
    country: World, agency: Asking, adults: Iterator[PersonRow], phone_of: PhoneOf, tmp_path: Path
) -> None:
    row = next(adults)
    phone = phone_of(row)
    phone.go("/").sees_not("đang chờ bạn").is_fit("home-level-2")
    phone.go("/dong-y/").sees("Chưa có cơ quan nào").is_fit("consents-none")
    code = request(agency, row)
    # Nobody touches the phone.
    phone.sees(PURPOSE, within=10).ready().sees("Đang chờ bạn").is_fit("consents-waiting")
    assert (agency.state(code), agency.told(row, code)) == (ConsentState.WAITING, "51")

    phone.go("/").sees("Có 1 đề nghị đang chờ bạn trả lời").is_fit("home-waiting")
    phone.go("/dong-y/").tap(PURPOSE).at(f"/dong-y/{code}/").sees("xin dữ liệu của bạn").is_fit("consent-waiting")
    for told in ("Đăng ký khai sinh", PURPOSE, "Họ và tên", "Ngày, tháng, năm sinh", "Nơi thường trú", "30 ngày"):
        phone.sees(told)
    expect(phone.page.locator("input[type=checkbox]")).to_have_count(0)
    press(phone, "Đồng ý bằng khóa truy cập", "Bạn đã đồng ý").sees("Đang có hiệu lực")
    phone.is_fit("consent-agreed")
    assert agency.state(code) == ConsentState.AGREED

    answer = agency.look_up(row, code).answer
    assert set(answer.citizen.fields) == set(FIELDS)
    phone.go(f"/dong-y/{code}/").sees("1 lần").tap("Đã được dùng thế nào").at("/lan-dung").sees("Đã trả lời")
    phone.is_fit("consent-uses")
    phone.go("/luot-xem/").sees("Cơ quan đã nhận được những thông tin dưới đây").is_fit("looks-new")
    phone.page.locator("summary").first.click()
    phone.is_fit("looks-detail").tap("Xem đề nghị này").at(f"/dong-y/{code}/")

    phone.tap("Biên nhận").at("/bien-nhan").is_fit("receipt")
    with phone.page.expect_download() as started:
        phone.page.locator("main").get_by_role("link", name="Tải biên nhận").click()
    file = tmp_path / "receipt.jws"
    started.value.save_as(file)
    assert started.value.suggested_filename.endswith(".jws")
    keys = f"{country.identity.url}/.well-known/consent-receipts-keys.json"
    command = (sys.executable, "-c", "import sys; from ketnoi_identity.cli import main; sys.exit(main())")
    verified = subprocess.run(
        [*command, "verify-receipt", str(file), "--keys", keys], capture_output=True, text=True, check=False
    )
    assert verified.returncode == 0, verified.stderr
    assert code in verified.stdout

    press(phone.go(f"/dong-y/{code}/"), "Rút lại sự đồng ý", "Đã rút lại")
    assert agency.told(row, code) == "57"
    assert agency.state(code) == ConsentState.REVOKED
    phone.is_fit("consent-taken-back")
    phone.go(f"/dong-y/{code}/lan-dung").sees("Bạn đã rút lại sự đồng ý").is_fit("consent-uses-refused")
    phone.go("/dong-y/").sees("Bạn đã rút lại").is_fit("consents")


def test_agreed_with_the_passcode_on_a_phone_without_passkeys(
    country: World, agency: Asking, adults: Iterator[PersonRow], phone_of: PhoneOf
) -> None:
    row = next(adults)
    phone, code = phone_of(row, passkeys=False), request(agency, row, one_time=True)
    phone.go(f"/dong-y/{code}/").sees("Một lần duy nhất").is_fit("consent-waiting-passcode")
    press(phone, "Đồng ý bằng mật khẩu", "Mật khẩu không đúng", passcode="590314").ready().is_fit(
        "consent-wrong-passcode"
    )
    assert agency.state(code) == ConsentState.WAITING
    press(phone, "Đồng ý bằng mật khẩu", "Bạn đã đồng ý", passcode=PASSCODE)
    assert agency.look_up(row, code).answer.citizen is not None
    assert agency.told(row, code) == "58"
    phone.go("/dong-y/").sees("Đã dùng xong")


def test_refused(country: World, agency: Asking, adults: Iterator[PersonRow], phone_of: PhoneOf) -> None:
    row = next(adults)
    phone, code = phone_of(row), request(agency, row)
    press(phone.go(f"/dong-y/{code}/"), "Từ chối", "Bạn đã từ chối").is_fit("consent-refused")
    assert (agency.state(code), agency.told(row, code)) == (ConsentState.REFUSED, "52")
    phone.go("/luot-xem/").sees("Bị từ chối").sees("không có dữ liệu nào được cung cấp").is_fit("looks-refused")


def test_a_phone_away_from_the_net_decides_nothing_and_the_request_ends(
    country: World, agency: Asking, adults: Iterator[PersonRow], phone_of: PhoneOf
) -> None:
    row = next(adults)
    phone = phone_of(row)
    phone.go("/dong-y/")
    phone.page.context.set_offline(True)
    code = request(agency, row)
    # A quarter of an hour goes by.
    with country.identity.cursor() as cursor:
        cursor.execute("UPDATE consent SET answer_by = answer_by - %s WHERE id = %s", [timedelta(minutes=15), code])
    assert (agency.state(code), agency.told(row, code)) == (ConsentState.EXPIRED, "56")
    phone.sees("Chưa có cơ quan nào")
    phone.page.context.set_offline(False)
    phone.sees("Hết hạn, bạn chưa trả lời", within=10).ready().is_fit("consents-expired")
    phone.tap(PURPOSE).at(f"/dong-y/{code}/").sees("Hết hạn lúc").is_fit("consent-expired")
    expect(phone.page.locator("main form")).to_have_count(0)


def test_my_data_who_looked_and_an_objection(country: World, phone_of: PhoneOf) -> None:
    head, member = couple(country)
    population = country.agency("H55")
    population.verify_household(person_of(head), [member_of(member)])
    population.look_up_citizen(person_of(member))
    population.look_up_citizen(person_of(member, name="Trần Văn Sai"))
    phone = phone_of(member)
    phone.go("/du-lieu/").sees(member.full_name.upper()).sees("nhạy cảm").is_fit("my-data")
    phone.go("/luot-xem/").sees("Không khớp").sees("trong đó có nêu tên bạn").is_fit("looks")
    phone.sees_not(head.full_name)
    named = phone.page.locator("li", has_text="trong đó có nêu tên bạn")
    expect(named).not_to_contain_text("Đăng ký khai sinh")

    phone.page.locator("li", has_text="Cơ quan đã nhận được").get_by_role("link", name="Phản ánh").click()
    phone.ready().sees("Phản ánh lượt xem này").sees("hai ngày làm việc").is_fit("objection")
    phone.page.locator("[name=reason]").fill("Tôi không làm thủ tục nào ở cơ quan này.")
    phone.tap("Gửi phản ánh").at("/phan-anh-cua-toi/").sees("Đã gửi phản ánh").sees("Chờ Cục C06 trả lời")
    phone.is_fit("objection-sent")
    with country.identity.cursor() as cursor:
        cursor.execute("SELECT id FROM objection")
        ((number,),) = cursor.fetchall()
        cursor.execute(
            "INSERT INTO objection_answer (objection, by_whom, words, at) VALUES"
            " (%s, 'c06', 'C06 đã kiểm tra: cán bộ mở nhầm hồ sơ.', %s), (%s, 'agency', 'Cơ quan xin lỗi bạn.', %s)",
            [number, country.clock.now(), number, country.clock.now()],
        )
    phone.go("/luot-xem/phan-anh-cua-toi/").sees("cán bộ mở nhầm hồ sơ").sees("xin lỗi bạn").is_fit(
        "objection-answered"
    )
    phone.go("/luot-xem/").sees("Bạn đã phản ánh lượt xem này")
