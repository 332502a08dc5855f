"""What C06 does with an alarm."""

from __future__ import annotations

from django.db import transaction

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.alarms.models import Alarm
from ketnoi_portal.audit.models import record
from ketnoi_portal.process.roles import Actor, DeskKind, Role
from ketnoi_portal.process.rules import Reason, StepRefused

_NOT_YOURS = Reason(
    "not_your_role",
    Text(
        "Chỉ cán bộ xử lý và cán bộ quản trị máy chủ của C06 xử lý cảnh báo", "Only C06's handlers and server officers"
    ),
    Text("Báo C06", "Tell C06"),
)
_NO_NOTE = Reason(
    "no_note",
    Text("Thiếu kết quả xem xét", "What came of it is missing"),
    Text("Ghi rõ đã xem xét thế nào", "Say what was found"),
)
_DONE = Reason(
    "acknowledged_already",
    Text("Cảnh báo này đã có người xử lý", "Somebody has acknowledged this alarm"),
    Text("Tải lại trang", "Load the page again"),
)


def may_acknowledge(actor: Actor | None) -> bool:
    """Whether somebody answers for alarms."""
    return actor is not None and actor.desk is DeskKind.C06 and bool(actor.roles & {Role.HANDLER, Role.PUBLISHER})


def acknowledge(actor: Actor, alarm: Alarm, note: str) -> Alarm:
    """Say what came of it; it is open no longer. Raises StepRefused."""
    if not may_acknowledge(actor):
        raise StepRefused([_NOT_YOURS])
    if not note.strip():
        raise StepRefused([_NO_NOTE])
    with transaction.atomic():
        locked = Alarm.objects.select_for_update().get(pk=alarm.pk)
        if locked.acknowledged_at is not None:
            raise StepRefused([_DONE])
        locked.acknowledged_by, locked.acknowledged_at, locked.note = actor.person, clock.now(), note.strip()
        locked.save(update_fields=["acknowledged_by", "acknowledged_at", "note"])
        told = {"registry": locked.registry, "number": locked.number, "kind": locked.kind}
        record(actor, "acknowledge_alarm", "alarm", locked.pk, after=told, note=note.strip())
    return locked
