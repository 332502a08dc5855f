"""Questions in SOAP: what today's callers send is read, and nothing else."""

import dataclasses
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_samples import requests

from ketnoi_protocol.envelope import HouseholdRequest, VerifyRequest
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.services import Catalogue, Service
from ketnoi_protocol.soap_dialect import load_dialect
from ketnoi_protocol.soap_requests import decode_request, encode_request, read_fields
from ketnoi_protocol.xml_reading import read_xml

OPERATIONS = load_dialect("soap-callers")
CURRENT, OLDER = "http://dancuquocgia.bca", "http://gtel.vn/qldc"
NUMBER = "990089000123"
LOOK_UP = {
    "MaYeuCau": "8f0c…-unique",
    "MaDVC": "G15-TP110",
    "MaTichHop": "037",
    "MaCanBo": "h99.cb01",
    "MaDonVi": "H99.01",
    "TaiKhoan": "h99_motcua",
    "SoDienThoai": "0",
    "SoDinhDanh": NUMBER,
    "HoVaTen": "NGUYEN VAN A",
    "NgayThangNamSinh": "<d:NgayThangNam>19890101</d:NgayThangNam>",
}


def body(fields=LOOK_UP, operation="TraCuuThongTinCongDan", namespace=CURRENT, more="", attributes=""):
    inside = "".join(f"<d:{name}>{value}</d:{name}>" for name, value in fields.items())
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/><s:Body>'
        f'<d:{operation} xmlns:d="{namespace}"{attributes}>{inside}{more}</d:{operation}></s:Body></s:Envelope>'
    ).encode()


def look_up(octets):
    return decode_request(OPERATIONS["look_up_citizen"], Service.LOOK_UP_CITIZEN, octets)


def refused(octets, service=Service.LOOK_UP_CITIZEN):
    with pytest.raises(Refusal) as caught:
        decode_request(OPERATIONS[service.value], service, octets)
    assert NUMBER not in str(caught.value)
    assert "NGUYEN" not in str(caught.value)
    return caught.value


@given(requests)
def test_a_request_survives_its_envelope(request):
    operation = OPERATIONS[request.SERVICE.value]
    try:
        octets = encode_request(operation, request)
    except Refusal as refusal:
        # A text with white space around it, or with signs that XML has no form for.
        assert refusal.code == "10"
    else:
        assert decode_request(operation, request.SERVICE, octets) == request


def test_a_request_that_xml_cannot_carry_is_not_sent_changed():
    request = look_up(body())
    for changed in (" x", "x\ufffe"):
        with pytest.raises(Refusal):
            encode_request(OPERATIONS["look_up_citizen"], type(request)(**{**_fields(request), "ma_yeu_cau": changed}))


def _fields(request):
    return {name: getattr(request, name) for name in request.__struct_fields__}


def test_the_example_of_todays_callers_is_read():
    request = look_up(body())
    assert (request.ma_yeu_cau, request.ma_dvc, request.ma_tich_hop) == ("8f0c…-unique", "G15-TP110", "037")
    assert (request.ma_don_vi, request.ma_can_bo, request.personal_number) == ("H99.01", "h99.cb01", NUMBER)
    assert (request.name, request.birth_text) == ("NGUYEN VAN A", "1989-01-01")


def test_the_older_namespace_and_another_order_are_read():
    turned = dict(reversed(LOOK_UP.items()))
    assert look_up(body(namespace=OLDER)) == look_up(body(turned)) == look_up(body())


def test_empty_and_nil_elements_are_as_if_they_were_not_there():
    nil = '<d:SoCMND xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>'
    assert look_up(body(more=nil)) == look_up(body(LOOK_UP | {"SoCMND": ""})) == look_up(body())


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("19890417", "1989-04-17"),
        ("1989-04-17", "1989-04-17"),
        (" 1989 ", "1989"),
        ("<d:NgayThangNam>19890417</d:NgayThangNam>", "1989-04-17"),
        ("<d:NgayThangNam>1989-04-17</d:NgayThangNam>", "1989-04-17"),
        ("<d:Nam>1989</d:Nam>", "1989"),
        ("<d:NgayThangNam>1989</d:NgayThangNam>", "1989"),
        ("<d:Nam>1989</d:Nam><d:NgayThangNam/>", "1989"),
        ("<d:Nam>1989</d:Nam><d:NgayThangNam>19890417</d:NgayThangNam>", "1989-04-17"),
    ],
)
def test_birth_dates_are_read_in_every_form(written, read):
    assert look_up(body(LOOK_UP | {"NgayThangNamSinh": written})).birth_text == read


