"""Service 4: is there this citizen? And, where licensed, is this or that attribute as claimed?

Attributes are answered only when number, name and birth date have matched; otherwise the answer is that for an
unknown person, to the last octet, and the same look-ups were made for it.
"""

from __future__ import annotations

from ketnoi_protocol.envelope import CountAnswer, VerifyRequest

from ..people import Matching
from ..store.people import PersonRow, Place, Relative
from .look_up_citizen import LIFE_STATUS, place_codes
from .question import Outcome, Question, Register

_PLACES = {
    "NoiDangKyKhaiSinh": "birth_registration",
    "QueQuan": "hometown",
    "ThuongTru": "permanent_residence",
    "NoiOHienTai": "current_residence",
}
_RELATIVES = {"Cha": "father", "Me": "mother", "VoChong": "spouse", "NguoiDaiDien": "representative"}


async def answer(question: Question[VerifyRequest], register: Register) -> Outcome:
    """One or none; for one, yes or no to each claimed attribute."""
    request = question.request
    person = await register.people.find(request, question.matching)
    held = head = None
    if "SoCMND" in request.attributes:
        number = person.personal_number if person is not None else None
        held = await register.people.has_held(request.attributes["SoCMND"], number)
    if "ChuHo" in request.attributes:
        head = await register.people.head_of(person)
    subjects = (register.subject(request, person),)
    if person is None:
        return Outcome(CountAnswer.of(request.ma_yeu_cau, False), subjects)
    results = {
        name: _agrees(name, claimed, person, bool(held), head, question, register)
        for name, claimed in request.attributes.items()
    }
    return Outcome(CountAnswer.of(request.ma_yeu_cau, True, results), subjects, tuple(results))


def _agrees(
    name: str,
    claimed: str,
    person: PersonRow,
    held: bool,
    head: PersonRow | None,
    question: Question[VerifyRequest],
    register: Register,
) -> bool:
    if name == "SoCMND":
        return held
    if name in _PLACES:
        place: Place | None = getattr(person, _PLACES[name])
        return place is not None and claimed in place_codes(place, question, register).values()
    if name == "ChuHo":
        return head is not None and _is(claimed, _as_relative(head), question.matching)
    if name in _RELATIVES:
        return _is(claimed, getattr(person, _RELATIVES[name]), question.matching)
    return claimed == _code(name, person)


def _code(name: str, person: PersonRow) -> str:
    match name:
        case "GioiTinh":
            return str(person.sex)
        case "DanToc":
            return person.ethnic_group
        case "TonGiao":
            return person.religion
        case "TinhTrangHonNhan":
            return str(person.marital_status)
        case "NhomMau":
            return person.blood_group
        case "QuocTich":
            return person.nationality
        case "TinhTrangChetMatTich":
            return LIFE_STATUS[person.life_status].value
    raise AssertionError(name)


def _is(claimed: str, relative: Relative | None, matching: Matching) -> bool:
    if relative is None:
        return False
    if claimed.isdecimal():
        return claimed in (relative.personal_number, relative.old_id_number)
    return matching.same_name(claimed, relative.full_name)


def _as_relative(person: PersonRow) -> Relative:
    newest = person.old_id_numbers[-1].number if person.old_id_numbers else None
    return Relative(person.full_name, person.personal_number, newest)
