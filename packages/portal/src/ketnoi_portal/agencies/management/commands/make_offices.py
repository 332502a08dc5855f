"""`ketnoi-portal make_offices`: the desks of the chart that the settings name."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from ketnoi_portal.agencies.actions import make_offices
from ketnoi_portal.process.charts import CHARTS
from ketnoi_portal.process.roles import SYSTEM_ACTOR
from ketnoi_portal.settings import current


class Command(BaseCommand):
    """Open every desk that is not there yet. Import the organisations first: provinces are found among them."""

    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Names each new desk."""
        for desk in make_offices(SYSTEM_ACTOR, CHARTS[current().chart]):
            self.stdout.write(f"{desk.slug}\t{desk.title}")
