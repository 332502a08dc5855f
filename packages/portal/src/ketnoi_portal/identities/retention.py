"""An objection and its answers are evidence for a time after both sides have answered; then they go."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from ketnoi_pages import clock
from ketnoi_portal.audit.models import record
from ketnoi_portal.identities.models import Objection, ObjectionAnswer
from ketnoi_portal.process.roles import SYSTEM_ACTOR
from ketnoi_portal.settings import current

_AT_ONCE: Final = 200


def drop_answered() -> int:
    """Delete the objections that have been kept long enough after both answers; how many.

    Not one that waits for an answer, and none with an answer that has yet to be handed over. The audit log keeps that
    there was one, who answered it and when it went, without the citizen's words or anybody's. It is not fetched again:
    how far one has come with the identity system stands elsewhere.
    """
    old = _old(clock.now() - timedelta(days=current().objections.keep_answered_days))
    dropped = 0
    for key in old.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE]:
        with transaction.atomic():
            objection = old.select_for_update(of=("self",)).filter(pk=key).first()
            if objection is not None:
                told = {"source": objection.source, "number": objection.number, "message_id": objection.message_id}
                record(SYSTEM_ACTOR, "drop_objection", "objection", objection.pk, before=told)
                objection.answers.all().delete()
                objection.delete()
                dropped += 1
    return dropped


def _old(before: datetime) -> QuerySet[Objection]:
    handed_over = ObjectionAnswer.objects.filter(~Q(sent_at=None) | Q(refused=True), objection=OuterRef("pk"))
    sides = (handed_over.filter(by=by, at__lt=before) for by in (ObjectionAnswer.C06, ObjectionAnswer.AGENCY))
    return Objection.objects.filter(*(Exists(each) for each in sides))
