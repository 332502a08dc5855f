"""Administrative units from a file: the reform of 2025 as one act, after which look-ups answer today's codes."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from ketnoi_protocol.services import Service
from ketnoi_registry.loading import load_units
from ketnoi_registry.loading.csv_input import InputError
from ketnoi_registry.loading.taking_units import Taken, take_units
from ketnoi_registry.loading.units_file import read_units
from ketnoi_registry.provinces import provinces
from ketnoi_registry.store.people import Place
from ketnoi_registry.store.units import Units
from ketnoi_runtime.database import open_pool

from .people_csv import made, text_of
from .worlds import run

HEADER = "code,name,level,parent,from,until,successor\n"
# Two provinces, made-up districts and communes: Yên Bái (15) went to Lào Cai, which took its code; Lào Cai (10) too.
BEFORE = """\
980,Huyện Mẫu Một,district,15,2008-08-01,2025-06-30,
981,Huyện Mẫu Hai,district,10,2008-08-01,2025-06-30,
98001,Xã Ở Lại,commune,980,2008-08-01,2025-06-30,98001
98002,Xã Nhập Vào,commune,980,2008-08-01,2025-06-30,98001
98101,Xã Bị Chia,commune,981,2008-08-01,2025-06-30,98151;98152
98102,Xã Đổi Mã,commune,981,2008-08-01,2025-06-30,98152
"""
SINCE = """\
98001,Xã Ở Lại,commune,15,2025-07-01,,
98151,Xã Mới Một,commune,15,2025-07-01,,
98152,"Phường Mới, Hai",commune,15,2025-07-01,,
"""
OLD, NEW, TODAY = date(2008, 8, 1), date(2025, 7, 1), date(2026, 1, 1)


class Map:
    """A register with the provinces of both maps, and what a file makes of it."""

    def __init__(self, register, folder):
        self._dsn, self._folder = register.dsn, folder
        self.take(None)

    def take(self, text: str | None) -> Taken | None:
        async def act():
            pool = await open_pool(self._dsn)
            try:
                if text is not None:
                    return await take_units(pool, read_units(made(self._folder, text, "units.csv")))
                await load_units(pool, provinces())
            finally:
                await pool.close()

        return asyncio.run(act())

    def units(self) -> Units:
        async def act():
            pool = await open_pool(self._dsn)
            units = await Units.read(pool)
            await pool.close()
            return units

        return asyncio.run(act())

    def today(self, code: str, since: date = OLD) -> dict[str, str]:
        found = self.units().line_on(TODAY, Place("VN", code, since))
        return {level: unit.code for level, unit in found.items()}


@pytest.fixture
def country(register, tmp_path):
    return Map(register, tmp_path)


def test_the_reform_is_one_file_and_old_codes_lead_to_todays(country):
    taken = country.take(HEADER + BEFORE + SINCE)
    assert taken == Taken(9, {"province": 34, "district": 0, "commune": 3}, 1)
    assert country.today("98001") == {"commune": "98001", "province": "15"}
    assert country.today("98002") == {"commune": "98001", "province": "15"}
    assert country.today("98102") == {"commune": "98152", "province": "15"}
    assert country.today("98101") == {"province": "15"}, "divided: less precise, never wrong"
    assert country.today("981") == {"province": "15"}, "there are no districts any more"
    before = country.units().line(Place("VN", "98001", OLD))
    assert {level: unit.name for level, unit in before.items()} == {
        "commune": "Xã Ở Lại", "district": "Huyện Mẫu Một", "province": "Yên Bái",
    }  # fmt: skip
    assert country.units().line(Place("VN", "98152", NEW))["commune"].name == "Phường Mới, Hai"


def test_a_successor_that_is_named_twice_is_one(country):
    taken = country.take(HEADER + BEFORE.replace("98151;98152", "98152; 98152") + SINCE)
    assert taken == Taken(9, {"province": 34, "district": 0, "commune": 3}, 0)
    assert country.today("98101") == {"commune": "98152", "province": "15"}


def test_seven_names_changed_their_code_and_both_meanings_stay(country):
    moved = {
        "Lào Cai": ("10", "15"), "Bắc Ninh": ("27", "24"), "Quảng Trị": ("45", "44"), "Gia Lai": ("64", "52"),
        "Tây Ninh": ("72", "80"), "Đồng Tháp": ("87", "82"), "An Giang": ("89", "91"),
    }  # fmt: skip
    country.take(HEADER + BEFORE + SINCE)
    units = country.units()
    for name, (old, new) in moved.items():
        assert units.line(Place("VN", old, OLD))["province"].name == name
        assert units.line(Place("VN", new, OLD))["province"].name != name
        assert units.line(Place("VN", new, NEW))["province"].name == name
        assert country.today(old) == {"province": new}
    assert sum(1 for unit in units.all() if unit.level == "province" and unit.valid_until is None) == 34


def test_the_map_of_before_can_be_there_and_the_reform_comes_as_a_second_file(country):
    lines = [line.split(",") for line in BEFORE.splitlines()]
    there = "\n".join(",".join([*line[:6], ""]) for line in lines)
    assert country.take(HEADER + there) == Taken(6, {"province": 34, "district": 0, "commune": 0}, 0)
    assert country.today("98002") == {"province": "15"}, "no successor is known yet"
    country.take(HEADER + BEFORE + SINCE)
    assert country.today("98002") == {"commune": "98001", "province": "15"}
    # What was wrong is mended by a third: the divided commune had one successor after all.
    country.take(HEADER + "98101,Xã Bị Chia,commune,981,2008-08-01,2025-06-30,98151\n")
    assert country.today("98101") == {"commune": "98151", "province": "15"}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("98001,Xã,commune,15,2025-07-01,\n", "line 2: số cột"),
        ("98001,Xã,ward,15,2025-07-01,,\n", "level is none"),
        ("9800,Xã,commune,15,2025-07-01,,\n", "number of digits"),
        ("98001,,commune,15,2025-07-01,,\n", "name is empty"),
        ("98001,Xã,commune,15,2025-02-29,,\n", "no such day"),
        ("98001,Xã,commune,15,1/7/2025,,\n", "yyyy-mm-dd"),
        ("98001,Xã,commune,15,2025-07-01,2025-06-30,\n", "until is before"),
        ("98001,Xã,commune,15,2025-07-01,,98002\n", "successor without until"),
        ("98001,Xã,commune,,2025-07-01,,\n", "has no parent"),
        ("97,Tỉnh,province,15,2025-07-01,,\n", "has no parent"),
        ("980,Huyện,district,15,2025-07-01,,\n", "no districts since"),
        ("98001,Xã,commune,16,2025-07-01,,\n", "no such parent"),
        ("98001,Xã,commune,10,2025-07-01,,\n", "no such parent"),
        ("98001,Xã,commune,15,2008-08-01,2025-06-30,98009\n", "no such successor"),
        ("98001,Xã,commune,15,2025-07-01,,\n98001,Xã,commune,15,2025-07-01,,\n", "in another line"),
        ("98001,Xã,commune,15,2025-07-01,,\n98001,Xã,commune,15,2026-01-01,,\n", "another unit's"),
        ("98001,Xã,commune,15,2008-08-01,,\n", "98001 còn hiệu lực sau khi parent hết"),
        ('98001,"Xã,commune,15,2008-08-01,,\n', "not well-formed"),
        ("98001,X\0ã,commune,15,2025-07-01,,\n", "line 3: tên có ký tự"),
        ("98001,Xã\u202e,commune,15,2025-07-01,,\n", "line 3: tên có ký tự"),
        ("98001,Xã,commune,15,2025-07-01,9999-12-31,98002\n", "line 3: until để trống"),
        ("98001,Xã,commune,15,2025-07-01,9999-12-31,\n", "line 3: until để trống"),
    ],
)
def test_a_map_that_does_not_hold_together_changes_nothing(country, lines, said):
    before = country.units().all()
    with pytest.raises(InputError) as caught:
        country.take(HEADER + "98151,Xã Mới,commune,15,2025-07-01,,\n" * (said != "line 2: số cột") + lines)
    assert said in str(caught.value)
    assert country.units().all() == before


def test_look_ups_answer_todays_codes_of_people_loaded_before_the_reform(country, register, tmp_path):
    country.take(HEADER + BEFORE + SINCE)
    row = {
        "personal_number": "990089000777", "given_name": "Nguyễn Thị Hòa", "birth_date": "1989-03-02",
        "permanent_residence_unit": "98002", "permanent_residence_unit_from": "2008-08-01",
        "permanent_residence_detail": "Thôn 2", "hometown_unit": "10", "hometown_unit_from": "2008-08-01",
        "birth_registration_unit": "98101", "birth_registration_unit_from": "2008-08-01",
    }  # fmt: skip
    assert register.load(made(tmp_path, text_of(row))).added == 1

    async def act(world):
        return await world.ask(
            Service.LOOK_UP_CITIZEN,
            SoDinhDanh=row["personal_number"], HoVaTen=row["given_name"], NgayThangNamSinh=row["birth_date"],
        )  # fmt: skip

    (tmp_path / "world").mkdir()
    found = run(tmp_path / "world", register.dsn, act).body["CongdanCollection"]["CongDan"][0]
    assert found["ThuongTru"] == {
        "MaTinhThanh": "15", "MaPhuongXa": "98001", "QuocGia": "VN",
        "ChiTiet": "Thôn 2, Xã Nhập Vào, Huyện Mẫu Một, Yên Bái",
    }  # fmt: skip
    assert found["QueQuan"] == {"MaTinhThanh": "15", "QuocGia": "VN", "ChiTiet": "Lào Cai"}
    assert found["NoiDangKyKhaiSinh"]["MaTinhThanh"] == "15"
    assert "MaPhuongXa" not in found["NoiDangKyKhaiSinh"]
