"""Service 2: are the claimed people in this person's household, and in the claimed relations to its head?

Only people whom the caller names are answered about: nothing tells how many others there are. When the asked person
does not match, every answer is no, as it is for strangers.
"""

from __future__ import annotations

import asyncio

from ketnoi_protocol.envelope import HouseholdAnswer, HouseholdRequest, MemberAnswer

from ..people import household_of
from .question import Outcome, Question, Register


async def answer(question: Question[HouseholdRequest], register: Register) -> Outcome:
    """One pair of yes or no for each claimed member, in the request's order."""
    request = question.request
    asked, *members = await asyncio.gather(
        *(register.people.find(claim, question.matching) for claim in (request, *request.members))
    )
    home = household_of(asked)
    answers = []
    for claim, member in zip(request.members, members, strict=True):
        together = home is not None and household_of(member) == home
        related = together and member is not None and member.relation_to_head == claim.relation
        answers.append(MemberAnswer(in_household=together, relation_confirmed=related))
    subjects = [register.subject(request, asked)]
    subjects += [
        register.subject(claim, member, "claimed_member")
        for claim, member in zip(request.members, members, strict=True)
    ]
    return Outcome(HouseholdAnswer.of(request.ma_yeu_cau, tuple(answers)), tuple(subjects))
