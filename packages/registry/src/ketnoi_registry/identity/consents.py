"""Citizens' consents on a call's way: asked for, asked after, and used before anything is looked up."""

from __future__ import annotations

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
    ConsentState,
    Use,
)
from ketnoi_protocol.consent_messages import (
    ASKED,
    TOLD,
    AskConsent,
    ConsentAnswer,
    ConsentBegun,
    ConsentStanding,
    RequestConsent,
)
from ketnoi_protocol.envelope import Request, VerifyRequest
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.services import Service

from ..access_log import Pseudonyms, Subject
from ..disclosure import FIELDS, licensed
from ..gates import Case
from ..journey import shown
from ..looking_up import LookingUp
from ..repeats import Claim
from ..services import Register
from .client import MALFORMED, IdentityClient

USE_REFUSALS: Final = frozenset(
    (
        NO_CONSENT, STILL_WAITING, REFUSED, ANOTHER_AGENCYS, ANOTHER_PERSONS, WIDER_THAN_AGREED, EXPIRED, TAKEN_BACK,
        USED_UP, ANOTHER_QUESTION, MALFORMED,
    )
)  # fmt: skip
"""What the identity system may say of a use but `00`; anything else is no answer."""
TOO_OFTEN: Final = "30"
ASKED_TOO_OFTEN: Final = (
    "đã xin một người này quá nhiều lần: đang chờ, hoặc trong 24 giờ"
    " · this one person was asked too often: requests that wait, or within 24 hours"
)


class Consents:
    """Speaks with the identity system about the consent of one call. All methods raise Refusal."""

    def __init__(self, client: IdentityClient, register: Register, looking: LookingUp) -> None:
        self._client = client
        self._register = register
        self._looking = looking

    async def use(self, case: Case, claim: Claim) -> tuple[str, ...]:
        """Use the consent that the message names; the fields that the citizen has agreed to show.

        The person is whoever has the number. Where an old number alone is given, the register has to say whose it is:
        it is asked only once the consent is known to be in force for this service, else the use is of nobody.
        """
        request = case.request
        assert not isinstance(request, RequestConsent | AskConsent), "one of the services is asked"
        if request.consent is None:
            raise Refusal(NO_CONSENT, "MaGiaoDichDongY is missing")
        number = request.personal_number
        if number is None and await self._in_force(case, request.consent):
            number = await self._looking.person(case, request)
        code, fields = await self._client.use(
            Use(
                consent=request.consent,
                organisation=case.organisation.value,
                message_id=shown(case.message_id, self._register.pseudonyms),
                question=claim.question,
                unit=case.unit.value,
                officer=request.ma_can_bo,
                procedure_code=request.ma_dvc,
                service=case.service,
                fields=_asked(case, request),
                personal_number=number,
            )
        )
        if code == TOLD:
            return fields
        raise Refusal(code if code in USE_REFUSALS else IDENTITY_UNAVAILABLE)

    async def _in_force(self, case: Case, consent: str) -> bool:
        """Whether this agency holds a consent to this service that is agreed to now."""
        told = await self._client.standing(Ask(organisation=case.organisation.value, consent=consent))
        return told.state is ConsentState.AGREED and told.service is case.service

    async def operation(self, case: Case, claim: Claim | None) -> tuple[ConsentAnswer, tuple[Subject, ...]]:
        """What a consent operation answers, and about whom it was."""
        request = case.request
        if isinstance(request, AskConsent):
            return await self._standing(case, request), ()
        assert isinstance(request, RequestConsent), "there are two operations"
        assert claim is not None, "a request for a consent claims its MaYeuCau"
        number = await self._looking.person(case, request)
        return await self._begun(case, claim, request, number), (self._register.subject(request, number),)

    async def _begun(self, case: Case, claim: Claim, request: RequestConsent, number: str | None) -> ConsentBegun:
        """Ask the citizen of that number; None where the claim is nobody's, which is answered like any other."""
        begun = await self._client.begin(
            Begin(
                organisation=case.organisation.value,
                unit=case.unit.value,
                officer=request.ma_can_bo,
                message_id=shown(case.message_id, self._register.pseudonyms),
                service=request.service,
                fields=tuple(name for name in FIELDS if name in request.fields),
                procedure_code=request.ma_dvc,
                purpose=request.purpose,
                one_time=request.one_time,
                lasts_seconds=request.lasts,
                waits_seconds=request.waits,
                personal_number=number,
                about=_about(self._register.pseudonyms, request),
                question=claim.question,
            )
        )
        if begun.code == TOO_OFTEN:
            raise Refusal(TOO_OFTEN, ASKED_TOO_OFTEN, retry_after=begun.retry_after)
        if begun.code == ANOTHER_QUESTION:
            raise Refusal(ANOTHER_QUESTION, "another request was made under this message id")
        if begun.code != ASKED or not begun.consent:
            raise Refusal(IDENTITY_UNAVAILABLE)
        return ConsentBegun(
            ma_yeu_cau=request.ma_yeu_cau,
            ma_ket_qua=ASKED,
            consent=begun.consent,
            state=begun.state,
            answer_by=begun.answer_by,
        )

    async def _standing(self, case: Case, request: AskConsent) -> ConsentStanding:
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
            ma_ket_qua=TOLD,
            consent=request.consent,
            state=told.state,
            service=told.service,
            fields=told.fields,
            one_time=told.one_time,
            used=told.used_up if told.one_time and told.valid_until is not None else None,
            answer_by=told.answer_by,
            valid_until=told.valid_until,
        )


def _asked(case: Case, request: Request) -> tuple[str, ...]:
    """The fields that the answer may show, or say yes or no about."""
    if case.service is Service.LOOK_UP_CITIZEN:
        return licensed(case.grant.fields)
    return tuple(request.attributes) if isinstance(request, VerifyRequest) else ()


def _about(pseudonyms: Pseudonyms, request: RequestConsent) -> str:
    """A keyed digest of the number that was claimed, whoever has it: what limits are counted by."""
    number = request.personal_number if request.personal_number is not None else request.old_number
    return pseudonyms.of_content(f"consent about\0{number}".encode()).hex()
