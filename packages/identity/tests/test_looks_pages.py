"""The citizen's page: my data in words, who looked at them, and an objection to a look; with a real registry behind."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ketnoi_identity.consent.codes import new_code
from ketnoi_identity.looks.refusals import refusal
from ketnoi_protocol.errors import TABLE
from ketnoi_protocol.services import Service
from ketnoi_registry.access_log import Pseudonyms
from ketnoi_registry.citizens.seals import Order, seal

from .citizens import Citizens
from .register import PEOPLE
from .visiting import Visitor

LOOK_UP, HOUSEHOLD = Service.LOOK_UP_CITIZEN, Service.VERIFY_HOUSEHOLD
AN, BINH, NEIGHBOUR = PEOPLE["an"], PEOPLE["binh"], PEOPLE["xom"]
MEMBER_BINH = {"SoDinhDanh": BINH.number, "HoVaTen": BINH.name, "QuanHe": "QH01"}
ABOUT_NEIGHBOUR = {"SoDinhDanh": NEIGHBOUR.number, "HoVaTen": NEIGHBOUR.name}
ABOUT_CUONG = {"SoDinhDanh": PEOPLE["cuong"].number, "HoVaTen": "Sai Tên"}

Browser = Callable[..., Visitor]


def looked(near: Citizens, service: Service = LOOK_UP, *, sign: Any = None, **fields: Any) -> str:
    code: str = near.do(near.world.ask(service, sign=sign, **fields)).code
    return code


@pytest.mark.parametrize("address", ["/du-lieu/", "/luot-xem/", "/luot-xem/phan-anh?luot=1.1"])
def test_strangers_sign_in_first(near, address):
    with Visitor(near.site.url) as visitor:
        answer = visitor.client.get(address, follow_redirects=False)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/dang-nhap/?next=")


def test_level_one_is_not_enough(browser):
    visitor = browser(PEOPLE["ha"], level=1)
    for address in ("/du-lieu/", "/luot-xem/", "/luot-xem/phan-anh-cua-toi/", "/dong-y/"):
        visitor.go(address).sees(403, "mức 2")


def test_my_data_are_in_words_and_sensitive_ones_are_marked(near, browser):
    visitor = browser(AN).go("/du-lieu/")
    visitor.sees(
        200, "NGUYỄN VĂN AN", "02/03/1989", "Tày", "Xã Mới", "Đang có vợ hoặc chồng", "bạn là chủ hộ", "Việt Nam",
        "990089000001",
    )  # fmt: skip
    assert visitor.text.count('class="tag warn">nhạy cảm') == 3
    # Relatives' numbers are masked.
    assert "990060000002" not in visitor.text
    assert "99••••••••02" in visitor.text
    assert visitor.answer.headers["cache-control"] == "no-store"


def test_a_look_is_told_in_words(near, browser):
    assert looked(near, sign={"message_id": "m-words"}) == "00"
    visitor = browser(AN).go("/luot-xem/")
    visitor.sees(
        200, "UBND tỉnh Thái Nguyên", "Đã trả lời", "Nhóm máu – nhạy cảm", "Đăng ký khai sinh", "1.001",
        "Cơ sở dữ liệu quốc gia về dân cư", "Do cơ quan tự khai",
    )  # fmt: skip
    visitor.send("/i18n/setlang/", language="en", next="/luot-xem/")
    visitor.sees(200, "Blood group – sensitive", "Birth registration", "Named by the agency itself")


def test_a_refused_call_says_so_and_that_nothing_was_given(near, browser):
    assert looked(near, MaDVC="9.999", **ABOUT_NEIGHBOUR, NgayThangNamSinh="1980") == "23"
    assert looked(near, **ABOUT_NEIGHBOUR | {"HoVaTen": "Ai Khác"}, NgayThangNamSinh="1980") == "01"
    visitor = browser(NEIGHBOUR).go("/luot-xem/")
    visitor.sees(200, "Cơ quan không được phép hỏi về bạn cho thủ tục này. Câu hỏi bị từ chối", "Bị từ chối")
    visitor.sees(200, "không có dữ liệu nào được cung cấp", "Không khớp")
    for told in ("Nhóm máu", "MaDVC"):
        assert told not in visitor.text


def test_the_card_itself_says_for_which_procedure_and_in_the_agencys_words_why(near, browser):
    person = PEOPLE["long"]
    visitor, now = browser(person), near.world.clock.now()
    code, other = new_code(), new_code()
    with near.site.connect() as connection:
        for consent, number, purpose in ((code, person.number, "Cấp <giấy>"), (other, BINH.number, "Việc của Bình")):
            connection.execute(
                "INSERT INTO consent (id, organisation, unit, officer, message_id, service, fields, procedure_code,"
                " purpose, one_time, lasts_seconds, personal_number, asked_at, answer_by) VALUES (%s, 'H55', 'H55',"
                " 'cb', %s, 'look_up_citizen', '{HoVaTen}', '1.001', %s, true, 60, %s, %s, %s)",
                [consent, consent, purpose, number, now, now],
            )
        for message, ago in (("m-first", 3), ("m-again", 2)):
            connection.execute(
                "INSERT INTO consent_use (organisation, message_id, consent, question, at, unit, officer, service,"
                " fields, procedure_code, code) VALUES ('H55', %s, %s, %s, %s, 'H55', 'cb', 'look_up_citizen',"
                " '{HoVaTen}', '1.001', '00')",
                [message, code, "1" * 64, now - timedelta(minutes=ago)],
            )
    pseudonym = Pseudonyms.read(near.world.folder / "keys.json").of_person(person.number)
    told = ((0, "m-other", other), (2, "m-again", code), (3, "m-first", code))
    near.do(
        near.world.pool.executemany(
            "INSERT INTO access_log (logged_at, node_id, subject_key_id, subject_pseudonym, subject_role, instance,"
            " consumer, unit, procedure_code, system, service, message_id, result_code, released_fields, consent)"
            " VALUES ($1, 'n1', 'k1', $2, 'asked', 'NDXP-TEST', 'NDXP-TEST/GOV/H55/MOTCUA', 'H55', '1.001', 'identity',"
            " 'look_up_citizen', $3, '00', '{HoVaTen}', $4)",
            [(now - timedelta(minutes=ago), pseudonym, message, consent) for ago, message, consent in told],
        )
    )
    visitor.go("/luot-xem/")
    cards = visitor.text.split("<h3>")[1:]
    assert ["Việc của Bình" in each for each in cards] == [False] * 3
    assert ["<q>Cấp <giấy></q>" in each for each in cards] == [False, True, True]
    assert ["Gửi lại câu hỏi trước" in each for each in cards] == [False, True, False]
    for card in cards:
        assert "Thủ tục: Đăng ký khai sinh" in re.sub(r"\s+", " ", card.partition("<details>")[0])
    assert "Xem đề nghị này" in cards[1]
    assert "bạn đã đồng ý" not in cards[1]


@pytest.mark.parametrize("row", [each for each in TABLE if each.code.isdecimal() and each.code != "40"])
def test_every_refusal_by_the_registry_is_told_in_a_citizens_words(row):
    for told in (refusal(row.code).vi, refusal(row.code).en):
        assert row.code not in told
        assert not re.search(r"\bM(a|uc)[A-Z]|So(DinhDanh|CMND)|giao dịch|transaction", told), told


def test_a_household_gives_away_nothing_of_the_others(near, browser):
    assert looked(near, HOUSEHOLD, ThanhVien=[MEMBER_BINH], sign={"message_id": "m-house"}) == "00"
    visitor = browser(BINH).go("/luot-xem/")
    visitor.sees(200, "về một hộ gia đình, trong đó có nêu tên bạn", "UBND tỉnh Thái Nguyên")
    for told in ("Đăng ký khai sinh", "1.001", "m-house", "Nguyễn", "tự khai"):
        assert told not in visitor.text, told


def test_a_member_named_in_a_refused_question_is_not_told_that_it_was_answered(near, browser):
    refused = looked(near, HOUSEHOLD, ThanhVien=[MEMBER_BINH], MaDVC="9.999", sign={"message_id": "m-house-refused"})
    assert refused == "23"
    card = browser(BINH).go("/luot-xem/").sees(200).text.partition("<h3>")[2].partition("</details>")[0]
    assert "Có nêu tên bạn" in card
    assert "đã hỏi, hoặc định hỏi, về một hộ gia đình" in card
    assert "Đã trả lời" not in card


def test_pages_of_fifty_follow_one_another(near, browser):
    async def many():
        for number in range(60):
            await near.world.ask(LOOK_UP, **ABOUT_CUONG, sign={"message_id": f"many-{number}"})

    near.do(many())
    visitor = browser(PEOPLE["cuong"])
    assert visitor.go("/luot-xem/").sees(200).text.count("<h3>") == 50
    older = re.search(r'href="(\?truoc=[0-9.]+)"', visitor.text)
    assert older is not None
    assert visitor.go("/luot-xem/" + older[1]).sees(200, "Về các lượt mới nhất").text.count("<h3>") == 10
    assert 'rel="next"' not in visitor.text
    visitor.go("/luot-xem/?truoc=abc").sees(404)


def test_a_sealed_look_is_on_no_page(near, browser):
    assert looked(near, sign={"message_id": "m-sealed"}) == "00"

    async def act(world):
        now = world.clock.now()
        await seal(world.pool, "H55", "m-sealed", now + timedelta(days=2), Order("ai", "luật", "c06"), now)

    visitor = browser(AN).go("/luot-xem/")
    place = re.search(r"luot=([0-9.]+)", visitor.text)[1]
    before = visitor.text.count("<h3>")
    near.do(act(near.world))
    assert visitor.go("/luot-xem/").text.count("<h3>") == before - 1
    assert place not in visitor.text
    visitor.go(f"/luot-xem/phan-anh?luot={place}").sees(404)
    near.do(near.world.pool.execute("UPDATE seal SET lifted_at = now()"))
    visitor.go("/luot-xem/").sees(200, "đã được giữ kín theo luật đến")


def test_an_objection_goes_out_once_and_its_answers_come_back(near, browser):
    assert looked(near, sign={"message_id": "m-object"}) == "00"
    visitor = browser(AN).go("/luot-xem/")
    address = re.search(r'href="(/luot-xem/phan-anh\?luot=[0-9.]+)"', visitor.text)[1]
    visitor.go(address).sees(200, "Phản ánh lượt xem này", "UBND tỉnh Thái Nguyên", "hai ngày làm việc")
    visitor.send(address, reason="   ").sees(422, "Hãy viết lý do")
    visitor.send(address, reason="x" * 1001).sees(422, "dài quá 1000")
    for number in ("990089000001", "9900 8900 0001"):
        visitor.send(address, reason=f"Tôi là {number}").sees(422, "Đừng viết số định danh")
    visitor.send(address, reason="Tôi không làm thủ tục nào ở đây.\r\n<b>!</b>")
    visitor.sees(200, "Đã gửi phản ánh", "Tôi không làm thủ tục nào ở đây.", "Chờ Cục C06 trả lời")
    assert "&lt;b&gt;!&lt;/b&gt;" in visitor.answer.text
    visitor.go(address).sees(200, "Bạn đã phản ánh lượt xem này")
    with near.site.connect() as connection:
        rows = connection.execute(
            "SELECT id, organisation, unit, message_id, system, service, procedure_code, due_at > made_at"
            " FROM objection"
        ).fetchall()
        ((number, *told),) = rows
        assert told == ["H55", "H55", "m-object", "population", "look_up_citizen", "1.001", True]
        connection.execute(
            "INSERT INTO objection_answer VALUES (%s, 'agency', 'Đã xin lỗi.', now())", [number]
        )  # fmt: skip
    visitor.go("/luot-xem/phan-anh-cua-toi/").sees(200, "Cơ quan trả lời", "Đã xin lỗi.", "Chờ Cục C06")
    visitor.go("/luot-xem/").sees(200, "Bạn đã phản ánh lượt xem này")
    browser(BINH).go("/luot-xem/phan-anh-cua-toi/").sees(200, "chưa phản ánh")


def test_nobody_objects_to_anothers_look_or_to_none(near, browser):
    assert looked(near) == "00"
    address = re.search(r"/luot-xem/phan-anh\?luot=[0-9.]+", browser(AN).go("/luot-xem/").text)[0]
    other = browser(BINH)
    other.go(address).sees(404)
    for odd in ("", "?luot=1", "?luot=99999999999999999.999999999999999999", "?luot=1.1;x"):
        other.go("/luot-xem/phan-anh" + odd).sees(404)


def test_without_an_answer_of_the_registry_the_page_says_so_and_loses_nothing(near, browser):
    visitor = browser(AN)

    async def rename(before, after):
        await near.world.pool.execute(f"ALTER TABLE {before} RENAME TO {after}")

    near.do(rename("access_log", "gone"))
    try:
        for address in ("/du-lieu/", "/luot-xem/", "/luot-xem/phan-anh?luot=1.1"):
            visitor.go(address).sees(503, "Cơ sở dữ liệu chưa trả lời")
            assert visitor.answer.headers["retry-after"] == "30"
    finally:
        near.do(rename("gone", "access_log"))
    visitor.go("/luot-xem/").sees(200)


def statements_of(visitor: Visitor) -> int:
    told = re.search(r'db;desc="([0-9]+)"', visitor.answer.headers["server-timing"])
    assert told is not None
    return int(told[1])


def test_a_thousand_looks_are_read_with_few_statements(near, browser):
    person = PEOPLE["khoa"]
    pseudonym = Pseudonyms.read(near.world.folder / "keys.json").of_person(person.number)

    async def many():
        await near.world.ask(LOOK_UP)
        await near.world.pool.execute(
            "INSERT INTO access_log (logged_at, node_id, subject_key_id, subject_pseudonym, subject_role, instance,"
            " consumer, unit, procedure_code, system, service, message_id, result_code, released_fields)"
            " SELECT $1::timestamptz - n * interval '1 millisecond', 'n1', 'k1', $2, 'asked', 'VDXP-TEST',"
            " 'VDXP-TEST/GOV/H' || n % 40 + 10 || '/MOTCUA', 'H' || n % 40 + 10, '1.001', 'population',"
            " 'look_up_citizen', 'thousand-' || n, '00', '{HoVaTen,ThuongTru}' FROM generate_series(1, 1000) AS n",
            near.world.clock.now(), pseudonym,
        )  # fmt: skip

    near.do(many())
    visitor, address, seen, most = browser(person), "/luot-xem/", 0, 0
    while address:
        visitor.go(address).sees(200)
        seen += visitor.text.count("<h3>")
        most = max(most, statements_of(visitor))
        older = re.search(r'href="(\?truoc=[0-9.]+)"', visitor.text)
        address = "/luot-xem/" + older[1] if older else ""
    assert seen == 1000
    # The registry makes a page with three more (test_looks.py).
    assert most + 3 <= 12
    assert len(visitor.answer.content) < 120_000
