"""A province through PC06 to production; a commune officer's account over three desks; and a revocation.

The journeys of this file follow one another: what the province has gained in the first, the others live on.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from journeys.portal.browsing import BrowserVisitor
from journeys.portal.conftest import SitDown
from journeys.portal.crowd import crowd, officers_published
from journeys.portal.dossier import rightly_and_wrongly
from journeys.portal.pictures import Pictures
from ketnoi_protocol.services import Environment, Service
from ketnoi_testbed.account_walk import AccountWalk
from ketnoi_testbed.asking import ask
from ketnoi_testbed.cast import ASSESSORS, HANDLER, LAO_CAI, SERVER_OFFICERS
from ketnoi_testbed.country import Country
from ketnoi_testbed.server_office import enforce
from ketnoi_testbed.visitor import PageRefused
from ketnoi_testbed.walk import NOT_LICENSED, Walk

Browse = Callable[[str], BrowserVisitor]
SERVICES = (Service.CONFIRM_IDENTITY_NUMBER, Service.VERIFY_HOUSEHOLD, Service.LOOK_UP_CITIZEN)
COMMUNE, COMMUNE_NAME = "H38.80.07", "Phường Kim Tân"
OFFICERS = 200_000
A_MINUTE, CALM = 60.0, 15.0


@pytest.fixture(scope="module")
def keys() -> dict[str, str]:
    """What one journey leaves to the next: the application's key."""
    return {}


def test_a_province_goes_through_pc06_to_production(
    country: Country, browse: Browse, sit_down: SitDown, pictures: Pictures, keys: dict[str, str]
) -> None:
    for instance in ("VDXP-TEST", "VDXP"):
        enforce(country, instance)
    walk = Walk(country, LAO_CAI, sit=browse)
    walk.register(SERVICES)
    keys["application"] = walk.key
    assert walk.stands() == "Chờ C06 tiếp nhận"
    with pytest.raises(LookupError):
        walk.accept()
    walk.register_on(Environment.TEST)
    walk.accept()
    walk.take_account(Environment.TEST)
    walk.check_connection()
    walk.send_survey()
    pictures.take(sit_down(ASSESSORS["a05"]).go(f"/ho-so/{walk.key}/khao-sat/"), "survey")
    walk.list_account(LAO_CAI.officer, LAO_CAI.officer_email)
    handed = walk.try_out()
    assert {unit: code for unit, (_, code) in handed.items()} == rightly_and_wrongly(SERVICES)
    walk.confirm_test()
    walk.assess()
    walk.sign_papers()
    walk.hand_in()
    assert walk.stands(LAO_CAI.pc06) == "PC06 kiểm tra hồ sơ"
    walk.accept_papers(LAO_CAI.pc06)
    pictures.take(sit_down(LAO_CAI.pc06).go(f"/giay-to/{walk.key}/"), "dossier")
    walk.take(LAO_CAI.pc06, "forward")
    walk.take(HANDLER, "submit_to_leadership")
    walk.decide(1)
    walk.decide(2)
    # Nothing was open before this moment, and nothing is before the platform's operator agrees.
    with pytest.raises(LookupError):
        walk.take(HANDLER, "go_live")
    walk.register_on(Environment.PRODUCTION)
    walk.take(HANDLER, "go_live")
    assert walk.stands() == "Chạy chính thức"
    pictures.take(sit_down(LAO_CAI.representative).go(f"/ket-noi/{walk.key}/chung-thu/"), "certificates")
    walk.take_account(Environment.PRODUCTION)
    walk.activate(LAO_CAI.officer)
    walk.until_answered(Environment.PRODUCTION, Service.LOOK_UP_CITIZEN)
    # Exactly what was approved: no other procedure, and no service that was not asked for.
    assert walk.call(Environment.PRODUCTION, Service.LOOK_UP_CITIZEN, procedure=NOT_LICENSED)[1] == "23"
    world = country.production
    found = ask(world.agency("H38"), world.people, Service.LOOK_UP_CITIZEN).answer.citizen
    assert found is not None
    assert set(found.fields) <= {"SoDinhDanh", "HoVaTen", "NgayThangNamSinh", "ThuongTru"}


