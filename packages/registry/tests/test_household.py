"""Service 2: yes or no per claimed member and relation, and nothing about anybody else."""

from __future__ import annotations

import pytest

from ketnoi_protocol.services import Service

HOUSEHOLD = Service.VERIFY_HOUSEHOLD

BINH = {"SoDinhDanh": "990190000003", "HoVaTen": "Lê Thị Bình", "QuanHe": "QH01"}
CHILD = {"SoDinhDanh": "990215000004", "HoVaTen": "Nguyễn Em", "QuanHe": "QH11"}
AN = {"SoDinhDanh": "990089000001", "HoVaTen": "Nguyễn Văn An", "QuanHe": "QH00"}
NEIGHBOUR = {"SoDinhDanh": "990080000009", "HoVaTen": "Vũ Xóm", "QuanHe": "QH00"}
ALONE = {"SoDinhDanh": "990071000006", "HoVaTen": "Phạm Thủy", "QuanHe": "QH21"}
DEAD = {"SoDinhDanh": "990060000002", "HoVaTen": "Nguyễn Văn Cha", "QuanHe": "QH03"}


@pytest.fixture
def members(do):
    """The answers about these claimed members, as pairs."""

    def ask(*claimed, **fields):
        answer = do(lambda world: world.ask(HOUSEHOLD, ThanhVien=list(claimed), **fields))
        assert answer.status == 200, answer.code
        assert set(answer.body) == {"MaYeuCau", "MaKetQua", "ThanhVien"}
        assert all(set(each) == {"CungHo", "DungQuanHe"} for each in answer.body["ThanhVien"])
        pairs = [(each["CungHo"], each["DungQuanHe"]) for each in answer.body["ThanhVien"]]
        assert answer.code == ("00" if all(all(pair) for pair in pairs) else "01")
        return pairs

    return ask


YES, NO, NOT_SO = (True, True), (False, False), (True, False)


@pytest.mark.parametrize(
    ("claimed", "expected"),
    [
        (BINH, YES),
        (CHILD, YES),
        (AN, YES),
        (BINH | {"QuanHe": "QH02"}, NOT_SO),
        (BINH | {"HoVaTen": "Lê Thị Binh"}, NO),
        (BINH | {"NgayThangNamSinh": "1990"}, YES),
        (BINH | {"NgayThangNamSinh": "1991"}, NO),
        (BINH | {"SoDinhDanh": None, "SoCMND": "990000777"}, YES),
        (BINH | {"SoCMND": "990000001"}, NO),
        (NEIGHBOUR, NO),
        (ALONE, NO),
        (BINH | {"SoDinhDanh": "990190000404"}, NO),
        # Struck off the register of residence, though the record still names the household.
        (DEAD, NO),
    ],
)
def test_a_claimed_member(members, claimed, expected):
    claimed = {name: value for name, value in claimed.items() if value is not None}
    assert members(claimed) == [expected]


def test_many_members_are_answered_in_their_order(members):
    assert members(BINH, NEIGHBOUR, CHILD, BINH | {"QuanHe": "QH12"}, DEAD) == [YES, NO, YES, NOT_SO, NO]


def test_a_member_may_be_the_one_who_is_asked_for(members):
    asked = {"SoDinhDanh": "990190000003", "HoVaTen": "Lê Thị Bình", "NgayThangNamSinh": "1990"}
    assert members(AN, CHILD, NEIGHBOUR, **asked) == [YES, YES, NO]


@pytest.mark.parametrize(
    "fields",
    [
        {"HoVaTen": "Nguyễn Văn Ân"},
        {"NgayThangNamSinh": "1989"},
        {"SoDinhDanh": "990089000777"},
        {"SoDinhDanh": "990060000002", "HoVaTen": "Nguyễn Văn Cha", "NgayThangNamSinh": "1960"},
    ],
)
def test_when_the_asked_person_does_not_match_or_lives_nowhere_every_answer_is_no(members, fields):
    assert members(BINH, CHILD, AN, **fields) == [NO, NO, NO]


def test_two_people_without_a_household_do_not_share_one(members):
    twin = {"SoDinhDanh": "990072000007", "HoVaTen": "Phạm Quý", "NgayThangNamSinh": "1972"}
    assert members(ALONE, **twin) == [NO]
    assert members({"SoDinhDanh": "990072000007", "HoVaTen": "Phạm Quý", "QuanHe": "QH00"}, **twin) == [NO]


def test_a_relation_that_is_no_code_is_refused(do):
    answer = do(lambda world: world.ask(HOUSEHOLD, ThanhVien=[BINH, BINH | {"QuanHe": "QH77"}]))
    assert (answer.code, answer.body["detail"].startswith("ThanhVien[1].QuanHe")) == ("10", True)


def test_the_whole_of_a_large_household_is_one_look_up(do):
    claimed = [
        {"SoDinhDanh": f"9902{number:02}000004", "HoVaTen": "Nguyễn Em", "QuanHe": "QH11"} for number in range(50)
    ]
    answer = do(lambda world: world.ask(HOUSEHOLD, ThanhVien=claimed))
    assert [each["CungHo"] for each in answer.body["ThanhVien"]] == [number == 15 for number in range(50)]
    answer = do(lambda world: world.ask(HOUSEHOLD, ThanhVien=[*claimed, BINH]))
    assert answer.code == "10"


def test_the_log_names_everybody_who_was_asked_about(do):
    async def act(world):
        await world.ask(HOUSEHOLD, ThanhVien=[BINH, NEIGHBOUR], sign={"message_id": "ho-khau"})
        return [row for row in await world.logged() if row["message_id"] == "ho-khau"]

    rows = do(act)
    assert sorted(row["subject_role"] for row in rows) == ["asked", "claimed_member", "claimed_member"]
    assert len({row["subject_pseudonym"] for row in rows}) == 3
