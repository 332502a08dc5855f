"""Messages by which a consent is asked for, both ways: strict where they are read, silent about whom they are."""

import datetime
import json
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_samples import consent_messages

from ketnoi_protocol.consent import LONGEST_CONSENT, LONGEST_PURPOSE, LONGEST_WAIT, SHORTEST_WAIT, ConsentState
from ketnoi_protocol.consent_messages import (
    ASKED as IS_ASKED,
)
from ketnoi_protocol.consent_messages import (
    CONSENT_ANSWERS,
    MESSAGES,
    MOST_FIELDS,
    TOLD,
    WITH_FIELDS,
    AskConsent,
    ConsentBegun,
    ConsentStanding,
    RequestConsent,
    decode_consent_answer,
    decode_message,
    encode_consent_answer,
    encode_message,
)
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import OrganisationCode
from ketnoi_protocol.services import ConsentOperation, Service

REQUEST, STATE = ConsentOperation.REQUEST, ConsentOperation.STATE
CONSENT = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
HEADER = {"MaYeuCau": "8f0c", "MaDVC": "1.001", "MaTichHop": "111", "MaDonVi": "H55.242", "MaCanBo": "h55.cb01"}
ASKED = HEADER | {
    "SoDinhDanh": "990089000123",
    "HoVaTen": "Nguyễn Văn An",
    "NgayThangNamSinh": "1989-04-17",
    "DichVu": "look_up_citizen",
    "CacTruong": ["HoVaTen", "ThuongTru"],
    "MucDich": "Cấp giấy phép xây dựng",
    "ThoiHan": 3_600,
}
AFTER = HEADER | {"DichVu": "look_up_citizen", "MaGiaoDichDongY": CONSENT}
SAMPLES = {REQUEST: ASKED, STATE: AFTER}
AT = datetime.datetime(2026, 11, 24, 8, 0, tzinfo=datetime.UTC)


def body_of(changes, base=ASKED):
    return json.dumps({name: value for name, value in {**base, **changes}.items() if value is not None}).encode()


def refused(operation, body):
    with pytest.raises(Refusal) as caught:
        decode_message(operation, body)
    return caught.value


@given(consent_messages)
def test_a_message_survives_its_body(message):
    assert decode_message(message.OPERATION, encode_message(message)) == message


@given(consent_messages)
def test_repr_tells_nothing(message):
    assert repr(message) == f"{type(message).__name__}(…)"


@given(st.sampled_from(ConsentOperation), st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_other_octets_are_refused(operation, body):
    assert refused(operation, body).code in ("10", "11")


def test_the_fields_of_a_request():
    message = decode_message(REQUEST, body_of({}))
    assert isinstance(message, RequestConsent)
    assert (message.service, message.fields) == (Service.LOOK_UP_CITIZEN, ("HoVaTen", "ThuongTru"))
    assert (message.one_time, message.lasts) == (True, 3_600)
    assert message.unit == OrganisationCode("H55.242")
    assert decode_message(REQUEST, body_of({"MotLan": False})).one_time is False
    assert message.waits is None
    assert decode_message(REQUEST, body_of({"ChoTraLoi": LONGEST_WAIT})).waits == LONGEST_WAIT


def test_the_fields_of_a_question_after_it():
    message = decode_message(STATE, body_of({}, AFTER))
    assert isinstance(message, AskConsent)
    assert (message.consent, message.unit) == (CONSENT, OrganisationCode("H55.242"))


@pytest.mark.parametrize("operation", ConsentOperation)
@pytest.mark.parametrize("name", HEADER)
def test_every_header_field_is_needed(operation, name):
    assert name in refused(operation, body_of({name: None}, SAMPLES[operation])).detail


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"SoDinhDanh": None}, "11", "SoDinhDanh"),
        ({"NgayThangNamSinh": None}, "10", "NgayThangNamSinh"),
        ({"DichVu": "delete_citizen"}, "10", "DichVu"),
        ({"DichVu": None}, "10", "DichVu"),
        ({"CacTruong": []}, "10", "CacTruong"),
        ({"CacTruong": ["HoVaTen", "HoVaTen"]}, "10", "CacTruong"),
        ({"CacTruong": ["x" * 41]}, "10", "CacTruong"),
        ({"CacTruong": [f"T{'x' * each}" for each in range(MOST_FIELDS + 1)]}, "10", "CacTruong"),
        ({"DichVu": "verify_household"}, "10", "CacTruong"),
        ({"DichVu": "confirm_identity_number"}, "10", "CacTruong"),
        ({"MucDich": ""}, "10", "MucDich"),
        ({"MucDich": "   "}, "10", "MucDich"),
        ({"MucDich": "x" * (LONGEST_PURPOSE + 1)}, "10", "MucDich"),
        ({"MucDich": "a\nb"}, "10", "MucDich"),
        ({"MucDich": "hồ sơ của 990089000124"}, "10", "MucDich"),
        ({"MucDich": "<b>x</b>"}, "10", "MucDich holds a tag"),
        ({"MucDich": "Xem https://evil.example/"}, "10", "MucDich holds an address"),
        ({"MucDich": "a\u2028b"}, "10", "MucDich holds a line break"),
        ({"ChoTraLoi": SHORTEST_WAIT - 1}, "10", "ChoTraLoi"),
        ({"ChoTraLoi": LONGEST_WAIT + 1}, "10", "ChoTraLoi"),
        ({"ThoiHan": 0}, "10", "ThoiHan"),
        ({"ThoiHan": LONGEST_CONSENT + 1}, "10", "ThoiHan"),
        ({"ThoiHan": None}, "10", "ThoiHan"),
        ({"MotLan": "true"}, "10", "MotLan"),
        ({"MaCanBo": "990089000123"}, "10", "MaCanBo"),
        ({"MaDonVi": "X55"}, "10", ""),
        ({"TheCanBo": "x"}, "10", "TheCanBo"),
        ({"MaGiaoDichDongY": CONSENT}, "10", "does not know"),
    ],
)
def test_a_wrong_request_is_refused_without_being_quoted(changes, code, named):
    found = refused(REQUEST, body_of(changes))
    assert found.code == code
    assert named in found.detail
    assert "990089000" not in str(found)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"MaGiaoDichDongY": None}, "MaGiaoDichDongY"),
        ({"MaGiaoDichDongY": CONSENT.lower()}, "MaGiaoDichDongY"),
        ({"MaGiaoDichDongY": CONSENT + "\n"}, "MaGiaoDichDongY"),
        ({"MaGiaoDichDongY": CONSENT[:-1] + "1"}, "MaGiaoDichDongY"),
        ({"DichVu": None}, "DichVu"),
        ({"MaCanBo": "990089000123"}, "MaCanBo"),
        ({"MaDonVi": "X55"}, ""),
        ({"HoVaTen": "Nguyễn Văn An"}, "does not know"),
    ],
)
def test_a_wrong_question_after_it_is_refused(changes, named):
    found = refused(STATE, body_of(changes, AFTER))
    assert found.code == "10"
    assert named in found.detail


