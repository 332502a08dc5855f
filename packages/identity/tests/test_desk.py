"""The police desk over HTTP: what two officers attest, what one may do, and what none may."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from ketnoi_identity.accounts import presence
from ketnoi_identity.desk import officers as desk

from .asked import ask
from .desks import Citizen, Officer
from .people import Person, Phone
from .register import PEOPLE
from .site import Site
from .visiting import PASSCODE, Visitor

ComeIn = Callable[[], Visitor]


@pytest.fixture
def database(site_database: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    return site_database


def level_of(database: psycopg.Connection[Any], person: Person) -> int:
    row = database.execute("SELECT level FROM account WHERE personal_number = %s", [person.number]).fetchone()
    assert row is not None
    return int(row[0])


def test_level_2_needs_an_officer_and_a_witness_of_one_unit(
    officers: list[Officer], database: psycopg.Connection[Any], an: Citizen
) -> None:
    first, second, elsewhere = officers
    citizen = an.visitor
    citizen.go("/du-lieu/").sees(403, "cần tài khoản mức 2")
    act = first.attests(an)
    assert level_of(database, an.person) == 1
    # Neither the officer who began, nor one of another desk, nor the citizen.
    first.visitor.sees(200, "chờ người làm chứng")
    assert "Làm chứng bằng" not in first.visitor.text
    elsewhere.visitor.go(act).sees(404)
    citizen.go(act).sees(403)
    second.visitor.go("/ban/").sees(200, "chờ bạn")
    second.proves(act).sees(200, "có hiệu lực")
    assert level_of(database, an.person) == 2
    row = database.execute(
        "SELECT a.officer <> a.witness, d.officer_proof->>'purpose', d.witness_proof->>'purpose'"
        " FROM attestation a, desk_act d"
    ).fetchone()
    assert row == (True, "desk-begin", "desk-witness")
    citizen.go("/tai-khoan/").sees(
        200, "Mức 2", "Nâng lên mức 2", "Công an phường Thử", "không phải bạn làm", "Được tìm tại bàn"
    )
    # It cannot be witnessed twice.
    second.visitor.go(act)
    assert 'name="value"' not in second.visitor.text


def test_the_first_officer_cannot_witness_by_hand(
    officers: list[Officer], database: psycopg.Connection[Any], an: Citizen
) -> None:
    first = officers[0]
    act = first.attests(an)
    first.visitor.send(act, value="x", passcode=PASSCODE).sees(422, "không còn chờ nữa")
    assert level_of(database, PEOPLE["an"]) == 1


def test_an_act_that_waited_too_long_is_void(
    officers: list[Officer], database: psycopg.Connection[Any], an: Citizen
) -> None:
    first, second, _ = officers
    act = first.attests(an)
    second.visitor.go(act)
    database.execute("UPDATE desk_act SET until = until - interval '31 minutes'")
    second.visitor.prove(act, second.phone, PASSCODE).sees(422, "không còn chờ nữa")
    assert level_of(database, PEOPLE["an"]) == 1


def test_level_2_is_taken_back_with_a_reason(
    officers: list[Officer], database: psycopg.Connection[Any], an: Citizen
) -> None:
    first, second, _ = officers
    second.proves(first.attests(an))
    lower = first.finds(an.person) + "mot-minh/ha-muc/"
    first.proves(lower).sees(422, "Ghi lý do")
    # A number as it is issued, put together here from parts.
    first.proves(lower, because="của 0010" + "89000001").sees(422, "Không ghi số định danh")
    first.proves(lower, because="Giấy tờ giả").sees(200, "Đã hạ xuống mức 1")
    assert level_of(database, an.person) == 1
    row = database.execute("SELECT revoked_because, revoked_at IS NOT NULL FROM attestation").fetchone()
    assert row == ("Giấy tờ giả", True)
    an.visitor.go("/tai-khoan/")
    assert "/dang-nhap/" in str(an.visitor.answer.url)


def test_what_was_agreed_to_ends_with_level_2(
    officers: list[Officer], database: psycopg.Connection[Any], an: Citizen
) -> None:
    first, second, _ = officers
    second.proves(first.attests(an))
    consent, waits = ask(database, an.person.number), ask(database, an.person.number)
    an.visitor.go(f"/dong-y/{consent}/").prove(f"/dong-y/{consent}/dong-y", an.phone, PASSCODE).sees(200, "có hiệu lực")
    first.proves(first.finds(an.person) + "mot-minh/ha-muc/", because="Giấy tờ giả").sees(200)
    rows = database.execute("SELECT id, agreed, revoked_by FROM consent").fetchall()
    assert sorted(rows) == sorted([(consent, True, "level_lowered"), (waits, None, None)])


@pytest.mark.parametrize("kind", ["xac-nhan", "khoi-phuc"])
@pytest.mark.parametrize("what", ["ended", "locked", "lowered"])
def test_what_an_officer_began_does_not_count_once_they_are_none(
    officers: list[Officer], database: psycopg.Connection[Any], an: Citizen, kind: str, what: str
) -> None:
    first, second, _ = officers
    act = first.attests(an) if kind == "xac-nhan" else first.begins(first.finds(an.person) + "hai-nguoi/khoi-phuc/")
    number = PEOPLE["cuong"].number
    if what == "ended":
        desk.end(database.cursor(), number, datetime.now(UTC))
    else:
        change = "state = 'locked'" if what == "locked" else "level = 1"
        database.execute(f"UPDATE account SET {change} WHERE personal_number = %s", [number])
    second.proves(act).sees(422, "không còn chờ nữa")
    assert level_of(database, an.person) == 1
    an.visitor.go("/tai-khoan/").sees(200, "Nguyễn Văn An")


def test_a_code_from_before_the_recovery_lets_nobody_in(officers: list[Officer], an: Citizen, come_in: ComeIn) -> None:
    # Somebody has the old phone, and gets a code for another one.
    an.visitor.confirm("/tai-khoan/dien-thoai-khac/", an.phone).sees(200)
    found = re.search(r'id="enrolment-code">([^<]+)<', an.visitor.text)
    assert found is not None
    first, second, _ = officers
    act = first.begins(first.finds(an.person) + "hai-nguoi/khoi-phuc/")
    second.proves(act).sees(200, "có hiệu lực")
    come_in().go("/khoi-phuc/").send("/khoi-phuc/", code=found[1]).sees(422, "Mã không đúng")
    first.visitor.go(act).send(act + "ma/").sees(200, "Xoay màn hình")


def test_keys_of_a_stranger_are_not_raised_with_the_account(
    officers: list[Officer], database: psycopg.Connection[Any], an: Citizen, come_in: ComeIn
) -> None:
    # Somebody registered in An's name. She stands at the desk; that phone is not hers, and shows her no code.
    first, second, _ = officers
    page = first.finds(an.person)
    for typed in ("", "123 456"):
        first.proves(page + "hai-nguoi/xac-nhan/", presence=typed).sees(422, "Không có mã thì khôi phục")
    second.proves(act := first.begins(page + "hai-nguoi/khoi-phuc/"))
    found = re.search(r'id="enrolment-code">([^<]+)<', first.visitor.go(act).send(act + "ma/").text)
    assert found is not None
    own = Citizen(come_in(), an.person, Phone())
    own.visitor.go("/khoi-phuc/").send("/khoi-phuc/", code=found[1]).enrol("/khoi-phuc/khoa/", own.phone, PASSCODE)
    code = own.code()
    own.code()
    page = first.finds(an.person)
    first.proves(page + "hai-nguoi/xac-nhan/", presence=code).sees(422, "hết hạn")
    second.proves(first.begins(page + "hai-nguoi/xac-nhan/", presence=own.code())).sees(200, "có hiệu lực")
    assert level_of(database, an.person) == 2
    an.visitor.go("/tai-khoan/")
    assert "/dang-nhap/" in str(an.visitor.answer.url)


def test_an_officer_without_level_2_is_none(officers: list[Officer], database: psycopg.Connection[Any]) -> None:
    database.execute("UPDATE account SET level = 1 WHERE personal_number = %s", [PEOPLE["cuong"].number])
    officers[0].visitor.go("/ban/").sees(403)


def test_a_lost_phone_is_replaced_at_the_desk(officers: list[Officer], come_in: ComeIn) -> None:
    first, second, _ = officers
    citizen, an = come_in(), PEOPLE["an"]
    old = citizen.register(an)
    citizen.go("/tai-khoan/khoa-ngay/").send("/tai-khoan/khoa-ngay/").sees(200)
    act = first.begins(first.finds(an) + "hai-nguoi/khoi-phuc/")
    first.visitor.send(act + "ma/").sees(404)
    second.proves(act).sees(200, "có hiệu lực")
    second.visitor.send(act + "ma/").sees(404)
    code = first.visitor.go(act).send(act + "ma/").sees(200, "Xoay màn hình")
    found = re.search(r'id="enrolment-code">([^<]+)<', code.text)
    assert found is not None
    new, phone = come_in(), Phone()
    new.go("/khoi-phuc/").send("/khoi-phuc/", code=found[1]).enrol("/khoi-phuc/khoa/", phone, "590314")
    new.sees(200, "Nguyễn Văn An", "Khôi phục tại Công an cấp xã")
    come_in().sign_in(old).sees(422, "Khóa này không dùng được")
    first.visitor.go(act).send(act + "ma/").sees(404)


def test_unlocked_at_the_desk_by_one_officer(officers: list[Officer], come_in: ComeIn) -> None:
    citizen, an = come_in(), PEOPLE["an"]
    phone = citizen.register(an)
    citizen.go("/tai-khoan/khoa-ngay/").send("/tai-khoan/khoa-ngay/")
    come_in().sign_in(phone).sees(422, "đang khóa")
    officers[0].proves(officers[0].finds(an) + "mot-minh/mo-khoa/").sees(200, "Đã mở khóa")
    come_in().sign_in(phone).sees(200, "Nguyễn Văn An")


def test_no_officer_acts_for_themselves(officers: list[Officer]) -> None:
    first, second, _ = officers
    own = first.finds(PEOPLE["cuong"])
    first.visitor.sees(200, "tài khoản của chính bạn")
    for address in ("hai-nguoi/khoi-phuc/", "mot-minh/khoa/", "mot-minh/ha-muc/"):
        first.visitor.go(own + address).sees(404)
    # Nor as the witness of what a colleague does for them.
    act = first.begins(first.finds(PEOPLE["dung"]) + "hai-nguoi/khoi-phuc/")
    second.visitor.go(act).sees(200)
    assert 'name="value"' not in second.visitor.text


def test_the_desk_is_for_its_officers_alone(officers: list[Officer], site_with_register: Site, come_in: ComeIn) -> None:
    citizen = come_in()
    citizen.register(PEOPLE["an"])
    citizen.go("/ban/").sees(403, "không dành cho tài khoản của bạn")
    assert "chưa đăng nhập" not in citizen.text
    page = officers[0].finds(PEOPLE["an"])
    officers[1].visitor.go(page).sees(404)
    site_with_register.say("desk", "end", given=PEOPLE["cuong"].number)
    officers[0].visitor.go("/ban/").sees(403)
    add = ("desk", "add", "--unit", "H55.03", "--unit-name", "Nơi mới")
    own = Citizen(officers[0].visitor, PEOPLE["cuong"], officers[0].phone)
    site_with_register.say(*add, given=f"{PEOPLE['cuong'].number}\n{own.code()}\n")
    officers[0].visitor.go("/ban/").sees(200, "Nơi mới")


def test_whoever_registered_first_in_an_officers_name_does_not_become_one(
    database: psycopg.Connection[Any], site_with_register: Site, come_in: ComeIn
) -> None:
    # Eve has registered as Cường; the administrator names him, who stands there with a phone that shows no code.
    eve, cuong, other = come_in(), PEOPLE["cuong"], come_in()
    phone, add = eve.register(cuong), ("desk", "add", "--unit", "U", "--unit-name", "N")
    others = Citizen(other, PEOPLE["an"], other.register(PEOPLE["an"])).code()
    for code in ("", "000000", others):
        done = site_with_register.try_to(*add, given=f"{cuong.number}\n{code}")
        assert done.returncode == 1
        assert "mã trên điện thoại của người này không đúng" in done.stderr
        assert cuong.number not in done.stderr
    eve.go("/ban/").sees(403)
    eve.go("/du-lieu/").sees(403)
    assert level_of(database, cuong) == 1
    assert database.execute("SELECT count(*) FROM desk_officer").fetchone() == (0,)
    # With the code of the phone in hand, in time.
    code, late = Citizen(eve, cuong, phone).code(), datetime.now(UTC) + presence.LASTS
    with pytest.raises(desk.DeskError), database.transaction():
        desk.add(database.cursor(), cuong.number, code, "U", "N", late)
    site_with_register.say(*add, given=f"{cuong.number}\n{code}\n")
    eve.go("/ban/").sees(200)


def test_a_child_is_raised_only_beside_its_mother_and_an_infant_never(
    officers: list[Officer], database: psycopg.Connection[Any], come_in: ComeIn
) -> None:
    mother = come_in()
    mother.register(PEOPLE["binh"])
    database.execute("UPDATE account SET level = 2 WHERE personal_number = %s", [PEOPLE["binh"].number])
    for name in ("be", "ut"):
        mother.tell_who(PEOPLE[name], "/tai-khoan/tre-em/", accepted="yes", version="2026-01-02").sees(200)
    first = officers[0]
    first.finds(PEOPLE["ut"])
    first.visitor.sees(200, "Dưới 6 tuổi chỉ có mức 1")
    first.finds(PEOPLE["be"])
    assert "xac-nhan" in first.visitor.text
    database.execute("UPDATE account SET level = 1 WHERE personal_number = %s", [PEOPLE["binh"].number])
    page = first.finds(PEOPLE["be"])
    first.visitor.sees(200, "người đại diện phải ở mức 2").go(page + "hai-nguoi/xac-nhan/").sees(200, "phải ở mức 2")


def test_the_witness_of_an_attestation_compares_the_number_and_witnesses_no_words(
    officers: list[Officer], an: Citizen
) -> None:
    first, second, _ = officers
    first.visitor.go("/").sees(200, 'href="/ban/"', "Công an phường Thử")
    page = first.finds(an.person)
    # A wrong passcode does not throw the six digits away.
    code = an.code()
    first.visitor.confirm(page + "hai-nguoi/xac-nhan/", first.phone, "590314", presence=code)
    first.visitor.sees(422, "Mật khẩu không đúng", f'name="presence" value="{code}"')
    act = first.begins(page + "hai-nguoi/xac-nhan/", presence=code)
    first.visitor.sees(200, "mở mục Tại bàn")
    second.visitor.go(act).sees(200, an.person.number, "giấy tờ là của họ và khớp với những dòng trên")
    assert "nói như trên" not in second.visitor.text
    # Who does not witness it has no need of the number.
    assert an.person.number not in first.visitor.go(act).text


@pytest.mark.parametrize(
    ("act", "told"),
    [
        ("khoa", ("bị đăng xuất ở mọi nơi", "cho tới khi Công an cấp xã mở khóa", "đã đồng ý vẫn có hiệu lực")),
        ("ha-muc", ("bị đăng xuất ở mọi nơi", "đã đồng ý bị rút lại ngay", "Đề nghị đang chờ vẫn chờ")),
    ],
)
def test_what_locking_and_lowering_do_is_said_before_and_is_so(
    officers: list[Officer], database: psycopg.Connection[Any], come_in: ComeIn, act: str, told: tuple[str, ...]
) -> None:
    citizen, an = come_in(), PEOPLE["an"]
    citizen.register(an)
    database.execute("UPDATE account SET level = 2 WHERE personal_number = %s", [an.number])
    in_force, waits = ask(database, an.number), ask(database, an.number)
    database.execute(
        "UPDATE consent SET agreed = true, decided_at = asked_at, decided_by = 'x', valid_until = answer_by"
        " + interval '1 day' WHERE id = %s",
        [in_force],
    )
    first = officers[0]
    page = first.finds(an)
    first.visitor.go(f"{page}mot-minh/{act}/").sees(200, *told)
    first.proves(f"{page}mot-minh/{act}/", because="Nhầm người").sees(200)
    assert citizen.go("/tai-khoan/").answer.url.path.startswith("/dang-nhap/")
    rows = dict(database.execute("SELECT id, revoked_at IS NOT NULL FROM consent").fetchall())
    assert rows == {in_force: act == "ha-muc", waits: False}
    assert database.execute("SELECT agreed FROM consent WHERE id = %s", [waits]).fetchone() == (None,)
