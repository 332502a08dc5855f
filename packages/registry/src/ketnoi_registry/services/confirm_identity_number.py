"""Service 1: do these numbers and this name belong to one person? Yes or no, and nothing else."""

from __future__ import annotations

from ketnoi_protocol.envelope import ConfirmRequest, ExistsAnswer

from .question import Outcome, Question, Register


async def answer(question: Question[ConfirmRequest], register: Register) -> Outcome:
    """Yes when everything that was given agrees with one person, alive or not: a number stays theirs."""
    request = question.request
    number = await register.store.confirm(request, question.asking())
    return Outcome(ExistsAnswer.of(request.ma_yeu_cau, number is not None), (register.subject(request, number),))
