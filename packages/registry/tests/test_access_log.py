"""What the access log keeps, and what it never lets happen."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from ketnoi_registry.access_log import AccessLog, AccessLogError, Call, Earlier, Pseudonyms, Subject
from ketnoi_registry.access_log.pseudonyms import PseudonymKeyError

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def call(**changes):
    return Call(
        **{
            "at": AT,
            "instance": "VDXP-TEST",
            "consumer": "VDXP-TEST/GOV/H55/MOTCUA",
            "service": "look_up_citizen",
            "message_id": "m-1",
            "result_code": "00",
        }
        | changes
    )


@pytest.fixture
def with_log(database, with_pool):
    def run(act, **options):
        async def inside(pool):
            log = AccessLog(database, "node-1", **options)
            await log.start()
            try:
                return await act(pool, log)
            finally:
                await log.stop()

        return with_pool(inside)

    return run


def test_a_row_is_committed_when_record_returns(with_log):
    async def act(pool, log):
        written = call(
            subject_key_id="k1",
            subjects=(Subject(b"s" * 32), Subject(b"m" * 32, "claimed_member")),
            officer="cb-1",
            released_fields=("HoVaTen", "QueQuan"),
        )
        assert await log.record(written) is None
        return await pool.fetch("SELECT * FROM access_log ORDER BY sequence")

    asked, member = with_log(act)
    assert (asked["subject_pseudonym"], asked["subject_role"]) == (b"s" * 32, "asked")
    assert (member["subject_pseudonym"], member["subject_role"]) == (b"m" * 32, "claimed_member")
    assert asked["released_fields"] == ["HoVaTen", "QueQuan"]
    assert (asked["logged_at"], asked["node_id"], asked["subject_key_id"]) == (AT, "node-1", "k1")
    assert asked["officer_identity"] == "asserted_by_agency"


def test_a_call_about_nobody_has_one_row(with_log):
    async def act(pool, log):
        await log.record(call(result_code="20"))
        return await pool.fetch("SELECT * FROM access_log")

    (row,) = with_log(act)
    assert (row["subject_pseudonym"], row["subject_key_id"], row["officer_identity"]) == (None, None, None)
    assert row["released_fields"] == []


def test_a_used_request_gives_back_its_answer_for_the_same_content_and_is_refused_for_another(with_log):
    same = {"request_digest": b"r" * 32, "content_digest": b"c" * 32, "claims": True, "released_fields": ("HoVaTen",)}

    async def act(pool, log):
        told = [
            await log.record(call(**same, answer=b"first")),
            await log.record(call(**same, answer=b"again")),
            await log.record(call(**same | {"content_digest": b"d" * 32}, answer=b"other")),
            await log.record(call(**same | {"claims": False}, repeats=True)),
        ]
        rows = await pool.fetch("SELECT result_code, released_fields, repeats FROM access_log ORDER BY sequence")
        return told, [tuple(row) for row in rows]

    told, rows = with_log(act)
    assert told == [None, Earlier(True, b"first"), Earlier(False, None), None]
    assert rows == [("00", ["HoVaTen"], False), ("12", [], False), ("00", ["HoVaTen"], True)]


def test_one_batch_may_hold_the_same_request_twice(with_log):
    async def act(pool, log):
        one = call(request_digest=b"r" * 32, content_digest=b"c" * 32, claims=True, answer=b"one")
        other = call(request_digest=b"r" * 32, content_digest=b"d" * 32, claims=True, answer=b"other")
        told = await asyncio.gather(*(log.record(c) for c in (call(), one, other, one)))
        return told, await pool.fetchval("SELECT count(*) FROM access_log")

    assert with_log(act) == ([None, None, Earlier(False, None), Earlier(True, b"one")], 3)


def test_a_used_request_is_known_to_another_node_and_after_a_restart(database, with_log):
    used = {"request_digest": b"r" * 32, "content_digest": b"c" * 32, "claims": True, "answer": b"first"}

    async def act(pool, log):
        await log.record(call(**used))
        await log.stop()
        other = AccessLog(database, "node-2")
        told = [await other.record(call(**used | {"content_digest": digest * 32})) for digest in (b"d", b"c")]
        await other.stop()
        return told

    assert with_log(act) == [Earlier(False, None), Earlier(True, b"first")]


def test_two_nodes_that_are_asked_at_once_agree_on_one_answer(database, with_log):
    used = {"request_digest": b"r" * 32, "content_digest": b"c" * 32, "claims": True}

    async def act(pool, log):
        other = AccessLog(database, "node-2")
        await other.start()
        both = [(log, b"one"), (other, b"two")] * 10
        told = await asyncio.gather(*(node.record(call(**used, answer=answer)) for node, answer in both))
        await other.stop()
        return told, await pool.fetchval("SELECT answer FROM used_request")

    told, kept = with_log(act)
    assert told.count(None) == 1
    assert {each.answer for each in told if each is not None} == {kept}


def test_after_the_window_a_request_code_is_free_again(with_log):
    window = timedelta(hours=1)
    used = {"request_digest": b"r" * 32, "content_digest": b"c" * 32, "claims": True, "answer": b"first"}

    async def act(pool, log):
        other = used | {"content_digest": b"d" * 32, "answer": b"second"}
        return [
            await log.record(call(**used)),
            await log.record(call(**other, at=AT + window - timedelta(seconds=1))),
            await log.record(call(**other, at=AT + window)),
            await log.record(call(**used, at=AT + window)),
            await log.record(call(**other, at=AT + window * 2 - timedelta(seconds=1))),
        ]

    told = with_log(act, window=window)
    assert told == [None, Earlier(False, None), None, Earlier(False, None), Earlier(True, b"second")]


def test_a_refused_call_does_not_take_its_request(with_log):
    async def act(pool, log):
        await log.record(call(request_digest=b"r" * 32, content_digest=b"c" * 32, result_code="23"))
        return await log.record(call(request_digest=b"r" * 32, content_digest=b"d" * 32, claims=True))

    assert with_log(act) is None


def test_waiting_calls_go_out_in_one_statement(with_log):
    async def act(pool, log):
        await asyncio.gather(*(log.record(call(message_id=f"m-{n}")) for n in range(300)))
        return await pool.fetchrow("SELECT count(*), count(DISTINCT xmin::text) AS commits FROM access_log")

    counted = with_log(act)
    assert counted["count"] == 300
    assert counted["commits"] <= 3


def test_rows_cannot_be_changed_or_deleted(with_log):
    async def act(pool, log):
        await log.record(call())
        (partition,) = await pool.fetchrow("SELECT DISTINCT tableoid::regclass::text FROM access_log")
        assert partition != "access_log"
        for table in ("access_log", partition):
            for statement in (f"UPDATE {table} SET officer = 'x'", f"DELETE FROM {table}", f"TRUNCATE {table}"):
                with pytest.raises(asyncpg.RaiseError, match="insert-only"):
                    await pool.execute(statement)
        assert await pool.fetchval("SELECT count(*) FROM access_log") == 1

    with_log(act)


def test_a_call_in_another_month_finds_its_partition(with_log):
    async def act(pool, log):
        await log.record(call())
        await log.record(call(at=AT + timedelta(days=40)))
        return await pool.fetchval("SELECT count(DISTINCT tableoid) FROM access_log")

    assert with_log(act) == 2


def test_a_log_that_cannot_be_written_says_so_and_works_again_later(with_log):
    async def act(pool, log):
        await pool.execute("ALTER TABLE access_log RENAME TO hidden")
        with pytest.raises(AccessLogError):
            await log.record(call())
        await pool.execute("ALTER TABLE hidden RENAME TO access_log")
        await log.record(call())
        return await pool.fetchval("SELECT count(*) FROM access_log")

    assert with_log(act) == 1


def test_a_log_that_hangs_says_so_within_its_time(with_log):
    async def act(pool, log):
        await log.record(call())
        async with pool.acquire() as other, other.transaction():
            await other.execute("LOCK TABLE used_request")
            with pytest.raises(AccessLogError):
                await log.record(call(request_digest=b"r" * 32, content_digest=b"c" * 32, claims=True))

    with_log(act, timeout=0.2)


def test_pseudonyms_depend_on_the_key_and_on_the_kind_of_number(tmp_path):
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    Pseudonyms.make(one, "k1")
    Pseudonyms.make(two, "k1")
    first, again, other = Pseudonyms.read(one), Pseudonyms.read(one), Pseudonyms.read(two)
    assert first.of_person("990089000001") == again.of_person("990089000001")
    assert first.of_person("990089000001") != other.of_person("990089000001")
    assert first.of_person("990089000001") != first.of_person("990089000002")
    assert first.of_person("990000001") != first.of_old_number("990000001")
    assert first.of_request("H55", "1") != first.of_request("G15", "1")


def test_key_files_are_private_and_never_overwritten(tmp_path):
    path = tmp_path / "keys.json"
    Pseudonyms.make(path, "k1")
    with pytest.raises(FileExistsError):
        Pseudonyms.make(path, "k2")
    path.chmod(0o644)
    with pytest.raises(PseudonymKeyError, match="chmod 600"):
        Pseudonyms.read(path)


@pytest.mark.parametrize(
    ("content", "mend"),
    [
        ('{"active":"k2","keys":{"k1":"' + "A" * 43 + '="},"repetition":"' + "A" * 43 + '="}', "not among"),
        ('{"active":"k1","keys":{"k1":"AAAA"},"repetition":"' + "A" * 43 + '="}', "shorter"),
        ("[]", "no pseudonym key file"),
    ],
)
def test_a_bad_key_file_is_refused(tmp_path, content, mend):
    path = tmp_path / "keys.json"
    path.touch(0o600)
    path.write_text(content)
    with pytest.raises(PseudonymKeyError, match=mend):
        Pseudonyms.read(path)


def test_a_missing_key_file_says_how_to_make_it(tmp_path):
    with pytest.raises(PseudonymKeyError, match="ketnoi-registry init"):
        Pseudonyms.read(tmp_path / "keys.json")
