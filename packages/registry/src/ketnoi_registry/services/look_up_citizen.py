"""Service 3: what the register has about one citizen, as far as the grant opens it."""

from __future__ import annotations

from ketnoi_protocol.envelope import LookUpAnswer, LookUpRequest

from ..disclosure import licensed
from .question import Outcome, Question, Register, number_of


async def answer(question: Question[LookUpRequest], register: Register) -> Outcome:
    """The citizen with the licensed fields, or nobody: for an unknown number and for a wrong name alike."""
    request = question.request
    fields = licensed(question.grant.fields)
    found = await register.store.find(request, question.asking(head="ChuHo" in fields))
    subjects = (register.subject(request, number_of(found)),)
    if found is None:
        return Outcome(LookUpAnswer.of(request.ma_yeu_cau, None), subjects)
    citizen = found.citizen.only(fields)
    as_of = found.as_of or question.at
    return Outcome(LookUpAnswer.of(request.ma_yeu_cau, citizen, as_of), subjects, citizen.fields)
