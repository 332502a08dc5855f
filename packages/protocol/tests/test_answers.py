"""Answers of the four services: as little as asked."""

import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_samples import citizens

from ketnoi_protocol.citizen import Citizen, Name
from ketnoi_protocol.envelope import (
    CountAnswer,
    ExistsAnswer,
    HouseholdAnswer,
    LookUpAnswer,
    MemberAnswer,
    decode_answer,
    encode_answer,
)
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.services import AnswerShape

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
CONSENT = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
AN = Citizen(personal_number="990089000123", name=Name(given="An"))
member_answers = st.booleans().flatmap(
    lambda inside: st.builds(MemberAnswer, in_household=st.just(inside), relation_confirmed=st.booleans())
)
small_answers = st.one_of(
    st.tuples(st.just(AnswerShape.EXISTS), st.builds(ExistsAnswer.of, st.text(max_size=40), st.booleans())),
    st.tuples(
        st.just(AnswerShape.HOUSEHOLD),
        st.builds(HouseholdAnswer.of, st.text(max_size=40), st.lists(member_answers, max_size=4).map(tuple)),
    ),
    st.tuples(
        st.just(AnswerShape.COUNT),
        st.builds(CountAnswer.of, st.text(), st.booleans(), st.dictionaries(st.text(max_size=9), st.booleans())),
    ),
)


@given(small_answers)
def test_an_answer_survives_its_body(pair):
    shape, answer = pair
    assert decode_answer(shape, encode_answer(shape, answer)) == answer


@given(small_answers)
def test_an_answer_of_the_identity_system_tells_the_consent_that_was_used(pair):
    shape, answer = pair
    used = msgspec.structs.replace(answer, consent=CONSENT)
    assert json.loads(encode_answer(shape, used)) == json.loads(encode_answer(shape, answer)) | {
        "MaGiaoDichDongY": CONSENT
    }
    assert decode_answer(shape, encode_answer(shape, used)) == used


@pytest.mark.parametrize("shape", [AnswerShape.QCVN_109, AnswerShape.C06_037])
def test_a_look_up_tells_the_consent_too(shape):
    for citizen in (AN, None):
        used = msgspec.structs.replace(LookUpAnswer.of("8f0c", citizen), consent=CONSENT)
        body = encode_answer(shape, used)
        assert json.loads(body)["MaGiaoDichDongY"] == CONSENT
        assert decode_answer(shape, body).consent == CONSENT


@given(st.sampled_from([AnswerShape.QCVN_109, AnswerShape.C06_037]), st.none() | citizens)
def test_a_look_up_survives_its_body_as_far_as_the_shape_says(shape, citizen):
    answer = LookUpAnswer.of("8f0c", citizen, NOW)
    once = decode_answer(shape, encode_answer(shape, answer))
    assert (once.ma_yeu_cau, once.ma_ket_qua, once.as_of) == ("8f0c", "00" if citizen is not None else "01", NOW)
    assert (once.citizen is None) is (citizen is None)
    assert citizen is None or set(once.citizen.fields) == set(citizen.fields)
    assert decode_answer(shape, encode_answer(shape, once)) == once


def test_the_result_says_nothing_more_than_the_answer():
    yes = MemberAnswer(in_household=True, relation_confirmed=True)
    no = MemberAnswer(in_household=True, relation_confirmed=False)
    assert [ExistsAnswer.of("a", exists).ma_ket_qua for exists in (True, False)] == ["00", "01"]
    assert [HouseholdAnswer.of("a", each).ma_ket_qua for each in ((yes, yes), (yes, no))] == ["00", "01"]
    assert [CountAnswer.of("a", found).ma_ket_qua for found in (True, False)] == ["00", "01"]


def test_nobody_found_says_nothing_about_claimed_attributes():
    assert CountAnswer.of("a", False, {"GioiTinh": False}) == CountAnswer.of("a", False)
    assert json.loads(encode_answer(AnswerShape.COUNT, CountAnswer.of("a", True, {"GioiTinh": False}))) == {
        "MaYeuCau": "a",
        "MaKetQua": "00",
        "SoLuongCongDan": 1,
        "KetQua": {"GioiTinh": False},
    }
    assert json.loads(encode_answer(AnswerShape.COUNT, CountAnswer.of("a", False))) == {
        "MaYeuCau": "a",
        "MaKetQua": "01",
        "SoLuongCongDan": 0,
    }


@pytest.mark.parametrize("shape", [AnswerShape.QCVN_109, AnswerShape.C06_037])
def test_a_look_up_is_a_collection_of_one_or_none(shape):
    one = json.loads(encode_answer(shape, LookUpAnswer.of("a", AN, NOW)))["CongdanCollection"]
    none = json.loads(encode_answer(shape, LookUpAnswer.of("a", None)))["CongdanCollection"]
    assert one["SoCongDan"] == len(one["CongDan"]) == 1
    assert one["ThoiDiemDuLieu"] == "2026-03-02T08:00:00Z"
    assert none == {"SoCongDan": 0}


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        (AnswerShape.EXISTS, b""),
        (AnswerShape.EXISTS, b"<a/>"),
        (AnswerShape.EXISTS, b"\xff"),
        (AnswerShape.EXISTS, b'{"MaYeuCau":"a","MaKetQua":"00"}'),
        (AnswerShape.EXISTS, b'{"MaYeuCau":"a","MaKetQua":"02","TonTai":true}'),
        (AnswerShape.EXISTS, b'{"MaYeuCau":"a","MaKetQua":"00","TonTai":"true"}'),
        (AnswerShape.COUNT, b'{"MaYeuCau":"a","MaKetQua":"00","SoLuongCongDan":2}'),
        (AnswerShape.HOUSEHOLD, b'{"MaYeuCau":"a","MaKetQua":"00","ThanhVien":[1]}'),
        (AnswerShape.C06_037, b'{"MaYeuCau":"a","MaKetQua":"00","TonTai":true}'),
        (
            AnswerShape.C06_037,
            b'{"MaYeuCau":"a","MaKetQua":"00","CongdanCollection":{"SoCongDan":1,"CongDan":'
            b'[{"NgayThangNamSinh":{"Nam":"19xx"}}]}}',
        ),
        (
            AnswerShape.QCVN_109,
            b'{"MaYeuCau":"a","MaKetQua":"00","CongdanCollection":{"SoCongDan":1,"CongDan":[{},{}]}}',
        ),
        (AnswerShape.QCVN_109, b"[" * 100_000),
    ],
)
def test_another_answer_is_refused(shape, body):
    with pytest.raises(Refusal) as refused:
        decode_answer(shape, body)
    assert refused.value.code == "service_failed"
    assert "19xx" not in str(refused.value)


def test_fields_of_a_later_version_are_passed_over():
    body = b'{"MaYeuCau":"a","MaKetQua":"00","TonTai":true,"More":1}'
    assert decode_answer(AnswerShape.EXISTS, body) == ExistsAnswer.of("a", True)


@pytest.mark.parametrize(
    ("shape", "answer"),
    [
        (AnswerShape.EXISTS, CountAnswer.of("a", True)),
        (AnswerShape.COUNT, LookUpAnswer.of("a", None)),
        (AnswerShape.C06_037, ExistsAnswer.of("a", True)),
    ],
)
def test_an_answer_of_another_kind_is_not_written(shape, answer):
    with pytest.raises(ValueError, match=shape):
        encode_answer(shape, answer)


def test_repr_tells_nothing():
    assert repr(LookUpAnswer.of("a", AN)) == "LookUpAnswer(…)"
