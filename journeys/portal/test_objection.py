"""A citizen objects to a look on their phone; C06 and the agency answer in the portal, and the citizen reads it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from journeys.identity.handset import Handset
from journeys.portal.conftest import SitDown
from journeys.portal.pictures import Pictures
from journeys.waiting import eventually
from ketnoi_registry.store.people import PersonRow
from ketnoi_testbed.asking import person_of
from ketnoi_testbed.cast import HANDLER, LAO_CAI
from ketnoi_testbed.country import Country
from packages.identity.tests.people import Person as Typed

REPRESENTATIVE = "Dương Văn Tú"
"""Of Thái Nguyên, whose information system asks."""
REASON = "Tôi không làm thủ tục nào ở cơ quan này."
OF_C06, OF_AGENCY = "C06 đã kiểm tra: cán bộ mở nhầm hồ sơ.", "Cơ quan xin lỗi ông bà và đã nhắc cán bộ."
A_MINUTE = 60.0


@pytest.fixture
def citizen(country: Country) -> PersonRow:
    """Somebody grown up whom no other journey is about."""
    return [row for row in country.test.population if row.birth_year < 2000 and row.life_status == "alive"][-7]


@pytest.fixture
def phone(country: Country, browser: Browser, citizen: PersonRow) -> Iterator[Handset]:
    """Their phone, with an account that a police desk has attested."""
    world = country.test
    world.run(world.identity.open_pages())
    held = Handset.new(browser, world.identity.url)
    birth = "/".join(f"{part:02}" for part in (citizen.birth_day, citizen.birth_month, citizen.birth_year) if part)
    held.register(Typed(citizen.personal_number, citizen.full_name, birth))
    with world.identity.cursor() as cursor:
        cursor.execute("UPDATE account SET level = 2 WHERE personal_number = %s", [citizen.personal_number])
    yield held
    assert held.broken == []
    held.page.context.close()


def test_an_objection_is_answered_by_c06_and_by_the_agency(
    country: Country, citizen: PersonRow, phone: Handset, sit_down: SitDown, pictures: Pictures
) -> None:
    sent = country.test.agency("H55").look_up_citizen(person_of(citizen))
    phone.go("/luot-xem/").page.locator("li", has_text="Cơ quan đã nhận được").get_by_role(
        "link", name="Phản ánh"
    ).first.click()
    phone.ready().page.locator("[name=reason]").fill(REASON)
    phone.tap("Gửi phản ánh").at("/phan-anh-cua-toi/").sees("Chờ Cục C06 trả lời")

    handler = sit_down(HANDLER)
    assert eventually(lambda: REASON in handler.go("/phan-anh/").text, within=A_MINUTE), "within a minute"
    handler.sees("Tra cứu thông tin công dân").sees("hết ngày").sees(sent.message_id)
    assert citizen.personal_number not in handler.page.content()
    assert citizen.full_name not in handler.page.content()
    pictures.take(handler, "objections")
    handler.go("/").sees("phản ánh")
    handler.go("/phan-anh/").send("/tra-loi/", words=OF_C06)
    handler.go("/phan-anh/?tat-ca=1").sees(OF_C06)

    # Another province's people see nothing of it.
    sit_down(LAO_CAI.representative).go("/phan-anh/").sees_not(REASON)
    agency = sit_down(REPRESENTATIVE).go("/phan-anh/").sees(REASON)
    agency.send("/tra-loi/", words=OF_AGENCY)

    assert eventually(
        lambda: all(told in phone.go("/luot-xem/phan-anh-cua-toi/").text for told in (OF_C06, OF_AGENCY)),
        within=A_MINUTE,
    ), "within a minute"
    handler.go("/phan-anh/").sees_not(REASON)
    assert handler.broken == agency.broken == []
