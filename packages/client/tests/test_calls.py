"""The four services: what is sent is signed and complete, what is answered is typed."""

from __future__ import annotations

import pytest
from agency_folder import AgencyFolder
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from stand_in import Asked, StandIn, answered

from ketnoi_client.agency import Agency, Member, Person
from ketnoi_protocol.citizen import Citizen, Name
from ketnoi_protocol.envelope import (
    CountAnswer,
    ExistsAnswer,
    HouseholdAnswer,
    HouseholdRequest,
    LookUpAnswer,
    MemberAnswer,
    VerifyRequest,
    decode_request,
)
from ketnoi_protocol.http_signature import SignatureInput, check_content_digest, parse_signature
from ketnoi_protocol.services import Service, System

AN = Person("990089000123", name="Nguyễn Văn An", birth="1989-04-17")


def check_signature(asked: Asked, key: ec.EllipticCurvePublicKey) -> None:
    """As the registry does: raises when anything is not as signed."""
    headers = asked.headers
    check_content_digest(headers["content-digest"], asked.body)
    signed = SignatureInput.parse(headers["signature-input"])
    assert signed.key_id == "h55-motcua"
    value = parse_signature(headers["signature"])
    der = encode_dss_signature(int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big"))
    key.verify(der, signed.base(headers["content-digest"], headers["x-road-id"]), ec.ECDSA(SHA256()))


def test_a_look_up_is_a_signed_message_and_a_typed_answer(
    agency: Agency, server: StandIn, folder: AgencyFolder
) -> None:
    server.reply = answered(lambda request: LookUpAnswer.of(request.ma_yeu_cau, Citizen(name=Name(given="AN"))))
    sent = agency.look_up_citizen(AN)
    assert sent.answer.citizen == Citizen(name=Name(given="AN"))
    (asked,) = server.asked
    assert (asked.method, asked.target) == ("POST", "/r1/VDXP-TEST/GOV/G01.C06/DANCU/TraCuuThongTinCongDan")
    assert asked.headers["x-road-client"] == "VDXP-TEST/GOV/H55/MOTCUA"
    assert asked.headers["x-road-id"] == sent.message_id
    assert asked.headers["x-road-userid"] == "h55.cb01"
    assert asked.headers["content-type"] == "application/json"
    assert "x-road-issue" not in asked.headers
    check_signature(asked, folder.account)
    request = decode_request(Service.LOOK_UP_CITIZEN, asked.body)
    assert (request.ma_yeu_cau, request.ma_dvc, request.ma_tich_hop) == (sent.request_code, "G15-TP110", "037")
    assert (request.ma_don_vi, request.ma_can_bo) == ("H55.242", "h55.cb01")
    assert (request.personal_number, request.name, request.birth_text) == (AN.personal_number, AN.name, AN.birth)


def test_confirming_a_number_needs_no_birth_date(agency: Agency, server: StandIn) -> None:
    server.reply = answered(lambda request: ExistsAnswer.of(request.ma_yeu_cau, True))
    assert agency.confirm_identity_number(Person(old_number="123456789", name="Nguyễn Văn An")).answer.exists
    assert server.asked[0].target.endswith("/XacNhanSoDinhDanhVaCMND")


def test_a_household_is_answered_member_by_member(agency: Agency, server: StandIn) -> None:
    yes = MemberAnswer(in_household=True, relation_confirmed=True)
    no = MemberAnswer(in_household=True, relation_confirmed=False)
    server.reply = answered(lambda request: HouseholdAnswer.of(request.ma_yeu_cau, (yes, no)))
    members = [
        Member("990189000124", name="Trần Thị Bình", birth="1990", relation="QH01"),
        Member(old_number="123456789", name="Nguyễn Văn Cường", relation="QH11"),
    ]
    assert agency.verify_household(AN, members).answer.members == (yes, no)
    request = decode_request(Service.VERIFY_HOUSEHOLD, server.asked[0].body)
    assert isinstance(request, HouseholdRequest)
    assert [(each.name, each.relation) for each in request.members] == [
        ("Trần Thị Bình", "QH01"),
        ("Nguyễn Văn Cường", "QH11"),
    ]


def test_verifying_a_citizen_goes_over_the_other_platform(agency: Agency, server: StandIn) -> None:
    server.reply = answered(lambda request: CountAnswer.of(request.ma_yeu_cau, True, {"GioiTinh": False}))
    answer = agency.verify_citizen(AN, {"GioiTinh": "2"}).answer
    assert (answer.count, answer.results) == (1, {"GioiTinh": False})
    (asked,) = server.asked
    assert asked.target == "/r1/NDXP-TEST/GOV/G01.C06/DANCU/XacThucThongTinCongDan"
    assert asked.headers["x-road-client"] == "NDXP-TEST/GOV/H55/MOTCUA"
    request = decode_request(Service.VERIFY_CITIZEN, asked.body)
    assert isinstance(request, VerifyRequest)
    assert request.attributes == {"GioiTinh": "2"}


def test_production_is_another_instance(folder: AgencyFolder, server: StandIn) -> None:
    with Agency.open(folder.settings(environment="production")) as agency:
        agency.look_up_citizen(AN)
    assert server.asked[0].target.startswith("/r1/VDXP/GOV/")
    assert server.asked[0].headers["x-road-client"] == "VDXP/GOV/H55/MOTCUA"


def test_the_identity_system_has_services_of_its_own(folder: AgencyFolder, server: StandIn) -> None:
    file = folder.settings()
    file.write_text(file.read_text() + '\n[accounts.identity]\nid = "h55-dinhdanh"\nkey = "account.key"\n')
    with Agency.open(file) as agency:
        agency.look_up_citizen(AN, system=System.IDENTITY)
    assert server.asked[0].target == "/r1/NDXP-TEST/GOV/G01.C06/DANCU/DinhDanh-TraCuuThongTinCongDan"
    assert 'keyid="h55-dinhdanh"' in server.asked[0].headers["signature-input"]


def test_a_call_may_name_another_officer_procedure_unit_and_case(agency: Agency, server: StandIn) -> None:
    agency.look_up_citizen(AN, officer="h55.cb02", procedure="G18-YT04", unit="H55.3", issue="HS 12/2026")
    (asked,) = server.asked
    request = decode_request(Service.LOOK_UP_CITIZEN, asked.body)
    assert (request.ma_can_bo, request.ma_dvc, request.ma_don_vi) == ("h55.cb02", "G18-YT04", "H55.3")
    assert (asked.headers["x-road-userid"], asked.headers["x-road-issue"]) == ("h55.cb02", "HS 12/2026")


def test_every_question_is_its_own_message(agency: Agency) -> None:
    one, other = agency.look_up_citizen(AN), agency.look_up_citizen(AN)
    assert one.message_id != other.message_id
    assert one.request_code != other.request_code


def test_a_question_is_repeated_with_its_own_code_in_a_new_message(agency: Agency, server: StandIn) -> None:
    first = agency.look_up_citizen(AN)
    again = agency.look_up_citizen(AN, request_code=first.request_code)
    assert again.request_code == first.request_code
    assert again.message_id != first.message_id
    assert server.asked[0].body == server.asked[1].body


def test_the_officers_settings_are_needed(folder: AgencyFolder, server: StandIn) -> None:
    file = folder.settings()
    file.write_text(file.read_text().replace('officer = "h55.cb01"\n', ""))
    with Agency.open(file) as agency:
        assert agency.look_up_citizen(AN, officer="h55.cb01").answer.citizen is None


@pytest.mark.parametrize("shown", [AN, Member("990189000124", name="An", relation="QH01")])
def test_repr_tells_nobody_about_anybody(shown: Person, agency: Agency) -> None:
    sent = agency.look_up_citizen(AN)
    # Its own codes are drawn by lot, and any digits may stand in them.
    told = repr(sent).replace(sent.message_id, "").replace(sent.request_code, "")
    for text in (repr(shown), told):
        assert "9900" not in text
        assert "9901" not in text
        assert "An" not in text.replace("Answer", "")
