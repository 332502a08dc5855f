"""What becomes of messages that were handed in as test calls: proved and counted, or told why not."""

from __future__ import annotations

from django.db import transaction

from ketnoi_pages import clock
from ketnoi_portal.connection import configuration, evidence_door
from ketnoi_portal.connection.evidence_door import Pair
from ketnoi_portal.connection.fetching import Unreachable
from ketnoi_portal.connection.models import CountedMessage, HandedIn
from ketnoi_portal.connection.proof import Proof, outcome_code, prove
from ketnoi_portal.connection.refusals import (
    ANOTHER_CLIENT,
    COUNTED_BEFORE,
    NOT_FOUND,
    NOT_READY,
    STAGE_PASSED,
    NotProved,
)
from ketnoi_portal.connection.subject import Subject, entries_of, subject_for
from ketnoi_portal.files.models import Blob
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.writing import Given, ProvedCall
from ketnoi_portal.process.effects import call_of
from ketnoi_portal.process.roles import SYSTEM_ACTOR
from ketnoi_portal.process.rules import StepRefused
from ketnoi_protocol.services import CatalogueEntry, Environment
from ketnoi_trust.asic import CONTENT_TYPE


def settle_waiting() -> None:
    """Fetch and judge everything that waits; what cannot be fetched yet waits on, for ten minutes at most."""
    for handed in HandedIn.objects.filter(passed=None).order_by("pk")[:50]:
        if handed.uploaded:
            # Judged at once by whoever took it in, unless that process was killed meanwhile.
            if handed.is_overdue(clock.now()):
                _refuse(handed, NotProved(NOT_READY))
            continue
        try:
            entry, subject = _of(handed)
            told = evidence_door.server_of(entry.platform, Environment.TEST)
            if told is None:
                raise NotProved(NOT_READY)
            _judge(handed, entry, subject, evidence_door.fetch(told, handed.message_id))
        except NotProved as error:
            _refuse(handed, error)
        except evidence_door.NotThere:
            if handed.is_overdue(clock.now()):
                _refuse(handed, NotProved(NOT_FOUND))
        except actions.Changed:
            continue
        except (Unreachable, configuration.NoConfiguration):
            if handed.is_overdue(clock.now()):
                _refuse(handed, NotProved(NOT_READY))


def settle_upload(handed: HandedIn, pair: Pair) -> HandedIn:
    """Judge two containers that somebody has uploaded. They are kept without their bodies or not at all."""
    try:
        entry, subject = _of(handed)
        _judge(handed, entry, subject, pair)
    except NotProved as error:
        _refuse(handed, error)
    except (configuration.NoConfiguration, actions.Changed):
        _refuse(handed, NotProved(NOT_READY))
    handed.refresh_from_db()
    return handed


def _of(handed: HandedIn) -> tuple[CatalogueEntry, Subject]:
    service, _ = call_of(handed.unit)
    entry = next((each for each in entries_of(handed.application) if each.service is service), None)
    subject = subject_for(handed.application, entry) if entry is not None else None
    if entry is None or subject is None:
        raise NotProved(ANOTHER_CLIENT)
    return entry, subject


def _judge(handed: HandedIn, entry: CatalogueEntry, subject: Subject, pair: Pair) -> None:
    exchange, expected = configuration.exchange_of(entry.platform, Environment.TEST), subject.expected()
    if exchange is None or expected is None:
        raise NotProved(NOT_READY)
    proof = prove(pair, configuration.fetch(exchange), expected)
    _, outcome = call_of(handed.unit)
    code = outcome_code(proof, expected.provider.service(entry.service_code), entry, outcome)
    _count(handed, subject, proof, code)


def _count(handed: HandedIn, subject: Subject, proof: Proof, code: str) -> None:
    with transaction.atomic():
        # Whoever comes second finds the row and is told so; the two never both count.
        counted, made = CountedMessage.objects.get_or_create(
            client=str(subject.client),
            message_id=proof.message_id,
            defaults={"request_digest": proof.request_digest, "response_digest": proof.response_digest},
        )
        if not made:
            raise NotProved(COUNTED_BEFORE)
        kind = CONTENT_TYPE.decode()
        evidence = ProvedCall(
            message_id=proof.message_id,
            code=code,
            signed_at=proof.signed_at,
            request=Blob.keep(proof.request, kind),
            response=Blob.keep(proof.response, kind),
        )
        try:
            taken = actions.take(
                SYSTEM_ACTOR,
                subject.application,
                "record_test_call",
                handed.unit,
                Given(evidence=evidence),
                # Judged by what was registered then; a certificate replaced meanwhile means to judge again.
                revision=subject.application.revision,
            )
        except StepRefused:
            raise NotProved(STAGE_PASSED) from None
        counted.call = taken.test_calls.order_by("-pk").first()
        counted.save(update_fields=["call"])
        HandedIn.objects.filter(pk=handed.pk).update(
            passed=True, settled_at=clock.now(), message_id=proof.message_id, reason={}
        )


def _refuse(handed: HandedIn, error: NotProved) -> None:
    HandedIn.objects.filter(pk=handed.pk, passed=None).update(
        passed=False, settled_at=clock.now(), reason=error.written()
    )
