"""What every store does, asked of both: the own tables, and an existing database behind."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import date

import pytest

from ketnoi_protocol.envelope import Claimed
from ketnoi_protocol.errors import Refusal
from ketnoi_registry.loading import load_people, load_units
from ketnoi_registry.matching import Matching
from ketnoi_registry.store.interface import Asking
from ketnoi_registry.store.postgresql import PostgresStore
from ketnoi_registry.store.units import Units
from ketnoi_registry.store.upstream import UpstreamStore
from ketnoi_runtime.clock import SystemClock
from ketnoi_runtime.database import migrate, open_pool

from .behind import asked_at, stand_in
from .population import PEOPLE, UNITS

TODAY = date(2026, 1, 1)
EXACT, LEGACY = Matching(), Matching(legacy_names=True)
AN = {"personal_number": "990089000001", "name": "Nguyễn Văn An", "birth_text": "1989-03-02"}
BINH = {"personal_number": "990190000003", "name": "Lê Thị Bình", "birth_text": "1990"}
DEAD = {"personal_number": "990060000002", "name": "Nguyễn Văn Cha", "birth_text": "1960"}


async def own_tables(stack, folder, cluster):
    pool = await open_pool(cluster.create_database())
    stack.push_async_callback(pool.close)
    await migrate(pool, "ketnoi_registry")
    await load_units(pool, UNITS)
    await load_people(pool, PEOPLE)
    return PostgresStore(pool, await Units.read(pool), 5.0)


async def existing_database(stack, folder, cluster):
    behind = stand_in(folder, SystemClock())
    await behind.start()
    stack.push_async_callback(behind.stop)
    store = UpstreamStore(asked_at(behind), folder, SystemClock())
    stack.push_async_callback(store.close)
    return store


@pytest.fixture(scope="module", params=[own_tables, existing_database], ids=lambda make: make.__name__)
def asked(request, cluster, tmp_path_factory):
    """`asked(name, *arguments)`: what the store's method gives back."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        store = runner.run(request.param(stack, tmp_path_factory.mktemp("store"), cluster))
        yield lambda name, *arguments: runner.run(getattr(store, name)(*arguments))
        runner.run(stack.aclose())


@pytest.fixture
def find(asked):
    def act(matching=EXACT, head=False, household=False, **claim):
        claim = {name: value for name, value in claim.items() if value is not None}
        return asked("find", Claimed(**claim), Asking(matching, TODAY, head, household))

    return act


def test_whoever_matches_is_found_whole(find):
    found = find(**AN, head=True)
    citizen = found.citizen
    assert found.personal_number == citizen.personal_number == "990089000001"
    assert citizen.name.full.upper() == "NGUYỄN VĂN AN"
    assert (citizen.sex, citizen.ethnic_group, citizen.religion, citizen.nationality) == ("1", "02", "01", "VN")
    assert (citizen.marital_status, citizen.blood_group, str(citizen.birth)) == ("2", "04", "1989-03-02")
    assert citizen.old_number == "990000009"
    assert (citizen.father.name.upper(), citizen.father.personal_number) == ("NGUYỄN VĂN CHA", "990060000002")
    assert (citizen.mother.personal_number, citizen.mother.old_number) == (None, "990000022")
    assert citizen.representative is None
    assert (citizen.head.relation, citizen.head.personal_number) == ("QH00", "990089000001")
    assert citizen.life.status == "0"
    assert not found.untold


def test_places_are_told_by_todays_map(find):
    citizen = find(**AN).citizen
    places = (citizen.birth_registration, citizen.permanent_residence, citizen.current_residence, citizen.hometown)
    assert [(each.province, each.district, each.commune, each.country) for each in places] == [
        ("19", None, "05551", "VN"),
        ("19", None, "05569", "VN"),
        ("19", None, None, "VN"),
        (None, None, None, "LA"),
    ]
    assert citizen.permanent_residence.detail == "Số 1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"personal_number": "990089000777"},
        {"name": "Trần Văn An"},
        {"birth_text": "1988-03-02"},
        {"birth_text": "1989"},
        {"old_number": "990000777"},
        {"old_number": "999999999"},
    ],
)
def test_whatever_does_not_match_nobody_is_found(find, wrong):
    assert find(**AN | wrong) is None


@pytest.mark.parametrize("name", ["NGUYENVANAN", "Nguyen Van An", "Nguyễn Văn Ân"])
def test_names_are_compared_by_the_profile_of_the_service(find, name):
    assert find(EXACT, **AN | {"name": name}) is None
    assert find(LEGACY, **AN | {"name": name}).personal_number == "990089000001"


@pytest.mark.parametrize("old_number", ["990000001", "990000009"])
def test_every_old_number_leads_to_its_holder(find, old_number):
    alone = AN | {"personal_number": None, "old_number": old_number}
    assert find(**alone).personal_number == "990089000001"
    assert find(**AN | {"old_number": old_number}).personal_number == "990089000001"