@pytest.mark.parametrize("operation", ConsentOperation)
def test_a_field_that_stands_twice_is_refused(operation):
    twice = body_of({}, SAMPLES[operation])[:-1] + b',"DichVu":"verify_citizen"}'
    assert refused(operation, twice).detail == "a field stands twice"


def test_services_without_fields_are_asked_for_without():
    for service in ("verify_household", "confirm_identity_number", "verify_citizen"):
        assert decode_message(REQUEST, body_of({"DichVu": service, "CacTruong": None})).fields == ()


def test_what_would_be_refused_is_not_written():
    message = decode_message(REQUEST, body_of({}))
    values = {name: getattr(message, name) for name in message.__struct_fields__}
    with pytest.raises(Refusal) as caught:
        encode_message(RequestConsent(**{**values, "lasts": 0}))
    assert caught.value.code == "10"
    with pytest.raises(ValueError):
        RequestConsent(**{**values, "purpose": " "})


def test_the_answers():
    begun = ConsentBegun(ma_yeu_cau="1", ma_ket_qua=IS_ASKED, consent=CONSENT, state=ConsentState.WAITING, answer_by=AT)
    assert json.loads(encode_consent_answer(begun)) == {
        "MaYeuCau": "1",
        "MaGiaoDichDongY": CONSENT,
        "MaKetQua": "02",
        "TrangThai": "CHO_DONG_Y",
        "TraLoiTruoc": "2026-11-24T08:00:00Z",
    }
    standing = ConsentStanding(
        ma_yeu_cau="1", ma_ket_qua=TOLD, consent=CONSENT, state=ConsentState.AGREED, service=Service.LOOK_UP_CITIZEN,
        fields=("HoVaTen",), one_time=False, valid_until=AT,
    )  # fmt: skip
    assert json.loads(encode_consent_answer(standing)) == {
        "MaYeuCau": "1",
        "MaGiaoDichDongY": CONSENT,
        "MaKetQua": "00",
        "TrangThai": "DONG_Y",
        "DichVu": "look_up_citizen",
        "CacTruong": ["HoVaTen"],
        "MotLan": False,
        "HieuLucDen": "2026-11-24T08:00:00Z",
    }
    used = msgspec.structs.replace(standing, one_time=True, used=True)
    assert json.loads(encode_consent_answer(used))["DaDung"] is True
    for operation, answer in ((REQUEST, begun), (STATE, standing), (STATE, used)):
        assert decode_consent_answer(operation, encode_consent_answer(answer)) == answer


@pytest.mark.parametrize("operation", ConsentOperation)
@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"[]", b"\xff", b"[" * 100_000, b'{"MaYeuCau":5}'])
def test_an_answer_that_is_none_says_so(operation, body):
    with pytest.raises(Refusal) as caught:
        decode_consent_answer(operation, body)
    assert caught.value.code == "service_failed"


def test_every_operation_has_its_message_and_its_answer():
    assert {operation: kind.OPERATION for operation, kind in MESSAGES.items()} == {
        each: each for each in ConsentOperation
    }
    assert set(CONSENT_ANSWERS) == set(ConsentOperation)


def test_the_reference_names_every_field_that_a_consent_can_name():
    text = (Path(__file__).parents[3] / "docs/reference/consent.md").read_text(encoding="utf-8")
    names = text.partition("### Tên trường")[2].partition("\n## ")[0]
    looked_up, _, claimed = names.partition("`verify_citizen`")
    assert tuple(re.findall("`([A-Za-z]+)`", looked_up)) == WITH_FIELDS[Service.LOOK_UP_CITIZEN]
    without = re.findall("`([A-Za-z]+)`", claimed)
    kept = tuple(name for name in WITH_FIELDS[Service.LOOK_UP_CITIZEN] if name not in without)
    assert kept == WITH_FIELDS[Service.VERIFY_CITIZEN]
