"""Every gate, both ways: what passes it, and what it refuses with its code."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ketnoi_protocol.citizen import CLAIMABLE
from ketnoi_protocol.directory import Organisation
from ketnoi_protocol.errors import row
from ketnoi_protocol.services import Environment, Service, System
from ketnoi_registry.gates import GATES
from ketnoi_registry.reading import ATTRIBUTES

from .directories import account, grant, officer
from .worlds import ACCOUNT, MEMBER, OFFICER, run

LOOK_UP = Service.LOOK_UP_CITIZEN


@pytest.fixture
def code(do):
    """The code with which a look-up is answered, after `change` of the directory's content, with those headers."""

    def ask(change=None, *, headers=None, spoil=None, sign=None, service=LOOK_UP, **fields):
        async def act(world):
            if change is not None:
                change(world)
                await world.publish_and_poll()
            entry = world.entry(service)
            body = json.dumps(world.body(service, **fields)).encode()
            client = f"{entry.instance}/GOV/{MEMBER}/MOTCUA"
            told = world.signed(body, **{"client": client} | (sign(world) if sign else {}))
            told = {name: value for name, value in (told | (headers or {})).items() if value is not None}
            caller = "ss-ndxp" if entry.instance == "NDXP-TEST" else "ss-vdxp"
            answer = await world.send("POST", f"/v1/{entry.service_code}", spoil(body) if spoil else body, told, caller)
            if "code" in answer.body:
                assert answer.status == row(answer.code).status
                assert answer.headers["Content-Type"] == "application/problem+json"
                assert answer.body["type"] == f"urn:ketnoi:error:{answer.code}"
                assert all(answer.body[name] for name in ("title", "title_en", "mend_vi", "mend_en"))
            assert (await world.logged())[-1]["result_code"] == answer.code
            return answer.code

        return do(act)

    return ask


def replaced(**changes):
    """A change of the content: each list named gets what is made from the world."""

    def change(world):
        for name, make in changes.items():
            setattr(world.content, name, make(world))

    return change


def test_the_table_is_in_order_and_its_codes_are_in_the_table_of_refusals():
    assert [gate.number for gate in GATES] == list(range(1, len(GATES) + 1))
    assert [gate.name for gate in GATES] == [
        "consumer", "account", "message", "organisation", "procedure", "officer", "fields", "quota", "consent",
    ]  # fmt: skip
    assert [row(code).code for gate in GATES for code in gate.codes] == [
        "21", "20", "10", "11", "22", "23", "24", "27", "26", "30",
        "50", "51", "52", "53", "54", "55", "56", "57", "58", "44",
    ]  # fmt: skip


def test_what_is_right_passes_every_gate(code):
    assert code() == "00"


# 1 consumer


@pytest.mark.parametrize(
    "client",
    [
        None,
        "NDXP-TEST/GOV/H55/MOTCUA",
        "VDXP/GOV/H55/MOTCUA",
        "VDXP-TEST/GOV/H55",
        "VDXP-TEST/GOV/XYZ/MOTCUA",
        "VDXP-TEST/GOV/G15/MOTCUA",
        "",
    ],
)
def test_a_consumer_of_another_instance_or_unknown_is_refused(code, client):
    assert code(headers={"X-Road-Client": client}) == "21"


def test_the_members_code_may_have_the_old_form(code):
    assert code(headers={"X-Road-Client": "VDXP-TEST/GOV/000.00.00.H55/MOTCUA"}) == "00"


def test_a_caller_of_one_instance_cannot_reach_a_service_of_the_other(do):
    async def act(world):
        body = json.dumps(world.body(Service.VERIFY_CITIZEN)).encode()
        headers = world.signed(body, client=f"NDXP-TEST/GOV/{MEMBER}/MOTCUA")
        return await world.send("POST", "/v1/XacThucThongTinCongDan", body, headers, "ss-vdxp")

    assert (do(act).status, do(act).code) == (404, "unknown_service")


# 2 account


@pytest.mark.parametrize("header", ["X-Road-Id", "Content-Digest", "Signature-Input", "Signature"])
@pytest.mark.parametrize("value", [None, "", "ketnoi", "é"])
def test_a_proof_that_is_missing_or_unreadable_is_refused(code, header, value):
    assert code(headers={header: value}) == "20"


def test_another_body_than_the_signed_one_is_refused(code):
    assert code(spoil=lambda body: body.replace(b"1989", b"1988")) == "20"


def test_another_message_id_than_the_signed_one_is_refused(code):
    assert code(headers={"X-Road-Id": "other"}) == "20"


def test_a_signature_of_another_key_is_refused(code):
    other = ec.generate_private_key(ec.SECP256R1())
    assert code(sign=lambda _: {"key": other}) == "20"


