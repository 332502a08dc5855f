"""Every page that links lead to, as people of every role find it: axe has nothing serious to say."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import make_msgid

from journeys.portal.conftest import SitDown
from journeys.portal.links import followed, shape_of
from ketnoi_protocol.services import Environment, Platform, Service, System
from ketnoi_testbed.account_walk import AccountWalk
from ketnoi_testbed.cast import (
    ASSESSORS,
    AUDITOR,
    HANDLER,
    HEALTH,
    LAO_CAI,
    LEADERS,
    OPERATORS,
    SERVER_OFFICERS,
)
from ketnoi_testbed.country import MAILBOXES, Country
from ketnoi_testbed.server_office import enforce
from ketnoi_testbed.walk import Walk

DEPARTMENT, DEPARTMENT_NAME, DEPARTMENT_HEAD = "H38.15", "Sở Tư pháp tỉnh Lào Cai", "Hoàng Thị Sen"
# Nobody first: a page that anybody may read is judged as a stranger finds it.
PEOPLE = (
    "", HEALTH.representative, HEALTH.clerk, DEPARTMENT_HEAD, LAO_CAI.officer, LAO_CAI.pc06, HANDLER,
    SERVER_OFFICERS[0], AUDITOR, ASSESSORS["a05"], LEADERS[0], OPERATORS[Platform.NDXP],
)  # fmt: skip
# What stands there depends on who looks, so that everybody's is judged.
OF_EACH = {"/viec/", "/ho-so/KEY/"}
# Pages of every room: when one of them is not found any more, either a link is lost or this way does not lead there.
MUST_BE_FOUND = {
    "/", "/ket-noi/", "/dich-vu/", "/dieu-khoan/", "/accounts/login/", "/viec/", "/ho-so/KEY/", "/ho-so/moi/",
    "/giay-to/KEY/", "/can-bo/cua-don-vi/", "/can-bo/de-nghi/", "/can-bo/cam-ket/", "/can-bo/KEY/", "/thu/",
    "/thu/N/", "/nen-tang/", "/may-chu/", "/may-chu/INSTANCE/", "/nhat-ky/", "/so-lieu/", "/nhan-su/", "/nhan-su/toi/",
    "/co-quan/", "/co-quan/bo-phan/", "/thong-bao/",
}  # fmt: skip


def busy(country: Country) -> None:
    """Something of everything: a dossier that was handed in, an account on its way, a letter that nobody can place."""
    for instance in ("NDXP-TEST", "NDXP"):
        enforce(country, instance)
    with Walk(country, HEALTH, System.POPULATION) as walk:
        walk.register([Service.VERIFY_CITIZEN])
        walk.register_on(Environment.TEST)
        walk.accept()
        walk.take_account(Environment.TEST)
        walk.check_connection()
        walk.try_out()
        walk.send_survey()
        walk.confirm_test()
        walk.assess()
        walk.list_account("Cao Việt Anh", "dau-moi@y-te.example")
        walk.sign_papers()
        walk.hand_in()
    with AccountWalk(country) as accounts:
        accounts.hand_in_unit_commitment(DEPARTMENT_HEAD, DEPARTMENT, DEPARTMENT_NAME)
        accounts.request(DEPARTMENT_HEAD, DEPARTMENT, "Lý Thị Dợ", "do@lao-cai.example", [Service.LOOK_UP_CITIZEN])
    letter = EmailMessage()
    letter["From"], letter["To"] = "ai-do@khong-ro.example", MAILBOXES[System.POPULATION]
    letter["Subject"], letter["Message-ID"] = "Xin kết nối", make_msgid(domain="khong-ro.example")
    letter.set_content("Kính gửi C06, cơ quan chúng tôi muốn kết nối.")
    country.write(letter, str(letter["From"]))
    country.test.until(lambda: country.post.letters(str(letter["From"])), within=90)


def test_axe_finds_nothing_serious_wherever_links_lead(country: Country, sit_down: SitDown) -> None:
    busy(country)
    judged: set[str] = set()
    for who in PEOPLE:
        desk = sit_down(who)
        desk.go("/")
        for address in followed(desk):
            shape = shape_of(address)
            if shape not in judged or shape in OF_EACH:
                judged.add(shape)
                desk.go(address).is_accessible()
        assert desk.broken == [], who
    assert judged >= MUST_BE_FOUND, sorted(MUST_BE_FOUND - judged)
