"""Answers in SOAP: the same that the JSON messages say, in both shapes."""

import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_samples import citizens

from ketnoi_protocol import envelope
from ketnoi_protocol.birth_date import BirthDate
from ketnoi_protocol.citizen import Citizen, Head, Name, Place
from ketnoi_protocol.citizen_shapes import C06Citizen, QcvnCitizen
from ketnoi_protocol.envelope import CountAnswer, ExistsAnswer, HouseholdAnswer, LookUpAnswer, MemberAnswer
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.services import AnswerShape
from ketnoi_protocol.soap_answers import decode_answer, encode_answer
from ketnoi_protocol.soap_dialect import COLLECTION_NAMESPACE, load_dialect
from ketnoi_protocol.soap_envelope import write_envelope, write_fault
from ketnoi_protocol.soap_shapes import CITIZEN, TEXT, TYPES

OPERATIONS = load_dialect("soap-callers")
LOOK_UP = OPERATIONS["look_up_citizen"]
SHAPES = [AnswerShape.QCVN_109, AnswerShape.C06_037]
SMALL = {
    AnswerShape.EXISTS: "confirm_identity_number",
    AnswerShape.HOUSEHOLD: "verify_household",
    AnswerShape.COUNT: "verify_citizen",
}
CONSENT = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
AT = datetime.datetime(2026, 11, 24, 8, 0, tzinfo=datetime.UTC)


def there_and_back(shape, answer):
    operation = OPERATIONS[SMALL.get(shape, "look_up_citizen")]
    return decode_answer(operation, shape, answer.ma_yeu_cau, encode_answer(operation, shape, answer))


@given(st.sampled_from(SHAPES), citizens)
def test_a_citizen_is_the_same_as_in_json(shape, citizen):
    answer = LookUpAnswer.of("1", citizen, AT)
    in_json = envelope.decode_answer(shape, envelope.encode_answer(shape, answer))
    read = there_and_back(shape, answer)
    # White space around a text is not kept in XML, and an element that holds nothing is as if it were not there.
    assert _stripped(msgspec.to_builtins(read)) == _stripped(msgspec.to_builtins(in_json))


def _stripped(told):
    if isinstance(told, dict):
        held = {name: _stripped(each) for name, each in told.items()}
        return held if any(each is not None for each in held.values()) else None
    return (told.strip() or None) if isinstance(told, str) else told


@pytest.mark.parametrize("shape", SHAPES)
def test_nobody_is_an_empty_collection(shape):
    octets = encode_answer(LOOK_UP, shape, LookUpAnswer.of("1", None))
    assert b'<ns1:CongdanCollection SoCongDan="0"/>' in octets.replace(b"></ns1:CongdanCollection>", b"/>")
    assert there_and_back(shape, LookUpAnswer.of("1", None)) == LookUpAnswer.of("1", None)


@pytest.mark.parametrize(
    ("shape", "answer", "written"),
    [
        (
            AnswerShape.EXISTS,
            ExistsAnswer.of("1", True),
            "<dan:KetQuaXacThucResponse><dan:TonTai>true</dan:TonTai></dan:KetQuaXacThucResponse>",
        ),
        (AnswerShape.EXISTS, ExistsAnswer.of("1", False), "<dan:TonTai>false</dan:TonTai>"),
        (
            AnswerShape.COUNT,
            CountAnswer.of("1", False),
            "<dan:XacThucThongTinCongDanResponse><dan:SoLuongCongDan>0</dan:SoLuongCongDan></dan:XacThuc",
        ),
        (
            AnswerShape.COUNT,
            CountAnswer.of("1", True, {"GioiTinh": True, "DanToc": False}),
            "<dan:KetQua><dan:GioiTinh>true</dan:GioiTinh><dan:DanToc>false</dan:DanToc></dan:KetQua>",
        ),
        (
            AnswerShape.HOUSEHOLD,
            HouseholdAnswer.of("1", (MemberAnswer(in_household=True, relation_confirmed=False),)),
            "<dan:ThanhVien><dan:CungHo>true</dan:CungHo><dan:DungQuanHe>false</dan:DungQuanHe></dan:ThanhVien>",
        ),
        (
            AnswerShape.HOUSEHOLD,
            HouseholdAnswer.of("1", (MemberAnswer(in_household=True, relation_confirmed=True),)),
            "<dan:CungHo>true</dan:CungHo><dan:DungQuanHe>true</dan:DungQuanHe>",
        ),
    ],
)
def test_small_answers_are_written_as_callers_read_them(shape, answer, written):
    operation = OPERATIONS[SMALL[shape]]
    assert written.encode() in encode_answer(operation, shape, answer)
    assert there_and_back(shape, answer) == answer


