"""A repeated question: the same octets for the same content, refusal 12 for another, within a window."""

from __future__ import annotations

import uuid
from contextlib import AsyncExitStack
from datetime import timedelta

import msgspec
import pytest

from ketnoi_protocol.directory import Quota
from ketnoi_protocol.envelope import LookUpRequest
from ketnoi_protocol.services import Service
from ketnoi_registry.access_log import Pseudonyms
from ketnoi_registry.app import Registry
from ketnoi_registry.repeats import Claim, Forgetting, Kept, UnreadableAnswerError

from .directories import grant, officer
from .test_soap import envelope, send
from .worlds import MEMBER, OFFICER, run

LOOK_UP = Service.LOOK_UP_CITIZEN
CHANGE = "UPDATE person SET given_name = 'Ân', blood_group = '01' WHERE personal_number = '990089000001'"


def asked(**changes):
    return {"MaYeuCau": "lap-1"} | changes


def test_the_same_question_gets_the_same_octets_though_the_register_has_changed(tmp_path, database):
    async def act(world):
        first = await world.ask(LOOK_UP, **asked())
        await world.pool.execute(CHANGE)
        world.clock.advance(timedelta(seconds=60))
        again = await world.ask(LOOK_UP, **asked())
        anew = await world.ask(LOOK_UP, **asked(MaYeuCau="lap-2"))
        return first, again, anew, await world.logged()

    first, again, anew, rows = run(tmp_path, database, act)
    assert first.code == "00"
    assert again.raw == first.raw
    assert again.headers["Content-Digest"] == first.headers["Content-Digest"]
    assert [_blood_group(each) for each in (first, again, anew)] == ["04", "04", "01"]
    assert [row["repeats"] for row in rows] == [False, True, False]
    for name in ("subject_pseudonym", "released_fields", "result_code", "request_digest", "officer"):
        assert rows[1][name] == rows[0][name]
    assert rows[1]["message_id"] != rows[0]["message_id"]


def _blood_group(answer):
    return answer.body["CongdanCollection"]["CongDan"][0]["NhomMau"]


def test_a_narrower_licence_holds_for_a_repetition_too(tmp_path, database):
    async def act(world):
        first = await world.ask(LOOK_UP, **asked())
        wider = world.content.grants
        world.content.grants = [grant(MEMBER, each, fields=("HoVaTen",)) for each in Service]
        await world.publish_and_poll()
        narrowed = await world.ask(LOOK_UP, **asked())
        anew = await world.ask(LOOK_UP, **asked(MaYeuCau="lap-2"))
        world.content.grants = wider
        await world.publish_and_poll()
        return first, narrowed, anew, await world.ask(LOOK_UP, **asked()), await world.logged()

    first, narrowed, anew, again, rows = run(tmp_path, database, act)
    assert (first.code, narrowed.status, narrowed.code, anew.code) == ("00", 403, "26", "00")
    assert b"DanToc" in first.raw
    assert b"DanToc" not in narrowed.raw + anew.raw
    assert again.raw == first.raw
    assert [(row["result_code"], len(row["released_fields"])) for row in rows[1:3]] == [("26", 0), ("00", 1)]


def test_in_soap_too(tmp_path, database):
    async def act(world):
        octets = envelope(world, LOOK_UP, **asked()).encode()
        first = await send(world, LOOK_UP, octets)
        await world.pool.execute(CHANGE)
        again = await send(world, LOOK_UP, octets)
        older = envelope(
            world, LOOK_UP, namespace="http://gtel.vn/qldc", more="<d:TaiKhoan>khac</d:TaiKhoan>", **asked()
        )
        return first, again, await send(world, LOOK_UP, older.encode())

    first, again, older = run(tmp_path, database, act)
    assert (first.status, again.status, older.status) == (200, 200, 200)
    assert first.body == again.body == older.body
    assert b"990089000001" in first.body


@pytest.mark.parametrize("changed", [{"HoVaTen": "Nguyễn Văn Em"}, {"MaDVC": "1.001", "NgayThangNamSinh": "1989"}])
def test_another_question_is_refused(do, changed):
    async def act(world):
        code = str(uuid.uuid4())
        await world.ask(LOOK_UP, **asked(MaYeuCau=code))
        other = await world.ask(LOOK_UP, **asked(MaYeuCau=code) | changed)
        again = await world.ask(LOOK_UP, **asked(MaYeuCau=code))
        return other.status, other.code, again.code

    assert do(act) == (409, "12", "00")


def test_another_node_and_a_restarted_one_give_the_same_answer(tmp_path, database):
    async def act(world):
        first = await world.ask(LOOK_UP, **asked())
        await world.pool.execute(CHANGE)
        node = world.registry
        async with AsyncExitStack() as stack:
            settings = msgspec.structs.replace(world.settings, node_id="n2")
            world.registry = await Registry.start(settings, world.clock)
            stack.push_async_callback(world.registry.stop)
            elsewhere = await world.ask(LOOK_UP, **asked())
            refused = await world.ask(LOOK_UP, **asked(HoVaTen="Khác"))
        world.registry = await Registry.start(world.settings, world.clock)
        restarted = await world.ask(LOOK_UP, **asked())
        await world.registry.stop()
        world.registry = node
        return first.raw, elsewhere.raw, restarted.raw, refused.code, [row["node_id"] for row in await world.logged()]

    first, elsewhere, restarted, refused, nodes = run(tmp_path, database, act)
    assert first == elsewhere == restarted
    assert refused == "12"
    assert nodes == ["n1", "n2", "n2", "n1"]