def test_a_commune_officers_account_passes_three_desks(
    country: Country, browse: Browse, sit_down: SitDown, pictures: Pictures
) -> None:
    mayor, team, pc06, officer = "Trần Thị Hạnh", "Mai Xuân Trường", LAO_CAI.pc06, "Phạm Quốc Bảo"
    walk = AccountWalk(country, sit=browse)
    walk.hand_in_unit_commitment(mayor, COMMUNE, COMMUNE_NAME)
    walk.accept_unit_commitment(team, COMMUNE)
    key = walk.request(mayor, COMMUNE, officer, "tu-phap@kim-tan.example", [Service.LOOK_UP_CITIZEN])
    walk.commit(mayor, key, officer, COMMUNE_NAME)
    walk.hand_over(mayor, key)
    pictures.take(sit_down(team).go("/can-bo/cho-xu-ly/"), "accounts")
    pictures.take(sit_down(team).go(f"/can-bo/{key}/"), "account")
    for desk in (team, pc06):
        assert "Không có tài khoản nào chờ" in walk.of(HANDLER).open("/can-bo/cho-xu-ly/").text
        walk.pass_on(desk, "accept_commitment", key)
        walk.pass_on(desk, "forward", key)
    walk.pass_on(HANDLER, "create", key)
    code = walk.activate(officer)
    assert code.startswith(f"{COMMUNE}.CB.")

    world = country.production

    def asks() -> bool:
        try:
            sent = ask(world.agency("H38"), world.people, Service.LOOK_UP_CITIZEN, officer=code, unit=COMMUNE)
        except Exception:
            return False
        return sent.answer.ma_ket_qua == "00"

    world.until(asks, within=A_MINUTE)


def test_one_act_stops_an_agency_everywhere_and_another_officer_lifts_it(
    country: Country, browse: Browse, sit_down: SitDown, pictures: Pictures, keys: dict[str, str]
) -> None:
    walk = Walk(country, LAO_CAI, sit=browse)
    walk.key, walk.asked = keys["application"], list(SERVICES)

    def answered(environment: Environment) -> bool:
        return walk.call(environment, Service.LOOK_UP_CITIZEN)[1] in ("00", "01")

    assert answered(Environment.PRODUCTION)
    desk = sit_down(HANDLER).go("/dung-khai-thac/?code=H38")
    desk.send("/dung-khai-thac/", reason="Nhiều lượt tra cứu bất thường").sees("Đang dừng")
    pictures.take(desk, "stops")
    for environment in Environment:
        country.test.until(lambda at=environment: not answered(at), within=A_MINUTE)  # type: ignore[misc]
    other = sit_down(SERVER_OFFICERS[0]).go("/dung-khai-thac/")
    other.send("/bo/", reason="Đã làm rõ với cơ quan").sees("Đã bỏ lệnh dừng")
    country.test.until(lambda: answered(Environment.PRODUCTION), within=A_MINUTE)


def test_a_revocation_stops_every_call_within_a_minute(country: Country, browse: Browse, keys: dict[str, str]) -> None:
    crowd(country, OFFICERS)
    country.test.until(lambda: officers_published(country, "production") >= OFFICERS, within=120)
    walk = Walk(country, LAO_CAI, sit=browse)
    walk.key, walk.asked = keys["application"], list(SERVICES)
    walk.until_answered(Environment.PRODUCTION, Service.LOOK_UP_CITIZEN)
    walk.take(HANDLER, "revoke", values={"reason": "Vi phạm cam kết"})
    decided = time.monotonic()
    # Not the first refusal counts but the last answer: a quarter of a minute without one must follow it.
    answered = decided
    while time.monotonic() < answered + CALM:
        if walk.call(Environment.PRODUCTION, Service.LOOK_UP_CITIZEN)[1] in ("00", "01"):
            answered = time.monotonic()
            assert answered - decided < A_MINUTE
        time.sleep(0.2)
    # In both environments, and the rights are gone from C06's server as well.
    for environment in Environment:
        country.test.until(
            lambda at=environment: walk.call(at, Service.LOOK_UP_CITIZEN)[1] not in ("00", "01"),  # type: ignore[misc]
            within=A_MINUTE,
        )
    with pytest.raises((LookupError, PageRefused)):
        walk.take(HANDLER, "resume")
    assert walk.stands() == "Đã thu hồi"
