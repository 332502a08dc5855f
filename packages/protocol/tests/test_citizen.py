"""A citizen in both shapes: nothing is lost but what the shape cannot say, and nothing unlicensed is said."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_samples import citizens, words

from ketnoi_protocol.birth_date import BirthDate
from ketnoi_protocol.citizen import ATTRIBUTES, Citizen, Head, Life, LifeStatus, Name, Personal, Place, Relative
from ketnoi_protocol.citizen_shapes import C06Citizen, QcvnCitizen
from ketnoi_protocol.personal_number import Sex

PLACES = ("birth_registration", "hometown", "permanent_residence", "current_residence")
RELATIVES = ("father", "mother", "spouse", "representative", "head")


def written(shape, citizen):
    return msgspec.json.encode(shape.of(citizen))


def through(shape, citizen):
    return msgspec.json.decode(written(shape, citizen), type=shape).citizen()


def as_far_as_qcvn_says(place):
    unit = place.commune or place.district or place.province
    level = {5: "commune", 3: "district", 2: "province", 0: "detail"}[len(unit or "")]
    return Place(**{"detail": place.detail, "country": place.country, **({level: unit} if unit else {})})


def changed(citizen, attributes, change):
    values = {name: getattr(citizen, name) for name in attributes}
    return msgspec.structs.replace(citizen, **{name: change(value) for name, value in values.items() if value})


def loud(relative):
    return msgspec.structs.replace(relative, name=relative.name.upper() if relative.name else None)


@given(citizens)
def test_qcvn_109_keeps_all_but_the_less_detailed_units(citizen):
    assert through(QcvnCitizen, citizen) == changed(citizen, PLACES, as_far_as_qcvn_says)


@given(citizens)
def test_c06_037_keeps_all_but_case_and_parts_of_names(citizen):
    expected = changed(citizen, RELATIVES, loud)
    if citizen.name:
        expected = msgspec.structs.replace(expected, name=Name(given=citizen.name.full.upper()))
    assert through(C06Citizen, citizen) == expected


@given(citizens, st.sets(st.sampled_from([*ATTRIBUTES, "MatKhau", "*", ""])))
def test_only_the_named_fields_are_written(citizen, fields):
    kept = citizen.only(fields)
    assert set(kept.fields) == fields & set(citizen.fields)
    for shape in (QcvnCitizen, C06Citizen):
        assert json.loads(written(shape, kept)).keys() == set(kept.fields)


@given(citizens)
def test_all_fields_are_the_citizen(citizen):
    assert citizen.only(ATTRIBUTES) == citizen


def test_every_attribute_has_a_name():
    assert set(ATTRIBUTES.values()) == set(Citizen.__struct_fields__)
    for shape in (QcvnCitizen, C06Citizen):
        assert set(ATTRIBUTES) == {field.encode_name for field in msgspec.structs.fields(shape)}


AN = Citizen(
    personal_number="990089000123",
    name=Name(family="Nguyễn", middle="Văn", given="An"),
    sex=Sex.MALE,
    ethnic_group="01",
    religion="00",
    birth=BirthDate(1989, 4, 17),
    permanent_residence=Place(province="19", commune="05443", detail="Tổ 3"),
    mother=Relative(name="Trần Thị Bình", nationality="VN"),
    head=Head(name="Trần Thị Bình", relation="QH11"),
    life=Life(status=LifeStatus.ALIVE),
)


def test_the_structures_of_qcvn_109():
    assert json.loads(written(QcvnCitizen, AN)) == {
        "SoDinhDanh": "990089000123",
        "HoVaTen": {"Ho": "Nguyễn", "ChuDem": "Văn", "Ten": "An"},
        "GioiTinh": "1",
        "DanToc": {"MaDanToc": "01"},
        "TonGiao": {"MaTonGiao": "00"},
        "NgayThangNamSinh": {"NgayThangNam": "1989-04-17"},
        "ThuongTru": {"MaDonViHanhChinh": "05443", "ChiTiet": "Tổ 3", "QuocGia": "VN"},
        "Me": {"QuocTich": "VN", "HoVaTen": {"Ten": "Trần Thị Bình"}},
        "ChuHo": {"HoVaTen": {"Ten": "Trần Thị Bình"}, "QuanHe": "QH11"},
        "TinhTrangChetMatTich": {"TinhTrang": "0"},
    }


def test_the_flat_form_of_c06_037():
    assert json.loads(written(C06Citizen, AN)) == {
        "SoDinhDanh": "990089000123",
        "HoVaTen": {"Ho": "", "ChuDem": "", "Ten": "NGUYỄN VĂN AN"},
        "GioiTinh": "1",
        "DanToc": "01",
        "TonGiao": "00",
        "NgayThangNamSinh": {"NgayThangNam": "19890417", "Nam": "1989"},
        "ThuongTru": {"MaTinhThanh": "19", "MaPhuongXa": "05443", "ChiTiet": "Tổ 3", "QuocGia": "VN"},
        "Me": {"QuocTich": "VN", "HoVaTen": "TRẦN THỊ BÌNH"},
        "ChuHo": {"HoVaTen": "TRẦN THỊ BÌNH", "QuanHe": "QH11"},
        "TinhTrangChetMatTich": {"TinhTrang": "0"},
    }


@pytest.mark.parametrize("shape", [QcvnCitizen, C06Citizen])
def test_a_year_is_never_made_a_date(shape):
    # Callers of c06-037 read the year or the whole date, so there the year stands beside its month.
    month = {"NamThang": "1950-06"} | ({"Nam": "1950"} if shape is C06Citizen else {})
    for birth, element in ((BirthDate(1950), {"Nam": "1950"}), (BirthDate(1950, 6), month)):
        citizen = Citizen(birth=birth)
        assert json.loads(written(shape, citizen))["NgayThangNamSinh"] == element
        assert msgspec.json.decode(written(shape, citizen), type=shape).citizen() == citizen


def test_empty_texts_are_nothing():
    place = '{"MaTinhThanh":"","MaQuanHuyen":"","MaPhuongXa":"","ChiTiet":"","QuocGia":""}'
    relative = '{"HoVaTen":"","QuocTich":"","SoDinhDanh":"","SoCMND":""}'
    flat = (
        '{"SoCMND":"","HoVaTen":{"Ho":"","ChuDem":"","Ten":""},"DanToc":"","NgayThangNamSinh":{"Nam":""},'
        f'"QueQuan":{place},"Cha":{relative},"ChuHo":{relative}}}'
    )
    assert msgspec.json.decode(flat, type=C06Citizen).citizen() == Citizen(
        hometown=Place(), father=Relative(), head=Head(relation="")
    )
    structured = '{"DanToc":{"MaDanToc":""},"QueQuan":{"MaDonViHanhChinh":""},"Cha":{"HoVaTen":{"Ten":""}}}'
    assert msgspec.json.decode(structured, type=QcvnCitizen).citizen() == Citizen(hometown=Place(), father=Relative())


def test_unknown_elements_of_a_later_version_are_passed_over():
    for shape in (QcvnCitizen, C06Citizen):
        found = msgspec.json.decode('{"SoSoHoKhau":"1","QuocTich":"VN"}', type=shape).citizen()
        assert found == Citizen(nationality="VN")


@pytest.mark.parametrize("unit", ["1", "1234", "123456", "ab", "12\n"])
def test_a_unit_code_of_another_length_is_refused(unit):
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps({"QueQuan": {"MaDonViHanhChinh": unit}}), type=QcvnCitizen)


@given(st.builds(Name, family=st.just("") | words, middle=st.just("") | words, given=words))
def test_a_name_is_compared_whole(name):
    assert name.full.split() == [part for part in (name.family, name.middle, name.given) if part]


def kinds(kind=Personal):
    return {kind, *(each for direct in kind.__subclasses__() for each in kinds(direct))}


@given(citizens)
def test_repr_tells_nothing(citizen):
    shown = repr([citizen, QcvnCitizen.of(citizen), C06Citizen.of(citizen)])
    assert shown == "[Citizen(…), QcvnCitizen(…), C06Citizen(…)]"


def test_no_kind_of_personal_data_shows_itself():
    assert {kind.__name__ for kind in kinds() if kind.__repr__ is not Personal.__repr__} == set()