def test_an_account_that_nobody_has_is_refused(code):
    assert code(sign=lambda _: {"key_id": "tk-x"}) == "20"


@pytest.mark.parametrize(
    "changes",
    [
        {"active": False},
        {"organisation": "G15"},
        {"organisation": "H55.242"},
        {"system": System.IDENTITY},
        {"environment": Environment.PRODUCTION},
        {"public_key": "no key"},
    ],
)
def test_an_account_of_somebody_or_something_else_is_refused(code, changes):
    def change(world):
        world.content.accounts = [account(ACCOUNT, **{"organisation": MEMBER, "key": world.key} | changes)]

    assert code(change) == "20"


@pytest.mark.parametrize(("seconds", "expected"), [(-302, "20"), (-295, "00"), (295, "00"), (302, "20")])
def test_a_signature_counts_for_a_window_around_its_moment(code, seconds, expected):
    moved = timedelta(seconds=seconds)
    assert code(sign=lambda world: {"created": int((world.clock.now() + moved).timestamp())}) == expected


# 3 message


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"HoVaTen": None}, "10"),
        ({"NgayThangNamSinh": "2021-02-30"}, "10"),
        ({"MaTichHop": "003"}, "10"),
        ({"SoDinhDanh": "99008900000"}, "10"),
        ({"SoDinhDanh": "800" + "089000001"}, "10"),
        ({"SoDinhDanh": None}, "11"),
        ({"MaCanBo": "990089000001"}, "10"),
        ({"MaDonVi": "X55"}, "10"),
        ({"Them": "1"}, "10"),
    ],
)
def test_a_message_of_another_form_is_refused(code, fields, expected):
    assert code(**fields) == expected


def test_what_is_no_json_is_refused(do):
    async def act(world):
        return (await world.send("POST", "/v1/TraCuuThongTinCongDan", b"{", world.signed(b"{"))).code

    assert do(act) == "10"


def test_unissued_numbers_are_taken_in_rehearsals_alone(running, tmp_path, cluster):
    async def act(world):
        refused = await world.ask(LOOK_UP)
        issued = await world.ask(LOOK_UP, SoDinhDanh="001" + "089000001")
        return refused.code, issued.code

    assert run(tmp_path, cluster.create_database(), act, rehearsal=False) == ("10", "01")


# 4 organisation


@pytest.mark.parametrize("unit", ["G15", "H56.1", "G55"])
def test_a_unit_of_somebody_else_is_refused(code, unit):
    def change(world):
        world.content.organisations += [Organisation(unit, unit)]
        world.content.grants += [grant(unit, LOOK_UP)]
        world.content.officers = [officer(OFFICER, unit)]

    assert code(change, MaDonVi=unit) == "22"


@pytest.mark.parametrize(("unit", "normal"), [("H55.242", "H55.242"), ("000.00.12.H55", "H55.12"), ("H55", "H55")])
def test_a_unit_beneath_passes_under_the_grant_of_the_organisation_above(code, unit, normal):
    assert code(replaced(officers=lambda _: [officer(OFFICER, normal)]), MaDonVi=unit) == "00"


@pytest.mark.parametrize(
    "changes",
    [
        {"active": False},
        {"environment": Environment.PRODUCTION},
        {"service": Service.VERIFY_CITIZEN},
        {"system": System.IDENTITY},
        {"organisation": "H55.1"},
    ],
)
def test_no_grant_for_this_service_and_environment_is_refused(code, changes):
    def change(world):
        told = {"organisation": MEMBER, "service": LOOK_UP} | changes
        world.content.organisations += [Organisation("H55.1", "")]
        world.content.grants = [grant(**told)]

    assert code(change) == "22"


def test_a_units_own_suspended_grant_is_not_mended_by_the_one_above(code):
    def change(world):
        world.content.organisations += [Organisation("H55.242", "")]
        world.content.grants += [grant("H55.242", LOOK_UP, active=False)]
        world.content.officers = [officer(OFFICER, "H55.242")]

    assert code(change, MaDonVi="H55.242") == "22"


def test_a_grant_of_a_unit_that_the_directory_does_not_have_opens_nothing(code):
    def change(world):
        world.content.grants += [grant("H55.242", LOOK_UP)]
        world.content.officers = [officer(OFFICER, "H55.242")]

    assert code(change, MaDonVi="H55.242") == "22"


# 5 procedure


def test_only_licensed_procedures_pass(code):
    assert code(replaced(grants=lambda _: [grant(MEMBER, LOOK_UP, procedures=("2.002",))])) == "23"
    assert code(MaDVC="2.002") == "00"


