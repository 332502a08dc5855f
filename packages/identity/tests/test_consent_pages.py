"""My consents, on the pages: shown in every word, agreed to by proof, refused, taken back, with receipt and uses."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ketnoi_identity.consent import receipts
from ketnoi_identity.consent.codes import new_code
from ketnoi_identity.consent.content import canonical
from ketnoi_protocol.services import Service

from .citizens import Citizens
from .people import Phone
from .register import PEOPLE
from .visiting import PASSCODE, Visitor

AN, BINH = PEOPLE["an"], PEOPLE["binh"]
Browser = Callable[..., Visitor]


def asked(near: Citizens, **changes: Any) -> str:
    """A request that an agency has made of An; its code."""
    code, now = new_code(), datetime.now(UTC)
    told = {
        "id": code,
        "organisation": "H55",
        "unit": "H55",
        "officer": "cb.lan",
        "message_id": f"begin-{code}",
        "service": "look_up_citizen",
        "fields": ["HoVaTen", "ThuongTru", "DanToc"],
        "procedure_code": "1.001",
        "purpose": "Xác nhận nơi ở để <cấp> giấy khai sinh",
        "one_time": False,
        "lasts_seconds": 30 * 86_400,
        "personal_number": AN.number,
        "asked_at": now,
        "answer_by": now + timedelta(minutes=15),
    } | changes
    with near.site.connect() as connection:
        names, marks = ", ".join(told), ", ".join(["%s"] * len(told))
        connection.execute(f"INSERT INTO consent ({names}) VALUES ({marks})", list(told.values()))
    return code


def row(near: Citizens, code: str) -> dict[str, Any]:
    with near.site.connect() as connection:
        cursor = connection.execute("SELECT * FROM consent WHERE id = %s", [code])
        assert cursor.description is not None
        found = cursor.fetchone()
        assert found is not None
        return dict(zip([column.name for column in cursor.description], found, strict=True))


def agreed(near: Citizens, visitor: Visitor, code: str) -> None:
    visitor.go(f"/dong-y/{code}/").prove(f"/dong-y/{code}/dong-y", near.phone_of(AN), PASSCODE)
    visitor.sees(200, "Bạn đã đồng ý", "Đang có hiệu lực")


def test_a_request_is_shown_in_every_word_and_nothing_is_ticked(near: Citizens, browser: Browser) -> None:
    visitor, code = browser(AN), asked(near)
    visitor.go("/dong-y/").sees(200, "Đang chờ bạn", "UBND tỉnh Thái Nguyên", f'href="/dong-y/{code}/"')
    visitor.go(f"/dong-y/{code}/").sees(
        200, "UBND tỉnh Thái Nguyên xin dữ liệu của bạn", "Đăng ký khai sinh", "1.001",
        "Xác nhận nơi ở để <cấp> giấy khai sinh", "Nhiều lần, cho tới khi hết hạn", "30 ngày", "Họ và tên",
        "Nơi thường trú", "Dân tộc", "nhạy cảm", "Nếu bạn không trả lời trước", "Từ chối",
    )  # fmt: skip
    assert "cơ quan viết</dt><dd><q>Xác nhận nơi ở để &lt;cấp&gt; giấy khai sinh</q>" in visitor.answer.text
    assert "checked" not in visitor.text
    assert 'type="checkbox"' not in visitor.text
    visitor.send("/i18n/setlang/", language="en", next=f"/dong-y/{code}/")
    visitor.sees(200, "asks for your data", "30 days", "Permanent residence", "Agree with the passcode")


@pytest.mark.parametrize("service", [each for each in Service if each is not Service.LOOK_UP_CITIZEN])
def test_what_is_told_by_yes_and_no_alone_says_so(near: Citizens, browser: Browser, service: Service) -> None:
    fields = ["ThuongTru"] if service is Service.VERIFY_CITIZEN else []
    code = asked(near, service=service.value, fields=fields, one_time=True, lasts_seconds=5_400)
    browser(AN).go(f"/dong-y/{code}/").sees(200, "đúng hay không", "Một lần duy nhất", "1 giờ 30 phút")


def test_agreeing_takes_the_passcode_and_leaves_proof_and_receipt(near: Citizens, browser: Browser) -> None:
    visitor, code = browser(AN), asked(near)
    visitor.go(f"/dong-y/{code}/").prove(f"/dong-y/{code}/dong-y", near.phone_of(AN), "590314")
    visitor.is_led_to(f"/dong-y/{code}/", "Mật khẩu không đúng", "xin dữ liệu của bạn")
    assert row(near, code)["decided_at"] is None
    agreed(near, visitor, code)
    kept = row(near, code)
    assert kept["agreed"]
    assert kept["valid_until"] - kept["decided_at"] == timedelta(days=30)
    assert kept["proof"]["proof"]["by"] == "device"
    read = kept["proof"]["shown"]
    assert read["fields"] == ["HoVaTen", "ThuongTru", "DanToc"]
    assert [each["vi"] for each in read["called"]["fields"]] == ["Họ và tên", "Nơi thường trú", "Dân tộc"]
    assert read["called"]["organisation"] == "UBND tỉnh Thái Nguyên"
    assert read["called"]["procedure"] == {"vi": "Đăng ký khai sinh", "en": "Birth registration"}
    # What is kept is what was signed: the digest can be made of it again.
    digest = hashlib.sha256(hashlib.sha256(canonical(read)).digest())
    assert kept["proof"]["proof"]["about_sha256"] == digest.hexdigest()
    file = visitor.go(f"/dong-y/{code}/bien-nhan/tai-ve").sees(200).answer
    assert file.headers["content-type"] == "application/jose"
    assert "attachment" in file.headers["content-disposition"]
    with Visitor(near.site.url) as anybody:
        keys = json.loads(anybody.go("/.well-known/consent-receipts-keys.json").sees(200).answer.content)
    told = receipts.verify(file.text, keys)["record"]
    assert told["header"]["record_id"] == code
    assert told["parties"][0]["party_name"] == "UBND tỉnh Thái Nguyên"
    assert AN.number not in json.dumps(told)
    # The address at which rights are exercised is one that opens.
    rights = told["pii_processing"]["purposes"][0]["privacy_rights"]
    visitor.go(rights.removeprefix(near.site.url)).sees(200, "Ai đã xem dữ liệu của tôi")
    visitor.go(f"/dong-y/{code}/bien-nhan").sees(200, "Tải biên nhận về máy", "verify-receipt", "consent-receipts-keys")
    visitor.sees(200, "được giữ ở đây ít nhất 3650 ngày sau khi kết thúc")


def test_a_proof_for_one_request_agrees_to_no_other(near: Citizens, browser: Browser) -> None:
    visitor, shown, other = browser(AN), asked(near), asked(near, fields=["HoVaTen", "TonGiao"])
    visitor.go(f"/dong-y/{shown}/").prove(f"/dong-y/{other}/dong-y", near.phone_of(AN), PASSCODE)
    visitor.is_led_to(f"/dong-y/{other}/", "Trang này đã cũ")
    assert row(near, other)["decided_at"] is None
    # Nor one whose words were changed after they were read.
    visitor.go(f"/dong-y/{shown}/")
    with near.site.connect() as connection:
        connection.execute("UPDATE consent SET fields = fields || 'TonGiao'::text WHERE id = %s", [shown])
    visitor.prove(f"/dong-y/{shown}/dong-y", near.phone_of(AN), PASSCODE)
    visitor.is_led_to(f"/dong-y/{shown}/", "Trang này đã cũ")
    assert row(near, shown)["decided_at"] is None


def test_a_session_without_the_phone_agrees_to_nothing(near: Citizens, browser: Browser) -> None:
    visitor, code = browser(AN), asked(near)
    visitor.go(f"/dong-y/{code}/").prove(f"/dong-y/{code}/dong-y", Phone(), PASSCODE)
    visitor.is_led_to(f"/dong-y/{code}/", "Khóa này không dùng được")
    visitor.send(f"/dong-y/{code}/dong-y").is_led_to(f"/dong-y/{code}/", "Trang này đã cũ")
    assert row(near, code)["decided_at"] is None


def test_refusing_takes_one_touch_and_is_final(near: Citizens, browser: Browser) -> None:
    visitor, code = browser(AN), asked(near)
    visitor.go(f"/dong-y/{code}/").send(f"/dong-y/{code}/tu-choi").sees(200, "Bạn đã từ chối")
    kept = row(near, code)
    assert (kept["agreed"], kept["receipt"], kept["valid_until"]) == (False, None, None)
    visitor.send(f"/dong-y/{code}/tu-choi").sees(200, "không còn chờ trả lời")
    visitor.send(f"/dong-y/{code}/dong-y").sees(200, "không còn chờ trả lời")
    visitor.go(f"/dong-y/{code}/bien-nhan").sees(404)


def test_taking_back_counts_at_once(near: Citizens, browser: Browser) -> None:
    visitor, code = browser(AN), asked(near)
    agreed(near, visitor, code)
    before = datetime.now(UTC)
    visitor.send(f"/dong-y/{code}/rut-lai").sees(200, "Đã rút lại", "Bạn đã rút lại", "Rút lại lúc")
    assert before <= row(near, code)["revoked_at"] <= datetime.now(UTC)
    assert "Rút lại sự đồng ý" not in visitor.text
    visitor.send(f"/dong-y/{code}/rut-lai").sees(200, "Không còn gì để rút lại")
    visitor.go(f"/dong-y/{code}/bien-nhan").sees(200, "và rút lại lúc")


def test_what_was_not_answered_in_time_is_over(near: Citizens, browser: Browser) -> None:
    visitor, past = browser(AN), datetime.now(UTC) - timedelta(minutes=1)
    code = asked(near)
    visitor.go(f"/dong-y/{code}/")
    with near.site.connect() as connection:
        connection.execute("UPDATE consent SET answer_by = %s WHERE id = %s", [past, code])
    visitor.prove(f"/dong-y/{code}/dong-y", near.phone_of(AN), PASSCODE)
    visitor.sees(200, "không còn chờ trả lời", "Hết hạn, bạn chưa trả lời")
    assert row(near, code)["decided_at"] is None


def test_nobody_sees_or_decides_anothers(near: Citizens, browser: Browser) -> None:
    code, other = asked(near), browser(BINH)
    browser(AN)
    other.go("/dong-y/").sees(200, "Chưa có cơ quan nào")
    for address in ("", "bien-nhan", "bien-nhan/tai-ve", "lan-dung"):
        other.go(f"/dong-y/{code}/{address}").sees(404)
    other.go("/dong-y/")
    for act in ("dong-y", "tu-choi", "rut-lai"):
        other.send(f"/dong-y/{code}/{act}").sees(404)
        other.go("/dong-y/")
    assert row(near, code)["decided_at"] is None


def test_an_open_page_learns_of_a_new_request(near: Citizens, browser: Browser) -> None:
    visitor = browser(AN)
    before = visitor.go("/dong-y/dang-cho").sees(200).answer.json()
    asked(near)
    after = visitor.go("/dong-y/dang-cho").sees(200).answer.json()
    assert after == {"all": before["all"] + 1, "waiting": before["waiting"] + 1}
    page = visitor.go("/dong-y/").sees(200, f'data-waiting="{after["all"]}.{after["waiting"]}"')
    assert re.search(r'<noscript><meta http-equiv="refresh" content="\d+"></noscript>', page.text)


def test_uses_are_shown_with_their_end_also_where_nothing_came_of_them(near: Citizens, browser: Browser) -> None:
    visitor, code = browser(AN), asked(near)
    agreed(near, visitor, code)
    assert near.do(near.world.ask(Service.LOOK_UP_CITIZEN, sign={"message_id": f"use-{code}"})).code == "00"
    now = datetime.now(UTC)
    with near.site.connect() as connection:
        for message, question, ago, result in (
            ("use", "1", 0, "00"), ("lost", "2", 5, "00"), ("now", "3", 0, "00"), ("late", "4", 1, "56"),
            ("again", "2", 4, "00"),
        ):  # fmt: skip
            connection.execute(
                "INSERT INTO consent_use (organisation, message_id, consent, question, at, unit, officer, service,"
                " fields, procedure_code, code) VALUES ('H55', %s, %s, %s, %s, 'H55', 'cb', 'look_up_citizen',"
                " '{HoVaTen}', '1.001', %s)",
                [f"{message}-{code}", code, question * 64, now - timedelta(minutes=ago), result],
            )
    page = visitor.go(f"/dong-y/{code}/lan-dung").sees(
        200, "Đã trả lời", "Đang trả lời", "Đã dùng nhưng không có trả lời", "Sự đồng ý đã hết hạn", "Bị từ chối",
    )  # fmt: skip
    assert page.text.count("không có dữ liệu nào được cung cấp") == 3
    # What left stands beside the one use of which it is known that anything did.
    assert page.text.count('<span class="tag">Họ và tên') == 1
    # The repetition is the same use as the question before it.
    assert page.text.count("Gửi lại câu hỏi trước: cùng một lần dùng") == 1
    visitor.go(f"/dong-y/{code}/").sees(200, "3 lần")
    visitor.go("/dong-y/").sees(200, "đã dùng 3 lần")


def test_nobody_agrees_to_an_agency_without_a_name(near: Citizens, browser: Browser) -> None:
    visitor, code = browser(AN), asked(near, organisation="G99", unit="G99")
    visitor.go(f"/dong-y/{code}/").sees(200, "Chưa lấy được tên cơ quan này", "Từ chối")
    assert f"/dong-y/{code}/dong-y" not in visitor.text
    visitor.send(f"/dong-y/{code}/dong-y").is_led_to(f"/dong-y/{code}/", "Chưa lấy được tên cơ quan này")
    assert row(near, code)["decided_at"] is None
    visitor.send(f"/dong-y/{code}/tu-choi").sees(200, "Bạn đã từ chối")


def test_what_was_decided_at_a_desk_says_so(near: Citizens, browser: Browser) -> None:
    now = datetime.now(UTC)
    told = {"decided_at": now, "agreed": False, "decided_by": "desk:0"}
    browser(AN).go(f"/dong-y/{asked(near, **told)}/").sees(200, "Bạn đã từ chối", "tại bàn tiếp dân của Công an")


def test_many_consents_come_in_pages_those_that_wait_first(near: Citizens, browser: Browser) -> None:
    person, past = PEOPLE["giang"], datetime.now(UTC) - timedelta(hours=1)
    visitor = browser(person)
    waits = asked(near, personal_number=person.number, asked_at=past)
    for _ in range(34):
        asked(near, personal_number=person.number, answer_by=past)
    first = visitor.go("/dong-y/").sees(200, f"/dong-y/{waits}/", "Xem các mục cũ hơn").text
    assert re.findall(r'href="/dong-y/([A-Z2-7]{26})/', first)[0] == waits
    assert first.count("<h3>") == 30
    assert visitor.go("/dong-y/?trang=1").sees(200, "Về các mục mới nhất").text.count("<h3>") == 5
    visitor.go("/dong-y/?trang=-1").sees(404)
