"""Invented people: always the same, nobody real, and plausible enough to practise on."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from ketnoi_protocol.birth_date import BirthDate
from ketnoi_protocol.names import key_exact, key_legacy
from ketnoi_protocol.personal_number import PersonalNumber
from ketnoi_registry.relations import RELATIONS
from ketnoi_registry.store.people import PersonRow, Place, read_holders, read_people
from ketnoi_registry.store.units import Units
from ketnoi_runtime.database import migrate, open_pool
from ketnoi_testbed.population import Population, administrative_units, load, load_units_of_both_maps
from ketnoi_testbed.population.country import NEW_FROM, OLD_UNTIL

PEOPLE = 20_000
# A promise: whoever changes how people are invented changes it knowingly.
PINNED = "714ed19506cafe5b6305e8c01012f1dfa1cb6b2d85d029e71871a40de36ba4a7"


@pytest.fixture(scope="module")
def everybody() -> list[PersonRow]:
    return list(Population(2026, PEOPLE))


def households(rows: list[PersonRow]) -> list[list[PersonRow]]:
    found: dict[str, list[PersonRow]] = {}
    for row in rows:
        if row.household_id is not None:
            found.setdefault(row.household_id, []).append(row)
    return list(found.values())


def share(rows: list[PersonRow], wanted: object) -> float:
    return sum(1 for row in rows if wanted(row)) / len(rows)  # type: ignore[operator]


def test_the_same_seed_gives_the_same_people() -> None:
    assert Population(2026, 6_000).digest() == PINNED
    assert Population(2027, 6_000).digest() != PINNED


def test_chunks_are_made_apart_from_each_other(everybody: list[PersonRow]) -> None:
    population = Population(2026, PEOPLE)
    assert population.chunks == 4
    assert list(population.chunk(3)) == everybody[15_000:]
    assert len(everybody) == PEOPLE
    with pytest.raises(ValueError, match="0 to"):
        Population(people=10**9)


def test_no_number_can_be_anybodys(everybody: list[PersonRow]) -> None:
    numbers = [PersonalNumber.parse(row.personal_number, unissued_allowed=True) for row in everybody]
    assert all(number.is_unissued for number in numbers)
    assert len(set(numbers)) == PEOPLE
    assert all(
        (number.birth_year, int(number.sex)) == (row.birth_year, row.sex)
        for number, row in zip(numbers, everybody, strict=True)
    )
    assert all(old.number.startswith("9") for row in everybody for old in row.old_id_numbers)
    relatives = [each for row in everybody for each in (row.father, row.mother, row.spouse, row.representative) if each]
    assert all(each.personal_number is None or each.personal_number[0] == "9" for each in relatives)


def test_names_are_vietnamese_names(everybody: list[PersonRow]) -> None:
    surnames = Counter(row.family_name for row in everybody if row.ethnic_group == "01" and row.family_name)
    total = surnames.total()
    assert surnames["Nguyễn"] / total == pytest.approx(0.384, abs=0.03)
    assert surnames["Trần"] / total == pytest.approx(0.121, abs=0.02)
    assert (surnames["Hoàng"] + surnames["Huỳnh"]) / total == pytest.approx(0.051, abs=0.015)
    assert min(surnames["Vũ"], surnames["Võ"]) > 100
    women = [row for row in everybody if row.sex == 2]
    assert share(women, lambda row: "Thị" in row.full_name.split()) > 0.2
    assert not any("Thị" in row.middle_name for row in everybody if row.sex == 1)
    assert all(key_exact(row.full_name) and key_legacy(row.full_name) for row in everybody)
    assert 0.01 < share(everybody, lambda row: not row.family_name) < 0.06


def test_birth_dates_are_as_partial_as_registers_have_them(everybody: list[PersonRow]) -> None:
    assert all(BirthDate(row.birth_year, row.birth_month, row.birth_day) for row in everybody)
    old = [row for row in everybody if row.birth_year < 1955]
    young = [row for row in everybody if row.birth_year > 1990]
    assert 0.25 < share(old, lambda row: row.birth_month is None) < 0.5
    assert share(young, lambda row: row.birth_month is None) < 0.01
    assert (
        share([row for row in everybody if row.birth_day], lambda row: (row.birth_month, row.birth_day) == (1, 1))
        < 0.01
    )


def test_old_numbers_belong_to_those_old_enough(everybody: list[PersonRow]) -> None:
    assert share([row for row in everybody if row.birth_year <= 1990], lambda row: row.old_id_numbers) > 0.8
    assert not any(row.old_id_numbers for row in everybody if row.birth_year > 2002)
    assert any(len(row.old_id_numbers) == 2 for row in everybody)
    holders = Counter(old.number for row in everybody for old in row.old_id_numbers)
    twice = [number for number, count in holders.items() if count == 2]
    assert 1 <= len(twice) < 100
    assert max(holders.values()) == 2


def test_households_hang_together(everybody: list[PersonRow]) -> None:
    found = households(everybody)
    assert 2.2 < sum(map(len, found)) / len(found) < 4.5
    by_number = {row.personal_number: row for row in everybody}
    for household in found:
        head = household[0]
        assert head.relation_to_head == "QH00"
        assert {row.head_number for row in household} == {head.personal_number}
        assert [row.relation_to_head for row in household].count("QH00") == 1
        for row in household:
            assert row.relation_to_head in RELATIONS
            assert row.life_status == "alive"
            if row.relation_to_head in ("QH01", "QH02"):
                assert head.spouse is not None
                assert head.spouse.personal_number == row.personal_number
                assert row.sex == (2 if row.relation_to_head == "QH01" else 1)
            if row.relation_to_head == "QH11":
                assert head.personal_number in [each.personal_number for each in (row.father, row.mother) if each]
    for row in everybody:
        for parent in (row.father, row.mother):
            if parent is not None and parent.personal_number is not None:
                assert 18 <= row.birth_year - by_number[parent.personal_number].birth_year <= 60
        if row.spouse is not None:
            assert row.spouse.personal_number is not None
            assert by_number[row.spouse.personal_number].birth_year - row.birth_year in range(-30, 31)
            assert row.marital_status == 2


def test_ages_and_lives_are_a_countrys(everybody: list[PersonRow]) -> None:
    assert all(1900 <= row.birth_year <= 2025 for row in everybody)
    assert 0.15 < share(everybody, lambda row: row.birth_year > 2010) < 0.4
    assert 0.08 < share(everybody, lambda row: row.birth_year < 1966) < 0.35
    assert 0.45 < share(everybody, lambda row: row.sex == 2) < 0.56
    assert 0.005 < share(everybody, lambda row: row.life_status == "dead") < 0.08
    assert any(row.life_status == "missing" for row in everybody)
    assert all((row.life_status == "dead") <= (row.life_status_since is not None) for row in everybody)


def test_addresses_stand_on_both_maps(everybody: list[PersonRow]) -> None:
    units = Units(administrative_units())
    moments = Counter()
    for row in everybody:
        for place in (row.birth_registration, row.hometown, row.permanent_residence, row.current_residence):
            assert place is not None
            assert units.line(place), "an address names a unit that is not on the map"
            moments[place.unit_valid_from] += 1
        assert {"province", "commune"} <= set(units.line(row.permanent_residence))  # type: ignore[arg-type]
    assert len(moments) == 2
    provinces = [row for row in administrative_units() if row.level == "province"]
    assert Counter(row.valid_until for row in provinces) == {OLD_UNTIL: 63, None: 34}
    divided = next(row for row in administrative_units() if len(row.successors) == 2)
    carried = units.line_on(NEW_FROM, Place(unit_code=divided.code, unit_valid_from=divided.valid_from))
    assert set(carried) == {"province"}


def test_stories_find_their_people(everybody: list[PersonRow]) -> None:
    sample = Population(2026, 500).sample()
    assert sample.full.birth_day is not None
    assert sample.full.old_id_numbers
    assert len(sample.family) >= 4
    assert sample.family[0] is sample.full
    assert sample.year_only.birth_month is None
    assert sample.dead.life_status == "dead"
    with pytest.raises(LookupError, match="too small"):
        Population(2026, 3).sample()


@pytest.mark.parametrize(("people", "processes"), [(600, 1), (20_001, 2)])
def test_everybody_is_loaded(database: str, people: int, processes: int) -> None:
    population = Population(7, people)

    async def prepare() -> None:
        pool = await open_pool(database)
        await migrate(pool, "ketnoi_registry")
        await load_units_of_both_maps(pool)
        await pool.close()

    async def check() -> None:
        pool = await open_pool(database)
        assert await pool.fetchval("SELECT count(*) FROM person") == people
        sample = population.sample()
        number = sample.full.personal_number
        (found,) = (await read_people(pool, [number])).values()
        assert found.full_name == sample.full.full_name
        newest = sample.full.old_id_numbers[-1].number
        assert number in (await read_holders(pool, [newest]))[newest]
        await pool.close()

    asyncio.run(prepare())
    assert load(database, population, processes=processes) == people
    asyncio.run(check())
