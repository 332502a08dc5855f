"""A unit that was loaded wrongly is withdrawn by a line of a file, unless people or other units refer to it."""

from __future__ import annotations

import asyncio
from datetime import date

import asyncpg
import pytest

from ketnoi_registry.loading import runs
from ketnoi_registry.loading.csv_input import InputError
from ketnoi_registry.loading.kinds import UpdatePeople
from ketnoi_registry.loading.taking_units import Taken

from .people_csv import CHANGED, ONE, made, text_of
from .test_load_program import command
from .test_units_file import HEADER, country

__all__ = ["command", "country"]

WRONG = "98151,Xã Mới,commune,15,2025-07-02,,\n"
RIGHT = "98151,Xã Mới,commune,15,2025-07-01,,\n"
OTHER = "98152,Xã Khác,commune,15,2025-07-01,,\n"
TAKE_BACK = "98151,,withdrawn,,2025-07-02,,\n"
PLACES = ("birth_registration", "hometown", "permanent_residence", "current_residence")


def living_in(place: str, code: str = "98151", since: str = "2025-07-02") -> dict[str, str]:
    return {**ONE, f"{place}_unit": code, f"{place}_unit_from": since}


def communes(country) -> list[tuple[str, date]]:
    return sorted((unit.code, unit.valid_from) for unit in country.units().all() if unit.level == "commune")


def refused(country, text: str) -> str:
    """The reason; nothing is changed."""
    before = country.units().all()
    with pytest.raises(InputError) as caught:
        country.take(HEADER + text)
    assert country.units().all() == before
    return str(caught.value)


def test_a_wrong_first_day_is_mended_by_one_file(country):
    country.take(HEADER + WRONG)
    assert "another unit's" in refused(country, RIGHT)
    assert country.take(HEADER + TAKE_BACK + RIGHT) == Taken(1, {"province": 34, "district": 0, "commune": 1}, 0, 1)
    assert communes(country) == [("98151", date(2025, 7, 1))]


def test_a_wrong_code_goes_and_the_count_is_right_again(command, tmp_path):
    assert (
        command("load", "--units", made(tmp_path, HEADER + RIGHT + OTHER, "units.csv"))[1]["in_force"]["commune"] == 2
    )
    mend = HEADER + "98152,,withdrawn,,2025-07-01,,\n98153,Xã Khác,commune,15,2025-07-01,,\n"
    status, told, _ = command("load", "--units", made(tmp_path, mend, "mend.csv"))
    assert (status, told["loaded"], told["withdrawn"]) == (0, 1, 1)
    assert told["in_force"] == {"province": 34, "district": 0, "commune": 2}
    status, _, err = command("load", "--units", made(tmp_path, mend, "mend.csv"))
    assert (status, "line 2" in err, "there is no unit with this code and first day" in err) == (1, True, True)


def test_a_unit_that_another_names_stays_until_that_one_is_told_anew(country):
    old = "980,Huyện Mẫu,district,15,2008-08-01,2025-06-30,\n98001,Xã Cũ,commune,980,2008-08-01,2025-06-30,{}\n"
    country.take(HEADER + RIGHT + OTHER + old.format("98151"))
    gone = "98151,,withdrawn,,2025-07-01,,\n"
    assert "line 2: 98001 (2008-08-01) còn dẫn tới" in refused(country, gone)
    assert "line 2: 98001 (2008-08-01) còn dẫn tới" in refused(country, "980,,withdrawn,,2008-08-01,,\n")
    assert "no such successor" in refused(country, gone + old.format("98151"))
    country.take(HEADER + gone + old.format("98152"))
    assert country.today("98001") == {"commune": "98152", "province": "15"}


@pytest.mark.parametrize("place", PLACES)
def test_a_unit_stays_while_people_are_recorded_with_it(country, register, tmp_path, place):
    country.take(HEADER + WRONG + OTHER)
    register.load(made(tmp_path, text_of(living_in(place, since="2025-09-01"))))
    assert "line 2: còn 1 nơi ghi cho công dân" in refused(country, TAKE_BACK)
    moved = {**CHANGED, **living_in(place, "98152", "2025-07-01")}
    register.load(made(tmp_path, text_of(moved), "moved.csv"), UpdatePeople())
    assert country.take(HEADER + TAKE_BACK).withdrawn == 1


def test_people_mean_the_unit_that_has_the_code_on_their_day_after_the_mend(country, register, tmp_path):
    country.take(HEADER + WRONG)
    register.load(made(tmp_path, text_of(living_in("hometown"))))
    assert country.take(HEADER + TAKE_BACK + RIGHT).withdrawn == 1
    assert country.today("98151", date(2025, 7, 2)) == {"commune": "98151", "province": "15"}


def test_people_of_another_unit_with_the_same_code_hinder_nothing(country, register, tmp_path):
    old = "980,Huyện Mẫu,district,15,2008-08-01,2025-06-30,\n98151,Xã Cũ,commune,980,2008-08-01,2025-06-30,\n"
    country.take(HEADER + old + WRONG)
    register.load(made(tmp_path, text_of(living_in("hometown", since="2010-01-01"))))
    assert country.take(HEADER + TAKE_BACK).withdrawn == 1
    assert ("98151", date(2008, 8, 1)) in communes(country)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("98151,,withdrawn,,2025-07-01,,\n", "line 2: không có đơn vị với mã và ngày này"),
        ("98151,Xã Mới,withdrawn,,2025-07-02,,\n", "line 2: withdrawn: chỉ code và from"),
        ("98151,,withdrawn,15,2025-07-02,,\n", "code and from alone"),
        ("98151,,withdrawn,,2025-07-02,2025-07-03,\n", "code and from alone"),
        ("98151,,withdrawn,,2025-07-02,,98152\n", "code and from alone"),
        ("9815,,withdrawn,,2025-07-02,,\n", "the code has not 2, 3 or 5 digits"),
        ("98151,,withdrawn,,,,\n", "a day is written yyyy-mm-dd"),
        (TAKE_BACK * 2, "line 2: mã và ngày đã có ở dòng khác"),
        (TAKE_BACK + WRONG, "code and first day stand in another line too"),
        (TAKE_BACK + "98152,Xã,commune,98151,2025-07-02,,\n", "no such parent"),
    ],
)
def test_a_withdrawal_that_cannot_be_meant_changes_nothing(country, text, said):
    country.take(HEADER + WRONG)
    assert said in refused(country, text)


def test_units_wait_for_no_other_load_and_no_other_load_for_them(country, register):
    async def beside() -> None:
        other = await asyncpg.connect(register.dsn)
        try:
            await runs.hold(other)
            said = await asyncio.to_thread(refused, country, RIGHT)
            assert "another load is running" in said
        finally:
            await other.close()

    asyncio.run(beside())
    assert country.take(HEADER + RIGHT).loaded == 1
