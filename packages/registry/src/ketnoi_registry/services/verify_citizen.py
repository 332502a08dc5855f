"""Service 4: is there this citizen? And, where licensed, is this or that attribute as claimed?

Attributes are answered only when number, name and birth date have matched; otherwise the answer is that for an
unknown person, to the last octet, and the same look-ups were made for it.
"""

from __future__ import annotations

from ketnoi_protocol.citizen import ATTRIBUTES, Citizen, Place, Relative
from ketnoi_protocol.envelope import CountAnswer, VerifyRequest
from ketnoi_protocol.errors import Refusal

from ..matching import Matching
from .question import Outcome, Question, Register, number_of


async def answer(question: Question[VerifyRequest], register: Register) -> Outcome:
    """One or none; for one, yes or no to each claimed attribute. Raises Refusal `43` where no yes or no can be said."""
    request = question.request
    asking = question.asking(head="ChuHo" in request.attributes)
    found = await register.store.find(request, asking)
    held = False
    if "SoCMND" in request.attributes:
        held = await register.store.has_held(request.attributes["SoCMND"], request, found, asking)
    subjects = (register.subject(request, number_of(found)),)
    if found is None:
        return Outcome(CountAnswer.of(request.ma_yeu_cau, False), subjects)
    for name in request.attributes:
        if name in found.untold:
            raise Refusal("43", f"ThuocTinh.{name} is not told by the database behind")
    results = {
        name: held if name == "SoCMND" else _agrees(name, claimed, found.citizen, question.matching)
        for name, claimed in request.attributes.items()
    }
    return Outcome(CountAnswer.of(request.ma_yeu_cau, True, results), subjects, tuple(results))


def _agrees(name: str, claimed: str, citizen: Citizen, matching: Matching) -> bool:
    """Whether the attribute is as claimed; where there is none, it is not."""
    if name == "TinhTrangChetMatTich":
        return citizen.life is not None and claimed == citizen.life.status
    value = getattr(citizen, ATTRIBUTES[name])
    if isinstance(value, Place):
        return claimed in (value.province, value.district, value.commune)
    if isinstance(value, Relative):
        if claimed.isdecimal():
            return claimed in (value.personal_number, value.old_number)
        return matching.same_name(claimed, value.name)
    return bool(claimed == value)
