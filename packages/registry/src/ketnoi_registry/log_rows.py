"""Rows of the access log: what a call that was answered, or refused, leaves behind."""

from __future__ import annotations

from dataclasses import replace

from ketnoi_protocol.consent_messages import AskConsent, ConsentMessage
from ketnoi_protocol.envelope import Request
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.services import CatalogueEntry, ConsentEntry
from ketnoi_runtime.logs import redact

from .access_log import Call
from .gates import Case
from .journey import Journey, name_of
from .repeats import Claim, Kept
from .services import Register

_UNKNOWN = "unknown"


def answered(case: Case, journey: Journey, kept: Kept, claim: Claim | None) -> Call:
    """The row of a call that gets this answer."""
    request = case.request
    return Call(
        journey.at,
        case.instance,
        redact(case.consumer.slash),
        name_of(case.entry),
        journey.message_id,
        kept.result_code,
        kept.released_fields,
        kept.subject_key_id,
        kept.subjects,
        case.account.id,
        case.unit.value,
        request.ma_can_bo,
        request.ma_dvc,
        claim.request_digest if claim is not None else None,
        claim.content_digest if claim is not None else None,
        system=case.entry.system.value,
        consent=kept.consent,
        officer_identity=case.officer_identity,
    )


def refused(
    instance: str, entry: CatalogueEntry | ConsentEntry, journey: Journey, refusal: Refusal, register: Register
) -> Call:
    """The row of a call that is refused, with as much of it as had been read."""
    case = journey.case
    consumer = getattr(case, "consumer", None)
    account = getattr(case, "account", None)
    request: Request | ConsentMessage | None = getattr(case, "request", None)
    call = Call(
        journey.at,
        instance,
        redact(consumer.slash) if consumer is not None else _UNKNOWN,
        name_of(entry),
        journey.message_id,
        refusal.code,
        integration_account=account.id if account is not None else None,
        system=entry.system.value,
    )
    if request is None or case is None:
        return call
    if not isinstance(request, AskConsent):
        call = replace(call, subject_key_id=register.pseudonyms.active, subjects=register.subjects(request))
    return replace(
        call,
        unit=redact(request.unit.value),
        officer=redact(request.ma_can_bo),
        procedure_code=redact(request.ma_dvc),
        consent=consent_of(request),
        officer_identity=case.officer_identity,
    )


def consent_of(request: Request | ConsentMessage) -> str | None:
    """The consent that a message names, which whoever sent it may have made up."""
    named = request.consent if isinstance(request, AskConsent) else getattr(request, "consent", None)
    return redact(named) if named is not None else None
