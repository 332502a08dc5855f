"""An existing database behind on its bad days: a clear code, a row in the access log, and nothing personal in logs."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack

import pytest

from ketnoi_protocol.errors import row
from ketnoi_protocol.services import Service
from ketnoi_registry.access_log import Pseudonyms
from ketnoi_registry.disclosure import FIELDS
from ketnoi_testbed.existing_moods import MOODS

from .behind import asked_at, stand_in
from .directories import grant
from .worlds import MEMBER, World

LOOK_UP, CONFIRM = Service.LOOK_UP_CITIZEN, Service.CONFIRM_IDENTITY_NUMBER
HOUSEHOLD, VERIFY = Service.VERIFY_HOUSEHOLD, Service.VERIFY_CITIZEN

# Whoever is away (42) may be asked later; what was answered wrongly (43) is not used.
EXPECTED = {
    "unavailable": ("42", "http_503"),
    "forbidden": ("42", "http_403"),
    "moved": ("42", "http_302"),
    "page": ("43", "content_type"),
    "error_page": ("42", "http_500"),
    "answer_with_500": ("42", "no_fault"),
    "fault": ("42", "fault_server"),
    "fault_client": ("43", "fault_client"),
    "hang_up": ("42", "connection"),
    "half": ("43", "cut_off"),
    "half_xml": ("43", "xml"),
    "empty": ("43", "xml"),
    "bomb": ("43", "xml"),
    "external_entity": ("43", "xml"),
    "deep": ("43", "xml"),
    "latin": ("43", "xml"),
    "tcvn3": ("43", "xml"),
    "compressed": ("43", "content_encoding"),
    "charset": ("43", "charset"),
    "oversized": ("43", "oversized"),
    "json": ("43", "content_type"),
    "another_person": ("43", "another_person"),
    "several_people": ("43", "several_people"),
    "count_is_wrong": ("43", "structure"),
    "doubled": ("43", "record_malformed"),
    "no_birth": ("43", "fields_missing"),
    "no_number": ("43", "fields_missing"),
    "no_such_date": ("43", "record_malformed"),
    "day_zero": ("43", "record_malformed"),
    "with_time": ("43", "record_malformed"),
    "sex_in_words": ("43", "record_malformed"),
    "no_such_life": ("43", "record_malformed"),
    "control_character": ("43", "record_malformed"),
    "letter_cut_in_two": ("43", "record_malformed"),
    "bare_ampersand": ("43", "record_malformed"),
    "name_without_parts": ("43", "record_malformed"),
    "name_in_unknown_parts": ("43", "record_malformed"),
    "name_of_another_namespace": ("43", "record_malformed"),
    "error_in_place_of_people": ("43", "structure"),
    "no_such_code": ("43", "code_malformed"),
    "slow": ("41", "slow"),
}
ABOUT_ONE_PERSON = {
    "fault_client", "another_person", "several_people", "no_birth", "no_number", "no_such_code", "doubled",
    "no_such_date", "day_zero", "with_time", "sex_in_words", "no_such_life", "control_character", "letter_cut_in_two",
    "bare_ampersand", "name_without_parts", "name_in_unknown_parts", "name_of_another_namespace",
}  # fmt: skip
PERSONAL = ("990089000001", "990190000003", "Nguyễn", "NGUYỄN", "NGUYEN", "1989", "bi-mat-thu", "passwd")


def in_front(folder, database, act, host="127.0.0.1", **changes):
    """`await act(world, behind)` with a registry in front of an existing database; `changes` are of `[upstream]`."""

    async def inside():
        async with AsyncExitStack() as stack:
            world = World(folder, database)
            behind = stand_in(folder, world.clock)
            await behind.start()
            stack.push_async_callback(behind.stop)
            url = behind.url.replace("127.0.0.1", host)
            await world.start(stack, upstream=asked_at(behind, **{"url": url} | changes))
            world.content.grants = [grant(MEMBER, service, fields=tuple(FIELDS)) for service in Service]
            await world.publish_and_poll()
            return await act(world, behind)

    return asyncio.run(inside())


async def health(world):
    async with world.session("ss-vdxp").get(f"{world.url}/health") as response:
        assert response.status == 200
        return (await response.json())["store"]


def test_every_bad_mood_is_expected_here():
    assert set(EXPECTED) == {*MOODS, "slow"}


def test_each_bad_answer_is_refused_and_logged_and_tells_nothing(tmp_path, database, caplog):
    caplog.set_level(logging.DEBUG)

    async def act(world, behind):
        told = {}
        for mood in EXPECTED:
            behind.mood = mood
            answer = await world.ask(LOOK_UP, sign={"message_id": f"bad-{mood}"})
            told[mood] = answer, (await health(world))["troubles"]
        return (
            told,
            {row["message_id"]: row for row in await world.logged()},
            Pseudonyms.read(world.folder / "keys.json"),
        )

    told, rows, pseudonyms = in_front(tmp_path, database, act, breaker_failures=1000)
    before = {}
    for mood, (code, reason) in EXPECTED.items():
        answer, troubles = told[mood]
        assert (mood, answer.code, answer.status) == (mood, code, row(code).status)
        assert troubles == before | {reason: before.get(reason, 0) + 1}, mood
        before = troubles
        logged = rows[f"bad-{mood}"]
        assert (logged["result_code"], logged["released_fields"]) == (code, [])
        assert logged["subject_pseudonym"] == pseudonyms.of_person("990089000001")
        assert ("Retry-After" in answer.headers) == (code == "42")
        assert not [word for word in PERSONAL if word in answer.raw.decode()]
        if mood in ABOUT_ONE_PERSON:
            assert "detail" not in answer.body, "what is odd about one person is nobody's to know"
    assert told["unavailable"][0].headers["Retry-After"] == "7"
    assert caplog.records
    assert not [word for word in PERSONAL if word in caplog.text]


def test_after_a_bad_day_it_answers_as_before(tmp_path, database):
    async def act(world, behind):
        behind.mood = "half"
        bad = await world.ask(LOOK_UP)
        behind.mood = "well"
        return bad, await world.ask(LOOK_UP)

    bad, good = in_front(tmp_path, database, act)
    assert (bad.code, good.code) == ("43", "00")


def test_nothing_is_asked_of_it_before_the_last_gate(tmp_path, database):
    async def act(world, behind):
        await world.ask(LOOK_UP, MaDVC="nobody-licensed-this")
        await world.ask(LOOK_UP, MaCanBo="nobody")
        return dict(behind.asked)

    assert in_front(tmp_path, database, act) == {}


def test_a_repeated_question_gets_its_first_answer_without_a_new_story(tmp_path, database):
    async def act(world, behind):
        first = await world.ask(LOOK_UP, MaYeuCau="mot-lan")
        second = await world.ask(LOOK_UP, MaYeuCau="mot-lan")
        other = await world.ask(LOOK_UP, MaYeuCau="mot-lan", HoVaTen="Khác")
        return first, second, other

    first, second, other = in_front(tmp_path, database, act)
    assert first.code == "00"
    assert first.raw == second.raw
    assert other.code == "12"


def test_a_repeated_question_asks_nobody_and_needs_nobody(tmp_path, database):
    async def act(world, behind):
        first = await world.ask(LOOK_UP, MaYeuCau="mot-lan")
        behind.asked.clear()
        behind.mood = "unavailable"
        repeated = await world.ask(LOOK_UP, MaYeuCau="mot-lan")
        other = await world.ask(LOOK_UP, MaYeuCau="mot-lan", HoVaTen="Khác")
        return first, repeated, other, dict(behind.asked), (await world.ask(LOOK_UP)).code

    first, repeated, other, asked, anew = in_front(tmp_path, database, act)
    assert (first.code, repeated.raw, other.code, anew) == ("00", first.raw, "12", "42")
    assert asked == {}


def test_the_circuit_opens_and_one_trial_closes_it(tmp_path, database):
    async def act(world, behind):
        behind.mood = "unavailable"
        for person in range(3):
            assert (await world.ask(LOOK_UP, SoDinhDanh=f"99008900000{person}")).code == "42"
        opened = await health(world)
        behind.asked.clear()
        refused = await world.ask(LOOK_UP, sign={"message_id": "left-alone"})
        assert not behind.asked, "it is left alone"
        await asyncio.sleep(0.6)
        behind.mood = "error_page"
        assert (await world.ask(LOOK_UP)).code == "42"
        assert (await health(world))["state"] == "open", "the trial failed"
        await asyncio.sleep(0.6)
        behind.mood = "well"
        trial = await world.ask(LOOK_UP)
        rows = {row["message_id"]: row["result_code"] for row in await world.logged()}
        return opened, refused, trial, await health(world), rows

    opened, refused, trial, closed, rows = in_front(
        tmp_path, database, act, breaker_failures=3, breaker_pause_seconds=0.5
    )
    assert (opened["kind"], opened["state"], opened["retry_after_seconds"]) == ("upstream", "open", 1)
    assert (refused.status, refused.code, refused.headers["Retry-After"]) == (503, "42", "1")
    assert rows["left-alone"] == "42"
    assert (trial.code, closed["state"], closed["failures"]) == ("00", "closed", 0)
    assert closed["troubles"] == {"http_503": 3, "breaker_open": 1, "http_500": 1}


def test_without_its_row_in_the_log_no_answer_leaves(tmp_path, database):
    async def act(world, behind):
        await world.pool.execute("ALTER TABLE access_log RENAME TO mislaid")
        return await world.ask(LOOK_UP), behind.asked["well"]

    answer, asked = in_front(tmp_path, database, act)
    assert (answer.code, asked) == ("99", 1)
    assert not [word for word in PERSONAL if word in answer.raw.decode()]


def test_what_is_odd_about_one_person_does_not_open_the_circuit_for_all(tmp_path, database):
    async def act(world, behind):
        for mood in sorted(ABOUT_ONE_PERSON):
            behind.mood = mood
            await world.ask(LOOK_UP)
        return await health(world)

    assert in_front(tmp_path, database, act, breaker_failures=1)["state"] == "closed"


def test_one_odd_record_leaves_the_path_open_for_everybody_else(tmp_path, database):
    binh = {"SoDinhDanh": "990190000003", "HoVaTen": "Lê Thị Bình", "NgayThangNamSinh": "1990"}

    async def act(world, behind):
        behind.once = ["day_zero", "control_character", "sex_in_words", "doubled", "day_zero", "day_zero"]
        odd = [(await world.ask(LOOK_UP)).code for _ in range(6)]
        return odd, await world.ask(LOOK_UP, **binh), await health(world)

    odd, next_one, told = in_front(tmp_path, database, act)
    assert odd == ["43"] * 6
    assert (next_one.code, told["state"], told["failures"]) == ("00", "closed", 0)


def test_whom_it_cannot_answer_about_leaves_the_path_open_for_everybody_else(tmp_path, database):
    async def act(world, behind):
        for mood in ("fault", "error_page", "hang_up", "fault", "error_page", "half"):
            behind.mood = mood
            assert (await world.ask(LOOK_UP)).code in ("42", "43")
        behind.mood = "well"
        return await world.ask(LOOK_UP, SoDinhDanh="990072000007", HoVaTen="Phạm Quý", NgayThangNamSinh="1972")

    assert in_front(tmp_path, database, act).code == "00"


def test_it_is_asked_by_so_many_at_once_and_no_more(tmp_path, database):
    async def act(world, behind):
        behind.delay = 0.02
        answers = await asyncio.gather(*(world.ask(LOOK_UP) for _ in range(40)))
        return {each.code for each in answers}, behind.most_at_once, len(behind.connections)

    codes, most, connections = in_front(tmp_path, database, act, max_in_flight=3, read_timeout_seconds=5.0)
    assert codes == {"00"}
    assert 1 < most <= 3
    assert connections <= 3, "they are kept and used again"


def test_a_kept_connection_that_was_closed_is_no_failure(tmp_path, database):
    async def act(world, behind):
        await world.ask(LOOK_UP)
        behind.once = ["hang_up"]
        answer = await world.ask(LOOK_UP)
        return answer, dict(behind.asked), (await health(world))["troubles"]

    answer, asked, troubles = in_front(tmp_path, database, act)
    assert (answer.code, troubles) == ("00", {})
    assert asked == {"well": 2, "hang_up": 1}


def test_whoever_finds_no_place_is_told_to_come_again(tmp_path, database):
    async def act(world, behind):
        behind.mood = "slow"
        answers = await asyncio.gather(*(world.ask(LOOK_UP) for _ in range(2)))
        return sorted(each.code for each in answers), await health(world)

    codes, told = in_front(
        tmp_path, database, act, max_in_flight=1, connect_timeout_seconds=0.2, read_timeout_seconds=1.0
    )
    assert codes == ["41", "server_busy"]
    assert (told["in_flight"], told["troubles"]) == (0, {"in_flight": 1, "slow": 1})


def test_a_server_that_is_gone_is_said_to_be(tmp_path, database):
    async def act(world, behind):
        await behind.stop()
        return await world.ask(LOOK_UP)

    assert in_front(tmp_path, database, act).code == "42"


@pytest.mark.parametrize(
    ("changes", "host", "reason"),
    [
        ({"server_certificate": "asker.crt"}, "127.0.0.1", "tls"),
        ({"certificate": "behind.crt", "key": "behind.key"}, "127.0.0.1", "connection"),
        ({"certificate": "", "key": ""}, "127.0.0.1", "connection"),
        ({"account": "stranger"}, "127.0.0.1", "http_401"),
        # With an authority the certificate must name the host, which is "localhost" and no address; the account's
        # proof, which covers the address, is then another one.
        ({"server_certificate": "", "authorities": "behind.crt"}, "127.0.0.1", "tls"),
        ({"server_certificate": "", "authorities": "behind.crt"}, "localhost", "http_401"),
    ],
)
def test_who_is_not_believed_on_either_side_answers_nothing(tmp_path, database, changes, host, reason):
    async def act(world, behind):
        return await world.ask(LOOK_UP), await health(world)

    answer, told = in_front(tmp_path, database, act, host=host, **changes)
    assert (answer.code, told["troubles"]) == ("42", {reason: 1})


def test_services_ask_it_all_they_need(tmp_path, database):
    binh = {"SoDinhDanh": "990190000003", "HoVaTen": "Lê Thị Bình", "NgayThangNamSinh": "1990", "QuanHe": "QH01"}
    claims = {
        "SoCMND": "990000001", "DanToc": "02", "TonGiao": "00", "ThuongTru": "19", "ChuHo": "Nguyễn Văn An",
        "Cha": "990060000002", "TinhTrangChetMatTich": "0",
    }  # fmt: skip

    async def act(world, behind):
        confirmed = await world.ask(CONFIRM, SoCMND="990000001")
        together = await world.ask(HOUSEHOLD, ThanhVien=[binh, binh | {"QuanHe": "QH02"}])
        verified = await world.ask(VERIFY, ThuocTinh=claims)
        return confirmed.body, together.body, verified.body

    confirmed, together, verified = in_front(tmp_path, database, act)
    assert confirmed["TonTai"] is True
    assert [tuple(each.values()) for each in together["ThanhVien"]] == [(True, True), (True, False)]
    assert verified["KetQua"] == dict.fromkeys(claims, True) | {"TonGiao": False}


def test_a_yes_or_no_without_a_birth_date_has_its_bad_days_too(tmp_path, database):
    async def act(world, behind):
        told = [await world.ask(CONFIRM, NgayThangNamSinh=None)]
        for mood in ("unavailable", "bomb", "several_people"):
            behind.mood = mood
            told.append(await world.ask(CONFIRM, NgayThangNamSinh=None))
        return [each.code for each in told], [row["result_code"] for row in await world.logged()]

    told, logged = in_front(tmp_path, database, act)
    assert told == logged == ["00", "42", "43", "43"]


def test_without_the_service_for_it_a_birth_date_is_asked_for(tmp_path, database):
    async def act(world, behind):
        return await world.ask(CONFIRM, NgayThangNamSinh=None)

    answer = in_front(tmp_path, database, act, confirm_url="")
    assert (answer.code, answer.body["detail"].startswith("NgayThangNamSinh is needed")) == ("10", True)


def test_what_it_cannot_tell_is_said(tmp_path, database):
    binh = {"SoDinhDanh": "990190000003", "HoVaTen": "Lê Thị Bình", "QuanHe": "QH01"}

    async def act(world, behind):
        no_birth = await world.ask(HOUSEHOLD, ThanhVien=[binh])
        citizen = behind.citizen
        behind.citizen = lambda row: citizen(row).partition("<ns1:TinhTrangChetMatTich>")[0] + "</ns1:CongDan>"
        untold = await world.ask(VERIFY, ThuocTinh={"TinhTrangChetMatTich": "0"})
        behind.citizen = lambda row: citizen(row).replace("CH00", "CH77")
        strange = await world.ask(HOUSEHOLD, ThanhVien=[binh | {"NgayThangNamSinh": "1990"}])
        return no_birth, untold, strange, (await health(world))["troubles"]

    no_birth, untold, strange, troubles = in_front(tmp_path, database, act)
    assert (no_birth.code, no_birth.body["detail"].startswith("NgayThangNamSinh")) == ("10", True)
    assert (untold.code, untold.body["detail"].startswith("ThuocTinh.TinhTrangChetMatTich")) == ("43", True)
    assert strange.code == "43"
    assert troubles == {"relation_unknown": 1}
