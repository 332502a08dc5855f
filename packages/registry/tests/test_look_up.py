"""Service 3: the licensed fields of the one who matches, and of nobody else."""

from __future__ import annotations

import unicodedata

import pytest

from ketnoi_protocol.services import Service
from ketnoi_registry.access_log import Pseudonyms
from ketnoi_registry.disclosure import FIELDS, SENSITIVE

from .directories import grant
from .worlds import MEMBER, run

LOOK_UP = Service.LOOK_UP_CITIZEN


@pytest.fixture
def citizen(do):
    """The one citizen of the answer, or None, with a licence for these fields (all by default)."""

    def ask(licence=tuple(FIELDS), **fields):
        async def act(world):
            world.content.grants = [grant(MEMBER, LOOK_UP, fields=licence)]
            await world.publish_and_poll()
            answer = await world.ask(LOOK_UP, **fields)
            assert answer.status == 200, answer.code
            assert (await world.logged())[-1]["released_fields"] == _shown(answer)
            collection = answer.body["CongdanCollection"]
            assert collection["SoCongDan"] == len(collection.get("CongDan", []))
            return collection["CongDan"][0] if collection["SoCongDan"] else None

        return do(act)

    return ask


def _shown(answer):
    found = answer.body["CongdanCollection"].get("CongDan", [{}])[0]
    return [name for name in FIELDS if name in found]


def test_every_field_can_be_licensed_and_only_licensed_ones_leave(citizen):
    whole = citizen()
    assert set(whole) == set(FIELDS) - {"NguoiDaiDien"}
    for name in FIELDS:
        alone = citizen((name,)) or {}
        assert alone == ({name: whole[name]} if name in whole else {})


def test_a_sensitive_field_comes_with_no_other(citizen):
    plain = citizen(tuple(name for name in FIELDS if name not in SENSITIVE))
    assert SENSITIVE & plain.keys() == set()
    assert {"DanToc", "TonGiao", "NhomMau"} == SENSITIVE
    assert citizen(("*", "HoVaTen")).keys() == {"HoVaTen"}


def test_the_profile_compares_names_without_accents_too(citizen):
    for name in ("NGUYENVANAN", "Nguyen Van An", unicodedata.normalize("NFD", "NGUYỄN VĂN AN")):
        assert citizen(HoVaTen=name)["SoDinhDanh"] == "990089000001"
    assert citizen(HoVaTen="NGUYENVANANH") is None


@pytest.mark.parametrize(
    "fields",
    [
        {"SoDinhDanh": "990089000777"},
        {"HoVaTen": "Trần Văn An"},
        {"NgayThangNamSinh": "1989"},
        {"SoDinhDanh": None, "SoCMND": "990000666", "HoVaTen": "Phạm Quý", "NgayThangNamSinh": "1972"},
    ],
)
def test_who_does_not_match_is_nobody(citizen, fields):
    assert citizen(**fields) is None


def test_an_old_number_leads_to_the_one_whose_name_and_birth_agree(citizen):
    twin = {"SoDinhDanh": None, "SoCMND": "990000555", "HoVaTen": "PHAMQUY", "NgayThangNamSinh": "1972-01-02"}
    assert citizen(**twin)["SoDinhDanh"] == "990072000007"


def test_a_year_is_answered_as_a_year(citizen):
    binh = {"SoDinhDanh": "990190000003", "HoVaTen": "LETHIBINH", "NgayThangNamSinh": "1990"}
    found = citizen(**binh)
    assert found["NgayThangNamSinh"] == {"Nam": "1990"}
    assert found["ChuHo"]["QuanHe"] == "QH01"
    assert found["ChuHo"]["SoDinhDanh"] == "990089000001"


