"""`ketnoi-portal web`: the pages, under granian, at the address of the settings file."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from ketnoi_pages.serving import serve
from ketnoi_portal.settings import current
from ketnoi_runtime import logs

THREADS = 3
"""As many as the pool has connections to the database."""


class Command(BaseCommand):
    """Answer until told to stop."""

    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        """--processes: each has its own threads and its own connections."""
        parser.add_argument("--processes", type=int, default=1, metavar="N")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints one line of JSON when a page can be had."""
        logs.configure()
        own = current()
        own.path(own.data).joinpath("static").mkdir(parents=True, exist_ok=True)
        serve(
            "ketnoi_portal.site.wsgi:application",
            "web",
            own.host,
            own.port,
            own.base_url,
            processes=options["processes"],
            threads=THREADS,
        )