@pytest.mark.parametrize("shape", [*SMALL, *SHAPES])
def test_the_consent_that_was_used_is_told(shape):
    yes = MemberAnswer(in_household=True, relation_confirmed=True)
    answer = {
        AnswerShape.EXISTS: ExistsAnswer.of("1", True),
        AnswerShape.HOUSEHOLD: HouseholdAnswer.of("1", (yes,)),
        AnswerShape.COUNT: CountAnswer.of("1", True, {"GioiTinh": True}),
    }.get(shape, LookUpAnswer.of("1", None))
    used = msgspec.structs.replace(answer, consent=CONSENT)
    octets = encode_answer(OPERATIONS[SMALL.get(shape, "look_up_citizen")], shape, used)
    assert octets.count(CONSENT.encode()) == 1
    assert there_and_back(shape, used) == used
    assert there_and_back(shape, answer).consent is None


def test_the_two_shapes_of_one_citizen():
    citizen = Citizen(
        personal_number="990089000123",
        name=Name(family="Nguyễn", middle="Văn", given="An"),
        ethnic_group="01",
        birth=BirthDate(1989, 4, 17),
        permanent_residence=Place(province="19", commune="05551", detail="Tổ <3>"),
    )
    answer = LookUpAnswer.of("1", citizen, AT)
    flat = encode_answer(LOOK_UP, AnswerShape.C06_037, answer).decode()
    structured = encode_answer(LOOK_UP, AnswerShape.QCVN_109, answer).decode()
    assert "<ns1:HoVaTen><ns1:Ho/><ns1:ChuDem/><ns1:Ten>NGUYỄN VĂN AN</ns1:Ten></ns1:HoVaTen>" in flat
    assert "<ns1:DanToc>01</ns1:DanToc>" in flat
    assert "<ns1:Nam>1989</ns1:Nam><ns1:NgayThangNam>19890417</ns1:NgayThangNam>" in flat
    assert "<ns1:MaTinhThanh>19</ns1:MaTinhThanh><ns1:MaPhuongXa>05551</ns1:MaPhuongXa>" in flat
    assert "<ns1:Ho>Nguyễn</ns1:Ho><ns1:ChuDem>Văn</ns1:ChuDem><ns1:Ten>An</ns1:Ten>" in structured
    assert "<ns1:DanToc><ns1:MaDanToc>01</ns1:MaDanToc></ns1:DanToc>" in structured
    assert "<ns1:NgayThangNam>1989-04-17</ns1:NgayThangNam></ns1:NgayThangNamSinh>" in structured
    assert "<ns1:MaDonViHanhChinh>05551</ns1:MaDonViHanhChinh><ns1:ChiTiet>Tổ &lt;3&gt;</ns1:ChiTiet>" in structured
    for written in (flat, structured):
        assert 'ThoiDiemDuLieu="2026-11-24T08:00:00Z" SoCongDan="1"' in written


@pytest.mark.parametrize(("shape", "kind"), [(AnswerShape.QCVN_109, QcvnCitizen), (AnswerShape.C06_037, C06Citizen)])
def test_the_tables_have_every_field_of_the_messages(shape, kind):
    def fields(struct, name):
        known = dict(TYPES[shape][name])
        # Only the head of a household has a relation.
        known = {"QuanHe": TEXT} | known
        assert set(struct.__struct_encode_fields__) <= set(known)
        for each in msgspec.structs.fields(struct):
            inner = [part for part in _parts(each.type) if isinstance(part, type) and issubclass(part, msgspec.Struct)]
            assert bool(inner) == (known[each.encode_name] != TEXT)
            for part in inner:
                fields(part, known[each.encode_name])

    fields(kind, CITIZEN)


def _parts(told):
    return getattr(told, "__args__", (told,))


def answered(inside, namespace=COLLECTION_NAMESPACE):
    return write_envelope(inside, {"a": namespace})


