"""Where alarms stand on the page of C06's day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.http import HttpRequest

from ketnoi_pages.text import Text
from ketnoi_portal.alarms.actions import may_acknowledge
from ketnoi_portal.alarms.models import Alarm, AlarmSource
from ketnoi_portal.day import panels


def install() -> None:
    """Register the panel."""
    title = Text("Cảnh báo", "Alarms")
    panels.register(
        panels.Panel(
            "alarms", title, "alarms/panel.html", _open, lambda r: may_acknowledge(getattr(r, "actor", None)), 5
        )
    )


def _open(request: HttpRequest) -> Mapping[str, Any]:
    """In one query, for everybody at C06 loads this page often."""
    open_ones = Alarm.objects.filter(registry=OuterRef("pk"), acknowledged_at=None).order_by().values("registry")
    sources = list(AlarmSource.objects.annotate(open=Subquery(open_ones.annotate(n=Count("pk")).values("n"))))
    return {"open": sum(each.open or 0 for each in sources), "troubled": [each for each in sources if each.trouble]}
