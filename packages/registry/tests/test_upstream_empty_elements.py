"""An existing database writes elements that are there and empty: they tell nothing, and nobody is refused for them."""

from __future__ import annotations

import re

import pytest

from ketnoi_protocol.services import Service

from .test_upstream_bad_days import health, in_front

LOOK_UP, HOUSEHOLD, VERIFY = Service.LOOK_UP_CITIZEN, Service.VERIFY_HOUSEHOLD, Service.VERIFY_CITIZEN
BINH = {"SoDinhDanh": "990190000003", "HoVaTen": "Lê Thị Bình", "NgayThangNamSinh": "1990", "QuanHe": "QH01"}


def emptied(*names):
    """Whoever reads the record of An finds these elements, and all within them, empty."""

    def change(record):
        for name in names:
            record = re.sub(
                f"(<ns1:{name}>)(.*?)(</ns1:{name}>)",
                lambda found: found[1] + re.sub(r">[^<]+<", "><", found[2]) * ("<" in found[2]) + found[3],
                record,
            )
        return record

    return change


def replaced(before, after):
    def change(record):
        assert before in record
        return record.replace(before, after)

    return change


def about_an(tmp_path, database, change, *asked):
    """The answers to these questions, and the troubles, where An's record is changed."""

    async def act(world, behind):
        citizen = behind.citizen
        behind.citizen = lambda row: change(citizen(row)) if row.given_name == "An" else citizen(row)
        answers = [await world.ask(service, **fields) for service, fields in asked]
        return answers, await health(world)

    return in_front(tmp_path, database, act)


def only(answer):
    assert answer.code == "00"
    return answer.body["CongdanCollection"]["CongDan"][0]


def test_codes_that_are_empty_are_not_told(tmp_path, database):
    codes = ("GioiTinh", "DanToc", "TonGiao", "TinhTrangHonNhan", "NhomMau", "SoCMND", "TinhTrangChetMatTich")
    places = ("NoiDangKyKhaiSinh", "QueQuan", "ThuongTru", "NoiOHienTai")
    (found, claimed), told = about_an(
        tmp_path, database, emptied(*codes, *places, "Cha"),
        (LOOK_UP, {}), (VERIFY, {"ThuocTinh": {"GioiTinh": "1"}}),
    )  # fmt: skip
    assert not {*codes, *places, "Cha"} & set(only(found))
    assert only(found)["SoDinhDanh"] == "990089000001"
    assert (claimed.code, claimed.body["detail"].startswith("ThuocTinh.GioiTinh is not told")) == ("43", True)
    assert (told["state"], told["troubles"]) == ("closed", {})


def test_whoever_has_an_empty_head_lives_in_no_household(tmp_path, database):
    (found, together), told = about_an(
        tmp_path, database, emptied("ChuHo"), (LOOK_UP, {}), (HOUSEHOLD, {"ThanhVien": [BINH]})
    )
    assert "ChuHo" not in only(found)
    assert together.body["ThanhVien"] == [{"CungHo": False, "DungQuanHe": False}]
    assert told["troubles"] == {}


def test_a_relation_that_is_empty_is_never_answered_no(tmp_path, database):
    (found, together), told = about_an(
        tmp_path, database, emptied("QuanHe"), (LOOK_UP, {}), (HOUSEHOLD, {"ThanhVien": [BINH]})
    )
    assert (only(found)["ChuHo"]["SoDinhDanh"], "QuanHe" in only(found)["ChuHo"]) == ("990089000001", False)
    assert (together.code, told["troubles"]) == ("43", {"relation_missing": 1})


@pytest.mark.parametrize(
    ("name", "told"),
    [("Nam", {"Nam": "1989", "NgayThangNam": "19890302"}), ("NgayThangNam", {"Nam": "1989"})],
)
def test_of_year_and_date_one_may_be_empty(tmp_path, database, name, told):
    (found,), _ = about_an(tmp_path, database, emptied(name), (LOOK_UP, {}))
    assert only(found)["NgayThangNamSinh"] == told


def test_a_year_that_denies_its_date_is_refused(tmp_path, database):
    (refused,), told = about_an(tmp_path, database, replaced("<ns1:Nam>1989", "<ns1:Nam>1990"), (LOOK_UP, {}))
    assert (refused.code, told["troubles"]) == ("43", {"record_malformed": 1})


def test_an_old_number_that_is_the_personal_number_once_more_is_none(tmp_path, database):
    change = replaced("<ns1:SoCMND>990000009<", "<ns1:SoCMND>990089000001<")
    (found,), told = about_an(tmp_path, database, change, (LOOK_UP, {}))
    assert "SoCMND" not in only(found)
    assert "SoCMND" not in only(found)["ChuHo"]
    assert told["troubles"] == {}


def test_nobody_is_told_by_a_citizen_whose_elements_are_all_empty(tmp_path, database):
    everything = (
        "SoDinhDanh", "SoCMND", "HoVaTen", "Ho", "ChuDem", "Ten", "GioiTinh", "DanToc", "TonGiao", "TinhTrangHonNhan",
        "NhomMau", "NgayThangNamSinh", "NoiDangKyKhaiSinh", "QueQuan", "ThuongTru", "NoiOHienTai", "QuocTich", "Cha",
        "Me", "VoChong", "ChuHo",
    )  # fmt: skip
    (nobody,), told = about_an(tmp_path, database, emptied(*everything), (LOOK_UP, {}))
    assert (nobody.code, told["troubles"]) == ("01", {})


def test_an_empty_name_is_nobody_whatever_else_is_told(tmp_path, database):
    (nobody,), told = about_an(tmp_path, database, emptied("HoVaTen"), (LOOK_UP, {}))
    assert (nobody.code, told["troubles"]) == ("01", {})


def test_a_head_told_by_an_old_number_alone_is_never_compared(tmp_path, database):
    """The old number was issued twice, and other records tell the head by the personal number."""

    async def act(world, behind):
        citizen = behind.citizen
        behind.citizen = lambda row: (
            re.sub(r"(<ns1:ChuHo>.*?<ns1:SoDinhDanh>)[0-9]+", r"\1", citizen(row), flags=re.S)
            if row.personal_number == BINH["SoDinhDanh"]
            else citizen(row)
        )
        return await world.ask(HOUSEHOLD, ThanhVien=[BINH]), await world.ask(LOOK_UP), await health(world)

    together, found, told = in_front(tmp_path, database, act)
    assert (together.code, told["troubles"]) == ("43", {"head_without_number": 1})
    assert found.code == "00"
