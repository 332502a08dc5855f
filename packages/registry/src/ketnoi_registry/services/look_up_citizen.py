"""Service 3: what the register has about one citizen, as far as the grant opens it."""

from __future__ import annotations

from typing import Any

from ketnoi_protocol.citizen import Citizen, Head, Life, LifeStatus, Name
from ketnoi_protocol.citizen import Place as ShownPlace
from ketnoi_protocol.citizen import Relative as ShownRelative
from ketnoi_protocol.envelope import LookUpAnswer, LookUpRequest
from ketnoi_protocol.personal_number import Sex

from ..disclosure import licensed
from ..people import birth_of, household_of
from ..store.people import PersonRow, Place, Relative
from ..store.units import Level
from .question import Outcome, Question, Register

LIFE_STATUS = {"alive": LifeStatus.ALIVE, "dead": LifeStatus.DEAD, "missing": LifeStatus.MISSING}
_LEVEL_BY_LENGTH: dict[int, Level] = {2: "province", 3: "district", 5: "commune"}


async def answer(question: Question[LookUpRequest], register: Register) -> Outcome:
    """The citizen with the licensed fields, or nobody: for an unknown number and for a wrong name alike."""
    request = question.request
    fields = licensed(question.grant.fields)
    person = await register.people.find(request, question.matching)
    subjects = (register.subject(request, person),)
    if person is None:
        return Outcome(LookUpAnswer.of(request.ma_yeu_cau, None), subjects)
    head = await _head(person, register) if "ChuHo" in fields else None
    citizen = _citizen(person, head, question, register).only(fields)
    return Outcome(LookUpAnswer.of(request.ma_yeu_cau, citizen, question.at), subjects, citizen.fields)


async def _head(person: PersonRow, register: Register) -> Head | None:
    if household_of(person) is None or person.relation_to_head is None:
        return None
    head = await register.people.head_of(person)
    if head is None:
        return Head(personal_number=person.head_number, relation=person.relation_to_head)
    return Head(
        name=head.full_name,
        personal_number=head.personal_number,
        old_number=_newest_old_number(head),
        nationality=head.nationality,
        relation=person.relation_to_head,
    )


def _citizen(person: PersonRow, head: Head | None, question: Question[LookUpRequest], register: Register) -> Citizen:
    def place(of: Place | None) -> ShownPlace | None:
        return None if of is None else _shown_place(of, question, register)

    return Citizen(
        personal_number=person.personal_number,
        old_number=_newest_old_number(person),
        name=Name(family=person.family_name, middle=person.middle_name, given=person.given_name),
        sex=Sex(str(person.sex)),
        ethnic_group=person.ethnic_group,
        religion=person.religion,
        marital_status=str(person.marital_status),
        blood_group=person.blood_group,
        birth=birth_of(person),
        birth_registration=place(person.birth_registration),
        hometown=place(person.hometown),
        permanent_residence=place(person.permanent_residence),
        current_residence=place(person.current_residence),
        nationality=person.nationality,
        father=_shown_relative(person.father),
        mother=_shown_relative(person.mother),
        spouse=_shown_relative(person.spouse),
        representative=_shown_relative(person.representative),
        head=head,
        life=Life(status=LIFE_STATUS[person.life_status], since=person.life_status_since),
    )


def _shown_place(place: Place, question: Question[LookUpRequest], register: Register) -> ShownPlace:
    """The place by the codes of today's map. Where the recorded unit has ended, its names go into the free text, so
    that nothing is lost when it was divided or merged."""
    codes = place_codes(place, question, register)
    recorded = register.units.line(place)
    ended = any(unit.valid_until is not None and unit.valid_until < question.day for unit in recorded.values())
    names = [unit.name for unit in recorded.values()] if ended else []
    detail = ", ".join(text for text in (place.detail, *names) if text)
    return ShownPlace(**codes, detail=detail or None, country=place.country)


def place_codes(place: Place, question: Question[Any], register: Register) -> dict[Level, str]:
    """The codes of the place on today's map, by level. A unit that the table does not have keeps its recorded code."""
    if not register.units.line(place):
        return {_LEVEL_BY_LENGTH[len(place.unit_code)]: place.unit_code} if place.unit_code else {}
    return {level: unit.code for level, unit in register.units.line_on(question.day, place).items()}


def _shown_relative(relative: Relative | None) -> ShownRelative | None:
    if relative is None:
        return None
    return ShownRelative(
        name=relative.full_name,
        personal_number=relative.personal_number,
        old_number=relative.old_id_number,
        nationality=relative.nationality,
    )


def _newest_old_number(person: PersonRow) -> str | None:
    return person.old_id_numbers[-1].number if person.old_id_numbers else None
