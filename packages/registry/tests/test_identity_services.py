"""Services 1 and 4: yes or no about one person, and never why not."""

from __future__ import annotations

import unicodedata

import pytest

from ketnoi_protocol.services import Service
from ketnoi_registry.store import postgresql

from .directories import grant
from .worlds import MEMBER

CONFIRM, VERIFY = Service.CONFIRM_IDENTITY_NUMBER, Service.VERIFY_CITIZEN


@pytest.fixture
def ask(do):
    """The answer to one question, checked to have been a 200 and to hold nothing but what a service may say."""

    def asking(service, **fields):
        answer = do(lambda world: world.ask(service, **fields))
        assert answer.status == 200, answer.code
        allowed = {"MaYeuCau", "MaKetQua", "TonTai" if service is CONFIRM else "SoLuongCongDan", "KetQua"}
        assert set(answer.body) <= allowed
        return answer.body

    return asking


BINH = {"SoDinhDanh": "990190000003", "HoVaTen": "Lê Thị Bình", "NgayThangNamSinh": "1990"}
TWIN_1 = {"SoDinhDanh": None, "SoCMND": "990000555", "HoVaTen": "Phạm Thủy", "NgayThangNamSinh": "1971"}
TWIN_2 = TWIN_1 | {"HoVaTen": "Phạm Quý", "NgayThangNamSinh": "1972"}
MATRIX = [
    ({}, True),
    ({"HoVaTen": "NGUYỄN VĂN AN"}, True),
    ({"HoVaTen": unicodedata.normalize("NFD", "Nguyễn Văn An")}, True),
    ({"HoVaTen": "  nguyễn  văn  an "}, True),
    ({"HoVaTen": "Nguyen Van An"}, False),
    ({"HoVaTen": "Nguyễn Văn Ân"}, False),
    ({"HoVaTen": "An Văn Nguyễn"}, False),
    ({"NgayThangNamSinh": "1989-03-03"}, False),
    ({"NgayThangNamSinh": "1989"}, False),
    ({"SoDinhDanh": "990089000777"}, False),
    # Only the year is registered: what is not known is not compared, and what is known is.
    (BINH, True),
    (BINH | {"NgayThangNamSinh": "1990-07-08"}, True),
    (BINH | {"NgayThangNamSinh": "1991"}, False),
    ({"SoDinhDanh": "990215000004", "HoVaTen": "Nguyễn Em", "NgayThangNamSinh": "2015-06-09"}, True),
    ({"SoDinhDanh": "990215000004", "HoVaTen": "Nguyễn Em", "NgayThangNamSinh": "2015-07-01"}, False),
    # Both numbers must be the same person's, and every old number counts.
    ({"SoCMND": "990000009"}, True),
    ({"SoCMND": "990000001"}, True),
    ({"SoCMND": "990000777"}, False),
    ({"SoCMND": "990000404"}, False),
    ({"SoDinhDanh": None, "SoCMND": "990000001"}, True),
    # One old number given to two people: name and birth date decide; where they cannot, nobody is found.
    (TWIN_1, True),
    (TWIN_2, True),
    (TWIN_1 | {"NgayThangNamSinh": "1972"}, False),
    (TWIN_1 | {"HoVaTen": "Phạm Thuỷ"}, True),
    (TWIN_2 | {"SoCMND": "990000666"}, False),
    (TWIN_2 | {"SoCMND": "990000666", "SoDinhDanh": "990072000008"}, True),
    # A number stays a person's, dead or missing.
    ({"SoDinhDanh": "990060000002", "HoVaTen": "Nguyễn Văn Cha", "NgayThangNamSinh": "1960"}, True),
    ({"SoDinhDanh": "990061000005", "HoVaTen": "Ðỗ Lạc", "NgayThangNamSinh": "1961"}, True),
]


@pytest.mark.parametrize(("fields", "found"), MATRIX)
def test_who_is_found(ask, fields, found):
    assert ask(CONFIRM, **fields)["TonTai"] is found
    assert ask(VERIFY, **fields)["SoLuongCongDan"] == int(found)
    assert ask(VERIFY, **fields)["MaKetQua"] == ("00" if found else "01")


def test_confirming_needs_no_birth_date_beside_a_personal_number(ask, do):
    assert ask(CONFIRM, NgayThangNamSinh=None)["TonTai"] is True
    assert ask(CONFIRM, NgayThangNamSinh=None, SoCMND="990000009")["TonTai"] is True
    # An old number was sometimes given twice, so a name beside it is not enough.
    refused = do(lambda world: world.ask(CONFIRM, NgayThangNamSinh=None, SoDinhDanh=None, SoCMND="990000009"))
    assert (refused.status, refused.code) == (400, "10")
    assert "NgayThangNamSinh" in refused.body["detail"]


MISMATCHES = [
    {"HoVaTen": "Nguyễn Văn Anh"},
    {"NgayThangNamSinh": "1989-03-03"},
    {"SoCMND": "990000777"},
    {"SoDinhDanh": None, "SoCMND": "990000555"},
]
UNKNOWN = {"SoDinhDanh": "990089000777"}


@pytest.mark.parametrize("service", list(Service))
def test_a_mismatch_is_answered_like_an_unknown_person_to_the_last_octet(do, service):
    members = [{"SoDinhDanh": "990190000003", "HoVaTen": "Lê Thị Bình", "QuanHe": "QH01"}]
    more = {
        Service.VERIFY_CITIZEN: {"ThuocTinh": {"GioiTinh": "1", "SoCMND": "990000009", "ChuHo": "Nguyễn Văn An"}},
        Service.VERIFY_HOUSEHOLD: {"ThanhVien": members},
    }.get(service, {})

    async def act(world):
        seen = []
        for number, fields in enumerate([UNKNOWN, *MISMATCHES]):
            answer = await world.ask(service, MaYeuCau=f"q-{service}-{number}", **more | fields)
            seen.append((answer.status, sorted(answer.headers), answer.raw.replace(b'-%d"' % number, b"")))
        return seen

    unknown, *mismatches = do(act)
    assert all(mismatch == unknown for mismatch in mismatches)