# 6 officer


@pytest.mark.parametrize(
    "changes",
    [
        {"active": False},
        {"unit": "H55.242"},
        {"unit": "G15"},
        {"services": (Service.VERIFY_CITIZEN,)},
        {"code": "cb.khac"},
        {"valid_from": timedelta(minutes=1)},
        {"valid_until": timedelta(minutes=-1)},
    ],
)
def test_an_officer_without_right_is_refused(code, changes):
    def change(world):
        moments = {
            name: world.clock.now() + value if isinstance(value, timedelta) else value
            for name, value in changes.items()
        }
        world.content.officers = [officer(**{"code": OFFICER, "unit": MEMBER} | moments)]

    assert code(change) == "24"


def test_an_officer_within_their_period_passes(code):
    def change(world):
        now = world.clock.now()
        period = {"valid_from": now - timedelta(minutes=1), "valid_until": now + timedelta(minutes=1)}
        world.content.officers = [officer(OFFICER, MEMBER, **period)]

    assert code(change) == "00"


@pytest.mark.parametrize("user", [None, "cb.khac"])
def test_the_officer_of_the_header_must_be_that_of_the_message(code, user):
    assert code(headers={"X-Road-UserId": user}) == "24"


# 7 fields


def test_a_licence_without_fields_opens_no_look_up(code):
    assert code(replaced(grants=lambda _: [grant(MEMBER, LOOK_UP, fields=())])) == "26"
    assert code(replaced(grants=lambda _: [grant(MEMBER, LOOK_UP, fields=("KhongCo",))])) == "26"
    assert code(replaced(grants=lambda _: [grant(MEMBER, LOOK_UP, fields=("HoVaTen",))])) == "00"


def test_an_attribute_outside_the_licence_is_refused_whoever_is_asked_for(code):
    def change(world):
        world.content.grants = [grant(MEMBER, Service.VERIFY_CITIZEN, match_fields=("GioiTinh",), fields=())]

    for name in ("Nguyễn Văn An", "Không Ai"):
        asked = {"service": Service.VERIFY_CITIZEN, "HoVaTen": name}
        assert code(change, ThuocTinh={"GioiTinh": "1", "DanToc": "01"}, **asked) == "26"
        assert code(change, ThuocTinh={"GioiTinh": "1"}, **asked) in ("00", "01")


def test_an_attribute_that_is_none_is_named_unless_it_could_hold_a_number(do):
    async def act(world):
        return [await world.ask(Service.VERIFY_CITIZEN, ThuocTinh={name: "1"}) for name in ("ChieuCao", "So990089")]

    named, other = do(act)
    assert (named.code, other.code) == ("10", "10")
    assert "there is no field ChieuCao" in named.body["detail"]
    assert "990089" not in other.raw.decode()
    assert tuple(ATTRIBUTES) == CLAIMABLE


# order


def test_the_first_gate_that_is_not_passed_gives_the_code(do):
    """Everything is wrong; one thing after the other is put right, and the code is always the next gate's."""

    async def act(world):
        world.content.grants = [grant(MEMBER, Service.VERIFY_CITIZEN, procedures=("2.002",), match_fields=())]
        await world.publish_and_poll()
        wrong = {
            "sign": {"client": "VDXP/GOV/H55/MOTCUA", "created": 1, "user": "x"},
            "MaTichHop": "1",
            "MaDonVi": "G15",
            "MaDVC": "1.001",
            "ThuocTinh": {"DanToc": "01"},
        }
        codes = []
        for mend in (
            {"client": "NDXP-TEST/GOV/H55/MOTCUA"},
            {"created": int(world.clock.now().timestamp())},
            {"MaTichHop": "003"},
            {"MaDonVi": MEMBER},
            {"MaDVC": "2.002"},
            {"user": OFFICER},
            {"ThuocTinh": {}},
            {},
        ):
            codes.append((await world.ask(Service.VERIFY_CITIZEN, **wrong)).code)
            if set(mend) <= {"client", "created", "user"}:
                wrong["sign"] |= mend
            else:
                wrong |= mend
        return codes

    assert do(act) == ["21", "20", "10", "22", "23", "24", "26", "00"]


def test_no_refused_call_reads_the_register(code, do):
    async def rename(world, old, new):
        await world.pool.execute(f"ALTER TABLE {old} RENAME TO {new}")

    do(lambda world: rename(world, "person", "hidden"))
    try:
        assert code(MaDVC="9") == "23"
        assert code(service=Service.VERIFY_CITIZEN, headers={"X-Road-UserId": "x"}) == "24"
        assert code() == "99"
    finally:
        do(lambda world: rename(world, "hidden", "person"))
    assert code() == "00"
