"""`ketnoi-portal make_crowd --applications N --accounts M`: large numbers, for measuring."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ketnoi_portal.process.roles import SYSTEM_ACTOR
from ketnoi_portal.rehearsal.crowd import NoProvince, make_crowd
from ketnoi_portal.rehearsal.offices import NotARehearsal
from ketnoi_portal.settings import current


class Command(BaseCommand):
    """Put a crowd of units, applications and accounts into a rehearsal's portal."""

    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        """How many."""
        parser.add_argument("--applications", type=int, default=0, metavar="N")
        parser.add_argument("--accounts", type=int, default=0, metavar="M")

    def handle(self, *args: Any, **options: Any) -> None:
        """Says on standard error how far it is."""
        applications, accounts = options["applications"], options["accounts"]
        if min(applications, accounts) < 0:
            raise CommandError("numbers are not negative")
        try:
            make_crowd(SYSTEM_ACTOR, current(), applications=applications, accounts=accounts, tell=self.stderr.write)
        except (NotARehearsal, NoProvince) as error:
            raise CommandError(str(error)) from error