@pytest.mark.parametrize(
    "written",
    [
        "17/04/1989",
        "198904",
        "1989-04",
        "19890000",
        "19890230",
        "<d:NgayThangNam>17041989</d:NgayThangNam>",
        "<d:Nam>89</d:Nam>",
        "<d:Nam>19890417</d:Nam>",
        "<d:Nam>1988</d:Nam><d:NgayThangNam>19890417</d:NgayThangNam>",
        "<d:Nam>1989</d:Nam><d:Nam>1989</d:Nam>",
        "<d:Thang>04</d:Thang>",
        "<d:Nam><d:Nam>1989</d:Nam></d:Nam>",
        '<e:Nam xmlns:e="http://gtel.vn/qldc">1989</e:Nam>',
        "",
    ],
)
def test_other_birth_dates_are_refused(written):
    assert refused(body(LOOK_UP | {"NgayThangNamSinh": written})).code == "10"


def test_the_first_service_has_its_own_name_for_the_code():
    fields = {name: value for name, value in LOOK_UP.items() if name != "MaTichHop"} | {"MaDichVu": "033"}
    service, operation = Service.CONFIRM_IDENTITY_NUMBER, "XacThucThongTinCongDanRequest"
    read = decode_request(OPERATIONS[service.value], service, body(fields, operation))
    assert read.ma_tich_hop == "033"
    assert refused(body(LOOK_UP, operation), service).detail == "an element that this service does not know"


def test_household_members_and_attributes_are_read():
    member = "<d:SoCMND>123456789</d:SoCMND><d:SoDinhDanh/><d:HoVaTen>Bình</d:HoVaTen>{}<d:QuanHe>QH01</d:QuanHe>"
    more = "".join(
        f"<d:ThanhVien>{member.format(birth)}</d:ThanhVien>"
        for birth in ("<d:NgayThangNamSinh>1990</d:NgayThangNamSinh>", "")
    )
    read = decode_request(
        OPERATIONS["verify_household"], Service.VERIFY_HOUSEHOLD, body(operation="XacThucThongTinHoGiaDinh", more=more)
    )
    assert isinstance(read, HouseholdRequest)
    assert [(each.old_number, each.birth_text, each.relation) for each in read.members] == [
        ("123456789", "1990", "QH01"),
        ("123456789", None, "QH01"),
    ]
    more = "<d:ThuocTinh><d:GioiTinh>1</d:GioiTinh></d:ThuocTinh>"
    read = decode_request(
        OPERATIONS["verify_citizen"], Service.VERIFY_CITIZEN, body(operation="XacThucThongTinCongDan", more=more)
    )
    assert isinstance(read, VerifyRequest)
    assert read.attributes == {"GioiTinh": "1"}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("<d:MaDVC>G15-TP110</d:MaDVC>", "MaDVC stands twice"),
        ("<d:TaiKhoan/>", "TaiKhoan stands twice"),
        ("<d:ThuocTinh/>", "does not know"),
        ("<d:NguyenVanA/>", "does not know"),
        ('<e:SoCMND xmlns:e="http://gtel.vn/qldc">123456789</e:SoCMND>', "namespaces are mixed"),
        ("<SoCMND>123456789</SoCMND>", "namespaces are mixed"),
        ('<d:SoCMND secret="1">123456789</d:SoCMND>', "an attribute"),
        ("<d:SoCMND><d:SoCMND>123456789</d:SoCMND></d:SoCMND>", "elements instead of a text"),
    ],
)
def test_what_stands_there_wrongly_is_refused(more, told):
    found = refused(body(more=more))
    assert found.code == "10"
    assert told in found.detail
    assert "NguyenVanA" not in found.detail


def test_another_operation_or_namespace_is_refused():
    for octets in (
        body(operation="XacThucThongTinCongDan"),
        body(namespace="urn:other"),
        body(attributes=' x="1"'),
        body({}, more=NUMBER),
    ):
        assert refused(octets).code == "10"


