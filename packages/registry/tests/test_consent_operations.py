"""An agency asks for a consent, and how one stands: behind the gates of the service that it is for."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from ketnoi_protocol.consent import LONGEST_CONSENT
from ketnoi_protocol.directory import Quota
from ketnoi_protocol.services import ConsentOperation, Environment, Service, System

from .directories import grant, officer
from .identity_worlds import AGREED, LOOK_UP, run_both
from .worlds import MEMBER, OFFICER

REQUEST, STATE = ConsentOperation.REQUEST, ConsentOperation.STATE
MISMATCHES = [
    {"SoDinhDanh": "990089000777"},
    {"HoVaTen": "Nguyễn Văn Anh"},
    {"NgayThangNamSinh": "1989-03-03"},
    {"SoDinhDanh": None, "SoCMND": "990000404"},
]


@pytest.fixture
def both(tmp_path, cluster):
    """`both(act, **changes)` runs `await act(world)` with a registry and an identity system."""
    return lambda act, **changes: run_both(tmp_path, cluster, act, **changes)


def test_a_consent_is_asked_for_and_its_state_followed(both):
    async def act(world):
        asked = await world.request()
        consent = asked.body["MaGiaoDichDongY"]
        waiting = await world.state(consent)
        await world.agree(consent)
        agreed = await world.state(consent)
        await world.take_back(consent)
        row = await world.identity_pool.fetchrow("SELECT * FROM consent")
        return asked, waiting, agreed, await world.state(consent), dict(row), await world.logged()

    asked, waiting, agreed, taken_back, row, rows = both(act)
    assert (asked.status, asked.code, asked.body["TrangThai"]) == (200, "02", "CHO_DONG_Y")
    assert asked.body["TraLoiTruoc"].endswith("Z")
    assert [each.body["TrangThai"] for each in (waiting, agreed, taken_back)] == ["CHO_DONG_Y", "DONG_Y", "THU_HOI"]
    assert agreed.body["DichVu"] == "look_up_citizen"
    assert (agreed.body["CacTruong"], agreed.body["MotLan"]) == (list(AGREED), False)
    assert "HieuLucDen" in agreed.body
    assert "HieuLucDen" not in waiting.body
    # What the identity system was told.
    told = (row["organisation"], row["unit"], row["officer"], row["procedure_code"], row["personal_number"])
    assert told == (MEMBER, MEMBER, OFFICER, "1.001", "990089000001")
    assert (row["service"], row["purpose"], row["one_time"]) == ("look_up_citizen", "Cấp giấy phép xây dựng", False)
    # What the access log says: about whom, and nothing that left.
    assert [row["service"] for row in rows] == ["request_consent", "consent_state", "consent_state", "consent_state"]
    assert [row["result_code"] for row in rows] == ["02", "00", "00", "00"]
    assert {row["consent"] for row in rows} == {asked.body["MaGiaoDichDongY"]}
    assert [row["subject_pseudonym"] is not None for row in rows] == [True, False, False, False]
    assert all((row["system"], row["released_fields"]) == ("identity", []) for row in rows)


def test_nobody_is_asked_for_like_anybody(both):
    async def act(world):
        answers = [await world.request(MaYeuCau="yc-0")]
        answers += [await world.request(MaYeuCau=f"yc-{1 + n}", **each) for n, each in enumerate(MISMATCHES)]
        states = [await world.state(answer.body["MaGiaoDichDongY"], MaYeuCau="yc") for answer in answers]
        return answers, states, await world.identity_pool.fetch("SELECT personal_number FROM consent ORDER BY asked_at")

    answers, states, rows = both(act)

    def shape(answer, number):
        told = {name: value for name, value in answer.body.items() if name not in ("MaGiaoDichDongY", "TraLoiTruoc")}
        return (
            answer.status,
            tuple(sorted(answer.headers)),
            len(answer.raw),
            json.dumps(told).replace(f"yc-{number}", ""),
        )

    assert len({shape(answer, number) for number, answer in enumerate(answers)}) == 1
    assert len({shape(answer, "") for answer in states}) == 1
    assert [row["personal_number"] for row in rows] == ["990089000001", None, None, None, None]


def test_a_request_waits_as_long_as_the_agency_says(both):
    async def act(world):
        for code, wish in (("xin-1", 3 * 86_400), ("xin-2", None)):
            await world.request(MaYeuCau=code, **({} if wish is None else {"ChoTraLoi": wish}))
        rows = await world.identity_pool.fetch("SELECT answer_by - asked_at AS waits FROM consent ORDER BY waits")
        return [row["waits"].total_seconds() for row in rows]

    assert both(act) == [900, 3 * 86_400]


def test_a_used_up_consent_is_told_as_such(both):
    async def act(world):
        once, lasting = await world.agreed(MotLan=True), await world.agreed(MotLan=False)
        waiting = await world.state((await world.request(MotLan=True)).body["MaGiaoDichDongY"])
        before = await world.state(once)
        assert [(await world.ask_identity(LOOK_UP, each)).code for each in (once, lasting)] == ["00", "00"]
        return waiting, before, await world.state(once), await world.state(lasting)

    waiting, before, after, lasting = both(act)
    assert [each.body.get("DaDung") for each in (waiting, before, after, lasting)] == [None, False, True, None]
    assert after.body["TrangThai"] == "DONG_Y"


@pytest.mark.parametrize("purpose", ["<b>x</b>", "Xem https://evil.example/", "một dòng\nhai dòng"])
def test_a_purpose_with_something_to_follow_is_refused_and_asked_of_nobody(both, purpose):
    async def act(world):
        return await world.request(MucDich=purpose), await world.identity_pool.fetchval("SELECT count(*) FROM consent")

    refused, rows = both(act)
    assert (refused.code, rows) == ("10", 0)
    assert "MucDich" in refused.body["detail"]


def test_a_repeated_request_asks_the_citizen_once(both):
    async def act(world):
        first = await world.request(MaYeuCau="xin-1")
        again = await world.request(MaYeuCau="xin-1")
        other = await world.request(MaYeuCau="xin-1", MucDich="Việc khác")
        return (
            first,
            again,
            other,
            await world.identity_pool.fetchval("SELECT count(*) FROM consent"),
            await world.logged(),
        )

    first, again, other, count, rows = both(act)
    assert again.raw == first.raw
    assert (other.code, count) == ("12", 1)
    assert [(row["result_code"], row["repeats"]) for row in rows] == [("02", False), ("02", True), ("12", False)]
    assert rows[0]["consent"] == rows[1]["consent"]


def test_a_request_that_comes_several_times_at_once_asks_the_citizen_once(both):
    async def act(world):
        answers = await asyncio.gather(*(world.request(MaYeuCau="xin-1") for _ in range(3)))
        return answers, await world.identity_pool.fetchval("SELECT count(*) FROM consent")

    answers, count = both(act)
    assert [answer.code for answer in answers] == ["02"] * 3
    assert len({answer.body["MaGiaoDichDongY"] for answer in answers}) == 1
    assert count == 1


def test_what_only_looks_odd_is_taken(both):
    """Six characters that JSON could mean a NUL by are a text like any other, and take the system away from nobody."""

    async def act(world):
        odd = [
            (await world.request(MucDich="Cấp giấy phép \\u0000", HoVaTen=f"Nguyễn Văn An{'h' * n}")).code
            for n in range(6)
        ]
        return odd, (await world.ask_identity(LOOK_UP, await world.agreed(SoDinhDanh=None, SoCMND="990000009"))).code

    odd, good = both(act, asked={"breaker_failures": 2})
    assert set(odd) <= {"02", "10", "30"}
    assert good == "00"


def test_the_state_is_told_anew_under_the_same_code(both):
    async def act(world):
        consent = await world.agreed()
        first = await world.state(consent, MaYeuCau="hoi-1")
        await world.take_back(consent)
        return first, await world.state(consent, MaYeuCau="hoi-1")

    first, after = both(act)
    assert (first.body["TrangThai"], after.body["TrangThai"]) == ("DONG_Y", "THU_HOI")


def test_a_request_that_nobody_answers_expires(both):
    async def act(world):
        consent = await world.waiting()
        world.clock.advance(timedelta(minutes=15))
        await world.publish_and_poll()
        return await world.state(consent), await world.ask_identity(LOOK_UP, consent)

    state, used = both(act)
    assert (state.body["TrangThai"], used.code) == ("HET_HAN", "56")


@pytest.mark.parametrize(
    ("operation", "changes", "code"),
    [
        (REQUEST, {"sign": {"key_id": "tk-h55"}}, "20"),
        (STATE, {"sign": {"key_id": "tk-h55"}}, "20"),
        (REQUEST, {"MaDonVi": "G01"}, "22"),
        (REQUEST, {"DichVu": "verify_household", "CacTruong": None}, "22"),
        (STATE, {"DichVu": "verify_household"}, "22"),
        (REQUEST, {"MaDVC": "9.999"}, "23"),
        (STATE, {"MaDVC": "9.999"}, "23"),
        (REQUEST, {"MaCanBo": "cb.khac"}, "24"),
        (REQUEST, {"DichVu": "verify_citizen"}, "24"),
        (STATE, {"DichVu": "verify_citizen"}, "24"),
        (REQUEST, {"CacTruong": ["HoVaTen", "TonGiao"]}, "26"),
        (REQUEST, {"CacTruong": ["HoVaTen", "KhongCo"]}, "10"),
        (REQUEST, {"MaTichHop": "112"}, "10"),
        (STATE, {"MaTichHop": "111"}, "10"),
        (REQUEST, {"SoDinhDanh": "800" + "089000001"}, "10"),
        (REQUEST, {"ThoiHan": LONGEST_CONSENT + 1}, "10"),
        (STATE, {"DichVu": "confirm_identity_number"}, "55"),
        (STATE, {"MaGiaoDichDongY": "A" * 26}, "50"),
    ],
)
def test_the_gates_are_those_of_the_service_that_the_consent_is_for(both, operation, changes, code):
    async def act(world):
        consent = await world.waiting()
        services = (LOOK_UP, Service.VERIFY_CITIZEN, Service.CONFIRM_IDENTITY_NUMBER)
        world.content.grants = [grant(MEMBER, each, system=System.IDENTITY, fields=("HoVaTen",)) for each in services]
        services = (LOOK_UP, Service.CONFIRM_IDENTITY_NUMBER)
        world.content.officers = [officer(OFFICER, MEMBER, services=services, of_system=True)]
        await world.publish_and_poll()
        wishes = {"CacTruong": ["HoVaTen"], "MucDich": "x", "ThoiHan": 60}
        told = (wishes if operation is REQUEST else {"MaGiaoDichDongY": consent}) | changes
        if told.get("DichVu") == "verify_citizen" and operation is REQUEST:
            told["CacTruong"] = ["GioiTinh"]
        answer = await world.operate(operation, **told)
        return answer, await world.identity_pool.fetchval("SELECT count(*) FROM consent"), (await world.logged())[-1]

    answer, count, row = both(act)
    assert answer.code == code
    assert count == 1
    assert (row["result_code"], row["service"], row["system"]) == (code, operation.value, "identity")
    if changes.get("CacTruong"):
        # Which name it is, and none that is right.
        assert changes["CacTruong"][-1] in answer.raw.decode()
        assert "HoVaTen" not in answer.raw.decode()


def test_claims_of_a_verification_are_licensed_by_its_own_list(both):
    async def act(world):
        world.content.grants = [
            grant(MEMBER, Service.VERIFY_CITIZEN, system=System.IDENTITY, fields=(), match_fields=("GioiTinh",))
        ]
        await world.publish_and_poll()
        wishes = {"DichVu": "verify_citizen", "MucDich": "x", "ThoiHan": 60}
        return [
            (await world.operate(REQUEST, CacTruong=fields, **wishes)).code
            for fields in (["GioiTinh"], ["GioiTinh", "DanToc"], ["HoVaTen"])
        ]

    assert both(act) == ["02", "26", "10"]


def test_requests_count_for_themselves_and_questions_after_them_for_nothing(both):
    async def act(world):
        quota = (Quota("officer", 2, 86_400),)
        world.content.grants = [grant(MEMBER, each, system=System.IDENTITY, quotas=quota) for each in Service]
        await world.publish_and_poll()
        consent = await world.agreed()
        await world.waiting()
        seen = [await world.request(), *[await world.state(consent) for _ in range(4)]]
        return [*seen, *[await world.ask_identity(LOOK_UP, consent) for _ in range(3)]]

    answers = both(act)
    assert [answer.code for answer in answers] == ["30", "00", "00", "00", "00", "00", "00", "30"]
    assert int(answers[0].headers["Retry-After"]) > 0


def test_an_agency_that_asks_one_citizen_too_often_is_held_back(both):
    async def act(world):
        answers = [await world.request() for _ in range(4)]
        return answers[-1], await world.logged()

    answer, rows = both(act)
    assert (answer.status, answer.code) == (429, "30")
    assert "đã xin một người này" in answer.body["detail"]
    assert int(answer.headers["Retry-After"]) > 0
    assert [row["result_code"] for row in rows] == ["02", "02", "02", "30"]


def test_they_are_asked_in_json_and_have_no_description_in_soap(both):
    async def act(world):
        entry = world.catalogue.consent_entry(REQUEST, Environment.TEST)
        headers = world.signed(b"<x/>", client=f"NDXP-TEST/GOV/{MEMBER}/MOTCUA", key_id="tk-h55-dd")
        async with world.session("ss-ndxp").post(
            f"{world.url}/v1/{entry.service_code}", data=b"<x/>", headers=headers | {"Content-Type": "text/xml"}
        ) as response:
            soap = response.status, await response.read()
        async with world.session("ss-ndxp").get(f"{world.url}/v1/{entry.service_code}?wsdl") as response:
            wsdl = response.status
        other = await world.send("POST", f"/v1/{entry.service_code}", b"{}", world.signed(b"{}"), "ss-vdxp")
        return soap, wsdl, other

    (status, fault), wsdl, other = both(act)
    assert status == 500
    assert b"<kn:Ma>10</kn:Ma>" in fault
    assert wsdl == 404
    assert other.code == "unknown_service"
