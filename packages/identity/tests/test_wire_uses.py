"""Consents are used: judged as things stand, written down before anybody is answered."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from ketnoi_identity.wire.app import Wire

from .wires import ANOTHER, run, use


def test_the_eight_refusals(within):
    async def act(world):
        agreed, once = await world.agreed(), await world.agreed(one_time=True, about="01" * 32)
        waiting = (await world.begin(about="02" * 32))["consent"]
        refused = (await world.begin(about="03" * 32))["consent"]
        await world.refused(refused)
        over = await world.agreed(lasts=1, about="04" * 32)
        taken_back = await world.agreed(about="05" * 32)
        await world.taken_back(taken_back)
        world.clock.advance(timedelta(seconds=2))
        asked = [
            use(agreed),
            use("A" * 26),
            use("no code at all"),
            use(waiting),
            use(refused),
            use(agreed, organisation="H99"),
            use(agreed, personal_number=ANOTHER),
            use(agreed, personal_number=None),
            use(agreed, fields=["DanToc"]),
            use(agreed, service="verify_citizen"),
            use(agreed, procedure_code="1.002"),
            use(over),
            use(taken_back),
            use(once),
            use(once),
        ]
        codes = await world.use(*asked)
        rows = await world.pool.fetch("SELECT * FROM consent_use")
        return asked, codes, {row["message_id"]: row for row in rows}

    asked, codes, rows = within(act)
    assert codes == ["00", "50", "50", "51", "52", "53", "54", "54", "55", "55", "55", "56", "57", "00", "58"]
    assert [rows[each["message_id"]]["code"] for each in asked] == codes
    # What is no code may be anything, a number even: it is not kept.
    assert rows[asked[2]["message_id"]]["consent"] == ""
    first = rows[asked[0]["message_id"]]
    assert (first["organisation"], first["unit"], first["officer"]) == ("H55", "H55.1", "cb.lan")
    assert (first["service"], first["fields"], first["procedure_code"]) == ("look_up_citizen", ["HoVaTen"], "1.001")


def test_a_look_up_is_told_which_fields_were_agreed_to_and_these_are_kept(within):
    async def act(world):
        code = await world.agreed()
        told = {"uses": [use(code, fields=["DanToc", "ThuongTru"]), use(code, fields=["DanToc"])]}
        answer = await world.send("POST", "/v1/uses", told)
        return answer.body, await world.pool.fetch("SELECT fields FROM consent_use ORDER BY code")

    told, rows = within(act)
    assert told == {"codes": ["00", "55"], "fields": [["ThuongTru"], []]}
    assert [row["fields"] for row in rows] == [["ThuongTru"], ["DanToc"]]


def test_no_use_is_nothing(within):
    async def act(world):
        return (await world.send("POST", "/v1/uses", {"uses": []})).body

    assert within(act) == {"codes": [], "fields": []}


def test_a_message_is_one_use_however_often_it_is_told(within):
    async def act(world):
        code = await world.agreed()
        asked = use(code)
        first = await world.use(asked, asked)
        again = await asyncio.gather(*(world.use(asked, asked) for _ in range(10)))
        return first, again, await world.pool.fetchval("SELECT count(*) FROM consent_use")

    first, again, rows = within(act)
    assert [first, *again] == [["00", "00"]] * 11
    assert rows == 1


def test_under_one_message_nothing_else_is_asked(within):
    async def act(world):
        code, other = await world.agreed(), await world.agreed(about="01" * 32)
        asked = use(code)
        await world.use(asked)
        return await world.use(asked | {"question": "cd" * 32}, asked | {"consent": other}, use(code), asked)

    assert within(act) == ["12", "12", "00", "00"]


def test_a_refused_message_stays_refused_and_a_new_one_is_judged_anew(within):
    async def act(world):
        code = (await world.begin())["consent"]
        asked = use(code)
        before = await world.use(asked)
        now = world.clock.now()
        await world.pool.execute(
            "UPDATE consent SET decided_at = $2, agreed = true, decided_by = 'test', valid_until = $3 WHERE id = $1",
            code, now, now + timedelta(hours=1),
        )  # fmt: skip
        return before, await world.use(asked, use(code))

    assert within(act) == (["51"], ["51", "00"])


def test_what_was_taken_back_is_not_told_again(within):
    async def act(world):
        code = await world.agreed()
        asked = use(code)
        before = await world.use(asked)
        await world.taken_back(code)
        return before, await world.use(asked, use(code))

    assert within(act) == (["00"], ["57", "57"])


def test_a_one_time_consent_is_for_one_question(within):
    async def act(world):
        code = await world.agreed(one_time=True)
        first = use(code)
        together = await world.use(use(code, fields=["DanToc"]), first, use(code), first)
        repeated = use(code, question=first["question"])
        later = await world.use(repeated, use(code))
        row = await world.pool.fetchrow("SELECT used_up_by, used_up_at FROM consent")
        world.clock.advance(timedelta(seconds=60))
        again = await world.use(use(code, question=first["question"]))
        same = await world.pool.fetchrow("SELECT used_up_by, used_up_at FROM consent")
        return first, together, later, row, again, same

    first, together, later, row, again, same = within(act)
    assert together == ["55", "00", "58", "00"]
    assert (later, again) == (["00", "58"], ["00"])
    assert row["used_up_by"] == first["question"]
    assert same == row


def test_of_many_questions_at_once_a_one_time_consent_answers_one(within):
    async def act(world):
        codes = [await world.agreed(one_time=True, about=f"{n:064x}") for n in range(5)]
        asked = [use(code) for code in codes for _ in range(8)]
        told = await asyncio.gather(*(world.use(*asked[n::10]) for n in range(10)))
        return codes, await world.pool.fetch("SELECT consent, code, count(*) FROM consent_use GROUP BY 1, 2"), told

    codes, rows, told = within(act)
    assert {(row["consent"], row["code"]): row["count"] for row in rows} == {
        (code, verdict): 1 if verdict == "00" else 7 for code in codes for verdict in ("00", "58")
    }
    assert sum(each.count("00") for each in told) == 5


def test_taking_back_waits_for_a_use_that_runs_and_no_later_one_is_allowed(within):
    async def act(world):
        code = await world.agreed()
        done = asyncio.Event()

        async def keep_using():
            told = []
            while not done.is_set():
                told += await world.use(*(use(code) for _ in range(3)))
            return told

        using = [asyncio.create_task(keep_using()) for _ in range(4)]
        await asyncio.sleep(0.3)
        await world.taken_back(code)
        # The commit is done: whatever begins now is refused.
        after = await world.use(*(use(code) for _ in range(5)))
        await asyncio.sleep(0.1)
        done.set()
        before = [each for task in using for each in await task]
        return after, before

    after, before = within(act)
    assert after == ["57"] * 5
    assert set(before) == {"00", "57"}


def test_taking_back_waits_for_a_use_that_was_allowed_and_is_not_yet_written(within):
    async def act(world):
        code = await world.agreed()
        async with world.pool.acquire() as connection, connection.transaction():
            await connection.execute("LOCK TABLE consent_use IN EXCLUSIVE MODE")
            using = asyncio.create_task(world.use(use(code)))
            await asyncio.sleep(0.7)
            taking_back = asyncio.create_task(world.taken_back(code))
            done, _ = await asyncio.wait([taking_back], timeout=0.7)
        await taking_back
        return bool(done), await using, await world.use(use(code))

    assert within(act) == (False, ["00"], ["57"])


def test_a_message_that_another_node_is_writing_is_judged_when_it_is_written(within):
    async def act(world):
        code = await world.agreed()
        asked = use(code)
        async with world.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO consent_use (organisation, message_id, question, consent, at, unit, officer, service,"
                " fields, procedure_code, code)"
                " VALUES ('H55', $1, 'another question', $2, $3, 'u', 'o', 's', '{}', 'p', '00')",
                asked["message_id"], code, world.clock.now(),
            )  # fmt: skip
            using = asyncio.create_task(world.use(asked, use(code)))
            await asyncio.sleep(0.7)
            assert not using.done()
        return await using, await world.pool.fetchval("SELECT count(*) FROM consent_use")

    assert within(act) == (["12", "00"], 2)


def test_uses_that_are_told_are_on_the_disk_whatever_the_databases_rule_is(tmp_path, database):
    async def act(world):
        name = await world.pool.fetchval("SELECT current_database()")
        await world.pool.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
        await world.pool.execute("CREATE TABLE seen (told text)")
        await world.pool.execute(
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen VALUES"
            " (current_setting('synchronous_commit')); RETURN NEW; END $$"
        )
        await world.pool.execute(
            "CREATE TRIGGER note BEFORE INSERT ON consent_use FOR EACH ROW EXECUTE FUNCTION note()"
        )
        code = await world.agreed()
        await world.wire.stop()
        world.wire = await Wire.start(world.settings, world.clock)
        try:
            await world.use(use(code))
        finally:
            await world.wire.stop()
        return await world.pool.fetch("SELECT told FROM seen")

    assert [row["told"] for row in run(tmp_path, database, act)] == ["on"]


@pytest.mark.parametrize(
    "changes",
    [
        {"organisation": ""},
        {"message_id": "m" * 256},
        {"question": ""},
        {"unit": "\0"},
        {"officer": "a\0b"},
        {"fields": ["a,b"]},
        {"fields": [""]},
    ],
)
def test_an_odd_use_is_refused_and_harms_no_other(within, changes):
    async def act(world):
        code = await world.agreed()
        told = await world.use(use(code), use(code, **changes), use(code))
        return told, await world.pool.fetchval("SELECT count(*) FROM consent_use")

    assert within(act) == (["00", "10", "00"], 2)


def test_what_is_of_another_kind_is_refused_whole(within):
    async def act(world):
        code = await world.agreed()
        answer = await world.send("POST", "/v1/uses", {"uses": [use(code), use(code, service="another")]})
        return answer, await world.pool.fetchval("SELECT count(*) FROM consent_use")

    answer, rows = within(act)
    assert (answer.status, answer.body["code"], answer.body["detail"]) == (400, "10", "uses[1].service")
    assert rows == 0


def test_more_uses_than_go_into_one_request_are_refused(within):
    async def act(world):
        code = await world.agreed()
        most = [use(code) for _ in range(1_000)]
        return await world.use(*most), await world.send("POST", "/v1/uses", {"uses": [*most, use(code)]})

    told, answer = within(act)
    assert told == ["00"] * 1_000
    assert (answer.status, answer.body["code"]) == (400, "10")