def test_a_repetition_costs_no_call_of_the_quota_and_needs_no_register(tmp_path, database):
    async def act(world):
        world.content.grants = [grant(MEMBER, LOOK_UP, quotas=(Quota("officer", 2, 86_400),))]
        await world.publish_and_poll()
        first, second = await world.ask(LOOK_UP, **asked()), await world.ask(LOOK_UP, **asked(MaYeuCau="lap-2"))
        third = await world.ask(LOOK_UP, **asked(MaYeuCau="lap-3"))
        again = [await world.ask(LOOK_UP, **asked()) for _ in range(3)]
        await world.pool.execute("ALTER TABLE person RENAME TO elsewhere")
        unread = [await world.ask(LOOK_UP, **asked()), await world.ask(LOOK_UP, **asked(HoVaTen="Khác"))]
        await world.pool.execute("ALTER TABLE elsewhere RENAME TO person")
        return first, second.code, third.code, again, unread, await world.logged()

    first, second, third, again, unread, rows = run(tmp_path, database, act)
    assert (first.code, second, third) == ("00", "00", "30")
    assert {each.raw for each in (*again, unread[0])} == {first.raw}
    assert unread[1].code == "12"
    assert [row["result_code"] for row in rows] == ["00", "00", "30", *["00"] * 4, "12"]
    assert [row["repeats"] for row in rows] == [False] * 3 + [True] * 4 + [False]


def test_what_cannot_be_read_is_not_answered(tmp_path, database):
    async def act(world):
        await world.pool.execute("ALTER TABLE used_request RENAME COLUMN answer TO lost")
        refused = await world.ask(LOOK_UP, **asked())
        await world.pool.execute("ALTER TABLE used_request RENAME COLUMN lost TO answer")
        return refused.code, (await world.ask(LOOK_UP, **asked())).code

    assert run(tmp_path, database, act) == ("99", "00")


def test_after_the_window_it_is_a_new_question_and_nothing_is_kept(tmp_path, database):
    async def act(world):
        first = await world.ask(LOOK_UP, **asked())
        moment = world.clock.now() + timedelta(seconds=60)
        forgetting = Forgetting(world.pool, world.clock, timedelta(seconds=60))
        early = await forgetting.forget(moment - timedelta(seconds=2))
        late = await forgetting.forget(moment)
        other = await world.ask(LOOK_UP, **asked(HoVaTen="Khác"))
        return first.code, early, late, other.code

    assert run(tmp_path, database, act, repeat_window_seconds=60.0) == ("00", 0, 1, "01")


def test_whoever_has_lost_the_right_gets_no_kept_answer(do):
    async def act(world):
        code = str(uuid.uuid4())
        await world.ask(LOOK_UP, **asked(MaYeuCau=code))
        world.content.officers = [officer(OFFICER, MEMBER, active=False)]
        await world.publish_and_poll()
        return (await world.ask(LOOK_UP, **asked(MaYeuCau=code))).code

    assert do(act) == "24"


def test_a_kept_answer_that_cannot_be_read_is_no_answer(tmp_path, database):
    async def act(world):
        await world.ask(LOOK_UP, **asked())
        await world.pool.execute("UPDATE used_request SET answer = answer || 'x'::bytea")
        again = await world.ask(LOOK_UP, **asked())
        return again.code, [row["result_code"] for row in await world.logged()]

    assert run(tmp_path, database, act) == ("99", ["00", "99"])


def test_the_database_holds_no_answer_that_can_be_read(tmp_path, database):
    async def act(world):
        await world.ask(LOOK_UP, **asked())
        return await world.pool.fetchval("SELECT answer FROM used_request")

    kept = run(tmp_path, database, act)
    assert len(kept) > 500
    for text in ("990089000001", "NGUYỄN", "lap-1", "CongDan"):
        assert text.encode() not in kept


def test_an_answer_is_opened_by_the_same_question_alone(tmp_path):
    Pseudonyms.make(tmp_path / "keys.json", "k1")
    pseudonyms = Pseudonyms.read(tmp_path / "keys.json")
    request = LookUpRequest(
        ma_yeu_cau="1", ma_dvc="1", ma_tich_hop="037", ma_don_vi="H55", ma_can_bo="cb", name="An", birth_text="1989",
        personal_number="990089000001",
    )  # fmt: skip
    kept = Kept(b"{}", "00", ("HoVaTen",), "k1", ())
    claim = Claim.of(pseudonyms, "H55", "population look_up_citizen", "json", request)
    sealed = claim.seal(kept)
    assert claim.open(sealed) == kept
    assert claim.seal(kept) != sealed
    others = [
        Claim.of(pseudonyms, "G15", "population look_up_citizen", "json", request),
        Claim.of(pseudonyms, "H55", "population look_up_citizen", "soap", request),
        Claim.of(pseudonyms, "H55", "identity look_up_citizen", "json", request),
        Claim.of(pseudonyms, "H55", "population look_up_citizen", "json", msgspec.structs.replace(request, name="Em")),
        Claim.of(
            pseudonyms, "H55", "population look_up_citizen", "json", msgspec.structs.replace(request, ma_yeu_cau="2")
        ),
    ]
    for other in others:
        with pytest.raises(UnreadableAnswerError):
            other.open(sealed)
    for damaged in (b"", sealed[:20], sealed[:-1], sealed + b"x"):
        with pytest.raises(UnreadableAnswerError):
            claim.open(damaged)