@pytest.mark.parametrize(
    "inside",
    [
        "<a:Other/>",
        '<a:CongdanCollection SoCongDan="2"/>',
        '<a:CongdanCollection SoCongDan="1"/>',
        '<a:CongdanCollection SoCongDan="x"/>',
        "<a:CongdanCollection><a:CongDan/><a:CongDan/></a:CongdanCollection>",
        "<a:CongdanCollection><a:CongDan><a:SoCMND><a:b/></a:SoCMND></a:CongDan></a:CongdanCollection>",
        "<a:CongdanCollection><a:CongDan><a:SoCMND/><a:SoCMND/></a:CongDan></a:CongdanCollection>",
        "<a:CongdanCollection><a:CongDan><a:GioiTinh>7</a:GioiTinh></a:CongDan></a:CongdanCollection>",
        '<a:CongdanCollection ThoiDiemDuLieu="yesterday" SoCongDan="0"/>',
        "<a:CongdanCollection><a:CongDan><a:NgayThangNamSinh><a:Nam>89</a:Nam></a:NgayThangNamSinh></a:CongDan>"
        "</a:CongdanCollection>",
        "<a:CongdanCollection><a:CongDan><a:NgayThangNamSinh><a:Nam>1990</a:Nam><a:NgayThangNam>19890302</a:NgayThangNam>"
        "</a:NgayThangNamSinh></a:CongDan></a:CongdanCollection>",
        "<a:CongdanCollection><a:CongDan><a:NgayThangNamSinh><a:NamThang>1989-04</a:NamThang><a:NgayThangNam>19890302"
        "</a:NgayThangNam></a:NgayThangNamSinh></a:CongDan></a:CongdanCollection>",
        "<a:CongdanCollection>khong duoc phep</a:CongdanCollection>",
        "<a:CongdanCollection><a:Loi>khong duoc phep</a:Loi></a:CongdanCollection>",
        "<a:CongdanCollection><errorCode>500</errorCode><message/></a:CongdanCollection>",
        "<a:CongdanCollection><a:Congdan><a:SoDinhDanh>990089000123</a:SoDinhDanh></a:Congdan></a:CongdanCollection>",
        "<a:CongdanCollection><b:CongDan xmlns:b='urn:b'/></a:CongdanCollection>",
        "<a:CongdanCollection><a:CongDan><a:HoVaTen>AN</a:HoVaTen></a:CongDan></a:CongdanCollection>",
        "<a:CongdanCollection><a:CongDan><a:HoVaTen><a:Ho/><a:TenDayDu>AN</a:TenDayDu></a:HoVaTen></a:CongDan>"
        "</a:CongdanCollection>",
        "<a:CongdanCollection><a:CongDan><a:HoVaTen><b:Ten xmlns:b='urn:b'>AN</b:Ten></a:HoVaTen></a:CongDan>"
        "</a:CongdanCollection>",
        "<a:CongdanCollection><a:CongDan><b:HoVaTen xmlns:b='urn:b'/></a:CongDan></a:CongdanCollection>",
        "no XML <",
    ],
)
def test_what_is_no_answer_is_a_failed_service(inside):
    with pytest.raises(Refusal) as caught:
        decode_answer(LOOK_UP, AnswerShape.C06_037, "1", answered(inside))
    assert caught.value.code == "service_failed"


@pytest.mark.parametrize(
    ("shape", "inside"),
    [
        (AnswerShape.EXISTS, "<a:KetQuaXacThucResponse/>"),
        (AnswerShape.EXISTS, "<a:KetQuaXacThucResponse><a:TonTai>x</a:TonTai></a:KetQuaXacThucResponse>"),
        (AnswerShape.COUNT, "<a:XacThucThongTinCongDanResponse/>"),
        (
            AnswerShape.HOUSEHOLD,
            "<a:XacThucThongTinHoGiaDinhResponse><a:ThanhVien/></a:XacThucThongTinHoGiaDinhResponse>",
        ),
        (AnswerShape.COUNT, "<a:KetQuaXacThucResponse/>"),
        (
            AnswerShape.EXISTS,
            "<a:KetQuaXacThucResponse><a:TonTai>1</a:TonTai><a:TonTai>0</a:TonTai></a:KetQuaXacThucResponse>",
        ),
        (
            AnswerShape.EXISTS,
            "<a:KetQuaXacThucResponse><b:TonTai xmlns:b='urn:b'>1</b:TonTai></a:KetQuaXacThucResponse>",
        ),
        (AnswerShape.EXISTS, "<a:KetQuaXacThucResponse>true</a:KetQuaXacThucResponse>"),
        (
            AnswerShape.COUNT,
            "<a:XacThucThongTinCongDanResponse><a:SoLuongCongDan>1</a:SoLuongCongDan><a:KetQua><a:HoVaTen>1</a:HoVaTen>"
            "<a:HoVaTen>0</a:HoVaTen></a:KetQua></a:XacThucThongTinCongDanResponse>",
        ),
        (
            AnswerShape.HOUSEHOLD,
            "<a:XacThucThongTinHoGiaDinhResponse><a:Loi>busy</a:Loi></a:XacThucThongTinHoGiaDinhResponse>",
        ),
    ],
)
def test_what_is_no_small_answer_is_a_failed_service(shape, inside):
    with pytest.raises(Refusal) as caught:
        decode_answer(OPERATIONS[SMALL[shape]], shape, "1", answered(inside, "http://dancuquocgia.bca"))
    assert caught.value.code == "service_failed"