@pytest.mark.parametrize("number", [{}, {"SoCMND": "990000009"}, {"SoDinhDanh": None, "SoCMND": "990000009"}])
@pytest.mark.parametrize("service", [CONFIRM, VERIFY])
def test_the_same_look_ups_are_made_whoever_is_found(do, monkeypatch, number, service):
    made = []
    for name in ("read_people", "read_holders"):

        def counting(real, name):
            def read(pool, numbers, timeout):
                made.append((name, len(numbers)))
                return real(pool, numbers, timeout)

            return read

        monkeypatch.setattr(postgresql, name, counting(getattr(postgresql, name), name))
    more = {"ThuocTinh": {"SoCMND": "990000009", "ChuHo": "990089000001"}} if service is VERIFY else {}
    unknown = {name: "990000404" if name == "SoCMND" else "990089000777" for name in number if number[name]}
    found = []
    for fields in ({}, {"HoVaTen": "Không Ai"}, unknown or UNKNOWN):
        do(lambda world, fields=fields: world.ask(service, **number | more | fields))
        found.append([*made])
        made.clear()
    assert found[0] == found[1] == found[2] != []


# Attributes, where number, name and birth date have matched.

RIGHT = {
    "SoCMND": "990000001",
    "GioiTinh": "1",
    "DanToc": "02",
    "TonGiao": "01",
    "TinhTrangHonNhan": "2",
    "NhomMau": "04",
    "NoiDangKyKhaiSinh": "05551",
    "ThuongTru": "05569",
    "NoiOHienTai": "19",
    "QuocTich": "VN",
    "Cha": "Nguyễn Văn Cha",
    "Me": "990000022",
    "VoChong": "990190000003",
    "ChuHo": "990089000001",
    "TinhTrangChetMatTich": "0",
}
WRONG = {
    "SoCMND": "990000777",
    "GioiTinh": "2",
    "DanToc": "01",
    "TonGiao": "00",
    "TinhTrangHonNhan": "1",
    "NhomMau": "01",
    "NoiDangKyKhaiSinh": "05569",
    "QueQuan": "19",
    "ThuongTru": "01",
    # The district and the divided commune of the old map are no longer anybody's codes.
    "NoiOHienTai": "05560",
    "QuocTich": "LA",
    "Cha": "Nguyễn Văn Chả",
    "Me": "990000023",
    "VoChong": "990190000004",
    "NguoiDaiDien": "Nguyễn Văn Cha",
    "ChuHo": "Lê Thị Bình",
    "TinhTrangChetMatTich": "1",
}


def test_each_attribute_is_answered_yes_or_no(ask):
    assert ask(VERIFY, ThuocTinh=RIGHT)["KetQua"] == dict.fromkeys(RIGHT, True)
    assert ask(VERIFY, ThuocTinh=WRONG)["KetQua"] == dict.fromkeys(WRONG, False)


def test_a_mixture_is_answered_attribute_by_attribute(ask):
    answer = ask(VERIFY, ThuocTinh={"GioiTinh": "1", "DanToc": "01"})
    assert answer["KetQua"] == {"GioiTinh": True, "DanToc": False}
    assert (answer["SoLuongCongDan"], answer["MaKetQua"]) == (1, "00")


@pytest.mark.parametrize("fields", [UNKNOWN, *MISMATCHES])
def test_without_a_match_no_attribute_is_answered(ask, fields):
    assert "KetQua" not in ask(VERIFY, ThuocTinh=RIGHT, **fields)


def test_the_dead_have_no_head_of_household(ask):
    dead = {"SoDinhDanh": "990060000002", "HoVaTen": "Nguyễn Văn Cha", "NgayThangNamSinh": "1960"}
    claimed = {"ChuHo": "990089000001", "TinhTrangChetMatTich": "1"}
    assert ask(VERIFY, ThuocTinh=claimed, **dead)["KetQua"] == {"ChuHo": False, "TinhTrangChetMatTich": True}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GioiTinh", "Nam"),
        ("DanToc", "2"),
        ("ThuongTru", "Thái Nguyên"),
        ("Cha", "800" + "089000001"),
        ("Cha", "12345"),
        ("Cha", "???"),
        ("HoVaTen", "Nguyễn Văn An"),
        ("KhongCo", "gi do"),
    ],
)
def test_a_claim_of_a_wrong_form_is_refused_whoever_is_asked_for(do, name, value):
    for fields in ({}, UNKNOWN):
        answer = do(lambda world, fields=fields: world.ask(VERIFY, ThuocTinh={name: value}, **fields))
        assert (answer.status, answer.code) == (400, "10")
        assert value not in answer.raw.decode()


def test_only_what_was_answered_is_logged_as_released(do):
    async def act(world):
        world.content.grants = [grant(MEMBER, VERIFY)]
        await world.publish_and_poll()
        await world.ask(VERIFY, ThuocTinh={"DanToc": "02"})
        await world.ask(VERIFY, ThuocTinh={"DanToc": "02"}, HoVaTen="Không Ai")
        return [row["released_fields"] for row in (await world.logged())[-2:]]

    assert do(act) == [["DanToc"], []]
