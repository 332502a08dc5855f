"""Service 2: are the claimed people in this person's household, and in the claimed relations to its head?

Only people whom the caller names are answered about: nothing tells how many others there are. When the asked person
does not match, every answer is no, as it is for strangers.
"""

from __future__ import annotations

from asyncio import gather

from ketnoi_protocol.envelope import HouseholdAnswer, HouseholdRequest, MemberAnswer

from .question import Outcome, Question, Register, number_of


async def answer(question: Question[HouseholdRequest], register: Register) -> Outcome:
    """One pair of yes or no for each claimed member, in the request's order."""
    request = question.request
    asking = question.asking(household=True)
    asked, *members = await gather(*(register.store.find(claim, asking) for claim in (request, *request.members)))
    home = asked.household if asked is not None else None
    answers = []
    for claim, member in zip(request.members, members, strict=True):
        together = home is not None and member is not None and member.household == home
        related = together and member is not None and member.relation == claim.relation
        answers.append(MemberAnswer(in_household=together, relation_confirmed=related))
    subjects = [register.subject(request, number_of(asked))]
    subjects += [
        register.subject(claim, number_of(member), "claimed_member")
        for claim, member in zip(request.members, members, strict=True)
    ]
    return Outcome(HouseholdAnswer.of(request.ma_yeu_cau, tuple(answers)), tuple(subjects))
