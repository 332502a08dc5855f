"""The chain of audit events."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from django.db import connection, models

from ketnoi_pages import clock
from ketnoi_portal.process.roles import Actor

GENESIS = "0" * 64
_LOCK = 8_202_611


class Event(models.Model):
    """One act. Rows are only ever added; a trigger refuses the rest.

    `person` and `desk` are who acted and in which office; `subject` is what was acted on (`kind`, `id`); `before` and
    `after` are what it changed, without personal numbers or secrets. `hash` covers everything,
    `previous` (the event before) and `subject_previous` (the one before about the same subject): so one dossier's
    events are a chain of their own, which a stranger checks without seeing anybody else's.
    """

    at = models.DateTimeField(db_index=True)
    person = models.CharField(max_length=100)
    desk = models.CharField(max_length=100)
    act = models.CharField(max_length=100)
    kind = models.CharField(max_length=50)
    subject = models.CharField(max_length=100)
    note = models.TextField(blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    previous = models.CharField(max_length=64)
    subject_previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        indexes = [models.Index(fields=["kind", "subject", "id"]), models.Index(fields=["person", "id"])]
        ordering = ["id"]

    def told(self) -> dict[str, Any]:
        """Everything that the hash covers."""
        return {
            "at": self.at.isoformat(),
            "person": self.person,
            "desk": self.desk,
            "act": self.act,
            "kind": self.kind,
            "subject": self.subject,
            "note": self.note,
            "before": self.before,
            "after": self.after,
            "previous": self.previous,
            "subject_previous": self.subject_previous,
        }

    def computed_hash(self) -> str:
        """What the hash must be (hexadecimal SHA-256 of the canonical JSON of what was told)."""
        text = json.dumps(self.told(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return sha256(text.encode()).hexdigest()


def record(
    actor: Actor,
    act: str,
    kind: str,
    subject: object,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    note: str = "",
) -> Event:
    """Add one event, within the transaction of the act itself.

    Raises RuntimeError outside a transaction: an act and its record stand or fall together.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an audit event is recorded in the transaction of its act")
    with connection.cursor() as cursor:
        # One chain: whoever comes second waits for the first to commit.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    last = Event.objects.order_by("-id").values_list("hash", flat=True).first()
    same = Event.objects.filter(kind=kind, subject=str(subject)).order_by("-id").values_list("hash", flat=True).first()
    event = Event(
        at=clock.now(),
        person=actor.person,
        desk=f"{actor.desk}:{actor.organisation}" if actor.organisation else str(actor.desk),
        act=act,
        kind=kind,
        subject=str(subject),
        note=note,
        before=_plain(before),
        after=_plain(after),
        previous=last or GENESIS,
        subject_previous=same or GENESIS,
    )
    event.hash = event.computed_hash()
    event.save(force_insert=True)
    return event


def _plain(value: dict[str, Any] | None) -> dict[str, Any]:
    """As it will be read back from the database, so that the hash can be computed again."""
    return json.loads(json.dumps(value or {}, default=str, ensure_ascii=False))
