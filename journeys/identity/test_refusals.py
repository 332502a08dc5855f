"""Without the citizen's consent nothing is read: each want of it has its code, through both security servers."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from journeys.identity.asking import Asking
from ketnoi_client.problems import Refused
from ketnoi_protocol.services import Service
from ketnoi_testbed.citizens import Citizen, NotDone
from ketnoi_testbed.world import World


@pytest.fixture
def justice(country: World) -> Asking:
    return Asking(country, "G15")


@pytest.fixture
def thai_nguyen(country: World) -> Asking:
    return Asking(country, "H55")


def test_an_officers_code_without_a_card(justice: Asking, country: World, citizen: Citizen) -> None:
    code = justice.consent(citizen.row, one_time=False)
    citizen.agree(code)
    officer = next(each.code for part in country.plan.agencies for each in part.officers if part.code == "G15")
    assert justice.told(citizen.row, code, officer=officer) == "27"
    assert justice.told(citizen.row, code) == "00"


def test_no_consent(justice: Asking, citizen: Citizen) -> None:
    assert justice.told(citizen.row, None) == "50"
    assert justice.told(citizen.row, "A" * 26) == "50"


def test_still_waiting_then_refused(justice: Asking, citizen: Citizen) -> None:
    consent = justice.consent(citizen.row)
    assert (justice.told(citizen.row, consent), justice.state(consent)) == ("51", "CHO_DONG_Y")
    citizen.refuse(consent)
    assert (justice.told(citizen.row, consent), justice.state(consent)) == ("52", "TU_CHOI")
    with pytest.raises(NotDone):
        citizen.agree(consent)


def test_another_agencys(justice: Asking, thai_nguyen: Asking, citizen: Citizen) -> None:
    consent = justice.consent(citizen.row)
    citizen.agree(consent)
    assert thai_nguyen.told(citizen.row, consent) == "53"
    with pytest.raises(Refused) as refused:
        thai_nguyen.state(consent)
    assert refused.value.problem.row.code == "53"
    assert justice.told(citizen.row, consent) == "00", "and it was not used up by the other one"


def test_another_persons(justice: Asking, citizen: Citizen, country: World) -> None:
    consent = justice.consent(citizen.row)
    citizen.agree(consent)
    assert justice.told(country.people.full, consent) == "54"


@pytest.mark.parametrize(
    ("service", "fields", "call"),
    [
        (Service.VERIFY_CITIZEN, ("GioiTinh",), {}),
        (Service.LOOK_UP_CITIZEN, ("GioiTinh",), {"procedure": "G15-TP205"}),
    ],
    ids=["another service", "another procedure"],
)
def test_wider_than_agreed(justice: Asking, citizen: Citizen, service: Service, fields: tuple[str, ...], call) -> None:
    consent = justice.consent(citizen.row, service, fields, **call)
    citizen.agree(consent)
    assert justice.told(citizen.row, consent) == "55"


def test_claims_beyond_the_agreed_ones(justice: Asking, citizen: Citizen) -> None:
    from ketnoi_testbed.asking import person_of

    consent = justice.consent(citizen.row, Service.VERIFY_CITIZEN, ("GioiTinh",), one_time=False)
    citizen.agree(consent)
    call = {**justice._call, "consent": consent}
    agreed = justice.agency.verify_citizen(person_of(citizen.row), {"GioiTinh": str(citizen.row.sex)}, **call)
    assert agreed.answer.results == {"GioiTinh": True}
    with pytest.raises(Refused) as refused:
        justice.agency.verify_citizen(person_of(citizen.row), {"GioiTinh": "1", "ThuongTru": "19"}, **call)
    assert refused.value.problem.row.code == "55"


def test_a_look_up_shows_what_was_agreed_to_and_no_more(justice: Asking, citizen: Citizen) -> None:
    consent = justice.consent(citizen.row, fields=("HoVaTen", "GioiTinh"))
    citizen.agree(consent)
    answer = justice.look_up(citizen.row, consent).answer
    assert answer.citizen.fields == ("HoVaTen", "GioiTinh")
    assert answer.consent == consent


def test_expired(country: World, justice: Asking, citizen: Citizen) -> None:
    unanswered, short = justice.consent(citizen.row), justice.consent(citizen.row, lasts=60)
    citizen.agree(short)
    before = country.clock.offset
    try:
        country.clock.advance(timedelta(seconds=61))
        assert (justice.told(citizen.row, short), justice.state(short)) == ("56", "HET_HAN")
        country.clock.advance(timedelta(minutes=15))
        country.until(lambda: justice.told(citizen.row, unanswered) == "56")
        with pytest.raises(NotDone):
            citizen.agree(unanswered)
    finally:
        country.clock.offset = before
        country.until(lambda: justice.told(citizen.row, None) == "50")


def test_taken_back(justice: Asking, citizen: Citizen) -> None:
    consent = justice.consent(citizen.row, one_time=False)
    citizen.agree(consent)
    assert justice.told(citizen.row, consent) == "00"
    citizen.take_back(consent)
    assert (justice.told(citizen.row, consent), justice.state(consent)) == ("57", "THU_HOI")


def test_a_one_time_consent_answers_once_and_its_repetition(justice: Asking, citizen: Citizen) -> None:
    consent = justice.consent(citizen.row)
    citizen.agree(consent)
    first = justice.look_up(citizen.row, consent)
    again = justice.look_up(citizen.row, consent, request_code=first.request_code)
    assert again.answer == first.answer
    assert justice.told(citizen.row, consent) == "58"


def test_a_repetition_is_not_answered_once_it_was_taken_back(justice: Asking, citizen: Citizen) -> None:
    consent = justice.consent(citizen.row, one_time=False)
    citizen.agree(consent)
    first = justice.look_up(citizen.row, consent)
    citizen.take_back(consent)
    assert justice.told(citizen.row, consent, request_code=first.request_code) == "57"


def test_nobody_learns_whether_there_is_such_a_person(justice: Asking, citizen: Citizen) -> None:
    """A wrong name is asked for like anybody: the request waits, and its consent is nobody's."""
    stranger = msgspec.structs.replace(citizen.row, given_name="Không", middle_name="", family_name="Có")
    before = citizen.waiting()
    consent = justice.consent(stranger)
    assert justice.state(consent) == "CHO_DONG_Y"
    assert (justice.told(stranger, consent), justice.told(citizen.row, consent)) == ("51", "51")
    assert citizen.waiting() == before, "and no citizen is shown it"


def test_the_identity_side_is_down(justice: Asking, citizen: Citizen, country: World) -> None:
    consent = justice.consent(citizen.row, one_time=False)
    citizen.agree(consent)
    country.run(country.identity.hosted.stop())
    try:
        assert justice.told(citizen.row, consent) == "44"
        with pytest.raises(Refused) as refused:
            justice.consent(citizen.row)
        assert refused.value.problem.row.code == "44"
    finally:
        country.run(country.identity.hosted.start(as_process=False))
    country.until(lambda: justice.told(citizen.row, consent) == "00")
