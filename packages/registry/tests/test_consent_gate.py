"""Gate 9: nothing of the identity system is read without the citizen's consent, and each want of it has its code."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from ketnoi_protocol.consent import REPEAT_SECONDS
from ketnoi_protocol.services import Service
from ketnoi_registry.store import postgresql

from .directories import grant
from .identity_worlds import AGREED, HOUR, IDENTITY_ACCOUNT, LOOK_UP, run_both
from .worlds import MEMBER

VERIFY, CONFIRM, HOUSEHOLD = Service.VERIFY_CITIZEN, Service.CONFIRM_IDENTITY_NUMBER, Service.VERIFY_HOUSEHOLD
NOWHERE = "A" * 26
BINH = {"SoDinhDanh": "990190000003", "HoVaTen": "Lê Thị Bình", "NgayThangNamSinh": "1990"}


@pytest.fixture
def both(tmp_path, cluster):
    """`both(act, **changes)` runs `await act(world)` with a registry and an identity system."""
    return lambda act, **changes: run_both(tmp_path, cluster, act, **changes)


@pytest.fixture
def reads(monkeypatch):
    """The statements by which the register was read."""
    made = []
    for name in ("read_people", "read_holders"):

        def noting(real, name):
            def read(*arguments):
                made.append(name)
                return real(*arguments)

            return read

        monkeypatch.setattr(postgresql, name, noting(getattr(postgresql, name), name))
    return made


def test_each_want_of_a_consent_has_its_code_and_nothing_is_read(both, reads):
    async def act(world):
        seen = {}

        async def ask(told, consent, service=LOOK_UP, **fields):
            reads.clear()
            answer = await world.ask_identity(service, consent, **fields)
            seen[told] = (answer.status, answer.code, list(reads))
            assert b"CongDan" not in answer.raw.replace(b"SoLuongCongDan", b"")

        agreed = await world.agreed()
        await ask("none", None)
        await ask("unknown", NOWHERE)
        await ask("waiting", await world.waiting())
        await ask("refused", await world.refused())
        await ask("another person's", agreed, **BINH)
        await ask("wider: procedure", agreed, MaDVC="1.002")
        await ask("wider: service", agreed, CONFIRM)
        claims = await world.agreed(DichVu=VERIFY.value, CacTruong=["GioiTinh"])
        await ask("wider: fields", claims, VERIFY, ThuocTinh={"GioiTinh": "1", "QuocTich": "VN"})
        taken_back = await world.agreed()
        await world.take_back(taken_back)
        await ask("taken back", taken_back)
        once = await world.agreed(MotLan=True)
        assert (await world.ask_identity(LOOK_UP, once)).code == "00"
        await ask("used up", once)
        short = await world.agreed(ThoiHan=60)
        world.clock.advance(timedelta(seconds=61))
        await ask("expired", short)
        return seen, await world.logged()

    def with_procedures(world):
        return [grant(MEMBER, each, system="identity", procedures=("1.001", "1.002")) for each in Service]

    async def wider_licence(world):
        world.content.grants = with_procedures(world)
        await world.publish_and_poll()
        return await act(world)

    seen, rows = both(wider_licence)
    assert {told: code for told, (_, code, _) in seen.items()} == {
        "none": "50",
        "unknown": "50",
        "waiting": "51",
        "refused": "52",
        "another person's": "54",
        "wider: procedure": "55",
        "wider: service": "55",
        "wider: fields": "55",
        "taken back": "57",
        "used up": "58",
        "expired": "56",
    }
    assert {status for status, _, _ in seen.values()} == {403}
    assert all(read == [] for _, _, read in seen.values())
    # Every one of them leaves its row.
    refused = [row for row in rows if row["result_code"] >= "5"]
    assert len(refused) == len(seen)
    assert {row["system"] for row in rows} == {"identity"}
    assert all(row["released_fields"] == [] for row in refused)
    assert [row["consent"] for row in refused if row["result_code"] == "50"] == [None, NOWHERE]


def test_a_consent_given_to_another_agency_is_of_no_use(both):
    async def act(world):
        consent = await world.agreed()
        await world.identity_pool.execute("UPDATE consent SET organisation = 'G01' WHERE id = $1", consent)
        return await world.ask_identity(LOOK_UP, consent), await world.state(consent)

    used, standing = both(act)
    assert (used.code, standing.code) == ("53", "53")
    assert "TrangThai" not in standing.body


def test_what_is_licensed_and_agreed_to_is_shown_and_the_consent_told(both):
    async def act(world):
        consent = await world.agreed()
        first = await world.ask_identity(LOOK_UP, consent)
        world.content.grants = [
            grant(MEMBER, each, system="identity", fields=("HoVaTen", "DanToc")) for each in Service
        ]
        await world.publish_and_poll()
        narrower = await world.ask_identity(LOOK_UP, consent)
        world.content.grants = [grant(MEMBER, each, system="identity", fields=("DanToc",)) for each in Service]
        await world.publish_and_poll()
        return consent, first, narrower, await world.ask_identity(LOOK_UP, consent), await world.logged()

    consent, first, narrower, nothing, rows = both(act)
    for answer, shown in ((first, set(AGREED)), (narrower, {"HoVaTen"})):
        (citizen,) = answer.body["CongdanCollection"]["CongDan"]
        assert {name for name, value in citizen.items() if value} == shown
        assert answer.body["MaGiaoDichDongY"] == consent
    assert nothing.code == "55"
    released = [(row["result_code"], row["consent"], set(row["released_fields"])) for row in rows[1:]]
    assert released == [("00", consent, set(AGREED)), ("00", consent, {"HoVaTen"}), ("55", consent, set())]


def test_the_other_three_services_answer_under_their_consents(both):
    async def act(world):
        confirm = await world.agreed(DichVu=CONFIRM.value, CacTruong=None)
        verify = await world.agreed(DichVu=VERIFY.value, CacTruong=["GioiTinh"])
        household = await world.agreed(DichVu=HOUSEHOLD.value, CacTruong=None)
        member = {**BINH, "QuanHe": "QH01"}
        return (
            await world.ask_identity(CONFIRM, confirm),
            await world.ask_identity(VERIFY, verify, ThuocTinh={"GioiTinh": "1"}),
            await world.ask_identity(HOUSEHOLD, household, ThanhVien=[member]),
            [row["fields"] for row in await world.uses()],
        )

    confirmed, verified, household, fields = both(act)
    assert confirmed.body["TonTai"] is True
    assert verified.body["KetQua"] == {"GioiTinh": True}
    assert len(household.body["ThanhVien"]) == 1
    assert all("MaGiaoDichDongY" in each.body for each in (confirmed, verified, household))
    assert sorted(fields) == [[], [], ["GioiTinh"]]


def test_a_wrong_name_is_answered_like_nobody_and_uses_a_one_time_consent_up(both):
    async def act(world):
        once = await world.agreed(MotLan=True)
        wrong = await world.ask_identity(LOOK_UP, once, HoVaTen="Nguyễn Văn Anh")
        return wrong, await world.ask_identity(LOOK_UP, once)

    wrong, after = both(act)
    assert (wrong.code, after.code) == ("01", "58")


def test_an_old_number_is_its_holders(both):
    async def act(world):
        consent = await world.agreed()
        alone = {"SoDinhDanh": None, "SoCMND": "990000009"}
        holder = await world.ask_identity(LOOK_UP, consent, **alone)
        nobody = await world.ask_identity(LOOK_UP, consent, SoDinhDanh=None, SoCMND="990000404")
        wrong = await world.ask_identity(LOOK_UP, consent, **alone | {"HoVaTen": "Không Ai"})
        over = await world.waiting()
        return holder, nobody, wrong, await world.ask_identity(LOOK_UP, over, SoDinhDanh=None, SoCMND="990000404")

    holder, nobody, wrong, waiting = both(act)
    assert (holder.code, nobody.code, wrong.code, waiting.code) == ("00", "54", "54", "51")


def test_whose_an_old_number_is_is_not_read_without_a_consent_in_force(both, reads):
    async def act(world):
        taken_back = await world.agreed()
        await world.take_back(taken_back)
        short = await world.agreed(ThoiHan=60)
        world.clock.advance(timedelta(seconds=61))
        other = await world.agreed(DichVu=CONFIRM.value, CacTruong=None)
        cases = {
            "50": NOWHERE, "51": await world.waiting(MaDVC="1.001"), "57": taken_back, "56": short, "55": other,
        }  # fmt: skip
        reads.clear()
        answers = {
            code: (await world.ask_identity(LOOK_UP, consent, SoDinhDanh=None, SoCMND="990000009")).code
            for code, consent in cases.items()
        }
        return answers, list(reads), sorted(row["code"] for row in await world.uses())

    answers, read, uses = both(act)
    assert answers == {code: code for code in answers}
    assert read == []
    # What was tried stands there for the citizen to see.
    assert uses == sorted(answers)


# Repetitions.


def test_a_repetition_is_the_same_use(both):
    async def act(world):
        once = await world.agreed(MotLan=True)
        first = await world.ask_identity(LOOK_UP, once, MaYeuCau="lap-1")
        await world.pool.execute("UPDATE person SET given_name = 'Ân' WHERE personal_number = '990089000001'")
        again = await world.ask_identity(LOOK_UP, once, MaYeuCau="lap-1")
        other = await world.ask_identity(LOOK_UP, once, MaYeuCau="lap-2")
        return first, again, other, await world.uses(), await world.logged()

    first, again, other, uses, rows = both(act)
    assert again.raw == first.raw
    assert (first.code, other.code) == ("00", "58")
    # Each message that was answered stands there as a use, for the citizen to see.
    assert sorted(row["code"] for row in uses) == ["00", "00", "58"]
    assert [(row["result_code"], row["repeats"]) for row in rows[1:]] == [("00", False), ("00", True), ("58", False)]
    assert len({row["consent"] for row in rows}) == 1


def test_what_was_taken_back_is_not_shown_by_a_repetition(both):
    async def act(world):
        consent = await world.agreed()
        first = await world.ask_identity(LOOK_UP, consent, MaYeuCau="lap-1")
        await world.take_back(consent)
        again = await world.ask_identity(LOOK_UP, consent, MaYeuCau="lap-1")
        short = await world.agreed(ThoiHan=60)
        await world.ask_identity(LOOK_UP, short, MaYeuCau="lap-2")
        world.clock.advance(timedelta(seconds=61))
        return first, again, await world.ask_identity(LOOK_UP, short, MaYeuCau="lap-2")

    first, again, expired = both(act)
    assert (first.code, again.code, expired.code) == ("00", "57", "56")
    assert b"CongDan" not in again.raw + expired.raw


def test_another_consent_makes_another_question(both):
    async def act(world):
        first = await world.ask_identity(LOOK_UP, await world.agreed(), MaYeuCau="lap-1")
        return first, await world.ask_identity(LOOK_UP, await world.agreed(), MaYeuCau="lap-1")

    first, other = both(act)
    assert (first.code, other.code) == ("00", "12")


def test_a_one_time_consent_whose_question_went_wrong_is_there_for_its_repetition(both, monkeypatch):
    async def act(world):
        once = await world.agreed(MotLan=True)
        real = postgresql.read_people

        async def broken(*_arguments):
            raise OSError

        monkeypatch.setattr(postgresql, "read_people", broken)
        failed = await world.ask_identity(LOOK_UP, once, MaYeuCau="lap-1")
        monkeypatch.setattr(postgresql, "read_people", real)
        again = await world.ask_identity(LOOK_UP, once, MaYeuCau="lap-1")
        other = await world.ask_identity(LOOK_UP, once, MaYeuCau="lap-2")
        return failed, again, other

    failed, again, other = both(act)
    assert (failed.code, again.code, other.code) == ("99", "00", "58")


def test_after_a_day_a_one_time_consent_shows_nothing_new_under_its_old_question(both):
    async def act(world):
        once = await world.agreed(MotLan=True, ThoiHan=3 * REPEAT_SECONDS)
        first = await world.ask_identity(LOOK_UP, once, MaYeuCau="lap-1")
        world.clock.advance(timedelta(seconds=REPEAT_SECONDS + 1))
        await world.publish_and_poll()
        return first, await world.ask_identity(LOOK_UP, once, MaYeuCau="lap-1")

    first, later = both(act)
    assert (first.code, later.code) == ("00", "58")


def test_one_time_means_once_also_for_calls_that_come_together(both):
    async def act(world):
        once = await world.agreed(MotLan=True)
        answers = await asyncio.gather(*(world.ask_identity(LOOK_UP, once) for _ in range(12)))
        return sorted(answer.code for answer in answers)

    assert both(act) == ["00"] + ["58"] * 11


# What has no consent, and what is no consent's.


def test_the_population_takes_neither_consent_nor_card(both):
    async def act(world):
        answers = [await world.ask(LOOK_UP, MaGiaoDichDongY=NOWHERE), await world.ask(LOOK_UP, TheCanBo="aa.bb.cc")]
        return [*answers, await world.ask(LOOK_UP)], await world.logged()

    answers, rows = both(act)
    assert [answer.code for answer in answers] == ["10", "10", "00"]
    assert "MaGiaoDichDongY" not in answers[-1].body
    assert [(row["system"], row["consent"]) for row in rows] == [("population", None)] * 3


def test_the_gates_before_it_hold_for_the_identity_system_too(both):
    async def act(world):
        consent = await world.agreed()
        return [
            (await world.ask_identity(LOOK_UP, consent, **changes)).code
            for changes in (
                {"sign": {"key_id": "tk-h55"}},
                {"MaDVC": "9.999"},
                {"MaCanBo": "cb.khac"},
                {"MaTichHop": "037"},
            )
        ]

    assert both(act) == ["20", "23", "24", "10"]


def test_message_ids_that_carry_numbers_are_told_apart_and_not_told(both):
    async def act(world):
        consent = await world.agreed()
        ids = [f"hs-{number}" for number in ("990089000001", "990089000002", f"{2026}11270001")]
        answers = [await world.ask_identity(LOOK_UP, consent, sign={"message_id": each}) for each in ids]
        return answers, await world.uses(), (await world.logged())[1:]

    answers, uses, rows = both(act)
    assert [answer.code for answer in answers] == ["00"] * 3
    told = [row["message_id"] for row in rows]
    assert sorted(told) == sorted(row["message_id"] for row in uses)
    assert len(set(told)) == 3
    assert all(each.startswith("hs-************~") for each in told)


def test_the_longest_message_ids_are_told_whole(both):
    async def act(world):
        consent = await world.agreed()
        ids = ["x" * 255, "x" * 243 + "990089000001", "x" * 243 + "990089000002"]
        answers = [await world.ask_identity(LOOK_UP, consent, sign={"message_id": each}) for each in ids]
        return [answer.code for answer in answers], {len(row["message_id"]) for row in await world.uses()}

    assert both(act) == (["00"] * 3, {255})


def test_a_consent_lasts_as_long_as_it_was_asked_for(both):
    async def act(world):
        consent = await world.agreed()
        seen = []
        for step in (timedelta(), HOUR - timedelta(seconds=1), timedelta(seconds=1)):
            world.clock.advance(step)
            await world.publish_and_poll()
            seen.append((await world.ask_identity(LOOK_UP, consent)).code)
        return seen

    assert both(act) == ["00", "00", "56"]


def test_the_account_is_the_identity_systems(both):
    async def act(world):
        consent = await world.agreed()
        return (await world.ask_identity(LOOK_UP, consent)).code, [
            row["integration_account"] for row in await world.logged()
        ]

    assert both(act) == ("00", [IDENTITY_ACCOUNT] * 2)
