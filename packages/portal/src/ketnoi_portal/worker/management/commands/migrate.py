"""`ketnoi-portal migrate`: Django's own, and the table of the cache."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.commands import migrate


class Command(migrate.Command):
    """Bring the database up to date; once done, doing it again changes nothing."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrations first, then the cache."""
        super().handle(*args, **options)
        call_command("createcachetable", database=options["database"], verbosity=options["verbosity"])
