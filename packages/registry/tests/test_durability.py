"""No answer leaves before its row in the access log is durable; and a question has one content."""

from __future__ import annotations

import asyncio
import json

import asyncpg
import pytest

from ketnoi_protocol.services import Service
from ketnoi_registry.access_log import AccessLogError, writer
from ketnoi_testbed.postgres import private_cluster

from .directories import account, grant, officer
from .worlds import MEMBER, Organisation, run

LOOK_UP, CONFIRM = Service.LOOK_UP_CITIZEN, Service.CONFIRM_IDENTITY_NUMBER


async def lock(world, table):
    """Hold every writer of `table` up; returns what lets them go on."""
    connection = await asyncpg.connect(world.database)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(f"LOCK TABLE {table} IN SHARE MODE")

    async def release():
        await transaction.rollback()
        await connection.close()

    return release


async def kill_writer(world):
    """Kill the backend that is writing the access log."""
    return await world.pool.fetchval(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()"
    )


def test_an_answer_waits_for_its_row(tmp_path, database):
    async def act(world):
        await world.ask(CONFIRM)
        release = await lock(world, "access_log")
        asked = asyncio.create_task(world.ask(LOOK_UP))
        done, _ = await asyncio.wait({asked}, timeout=0.4)
        assert not done
        await release()
        assert (await asked).code == "00"
        return len(await world.logged())

    assert run(tmp_path, database, act) == 2


def test_when_the_log_fails_nothing_leaves_and_it_mends_itself(tmp_path, database):
    async def act(world):
        await world.ask(CONFIRM)
        release = await lock(world, "access_log")
        asked = [asyncio.create_task(world.ask(LOOK_UP, MaYeuCau=f"q{number}")) for number in range(5)]
        await asyncio.sleep(0.3)
        assert await kill_writer(world) == 1
        answers = await asyncio.gather(*asked[:1])
        await release()
        answers += await asyncio.gather(*asked[1:])
        for answer in answers:
            if answer.code != "00":
                assert (answer.status, answer.code) == (500, "99")
                assert "CongdanCollection" not in answer.body
        assert answers[0].code == "99"
        # The repetition of what was refused is answered, with the same MaYeuCau.
        assert (await world.ask(LOOK_UP, MaYeuCau="q0")).code == "00"
        answered = sum(answer.code == "00" for answer in answers)
        return len(await world.logged()) >= 1 + answered + 1

    assert run(tmp_path, database, act)


def test_a_log_that_hangs_refuses_within_its_time(tmp_path, database):
    async def act(world):
        await world.ask(CONFIRM)
        release = await lock(world, "access_log")
        refused = await world.ask(LOOK_UP)
        await release()
        return refused.code, (await world.ask(LOOK_UP)).code

    assert run(tmp_path, database, act, log_timeout_seconds=0.3) == ("99", "00")


def test_a_refusal_is_logged_before_it_leaves_too(tmp_path, database, monkeypatch):
    async def act(world):
        async def broken(self, call):
            raise AccessLogError("broken")

        monkeypatch.setattr(writer.AccessLog, "record", broken)
        return (await world.ask(LOOK_UP, MaDVC="9")).code

    assert run(tmp_path, database, act) == "99"


def test_rows_survive_a_crash_of_the_database(tmp_path):
    """As many rows as answers after recovery, though the server was killed the moment the last answer had come."""
    with private_cluster(durable=True) as cluster:

        async def act(world):
            answers = await asyncio.gather(*(world.ask(LOOK_UP) for _ in range(20)))
            cluster.stop(immediate=True)
            assert [answer.code for answer in answers] == ["00"] * 20
            refused = await world.ask(LOOK_UP)
            cluster.start()
            connection = await asyncpg.connect(world.database)
            rows = await connection.fetchval("SELECT count(*) FROM access_log WHERE result_code = '00'")
            await connection.close()
            again = await world.ask(LOOK_UP)
            return refused.code, rows, again.code

        refused, rows, again = run(tmp_path, cluster.create_database(), act)
    assert refused in ("99", "41")
    assert rows == 20
    assert again == "00"


# A question has one content.


def test_the_same_content_is_answered_again(do):
    async def act(world):
        first = await world.ask(LOOK_UP, MaYeuCau="lap-lai")
        again = await world.ask(LOOK_UP, MaYeuCau="lap-lai")
        body = json.dumps(dict(reversed(world.body(LOOK_UP, MaYeuCau="lap-lai").items())), indent=3).encode()
        reordered = await world.send("POST", "/v1/TraCuuThongTinCongDan", body, world.signed(body))
        return [first.code, again.code, reordered.code], [row["result_code"] for row in (await world.logged())[-3:]]

    assert do(act) == (["00"] * 3, ["00"] * 3)


@pytest.mark.parametrize(
    "other",
    [{"SoDinhDanh": "990089000777"}, {"HoVaTen": "Nguyễn Văn Ân"}, {"SoCMND": "990000009"}, {"MaDVC": "1.002"}],
)
def test_other_content_under_the_same_code_is_refused(do, other):
    async def act(world):
        world.content.grants = [grant(MEMBER, LOOK_UP, procedures=("1.001", "1.002"))]
        await world.publish_and_poll()
        used = f"q-{other}"[:40]
        first = await world.ask(LOOK_UP, MaYeuCau=used)
        refused = await world.ask(LOOK_UP, MaYeuCau=used, **other)
        row = (await world.logged())[-1]
        again = await world.ask(LOOK_UP, MaYeuCau=used)
        return first.code, (refused.status, refused.code), (row["result_code"], row["released_fields"]), again.code

    assert do(act) == ("00", (409, "12"), ("12", []), "00")


def test_another_service_is_other_content(do):
    async def act(world):
        first = await world.ask(LOOK_UP, MaYeuCau="hai-dich-vu")
        return first.code, (await world.ask(CONFIRM, MaYeuCau="hai-dich-vu")).code

    assert do(act) == ("00", "12")


def test_another_organisation_has_codes_of_its_own(do):
    async def act(world):
        world.content.organisations += [Organisation("G15", "Bộ Tư pháp")]
        world.content.accounts += [account("tk-g15", "G15", world.key)]
        world.content.grants += [grant("G15", LOOK_UP)]
        world.content.officers += [officer("cb.g15", "G15")]
        await world.publish_and_poll()
        theirs = {"client": "VDXP-TEST/GOV/G15/MOTCUA", "key_id": "tk-g15", "user": "cb.g15"}
        first = await world.ask(LOOK_UP, MaYeuCau="cua-rieng")
        other = await world.ask(
            LOOK_UP, MaYeuCau="cua-rieng", MaDonVi="G15", MaCanBo="cb.g15", NgayThangNamSinh="1990", sign=theirs
        )
        return first.code, other.code

    assert do(act) == ("00", "01")


def test_a_refused_question_does_not_use_its_code_up(do):
    async def act(world):
        refused = await world.ask(LOOK_UP, MaYeuCau="chua-dung", MaDVC="9")
        return refused.code, (await world.ask(LOOK_UP, MaYeuCau="chua-dung")).code

    assert do(act) == ("23", "00")


def test_of_many_at_once_one_content_wins(do):
    async def act(world):
        names = ["Nguyễn Văn An", "Không Ai"] * 20
        answers = await asyncio.gather(*(world.ask(LOOK_UP, MaYeuCau="dong-thoi", HoVaTen=name) for name in names))
        return [{answer.code for answer in answers[start::2]} for start in (0, 1)]

    assert do(act) in ([{"00"}, {"12"}], [{"12"}, {"01"}])
