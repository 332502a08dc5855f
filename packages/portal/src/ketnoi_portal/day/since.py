"""The section at the top of an application's page: whom it waits for, since when, until when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.agencies.models import Desk
from ketnoi_portal.onboarding.sections import Page, Section, register
from ketnoi_portal.process.workflow import STEP

_NOBODY = Text("Chưa có bộ phận phụ trách", "No desk is in charge")


def _context(page: Page) -> Mapping[str, Any]:
    rows = list(page.application.waiting.order_by("due_at", "pk"))
    slugs = [row.office.removeprefix("desk:") for row in rows if row.office.startswith("desk:")]
    desks = dict(Desk.objects.filter(pk__in=slugs).values_list("pk", "title"))
    told = []
    for row in rows:
        kind, _, key = row.office.partition(":")
        name = page.application.organisation.name if kind == "agency" else desks.get(key, "")
        late = row.due_at is not None and row.due_at < clock.now()
        told.append((row, Text(name, name) if name else _NOBODY, STEP[row.step].title, late))
    return {"rows": told}


def install() -> None:
    """Register it."""
    title = Text("Hồ sơ đang chờ", "What it waits for")
    register(Section("waiting", title, "day/since.html", _context, order=1))
