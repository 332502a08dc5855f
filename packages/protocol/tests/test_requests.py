"""Requests of the four services: strict, and never quoted."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_samples import requests

from ketnoi_protocol.birth_date import BirthDate
from ketnoi_protocol.envelope import (
    LARGEST_HOUSEHOLD,
    MOST_ATTRIBUTES,
    REQUESTS,
    LookUpRequest,
    decode_request,
    encode_request,
)
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import OrganisationCode
from ketnoi_protocol.services import Service

LOOK_UP = {
    "MaYeuCau": "8f0c",
    "MaDVC": "G15-TP110",
    "MaTichHop": "037",
    "MaDonVi": "H55.242",
    "MaCanBo": "h55.cb01",
    "SoDinhDanh": "990089000123",
    "HoVaTen": "Nguyễn Văn An",
    "NgayThangNamSinh": "1989-04-17",
}
MEMBER = {"SoCMND": "123456789", "HoVaTen": "Trần Thị Bình", "QuanHe": "QH01"}


def body_of(changes, base=LOOK_UP):
    return json.dumps({name: value for name, value in {**base, **changes}.items() if value is not None}).encode()


def refused(service, body):
    with pytest.raises(Refusal) as caught:
        decode_request(service, body)
    return caught.value


@given(requests)
def test_a_request_survives_its_body(request):
    assert decode_request(type(request).SERVICE, encode_request(request)) == request


@given(st.sampled_from(Service), st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_other_octets_are_refused(service, body):
    assert refused(service, body).code in ("10", "11")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=4), st.data())
def test_any_other_value_of_a_field_is_refused_or_read(value, data):
    name = data.draw(st.sampled_from([*LOOK_UP, "ThanhVien", "ThuocTinh"]))
    service = data.draw(st.sampled_from(Service))
    try:
        decode_request(service, json.dumps({**LOOK_UP, "ThanhVien": [MEMBER], name: value}).encode())
    except Refusal as refusal:
        assert refusal.code in ("10", "11")


def test_the_fields_of_a_request():
    request = decode_request(Service.LOOK_UP_CITIZEN, body_of({}))
    assert isinstance(request, LookUpRequest)
    assert request.ma_yeu_cau == "8f0c"
    assert request.unit == OrganisationCode("H55.242")
    assert request.birth == BirthDate(1989, 4, 17)
    assert request.personal_number == "990089000123"
    assert request.old_number is None


def test_the_old_form_of_an_organisation_code_is_normalised():
    request = decode_request(Service.LOOK_UP_CITIZEN, body_of({"MaDonVi": "000.00.00.H55"}))
    assert (request.ma_don_vi, request.unit) == ("000.00.00.H55", OrganisationCode("H55"))


@pytest.mark.parametrize("service", Service)
def test_one_of_the_two_numbers_is_needed(service):
    more = {"ThanhVien": [MEMBER]} if service is Service.VERIFY_HOUSEHOLD else {}
    assert refused(service, body_of({"SoDinhDanh": None, **more})).code == "11"
    assert refused(service, json.dumps({**LOOK_UP, **more, "SoDinhDanh": None}).encode()).code == "11"
    assert decode_request(service, body_of({"SoDinhDanh": None, "SoCMND": "123456789", **more})).old_number
    assert decode_request(service, body_of({"SoCMND": "123456789", **more})).personal_number


def test_a_claimed_member_needs_a_number_too():
    body = body_of({"ThanhVien": [{**MEMBER, "SoCMND": None}]})
    assert refused(Service.VERIFY_HOUSEHOLD, body).code == "11"


def test_a_birth_date_may_be_left_out_of_service_1_alone():
    body = body_of({"NgayThangNamSinh": None})
    assert decode_request(Service.CONFIRM_IDENTITY_NUMBER, body).birth is None
    for service in set(Service) - {Service.CONFIRM_IDENTITY_NUMBER}:
        more = {"ThanhVien": [MEMBER]} if service is Service.VERIFY_HOUSEHOLD else {}
        assert "NgayThangNamSinh" in refused(service, body_of({"NgayThangNamSinh": None, **more})).detail


@pytest.mark.parametrize(
    ("name", "longest"),
    [("MaYeuCau", 40), ("MaDVC", 20), ("MaTichHop", 20), ("MaCanBo", 20), ("HoVaTen", 100)],
)
def test_a_field_has_the_official_length(name, longest):
    letter = "1" if name == "MaTichHop" else "a"
    assert decode_request(Service.LOOK_UP_CITIZEN, body_of({name: letter * longest}))
    for value in (letter * (longest + 1), ""):
        found = refused(Service.LOOK_UP_CITIZEN, body_of({name: value}))
        assert found.code == "10"
        assert name in found.detail


def test_an_organisation_code_has_35_characters_at_most():
    assert decode_request(Service.LOOK_UP_CITIZEN, body_of({"MaDonVi": "H55" + ".1" * 16}))
    assert refused(Service.LOOK_UP_CITIZEN, body_of({"MaDonVi": "H55" + ".1" * 17})).code == "10"


def test_the_length_of_a_name_does_not_depend_on_the_keyboard():
    decomposed = "e\u0302\u0301" * 100
    assert decode_request(Service.LOOK_UP_CITIZEN, body_of({"HoVaTen": decomposed}))
    assert refused(Service.LOOK_UP_CITIZEN, body_of({"HoVaTen": decomposed + "a"})).code == "10"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("SoDinhDanh", value) for value in ("99008900012", "9900890001234", "99008900012x", "990089000123\n", 5)],
        *[("SoCMND", value) for value in ("12345678", "1234567890", "123456789\n", "")],
        *[("HoVaTen", value) for value in ("V¨n", "An\n", "...", "\u0301", "An 2", ["An"])],
        *[("NgayThangNamSinh", value) for value in ("1989-02-30", "17/4/1989", "89", "1989-04-17T", 1989)],
        *[("NgayThangNamSinh", value) for value in ("1989-04", "19890417", "198904", "1989-04-", "1989\n", "")],
        *[("MaTichHop", value) for value in ("03a", "-37", "37\n", "\u0663")],
        *[("MaDonVi", value) for value in ("X55", "H5", "h55", "")],
        *[("MaCanBo", value) for value in ("cán bộ", "a b", "a\n", "990089000123", "x990089000123")],
        *[("MaCanBo", each.join(("x.001", "089", "000123"))) for each in ("", "-", ".", "_", "/", "--")],
        *[("MaYeuCau", value) for value in ("a\n", "a\x00", "\x85", "\x7f", None)],
        *[("MaDVC", value) for value in ("\t", "\r\n", None)],
    ],
)
def test_a_wrong_value_is_refused_without_being_quoted(name, value):
    found = refused(Service.LOOK_UP_CITIZEN, body_of({name: value}))
    assert found.code == "10"
    assert not isinstance(value, str) or len(value) < 3 or value.strip() not in str(found)


TWICE = {
    "as it was": '"SoCMND":"123456780"',
    "with space": '"SoCMND" \r\n\t: "123456780"',
    "without a value": '"SoCMND":null',
    "escaped": '"SoCMN\\u0044":"123456780"',
    "escaped in the value": '"SoCMND":"12345678\\u0030"',
}


@pytest.mark.parametrize("code", ["8f0c", ":", " :x", ":,", "x:"])
@pytest.mark.parametrize("twice", TWICE)
def test_a_field_that_stands_twice_is_refused(twice, code):
    body = body_of({"SoCMND": "123456789", "MaYeuCau": code})
    assert decode_request(Service.LOOK_UP_CITIZEN, body).old_number == "123456789"
    for changed in (
        body[:-1] + b"," + TWICE[twice].encode() + b"}",
        b"{" + TWICE[twice].encode() + b"," + body[1:],
    ):
        found = refused(Service.LOOK_UP_CITIZEN, changed)
        assert (found.code, found.detail) == ("10", "a field stands twice")


def test_a_field_that_stands_twice_within_is_refused():
    for inner in ('"ThuocTinh":{"GioiTinh":"1","Me":"x","GioiTinh":"2"}', '"ThuocTinh":{},"ThuocTinh":{}'):
        body = body_of({})[:-1] + b"," + inner.encode() + b"}"
        assert refused(Service.VERIFY_CITIZEN, body).detail == "a field stands twice"
    member = '{"HoVaTen":"A","SoCMND":"123456789","QuanHe":"QH01"%s}'
    for more, good in (("", True), (',"QuanHe":"QH02"', False)):
        members = f'"ThanhVien":[{member % ""},{member % more}]'
        body = body_of({})[:-1] + b"," + members.encode() + b"}"
        if good:
            assert len(decode_request(Service.VERIFY_HOUSEHOLD, body).members) == 2
        else:
            assert refused(Service.VERIFY_HOUSEHOLD, body).detail == "a field stands twice"


def test_a_text_that_looks_like_a_field_is_none():
    for text in ('"SoCMND":', "SoCMND", ":", ': "HoVaTen" :', "\\"):
        body = body_of({"ThuocTinh": {"Me": text, "Cha": text}})
        assert decode_request(Service.VERIFY_CITIZEN, body).attributes == {"Me": text, "Cha": text}


def test_a_number_under_an_unknown_name_is_not_quoted_either():
    for changes in ({"990089000124": "x"}, {"ThuocTinh": {"990089000124": "x"}}):
        for service in (Service.LOOK_UP_CITIZEN, Service.VERIFY_CITIZEN):
            found = refused(service, body_of(changes))
            assert found.code == "10"
            assert "990089000124" not in str(found)


@pytest.mark.parametrize("name", ["ThanhVien", "ThuocTinh", "DichVu", "sodinhdanh"])
def test_a_field_of_another_service_is_refused(name):
    assert "does not know" in refused(Service.LOOK_UP_CITIZEN, body_of({name: "x"})).detail


def test_a_household_claims_one_to_fifty_members():
    for count in (0, LARGEST_HOUSEHOLD + 1):
        found = refused(Service.VERIFY_HOUSEHOLD, body_of({"ThanhVien": [MEMBER] * count}))
        assert (found.code, "ThanhVien" in found.detail) == ("10", True)
    assert refused(Service.VERIFY_HOUSEHOLD, body_of({})).code == "10"
    most = decode_request(Service.VERIFY_HOUSEHOLD, body_of({"ThanhVien": [MEMBER] * LARGEST_HOUSEHOLD}))
    assert [each.relation for each in most.members] == ["QH01"] * LARGEST_HOUSEHOLD


def test_the_place_of_a_wrong_value_is_named():
    found = refused(Service.VERIFY_HOUSEHOLD, body_of({"ThanhVien": [MEMBER, {**MEMBER, "QuanHe": "vợ"}]}))
    assert found.detail == "a text of another form is expected ($.ThanhVien[1].QuanHe)"


def test_claimed_attributes_are_bounded():
    def attributes(count):
        return {"ThuocTinh": {"T" * (each + 1): "x" for each in range(count)}}

    assert len(decode_request(Service.VERIFY_CITIZEN, body_of(attributes(MOST_ATTRIBUTES))).attributes) == 20
    for wrong in (attributes(MOST_ATTRIBUTES + 1), {"ThuocTinh": {"a1": "x"}}, {"ThuocTinh": {"a": "x" * 201}}):
        assert refused(Service.VERIFY_CITIZEN, body_of(wrong)).code == "10"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b'{"MaYeuCau":"\xff"}', b'{"MaYeuCau":"\\ud800"}', b"[" * 100_000]
)
def test_what_is_no_json_is_refused(body):
    assert refused(Service.LOOK_UP_CITIZEN, body).code == "10"


def test_what_would_be_refused_is_not_written():
    for changes, code in (({"name": "A1"}, "10"), ({"personal_number": "1"}, "10"), ({"ma_can_bo": ""}, "10")):
        request = decode_request(Service.LOOK_UP_CITIZEN, body_of({}))
        values = {name: getattr(request, name) for name in request.__struct_fields__}
        with pytest.raises((Refusal, ValueError)) as caught:
            encode_request(LookUpRequest(**{**values, **changes}))
        assert getattr(caught.value, "code", code) == code


def test_every_service_has_its_request():
    assert {service: kind.SERVICE for service, kind in REQUESTS.items()} == {service: service for service in Service}


@given(requests)
def test_repr_tells_nothing(request):
    assert repr(request) == f"{type(request).__name__}(…)"


def test_a_consent_and_an_officers_card_may_stand_in_every_request():
    for service in Service:
        more = {"ThanhVien": [MEMBER]} if service is Service.VERIFY_HOUSEHOLD else {}
        assert decode_request(service, body_of(more)).consent is None
        told = {"MaGiaoDichDongY": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "TheCanBo": "aa.bb.cc"}
        request = decode_request(service, body_of(more | told))
        assert (request.consent, request.officer_token) == tuple(told.values())
        assert told.items() <= json.loads(encode_request(request)).items()
    for name in ("MaGiaoDichDongY", "TheCanBo"):
        assert name in refused(Service.LOOK_UP_CITIZEN, body_of({name: "x"})).detail
