"""Citizens' consents on a call's way: asked for, asked after, and used before anything is looked up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from ketnoi_protocol.consent import (
    ANOTHER_AGENCYS,
    ANOTHER_PERSONS,
    ANOTHER_QUESTION,
    EXPIRED,
    IDENTITY_UNAVAILABLE,
    NO_CONSENT,
    REFUSED,
    STILL_WAITING,
    TAKEN_BACK,
    USED_UP,
    WIDER_THAN_AGREED,
    Ask,
    Begin,
    Use,
)
from ketnoi_protocol.consent_messages import ASKED, TOLD, AskConsent, ConsentBegun, ConsentStanding, RequestConsent
from ketnoi_protocol.envelope import Claimed, Request, VerifyRequest
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.services import Service

from ..disclosure import FIELDS, licensed
from ..gates import Case
from .client import IdentityClient

Find = Callable[[Claimed], Awaitable[str | None]]
"""The personal number of the one person with whom a claim agrees, as far as somebody is found."""

USE_REFUSALS: Final = frozenset(
    (
        NO_CONSENT, STILL_WAITING, REFUSED, ANOTHER_AGENCYS, ANOTHER_PERSONS, WIDER_THAN_AGREED, EXPIRED, TAKEN_BACK,
        USED_UP, ANOTHER_QUESTION,
    )
)  # fmt: skip
"""What the identity system may say of a use but `00`; anything else is no answer."""
TOO_OFTEN: Final = "30"


class Consents:
    """Speaks with the identity system about the consents of one call. All methods raise Refusal."""

    def __init__(self, client: IdentityClient) -> None:
        self._client = client

    async def use(self, case: Case, request: Request, message_id: str, question: str, find: Find) -> tuple[str, ...]:
        """Use the consent that the message names; the fields that the citizen has agreed to show.

        The person is whoever has the number; where an old number alone is given, `find` has to say whose it is, and
        then, for that reason alone, the register is looked into before the consent is judged.
        """
        if request.consent is None:
            raise Refusal(NO_CONSENT, "MaGiaoDichDongY is missing")
        number = request.personal_number if request.personal_number is not None else await find(request)
        code, fields = await self._client.use(
            Use(
                consent=request.consent,
                organisation=case.organisation.value,
                message_id=message_id,
                question=question,
                unit=case.unit.value,
                officer=request.ma_can_bo,
                procedure_code=request.ma_dvc,
                service=case.service,
                fields=_shown(case, request),
                personal_number=number,
            )
        )
        if code == TOLD:
            return fields
        raise Refusal(code if code in USE_REFUSALS else IDENTITY_UNAVAILABLE)

    async def begin(self, case: Case, request: RequestConsent, message_id: str, number: str | None) -> ConsentBegun:
        """Ask the citizen of that number; None where the claim is nobody's, which is answered like any other."""
        begun = await self._client.begin(
            Begin(
                organisation=case.organisation.value,
                unit=case.unit.value,
                officer=request.ma_can_bo,
                message_id=message_id,
                service=request.service,
                fields=_ordered(request),
                procedure_code=request.ma_dvc,
                purpose=request.purpose,
                one_time=request.one_time,
                lasts_seconds=request.lasts,
                personal_number=number,
            )
        )
        if begun.code == TOO_OFTEN:
            raise Refusal(TOO_OFTEN, "requests for consent", retry_after=begun.retry_after)
        if begun.code != ASKED or not begun.consent:
            raise Refusal(IDENTITY_UNAVAILABLE)
        return ConsentBegun(
            ma_yeu_cau=request.ma_yeu_cau, consent=begun.consent, state=begun.state, answer_by=begun.answer_by
        )

    async def standing(self, case: Case, request: AskConsent) -> ConsentStanding:
        """How it stands. One that was asked for another service is not told (`55`)."""
        told = await self._client.standing(Ask(organisation=case.organisation.value, consent=request.consent))
        if told.code in (NO_CONSENT, ANOTHER_AGENCYS):
            raise Refusal(told.code)
        if told.code != TOLD or told.state is None or told.service is None:
            raise Refusal(IDENTITY_UNAVAILABLE)
        if told.service is not request.service:
            raise Refusal(WIDER_THAN_AGREED, "DichVu is not the service that the consent was asked for")
        return ConsentStanding(
            ma_yeu_cau=request.ma_yeu_cau,
            consent=request.consent,
            state=told.state,
            service=told.service,
            fields=told.fields,
            one_time=told.one_time,
            answer_by=told.answer_by,
            valid_until=told.valid_until,
        )


def _shown(case: Case, request: Request) -> tuple[str, ...]:
    """The fields that the answer may show, or answer yes or no about."""
    if case.service is Service.LOOK_UP_CITIZEN:
        return licensed(case.grant.fields)
    return tuple(request.attributes) if isinstance(request, VerifyRequest) else ()


def _ordered(request: RequestConsent) -> tuple[str, ...]:
    return tuple(name for name in FIELDS if name in request.fields)
