"""`ketnoi-portal import_organisations FILE --rejects FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ketnoi_portal.agencies.actions import import_organisations
from ketnoi_portal.agencies.table import UnreadableTable
from ketnoi_portal.process.roles import SYSTEM_ACTOR


class Command(BaseCommand):
    """Take a table of organisations (CSV)."""

    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        """FILE, and where the rejects go."""
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--rejects", type=Path, required=True, metavar="FILE", help="lines that were not taken")

    def handle(self, *args: Any, **options: Any) -> None:
        """Says what was taken. Ends with an error when the file as a whole cannot be read."""
        file: Path = options["file"]
        try:
            done = import_organisations(SYSTEM_ACTOR, file.name, file.read_bytes())
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        except UnreadableTable as error:
            raise CommandError(f"{file}: {error.text.both}") from error
        if done.rejects is not None:
            options["rejects"].write_bytes(done.rejects.content)
        self.stdout.write(
            f"mới · new {done.added}, đổi · changed {done.changed}, như cũ · same {done.same}, "
            f"không nhận · rejected {done.rejected}"
        )
