"""Consents are begun and asked after, over mutual TLS."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest

from ketnoi_identity.consent.rules import REPEAT_WITHIN

from .wires import ANOTHER, NUMBER, begin, use


def test_a_consent_is_begun_and_waits_for_its_citizen(within):
    async def act(world):
        begun = await world.begin(one_time=True)
        return begun, await world.state(begun["consent"]), await world.pool.fetchrow("SELECT * FROM consent")

    begun, standing, row = within(act)
    assert (begun["code"], begun["state"]) == ("02", "CHO_DONG_Y")
    assert re.fullmatch("[A-Z2-7]{26}", begun["consent"])
    assert standing == {
        "code": "00",
        "state": "CHO_DONG_Y",
        "service": "look_up_citizen",
        "fields": ["HoVaTen", "ThuongTru"],
        "one_time": True,
        "used_up": False,
        "answer_by": begun["answer_by"],
        "valid_until": None,
    }
    assert (row["id"], row["purpose"], row["personal_number"]) == (
        begun["consent"],
        begin()["purpose"],
        begin()["personal_number"],
    )
    assert (row["answer_by"] - row["asked_at"]).total_seconds() == 900


def test_one_message_begins_one_consent_however_often_it_comes(within):
    async def act(world):
        told = begin()
        answers = await asyncio.gather(*(world.begin(**told) for _ in range(8)))
        return answers, await world.pool.fetchval("SELECT count(*) FROM consent")

    answers, rows = within(act)
    assert len({each["consent"] for each in answers}) == 1
    assert rows == 1


def test_two_organisations_may_have_one_message_id(within):
    async def act(world):
        first = await world.begin(message_id="m1")
        return first, await world.begin(message_id="m1", organisation="H99")

    first, second = within(act)
    assert first["consent"] != second["consent"]


def test_of_another_agencys_consent_nothing_is_told(within):
    async def act(world):
        code = await world.agreed()
        return await world.state(code, "H99"), await world.state("A" * 26, "H99")

    others, unknown = within(act)
    nothing = {"state": None, "service": None, "fields": [], "answer_by": None, "valid_until": None}
    nothing |= {"one_time": False, "used_up": False}
    assert others == {"code": "53"} | nothing
    assert unknown == {"code": "50"} | nothing


def test_a_consent_asked_of_nobody_waits_and_expires_as_any_other(within):
    async def act(world):
        begun = [await world.begin(personal_number=number) for number in (None, ANOTHER)]
        waiting = [await world.state(each["consent"]) for each in begun]
        world.clock.advance(timedelta(days=1))
        return waiting, [await world.state(each["consent"]) for each in begun]

    waiting, later = within(act)
    assert [each["state"] for each in waiting] == ["CHO_DONG_Y"] * 2
    assert [each["state"] for each in later] == ["HET_HAN"] * 2


def test_an_agency_has_a_few_requests_waiting_and_is_told_when_it_may_ask_again(within):
    async def act(world):
        begun = [(await world.begin())["code"] for _ in range(3)]
        held = await world.begin()
        another_person = await world.begin(about="cd" * 32)
        another_agency = await world.begin(organisation="H99")
        world.clock.advance(timedelta(seconds=held["retry_after"]))
        return begun, held, another_person["code"], another_agency["code"], await world.begin()

    begun, held, another_person, another_agency, later = within(act)
    assert begun == ["02"] * 3
    assert (held["code"], held["consent"], held["answer_by"]) == ("30", "", None)
    assert 890 <= held["retry_after"] <= 900
    assert (another_person, another_agency, later["code"]) == ("02", "02", "02")


def test_an_agency_asks_a_person_a_few_times_a_day(within):
    async def act(world):
        for _ in range(10):
            await world.agreed()
        held = await world.begin()
        world.clock.advance(timedelta(seconds=held["retry_after"] - 5))
        before = await world.begin()
        world.clock.advance(timedelta(seconds=5))
        return held, before, await world.begin()

    held, before, later = within(act)
    assert (held["code"], before["code"], later["code"]) == ("30", "30", "02")
    assert held["retry_after"] > 86_000


def test_limits_are_the_same_whether_number_and_name_belong_together_or_not(within):
    async def act(world):
        found = {}
        for about, numbers in (("aa", [NUMBER] * 4), ("bb", [None] * 4), ("cc", [NUMBER, None, NUMBER, None])):
            found[about] = [(await world.begin(about=about * 32, personal_number=each))["code"] for each in numbers]
        return found

    assert set(map(tuple, within(act).values())) == {("02", "02", "02", "30")}


def test_who_asks_at_once_passes_no_limit(within):
    async def act(world):
        # Whoever has counted waits here with what it counted, so that the others could count the same.
        async with world.pool.acquire() as connection, connection.transaction():
            await connection.execute("LOCK TABLE consent IN SHARE MODE")
            calls = [asyncio.create_task(world.begin()) for _ in range(12)]
            await asyncio.sleep(1)
        codes = [(await call)["code"] for call in calls]
        return codes, await world.pool.fetchval("SELECT count(*) FROM consent")

    codes, rows = within(act)
    assert (codes.count("02"), codes.count("30"), rows) == (3, 9, 3)


def test_without_a_digest_requests_are_counted_by_person(within):
    async def act(world):
        return [(await world.begin(about=None))["code"] for _ in range(4)]

    assert within(act) == ["02", "02", "02", "30"]


def test_a_repeated_message_is_answered_when_the_limit_is_reached(within):
    async def act(world):
        begun = [await world.begin(message_id=f"m{n}") for n in range(3)]
        return begun[0], await world.begin(message_id="m0"), await world.begin(message_id="m9")

    first, again, another = within(act)
    assert again == first
    assert another["code"] == "30"


def test_a_repeated_message_tells_how_it_stands_by_now(within):
    async def act(world):
        code = await world.agreed(message_id="m0")
        return code, await world.begin(message_id="m0")

    code, again = within(act)
    assert (again["consent"], again["state"]) == (code, "DONG_Y")


def test_no_consent_is_asked_for_longer_than_the_longest(within):
    async def act(world):
        await world.begin(lasts_seconds=10**15)
        return await world.pool.fetchval("SELECT lasts_seconds FROM consent")

    assert within(act) == 365 * 86_400


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"lasts_seconds": 0}, "lasts_seconds"),
        ({"purpose": " "}, "purpose"),
        ({"purpose": "x" * 301}, "purpose"),
        ({"purpose": "<b>x</b>"}, "purpose"),
        ({"purpose": "Xem https://evil.example/"}, "purpose"),
        ({"waits_seconds": 0}, "waits_seconds"),
        ({"fields": ["HoVaTen", "HoVaTen"]}, "fields"),
        ({"fields": [f"f{n}" for n in range(101)]}, "fields"),
        ({"fields": [""]}, "fields"),
        ({"organisation": ""}, "organisation"),
        ({"message_id": "m" * 256}, "message_id"),
        ({"service": "another"}, "service"),
        ({"personal_number": 12}, "personal_number"),
        ({"about": "x"}, "about"),
        ({"personal_number": "12"}, "personal_number"),
    ],
)
def test_what_cannot_be_a_request_is_refused_by_the_fields_name(within, changes, named):
    async def act(world):
        answer = await world.send("POST", "/v1/consents", begin(**changes))
        return answer, await world.pool.fetchval("SELECT count(*) FROM consent")

    answer, rows = within(act)
    assert (answer.status, answer.body["code"], answer.body["detail"]) == (400, "10", named)
    assert rows == 0


@pytest.mark.parametrize(("wish", "waits"), [(86_400, 86_400), (60, 60), (10**9, 7 * 86_400), (None, 900)])
def test_a_request_waits_as_long_as_the_agency_wishes_but_for_seven_days_at_most(within, wish, waits):
    async def act(world):
        begun = [await world.begin(waits_seconds=wish, personal_number=number) for number in (NUMBER, None)]
        rows = await world.pool.fetch("SELECT answer_by - asked_at AS waits FROM consent")
        world.clock.advance(timedelta(seconds=waits - 1))
        before = await world.state(begun[0]["consent"])
        world.clock.advance(timedelta(seconds=1))
        return rows, before, await world.state(begun[0]["consent"])

    rows, before, later = within(act)
    # The same for nobody: how long it waits tells nothing of whom is asked.
    assert [row["waits"].total_seconds() for row in rows] == [waits, waits]
    assert (before["state"], later["state"]) == ("CHO_DONG_Y", "HET_HAN")


def test_the_state_tells_that_a_one_time_consent_is_used_up(within):
    async def act(world):
        once, lasting = await world.agreed(one_time=True), await world.agreed(one_time=False)
        before = await world.state(once)
        codes = await world.use(use(once), use(lasting))
        return before, codes, await world.state(once), await world.state(lasting)

    before, codes, once, lasting = within(act)
    assert codes == ["00", "00"]
    assert [(each["state"], each["used_up"]) for each in (before, once, lasting)] == [
        ("DONG_Y", False),
        ("DONG_Y", True),
        ("DONG_Y", False),
    ]


def test_states_are_told_as_they_come(within):
    async def act(world):
        told = []
        code = await world.agreed(lasts=60)
        told.append(await world.state(code))
        await world.taken_back(code)
        told.append(await world.state(code))
        refused = (await world.begin())["consent"]
        await world.refused(refused)
        told.append(await world.state(refused))
        over = await world.agreed(lasts=60)
        world.clock.advance(timedelta(seconds=61))
        told.append(await world.state(over))
        return told

    told = within(act)
    assert [each["state"] for each in told] == ["DONG_Y", "THU_HOI", "TU_CHOI", "HET_HAN"]
    assert told[0]["valid_until"] is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"about": "cd" * 32},
        {"service": "verify_citizen"},
        {"fields": ["HoVaTen"]},
        {"procedure_code": "1.002"},
        {"purpose": "Việc khác"},
        {"one_time": True},
        {"lasts_seconds": 60},
        {"waits_seconds": 86_400},
    ],
)
def test_another_request_under_the_id_of_one_is_told_nothing_of_it(within, changes):
    async def act(world):
        await world.begin(message_id="m1")
        return await world.begin(message_id="m1", **changes), await world.pool.fetchval("SELECT count(*) FROM consent")

    told, rows = within(act)
    assert (told["code"], told["consent"], told["answer_by"], rows) == ("12", "", None, 1)


def test_the_order_of_fields_makes_no_other_request(within):
    async def act(world):
        first = await world.begin(message_id="m1", fields=["HoVaTen", "ThuongTru"])
        return first, await world.begin(message_id="m1", fields=["ThuongTru", "HoVaTen"])

    first, again = within(act)
    assert first == again


def test_another_name_under_the_same_number_and_message_is_told_the_same(within):
    async def act(world):
        told = []
        for n, (first, second) in enumerate([(NUMBER, None), (None, NUMBER), (None, None), (NUMBER, ANOTHER)]):
            about = {"message_id": f"m{n}", "about": f"{n:064x}"}
            begun = await world.begin(personal_number=first, **about)
            told.append((begun, await world.begin(personal_number=second, **about)))
        return told

    assert all(first == second for first, second in within(act))


def test_of_requests_at_once_under_one_message_id_one_stands(within):
    async def act(world):
        told = await asyncio.gather(*(world.begin(message_id="m1", about=f"{n:064x}") for n in range(8)))
        return [each["code"] for each in told], await world.pool.fetchval("SELECT count(*) FROM consent")

    codes, rows = within(act)
    assert (codes.count("02"), codes.count("12"), rows) == (1, 7, 1)


def test_a_question_repeated_under_other_messages_asks_the_citizen_once(within):
    async def act(world):
        question = {"question": "ef" * 32}
        told = await asyncio.gather(*(world.begin(**question) for _ in range(6)))
        later = await world.begin(**question)
        other_agency = await world.begin(**question, organisation="H99")
        rows = await world.pool.fetchval("SELECT count(*) FROM consent")
        # By then the MaYeuCau is free again.
        world.clock.advance(REPEAT_WITHIN)
        return told, later, other_agency, rows, await world.begin(**question)

    told, later, other_agency, rows, anew = within(act)
    assert {each["consent"] for each in told} == {later["consent"]}
    assert len({each["consent"] for each in (later, other_agency, anew)}) == 3
    assert rows == 2


def test_another_question_under_one_message_id_is_told_nothing(within):
    async def act(world):
        first = await world.begin(message_id="m1", question="01" * 32)
        other = await world.begin(message_id="m1", question="02" * 32)
        # Of a message and a question that belong to two requests the message's counts.
        await world.begin(message_id="m2", question="03" * 32)
        crossed = await world.begin(message_id="m1", question="03" * 32)
        return first, other, crossed

    first, other, crossed = within(act)
    assert (first["code"], other["code"], crossed["code"]) == ("02", "12", "12")
    assert other["consent"] == crossed["consent"] == ""


def test_under_several_numbers_nobody_is_shown_more_and_the_agency_learns_nothing(within):
    async def act(world):
        told = []
        for about in ("aa", "bb", "cc"):
            told += [await world.begin(about=about * 32) for _ in range(3)]
        shown = await world.pool.fetchval("SELECT count(*) FROM consent WHERE personal_number = $1", NUMBER)
        return told, shown, [await world.state(each["consent"]) for each in told]

    told, shown, standing = within(act)
    assert [each["code"] for each in told] == ["02"] * 9
    assert shown == 3
    assert {each["state"] for each in standing} == {"CHO_DONG_Y"}


def test_under_several_numbers_at_once_nobody_is_shown_more(within):
    async def act(world):
        async with world.pool.acquire() as connection, connection.transaction():
            await connection.execute("LOCK TABLE consent IN SHARE MODE")
            calls = [asyncio.create_task(world.begin(about=f"{n:064x}")) for n in range(8)]
            await asyncio.sleep(1)
        codes = {(await call)["code"] for call in calls}
        return codes, await world.pool.fetchval("SELECT count(*) FROM consent WHERE personal_number IS NOT NULL")

    assert within(act) == ({"02"}, 3)
