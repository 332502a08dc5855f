"""The description of a service in SOAP holds for what is really written."""

import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from protocol_samples import citizens

from ketnoi_protocol.envelope import (
    ClaimedMember,
    ConfirmRequest,
    CountAnswer,
    ExistsAnswer,
    HouseholdAnswer,
    HouseholdRequest,
    LookUpAnswer,
    LookUpRequest,
    MemberAnswer,
    VerifyRequest,
)
from ketnoi_protocol.services import Catalogue, Service, System, profiles
from ketnoi_protocol.soap_answers import encode_answer
from ketnoi_protocol.soap_requests import encode_request
from ketnoi_protocol.soap_schema import wsdl

XSD = "{http://www.w3.org/2001/XMLSchema}schema"
HEADER = {"ma_yeu_cau": "1", "ma_dvc": "1.001", "ma_don_vi": "H55", "ma_can_bo": "cb"}
CLAIMED = {"personal_number": "990089000123", "old_number": "123456789", "name": "Nguyễn Văn An"}
MEMBERS = (
    ClaimedMember(**CLAIMED, birth_text="1989", relation="QH01"),
    ClaimedMember(old_number="123456789", name="Y", relation="QH11"),
)
ENTRIES = [entry for profile in profiles() for entry in Catalogue.load(profile) if entry.soap]
AT = datetime.datetime(2026, 11, 24, 8, 0, tzinfo=datetime.UTC)


def schemas(entry):
    found = etree.fromstring(wsdl(entry, "http://127.0.0.1:8084/?a&b")).iter(XSD)
    return {each.get("targetNamespace"): etree.XMLSchema(etree.fromstring(etree.tostring(each))) for each in found}


def check(entry, octets):
    element = etree.fromstring(octets)[0][0]
    schemas(entry)[etree.QName(element).namespace].assertValid(element)


def question(entry):
    header = HEADER | {"ma_tich_hop": entry.ma_tich_hop}
    return {
        Service.CONFIRM_IDENTITY_NUMBER: lambda: ConfirmRequest(**header, **CLAIMED),
        Service.VERIFY_HOUSEHOLD: lambda: HouseholdRequest(
            **header, **CLAIMED, birth_text="1989-04-17", members=MEMBERS
        ),
        Service.LOOK_UP_CITIZEN: lambda: LookUpRequest(**header, **CLAIMED, birth_text="1989"),
        Service.VERIFY_CITIZEN: lambda: VerifyRequest(
            **header, **CLAIMED, birth_text="1989-04-17", attributes={"QueQuan": "19", "GioiTinh": "1"}
        ),
    }[entry.service]()


def answer(entry):
    yes = MemberAnswer(in_household=True, relation_confirmed=False)
    return {
        Service.CONFIRM_IDENTITY_NUMBER: ExistsAnswer.of("1", True),
        Service.VERIFY_HOUSEHOLD: HouseholdAnswer.of("1", (yes, yes)),
        Service.LOOK_UP_CITIZEN: LookUpAnswer.of("1", None),
        Service.VERIFY_CITIZEN: CountAnswer.of("1", True, {"GioiTinh": True}),
    }[entry.service]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.service_code}-{entry.answer_shape}")
def test_questions_and_answers_are_as_described(entry):
    check(entry, encode_request(entry.soap, question(entry)))
    check(entry, encode_answer(entry.soap, entry.answer_shape, answer(entry)))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.service_code}-{entry.answer_shape}")
def test_a_consent_and_an_officers_card_are_the_identity_systems_alone(entry):
    told = {"consent": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "officer_token": "aa.bb.cc"}
    asked = msgspec.structs.replace(question(entry), **told)
    answered = msgspec.structs.replace(answer(entry), consent=told["consent"])
    octets = [encode_request(entry.soap, asked), encode_answer(entry.soap, entry.answer_shape, answered)]
    if entry.system is System.IDENTITY:
        for each in octets:
            check(entry, each)
        assert b"MaGiaoDichDongY>" in octets[0]
        # They come last, so that what is written without them is as it always was.
        assert octets[0].index(b"MaGiaoDichDongY") > octets[0].index(b"HoVaTen")
    else:
        for each in octets:
            with pytest.raises(etree.DocumentInvalid):
                check(entry, each)
        assert b"TheCanBo" not in wsdl(entry, "http://127.0.0.1:8084/")


LOOK_UPS = [entry for entry in ENTRIES if entry.service is Service.LOOK_UP_CITIZEN]


@given(st.sampled_from(LOOK_UPS), citizens)
def test_every_citizen_is_as_described(entry, citizen):
    check(entry, encode_answer(entry.soap, entry.answer_shape, LookUpAnswer.of("1", citizen, AT)))


def test_the_lengths_and_forms_are_those_of_the_messages():
    entry = Catalogue.load().entry("population", "look_up_citizen", "test")
    octets = encode_request(entry.soap, question(entry))
    for right, wrong in ((b"990089000123", b"9900"), (b">H55<", b">" + b"H" * 36 + b"<"), (b">1<", b"/>")):
        element = etree.fromstring(octets.replace(right, wrong) if wrong != b"/>" else octets)[0][0]
        if wrong == b"/>":
            element.remove(element[0])
        assert not schemas(entry)[entry.soap.namespace].validate(element)


def test_the_address_is_told():
    entry = Catalogue.load().entry("population", "look_up_citizen", "test")
    assert b'<soap:address location="http://127.0.0.1:8084/?a&amp;b"/>' in wsdl(entry, "http://127.0.0.1:8084/?a&b")