def test_of_two_holders_name_and_birth_decide_and_where_they_cannot_nobody_is_found(find):
    thuy = {"old_number": "990000555", "name": "Phạm Thủy", "birth_text": "1971"}
    quy = {"old_number": "990000555", "name": "Phạm Quý", "birth_text": "1972"}
    assert find(**thuy).personal_number == "990071000006"
    assert find(**quy).personal_number == "990072000007"
    assert find(**quy | {"old_number": "990000666"}) is None


def test_a_year_in_the_register_agrees_with_any_date_of_that_year(find):
    assert str(find(**BINH).citizen.birth) == "1990"
    assert find(**BINH | {"birth_text": "1990-05-06"}) is not None
    assert find(**BINH | {"birth_text": "1991-05-06"}) is None


def test_whoever_lives_together_has_one_household(find):
    an, binh = find(**AN, household=True), find(**BINH, household=True)
    neighbour = find(personal_number="990080000009", name="Vũ Xóm", birth_text="1980", household=True)
    alone = find(personal_number="990071000006", name="Phạm Thủy", birth_text="1971", household=True)
    assert an.household is not None
    assert (an.household, an.relation, binh.relation) == (binh.household, "QH00", "QH01")
    assert neighbour.household not in (None, an.household)
    assert (alone.household, alone.relation) == (None, None)


def test_the_head_is_told_where_asked_for(find):
    head = find(**BINH, head=True).citizen.head
    assert (head.relation, head.personal_number, head.name.upper()) == ("QH01", "990089000001", "NGUYỄN VĂN AN")
    assert find(**BINH).citizen.head is None


def test_the_dead_are_found_and_live_in_no_household(find):
    found = find(**DEAD, head=True, household=True)
    assert (found.citizen.life.status, found.citizen.life.since) == ("1", date(2024, 5, 6))
    assert (found.household, found.relation, found.citizen.head) == (None, None, None)


@pytest.mark.parametrize(("old_number", "held"), [("990000001", True), ("990000009", True), ("990000777", False)])
def test_an_old_number_was_held_or_not(asked, find, old_number, held):
    asking, claim = Asking(EXACT, TODAY), Claimed(**AN)
    assert asked("has_held", old_number, claim, find(**AN), asking) is held
    assert asked("has_held", old_number, claim, None, asking) is False


def test_without_a_birth_date_it_answers_or_says_that_it_cannot(find):
    claim = AN | {"birth_text": None}
    try:
        assert find(**claim).personal_number == "990089000001"
    except Refusal as refusal:
        assert refusal.code == "10"
        assert refusal.detail.startswith("NgayThangNamSinh is needed")


@pytest.mark.parametrize("birth", ["1989-03-02", None])
@pytest.mark.parametrize(
    ("changes", "right"),
    [
        ({}, True),
        ({"old_number": "990000001"}, True),
        ({"old_number": "990000777"}, False),
        ({"name": "NGUYỄN VĂN AN"}, True),
        ({"name": "Nguyễn Văn Ân"}, False),
        ({"personal_number": "990089000777"}, False),
    ],
)
def test_numbers_and_name_are_confirmed_with_a_birth_date_and_without(asked, birth, changes, right):
    claim = {name: value for name, value in (AN | {"birth_text": birth} | changes).items() if value is not None}
    confirmed = asked("confirm", Claimed(**claim), Asking(EXACT, TODAY))
    assert confirmed == ("990089000001" if right else None)


def test_nothing_that_is_found_shows_a_person(find):
    assert "Nguy" not in repr(find(**AN)) + str(find(**AN))


def test_old_numbers_of_a_person_are_told_unless_somebody_else_held_them_too(asked):
    def told(number, name, birth):
        claim = Claimed(personal_number=number, name=name, birth_text=birth)
        return asked("old_numbers", claim, Asking(EXACT, TODAY))

    an = told("990089000001", "Nguyễn Văn An", "1989-03-02")
    assert an[-1:] == ("990000009",)
    assert set(an) <= {"990000001", "990000009"}
    assert told("990089000777", "Nguyễn Văn An", "1989-03-02") == ()


def test_the_own_tables_know_every_old_number_and_who_shares_it(cluster, tmp_path):
    async def act():
        async with AsyncExitStack() as stack:
            store = await own_tables(stack, tmp_path, cluster)
            people = [("990089000001", "Nguyễn Văn An"), ("990071000006", "Phạm Thủy"), ("990072000007", "Phạm Quý")]
            claims = [Claimed(personal_number=number, name=name) for number, name in people]
            return [await store.old_numbers(claim, Asking(EXACT, TODAY)) for claim in claims]

    assert asyncio.run(act()) == [("990000001", "990000009"), (), ()]