def test_what_a_later_version_adds_is_passed_over_and_the_count_may_be_missing():
    inside = (
        "<a:CongdanCollection><a:More/><a:CongDan><a:More><a:b/></a:More><a:SoDinhDanh>990089000123</a:SoDinhDanh>"
        "<a:Cha/></a:CongDan></a:CongdanCollection>"
    )
    answer = decode_answer(LOOK_UP, AnswerShape.C06_037, "1", answered(inside))
    assert answer.citizen == Citizen(personal_number="990089000123")
    more = "<a:XacThucThongTinHoGiaDinhResponse><a:More/></a:XacThucThongTinHoGiaDinhResponse>"
    told = decode_answer(
        OPERATIONS["verify_household"], AnswerShape.HOUSEHOLD, "1", answered(more, "http://gtel.vn/qldc")
    )
    assert told.members == ()


def test_elements_within_the_collection_may_have_no_namespace():
    inside = (
        "<a:CongdanCollection><CongDan><HoVaTen><Ho/><ChuDem/><Ten>AN</Ten></HoVaTen>"
        "<SoDinhDanh>990089000123</SoDinhDanh></CongDan></a:CongdanCollection>"
    )
    answer = decode_answer(LOOK_UP, AnswerShape.C06_037, "1", answered(inside))
    assert answer.citizen == Citizen(personal_number="990089000123", name=Name(given="AN"))
    small = "<a:KetQuaXacThucResponse><TonTai>true</TonTai></a:KetQuaXacThucResponse>"
    operation = OPERATIONS["confirm_identity_number"]
    assert decode_answer(operation, AnswerShape.EXISTS, "1", answered(small, operation.namespace)).exists


def test_an_element_that_is_there_and_empty_tells_nothing():
    def emptied(name, kind):
        return (
            f"<a:{name}>{''.join(emptied(*child) for child in TYPES[shape][kind]) if kind != TEXT else ''}</a:{name}>"
        )

    for shape in SHAPES:
        inside = (
            f'<a:CongdanCollection SoCongDan="" ThoiDiemDuLieu="">{emptied(CITIZEN, CITIZEN)}</a:CongdanCollection>'
        )
        assert decode_answer(LOOK_UP, shape, "1", answered(inside)) == LookUpAnswer.of("1", Citizen())


def test_a_year_beside_its_date_is_one_birth_date():
    inside = (
        "<a:CongdanCollection><a:CongDan><a:NgayThangNamSinh><a:Nam>1989</a:Nam><a:NamThang/>"
        "<a:NgayThangNam>19890302</a:NgayThangNam></a:NgayThangNamSinh></a:CongDan></a:CongdanCollection>"
    )
    answer = decode_answer(LOOK_UP, AnswerShape.C06_037, "1", answered(inside))
    assert answer.citizen == Citizen(birth=BirthDate(1989, 3, 2))


def test_a_head_whose_relation_is_not_told_is_written_without_one():
    citizen = Citizen(head=Head(name="AN", relation=""))
    for shape in SHAPES:
        assert b"QuanHe" not in encode_answer(LOOK_UP, shape, LookUpAnswer.of("1", citizen))
        assert there_and_back(shape, LookUpAnswer.of("1", citizen)).citizen == citizen


def test_a_fault_is_the_refusal_that_it_tells():
    with pytest.raises(Refusal) as caught:
        decode_answer(LOOK_UP, AnswerShape.C06_037, "1", write_fault(Refusal("23", "MaDVC")))
    assert (caught.value.code, caught.value.detail) == ("23", "MaDVC")
