"""The four services, asked by two agencies over two platforms: of our own tables, and of an existing database."""

from __future__ import annotations

import uuid

import pytest

from ketnoi_client.problems import AgencyMustAct, C06MustAct, OfficerMustAct
from ketnoi_testbed.asking import member_of, person_of
from ketnoi_testbed.world import World


@pytest.fixture(scope="module", params=["world", "existing_world"])
def world(request: pytest.FixtureRequest) -> World:
    """Both worlds, one after the other; nothing that is asked shows which."""
    found: World = request.getfixturevalue(request.param)
    return found


def test_an_officer_looks_a_citizen_up_and_sees_the_licensed_fields_only(world: World) -> None:
    someone = world.people.full
    answer = world.agency("H55").look_up_citizen(person_of(someone)).answer
    assert answer.ma_ket_qua == "00"
    assert answer.citizen is not None
    assert set(answer.citizen.fields) == {"SoDinhDanh", "HoVaTen", "NgayThangNamSinh", "ThuongTru"}
    assert answer.citizen.personal_number == someone.personal_number


def test_the_ministry_is_licensed_for_more_and_sees_more(world: World) -> None:
    answer = world.agency("G15").look_up_citizen(person_of(world.people.full)).answer
    assert answer.citizen is not None
    assert {"GioiTinh", "QuocTich", "ChuHo"} <= set(answer.citizen.fields)


@pytest.mark.parametrize(
    "wrong", [{"name": "Nguyễn Văn Không Ai"}, {"birth": "1901-02-03"}, {"personal_number": "900000000000"}]
)
def test_whoever_does_not_match_is_answered_like_somebody_unknown(world: World, wrong: dict[str, str]) -> None:
    answer = world.agency("H55").look_up_citizen(person_of(world.people.full, **wrong)).answer
    assert (answer.ma_ket_qua, answer.citizen) == ("01", None)


def test_a_year_is_enough_for_whom_the_register_knows_only_the_year(world: World) -> None:
    assert world.agency("H55").look_up_citizen(person_of(world.people.year_only)).answer.ma_ket_qua == "00"


def test_old_and_new_number_are_confirmed_to_be_one_persons(world: World) -> None:
    someone = world.people.full
    agency = world.agency("G15")
    old = someone.old_id_numbers[-1].number
    assert agency.confirm_identity_number(person_of(someone, old_number=old)).answer.exists
    assert not agency.confirm_identity_number(person_of(someone, old_number="999999999")).answer.exists


def test_a_household_is_verified_member_by_member_and_nobody_else_is_told(world: World) -> None:
    head, *others = world.people.family
    stranger = world.people.year_only
    asked = [member_of(others[0]), member_of(stranger, relation="QH11")]
    told = world.agency("H55").verify_household(person_of(head), asked).answer.members
    assert [(each.in_household, each.relation_confirmed) for each in told] == [(True, True), (False, False)]


def test_a_citizen_is_verified_over_the_other_platform(world: World) -> None:
    sent = world.agency("G15").verify_citizen(person_of(world.people.full), {"GioiTinh": str(world.people.full.sex)})
    assert sent.instance == "NDXP-TEST"
    assert sent.answer.count == 1
    assert sent.answer.results == {"GioiTinh": True}


def test_an_officer_without_the_right_is_refused_with_what_to_do(world: World) -> None:
    with pytest.raises(OfficerMustAct) as refused:
        world.agency("G15").look_up_citizen(person_of(world.people.full), officer="G15.CB.0002")
    assert refused.value.code == "24"
    assert "cách xử lý" in str(refused.value)


def test_a_procedure_without_licence_is_refused(world: World) -> None:
    with pytest.raises(C06MustAct) as refused:
        world.agency("H55").look_up_citizen(person_of(world.people.full), procedure="H55-XX999")
    assert refused.value.code == "23"


def test_a_repeated_question_is_answered_and_a_changed_one_refused(world: World) -> None:
    agency, code = world.agency("H55"), uuid.uuid4().hex
    asked = person_of(world.people.full)
    first = agency.look_up_citizen(asked, request_code=code).answer
    assert agency.look_up_citizen(asked, request_code=code).answer.citizen == first.citizen
    with pytest.raises(AgencyMustAct) as refused:
        agency.look_up_citizen(person_of(world.people.year_only), request_code=code)
    assert refused.value.code == "12"
