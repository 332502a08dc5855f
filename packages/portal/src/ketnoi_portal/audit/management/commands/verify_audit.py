"""`ketnoi-portal verify_audit`: read the whole audit log and say whether it is whole."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ketnoi_portal.audit.checking import check


class Command(BaseCommand):
    """Exit status 0: whole; 1: broken, or another end than the one that was noted."""

    help = "kiểm tra nhật ký thao tác · check the audit log"

    def add_arguments(self, parser: Any) -> None:
        """--last: the hash that was noted at an earlier check, which must still be in the log."""
        parser.add_argument("--last", default="", metavar="HASH", help="mã băm đã ghi lần trước · a hash noted before")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError (exit status 1) with the first event that is wrong."""
        from ketnoi_portal.audit.models import Event

        checked = check(lambda count: print(f"{count:,} …", file=sys.stderr))
        if checked.broken is not None:
            raise CommandError(f"✗ sự kiện · event {checked.broken}: {checked.why}")
        noted = options["last"]
        if noted and not Event.objects.filter(hash=noted).exists():
            raise CommandError(f"✗ thiếu sự kiện đã ghi trước đây · the event noted before is not there: {noted}")
        self.stdout.write(f"✓ {checked.events:,} sự kiện, toàn vẹn · events, whole\n{checked.last}")
