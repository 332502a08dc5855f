"""People go in by COPY and come out as they were."""

from __future__ import annotations

from datetime import date

import asyncpg
import pytest

from ketnoi_registry.loading import load_people, load_units
from ketnoi_registry.provinces import provinces
from ketnoi_registry.store.people import OldIdNumber, PersonRow, Place, Relative, read_holders, read_people
from ketnoi_registry.store.units import UnitRow, Units

HEAD = PersonRow(
    personal_number="990089000001",
    family_name="Nguyễn",
    middle_name="Văn",
    given_name="An",
    birth_year=1989,
    sex=1,
    permanent_residence=Place("VN", "00001", date(2025, 7, 1), "Số 1"),
    hometown=Place("LA"),
    mother=Relative("Trần Thị Bình", old_id_number="990000002"),
    household_id="ho-1",
    relation_to_head="QH00",
    head_number="990089000001",
    old_id_numbers=(OldIdNumber("990000001", date(2001, 2, 3), date(2011, 1, 1)), OldIdNumber("990000009")),
)


def test_a_person_comes_out_as_they_went_in(with_pool):
    async def act(pool):
        assert await load_people(pool, iter([HEAD])) == 1
        return await read_people(pool, ["990089000001", "990089000002"])

    found = with_pool(act)
    assert list(found) == ["990089000001"]
    read = found["990089000001"]
    assert read.old_id_numbers == (OldIdNumber("990000009"),)
    assert read.permanent_residence == HEAD.permanent_residence
    assert read.hometown == HEAD.hometown
    assert read.mother == HEAD.mother
    assert (read.full_name, read.birth_year, read.birth_month) == ("Nguyễn Văn An", 1989, None)


def test_every_old_number_leads_to_everybody_who_held_it(with_pool):
    other = PersonRow(
        personal_number="990089000002", given_name="An", birth_year=1989, old_id_numbers=HEAD.old_id_numbers[:1]
    )

    async def act(pool):
        await load_people(pool, [HEAD, other])
        return await read_holders(pool, ["990000001", "990000009", "990000777"])

    assert with_pool(act) == {
        "990000001": ["990089000001", "990089000002"],
        "990000009": ["990089000001"],
    }


def test_a_load_with_one_bad_row_adds_nobody(with_pool):
    bad = PersonRow(personal_number="990089000003", given_name="Em", birth_year=1989, birth_day=3)

    async def act(pool):
        with pytest.raises(asyncpg.CheckViolationError):
            await load_people(pool, [HEAD, bad])
        return await read_people(pool, ["990089000001"])

    assert with_pool(act) == {}


def test_one_code_means_two_provinces_by_its_period(with_pool):
    old, new = date(2008, 8, 1), date(2025, 7, 1)
    rows = [
        UnitRow(code="15", valid_from=old, valid_until=date(2025, 6, 30), level="province", name="Yên Bái",
                successors=(("15", new),)),
        UnitRow(code="15", valid_from=new, level="province", name="Lào Cai"),
        UnitRow(code="132", valid_from=old, level="district", name="Huyện Y", parent_code="15", parent_valid_from=old),
        UnitRow(code="04252", valid_from=old, level="commune", name="Xã X", parent_code="132", parent_valid_from=old),
        UnitRow(code="04252", valid_from=new, level="commune", name="Xã X", parent_code="15", parent_valid_from=new),
    ]  # fmt: skip

    async def act(pool):
        await load_units(pool, rows)
        return await Units.read(pool)

    units = with_pool(act)
    before = units.line(Place("VN", "04252", old))
    after = units.line(Place("VN", "04252", new))
    assert {level: unit.name for level, unit in before.items()} == {
        "commune": "Xã X",
        "district": "Huyện Y",
        "province": "Yên Bái",
    }
    assert {level: unit.name for level, unit in after.items()} == {"commune": "Xã X", "province": "Lào Cai"}
    assert units.line(Place("VN", "99999", new)) == {}


def test_units_are_replaced_by_a_second_load_and_provinces_have_one_successor(with_pool):
    async def act(pool):
        await load_units(pool, provinces())
        await load_units(pool, provinces())
        counts = await pool.fetch(
            "SELECT valid_until IS NULL AS new, count(*) FROM administrative_unit GROUP BY 1 ORDER BY 1"
        )
        successors = await pool.fetch(
            "SELECT successor_code, count(*) AS n FROM administrative_unit_successor GROUP BY 1 ORDER BY 1"
        )
        return [tuple(row) for row in counts], {row["successor_code"]: row["n"] for row in successors}

    counts, successors = with_pool(act)
    assert counts == [(False, 63), (True, 34)]
    assert (len(successors), sum(successors.values()), successors["79"]) == (34, 63, 3)