def test_the_dead_and_the_missing_are_shown_as_such_where_licensed(citizen):
    dead = {"SoDinhDanh": "990060000002", "HoVaTen": "Nguyễn Văn Cha", "NgayThangNamSinh": "1960"}
    found = citizen(**dead)
    assert found["TinhTrangChetMatTich"] == {"TinhTrang": "1", "TuNgay": "2024-05-06"}
    assert "ChuHo" not in found
    missing = {"SoDinhDanh": "990061000005", "HoVaTen": "DOLAC", "NgayThangNamSinh": "1961"}
    assert citizen(**missing)["TinhTrangChetMatTich"] == {"TinhTrang": "2"}


def test_places_are_told_by_the_codes_of_todays_map(citizen):
    found = citizen()
    # The commune went on under the same code, the old map's district is gone, and its names are kept as text.
    assert found["NoiDangKyKhaiSinh"] == {
        "MaTinhThanh": "19", "MaPhuongXa": "05551", "QuocGia": "VN",
        "ChiTiet": "Xã Kim Phượng, Huyện Định Hóa, Thái Nguyên",
    }  # fmt: skip
    # This one was divided: which part is meant nobody knows, so only the province is told by code.
    assert found["NoiOHienTai"] == {
        "MaTinhThanh": "19", "QuocGia": "VN", "ChiTiet": "Xóm 2, Xã Đã Chia, Huyện Định Hóa, Thái Nguyên",
    }  # fmt: skip
    assert found["ThuongTru"] == {"MaTinhThanh": "19", "MaPhuongXa": "05569", "ChiTiet": "Số 1", "QuocGia": "VN"}
    assert found["QueQuan"] == {"QuocGia": "LA"}


def test_the_other_profile_answers_in_the_structures_of_qcvn_109(tmp_path, database):
    async def act(world):
        return await world.ask(LOOK_UP), await world.ask(LOOK_UP, HoVaTen="NGUYENVANAN")

    found, legacy = run(tmp_path, database, act, profile="2022-qcvn-109")
    citizen = found.body["CongdanCollection"]["CongDan"][0]
    assert citizen["HoVaTen"] == {"Ho": "Nguyễn", "ChuDem": "Văn", "Ten": "An"}
    assert citizen["DanToc"] == {"MaDanToc": "02"}
    assert legacy.code == "01"


def test_the_log_tells_who_for_whom_what_for_and_under_which_message(do):
    async def act(world):
        told = {"message_id": "tra-cuu-1"}
        await world.ask(LOOK_UP, sign=told)
        await world.ask(LOOK_UP, sign={"message_id": "tra-cuu-2"}, SoDinhDanh=None, SoCMND="990000001")
        await world.ask(LOOK_UP, sign={"message_id": "tra-cuu-3"}, SoDinhDanh=None, SoCMND="990000404")
        rows = {row["message_id"]: row for row in await world.logged()}
        return [rows[f"tra-cuu-{n}"] for n in (1, 2, 3)], Pseudonyms.read(world.folder / "keys.json")

    (by_number, by_old_number, unknown), pseudonyms = do(act)
    assert by_number["subject_pseudonym"] == pseudonyms.of_person("990089000001")
    assert by_old_number["subject_pseudonym"] == by_number["subject_pseudonym"]
    assert unknown["subject_pseudonym"] == pseudonyms.of_old_number("990000404")
    assert dict(by_number) | {"logged_at": 0, "sequence": 0, "subject_pseudonym": 0, "request_digest": 0} == {
        "logged_at": 0,
        "sequence": 0,
        "node_id": "n1",
        "subject_key_id": "k1",
        "subject_pseudonym": 0,
        "subject_role": "asked",
        "instance": "VDXP-TEST",
        "consumer": "VDXP-TEST/GOV/H55/MOTCUA",
        "integration_account": "tk-h55",
        "unit": "H55",
        "officer": "cb.lan",
        "officer_identity": "asserted_by_agency",
        "procedure_code": "1.001",
        "service": "look_up_citizen",
        "message_id": "tra-cuu-1",
        "request_digest": 0,
        "result_code": "00",
        "released_fields": [name for name in FIELDS if name != "NguoiDaiDien"],
        "repeats": False,
        "system": "population",
        "consent": None,
    }
