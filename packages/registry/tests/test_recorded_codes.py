"""A recorded code means the unit that had it on its day; where nobody knows which, no code is told."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from ketnoi_protocol.services import Service
from ketnoi_registry.loading import load_units
from ketnoi_registry.loading.kinds import AddPeople, UpdatePeople
from ketnoi_registry.store.units import Units
from ketnoi_runtime.database import open_pool

from .people_csv import CHANGED, ONE, made, text_of
from .population import NEW, UNITS
from .worlds import run

LOOK_UP, VERIFY = Service.LOOK_UP_CITIZEN, Service.VERIFY_CITIZEN
PLACES = {
    "permanent_residence": ("72", "2010-01-01"),
    "hometown": ("45", "1989-07-01"),
    "current_residence": ("05551", "2014-03-04"),
    "birth_registration": ("10", "2025-07-01"),
}
"""Tây Ninh of before (80 today), Quảng Trị (44 today) since its establishment, a commune, a code that had ended."""


@pytest.fixture(scope="module")
def units():
    return Units(UNITS)


@pytest.mark.parametrize(
    ("code", "day", "name"),
    [
        ("72", date(2008, 8, 1), "Tây Ninh"),
        ("72", date(2010, 1, 1), "Tây Ninh"),
        ("72", date(2025, 6, 30), "Tây Ninh"),
        ("72", date(2025, 7, 1), None),
        ("15", date(1991, 8, 12), "Yên Bái"),
        ("15", date(2025, 6, 30), "Yên Bái"),
        ("15", date(2025, 7, 1), "Lào Cai"),
        ("15", date(2026, 7, 1), "Lào Cai"),
        ("28", date(2004, 1, 1), None),
        ("05569", date(2025, 6, 30), None),
        ("05569", date(2025, 7, 1), "Xã Mới"),
    ],
)
def test_a_code_is_read_by_the_period_that_contains_its_day(units, code, day, name):
    unit = units.meant(code, day)
    assert (unit.name if unit else None) == name


def test_look_ups_tell_todays_code_or_none_and_verify_the_same(tmp_path, database):
    async def act(world):
        await world.pool.execute(
            "UPDATE person SET "
            + ", ".join(
                f"{name} = ROW('VN', '{code}', '{day}', 'Xóm 2')::place" for name, (code, day) in PLACES.items()
            )
            + " WHERE personal_number = '990089000001'"
        )
        told = {"ThuongTru": "72", "QueQuan": "44", "NoiOHienTai": "05551", "NoiDangKyKhaiSinh": "10"}
        found = await world.ask(LOOK_UP)
        return (
            found.body["CongdanCollection"]["CongDan"][0],
            (await world.ask(VERIFY, ThuocTinh=told)).body["KetQua"],
            (await world.ask(VERIFY, ThuocTinh={"ThuongTru": "80"})).body["KetQua"],
        )

    found, verified, today = run(tmp_path, database, act)
    assert found["ThuongTru"] == {"MaTinhThanh": "80", "ChiTiet": "Xóm 2, Tây Ninh", "QuocGia": "VN"}
    assert found["QueQuan"] == {"MaTinhThanh": "44", "ChiTiet": "Xóm 2, Quảng Trị", "QuocGia": "VN"}
    assert (found["NoiOHienTai"]["MaPhuongXa"], found["NoiOHienTai"]["MaTinhThanh"]) == ("05551", "19")
    assert found["NoiDangKyKhaiSinh"] == {"ChiTiet": "Xóm 2, mã đơn vị 10 từ 2025-07-01", "QuocGia": "VN"}
    assert verified == {"ThuongTru": False, "QueQuan": True, "NoiOHienTai": True, "NoiDangKyKhaiSinh": False}
    assert today == {"ThuongTru": True}


def have_units(register, units):
    async def act():
        pool = await open_pool(register.dsn)
        await load_units(pool, units)
        await pool.close()

    asyncio.run(act())


@pytest.mark.parametrize("kind", [AddPeople, UpdatePeople])
@pytest.mark.parametrize("block", [200, 1 << 20])
def test_a_load_says_which_lines_name_a_unit_that_nobody_knows(register, tmp_path, kind, block):
    have_units(register, UNITS)
    known = [("72", "2010-01-01"), ("05551", "2008-08-01"), ("05551", str(NEW)), ("", "")]
    unknown = [("10", "2025-07-01"), ("05552", "2010-01-01"), ("28", "2004-01-01")]
    rows = [
        {**CHANGED, "personal_number": f"9900890000{serial:02}", "hometown_unit": code, "hometown_unit_from": day}
        for serial, (code, day) in enumerate([*known, *unknown, *known])
    ]
    rows[0] |= {"current_residence_unit": "05551", "current_residence_unit_from": "2019-01-01"}
    rows[1] |= {"current_residence_unit": "05553", "current_residence_unit_from": "2019-01-01"}
    run = register.load(made(tmp_path, text_of(*rows, columns=tuple(rows[0]))), kind(), block=block)
    assert (run.added, run.refused) == (len(rows), 0)
    assert register.remarks() == [(line, "unit_unknown") for line in (3, 6, 7, 8)]


@pytest.mark.parametrize("block", [200, 1 << 20])
def test_a_map_without_communes_is_told_once(register, tmp_path, block):
    have_units(register, [unit for unit in UNITS if unit.level == "province"])
    rows = [
        {**ONE, "personal_number": f"9900890000{serial:02}", "hometown_unit": code, "hometown_unit_from": "2025-07-01"}
        for serial, code in enumerate(["05551", "72"] * 10)
    ]
    register.load(made(tmp_path, text_of(*rows)), block=block)
    assert register.remarks() == [(1, "units_missing"), *((line, "unit_unknown") for line in range(3, 22, 2))]
