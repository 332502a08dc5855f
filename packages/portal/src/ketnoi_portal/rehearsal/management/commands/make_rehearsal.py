"""`ketnoi-portal make_rehearsal FILE`: people of every role, for a test bed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError

from ketnoi_portal.process.roles import SYSTEM_ACTOR
from ketnoi_portal.rehearsal.offices import NotARehearsal, Offices, furnish
from ketnoi_portal.settings import current


class Command(BaseCommand):
    """Put what a file (TOML) says into the portal."""

    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        """FILE."""
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        """Says how many bodies, desks, people and roles are new."""
        file: Path = options["file"]
        try:
            offices = msgspec.toml.decode(file.read_bytes(), type=Offices)
            made = furnish(SYSTEM_ACTOR, current(), offices)
        except (OSError, msgspec.MsgspecError, NotARehearsal) as error:
            raise CommandError(f"{file}: {error}") from error
        self.stdout.write(f"{made} mục mới · new")