@pytest.mark.parametrize(
    ("service", "operation", "more"),
    [
        (Service.VERIFY_HOUSEHOLD, "XacThucThongTinHoGiaDinh", "<d:ThanhVien>NGUYEN VAN A</d:ThanhVien>"),
        (Service.VERIFY_HOUSEHOLD, "XacThucThongTinHoGiaDinh", "<d:ThanhVien><d:NguyenVanA/></d:ThanhVien>"),
        (Service.VERIFY_HOUSEHOLD, "XacThucThongTinHoGiaDinh", ""),
        (Service.VERIFY_HOUSEHOLD, "XacThucThongTinHoGiaDinh", "<d:ThanhVien/>" * 51),
        (Service.VERIFY_CITIZEN, "XacThucThongTinCongDan", "<d:ThuocTinh><d:A>1</d:A><d:A>1</d:A></d:ThuocTinh>"),
        (Service.VERIFY_CITIZEN, "XacThucThongTinCongDan", "<d:ThuocTinh><d:A><d:B/></d:A></d:ThuocTinh>"),
        (Service.VERIFY_CITIZEN, "XacThucThongTinCongDan", "<d:ThuocTinh><d:A/></d:ThuocTinh>"),
    ],
)
def test_members_and_attributes_of_another_form_are_refused(service, operation, more):
    found = refused(body(operation=operation, more=more), service)
    assert found.code == "10"
    assert "NguyenVanA" not in str(found)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("MaYeuCau", "x" * 41, "10"),
        ("MaDVC", "x" * 21, "10"),
        ("MaDonVi", "H" * 36, "10"),
        ("MaCanBo", "c" * 21, "10"),
        ("MaCanBo", "990089000001", "10"),
        ("SoDinhDanh", "99008900012", "10"),
        ("SoDinhDanh", "", "11"),
        ("HoVaTen", "A" * 101, "10"),
        ("HoVaTen", "NGUYÔN V¨N A", "10"),  # TCVN3, read as if it were Latin-1
        ("HoVaTen", "", "10"),
        ("MaDVC", "", "10"),
        ("MaDonVi", "", "10"),
    ],
)
def test_values_of_another_form_are_refused(field, value, code):
    assert refused(body(LOOK_UP | {field: value})).code == code


def test_a_decomposed_name_is_read():
    name = unicodedata.normalize("NFD", "NGUYỄN THỊ ƯNG")
    assert look_up(body(LOOK_UP | {"HoVaTen": name})).name == name


def test_what_is_passed_over_is_told_to_whoever_asks_for_it():
    element = read_xml(body()).children[1].children[0]
    operation = OPERATIONS["look_up_citizen"]
    assert "TaiKhoan" not in read_fields(operation, element)
    assert read_fields(operation, element, passed_over=True)["TaiKhoan"] == "h99_motcua"


@given(st.dictionaries(st.sampled_from([*LOOK_UP, "ThanhVien", "ThuocTinh"]), st.text(max_size=12), max_size=12))
def test_any_texts_are_read_or_refused(fields):
    escaped = {name: value.replace("&", "&amp;").replace("<", "&lt;") for name, value in fields.items()}
    try:
        octets = body(escaped)
    except UnicodeEncodeError:
        return
    try:
        look_up(octets)
    except Refusal as refusal:
        assert refusal.code in ("10", "11")


@given(
    st.lists(
        st.tuples(
            st.integers(0, 900),
            st.integers(0, 12),
            st.binary(max_size=4) | st.sampled_from([b"<d:Nam/>", b"&", b"]]>"]),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_a_changed_message_is_read_or_refused(changes):
    octets = body()
    for place, length, other in changes:
        octets = octets[:place] + other + octets[place + length :]
    try:
        look_up(octets)
    except Refusal as refusal:
        assert refusal.code in ("10", "11")
        assert NUMBER not in str(refusal)


def test_each_profile_offers_its_services_in_soap_and_dates_may_have_hyphens():
    for profile in ("2022-seed", "2022-qcvn-109"):
        assert all(entry.soap is not None for entry in Catalogue.load(profile))
    request = look_up(body())
    hyphens = dataclasses.replace(OPERATIONS["look_up_citizen"], compact_dates=False)
    assert b">1989-01-01<" in encode_request(hyphens, request)
    assert b">19890101<" in encode_request(OPERATIONS["look_up_citizen"], request)
