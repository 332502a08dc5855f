"""`ketnoi-portal invite EMAIL NAME --role ROLE --desk SLUG`: the first person of a new portal."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from ketnoi_portal.process.roles import SYSTEM_ACTOR, Role
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.settings import current
from ketnoi_portal.staff import places
from ketnoi_portal.staff.inviting import Invited, write_invitation
from ketnoi_portal.staff.rules import roles_at


class Command(BaseCommand):
    """Invite somebody from the console: whoever runs the portal begins it with C06's first server officer."""

    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        """Who, and to what."""
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--role", type=Role, required=True, choices=list(Role))
        parser.add_argument("--level", type=int, default=0, help="level of leadership, from 1")
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument("--desk", metavar="SLUG")
        where.add_argument("--organisation", metavar="CODE")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints the link, which works once; the same link is sent by letter."""
        key = f"desk:{options['desk']}" if options["desk"] else f"agency:{options['organisation']}"
        where = places.find(key)
        if where is None:
            raise CommandError(f"{key}: không có · there is none")
        if options["role"] not in roles_at(places.place_of(where).kind):
            raise CommandError(f"{options['role']}: nơi này không có vai trò này · there is no such role there")
        invited = Invited(options["email"], options["name"], options["role"], level=options["level"])
        try:
            secret = write_invitation(SYSTEM_ACTOR, where, invited)
        except StepRefused as refused:
            raise CommandError("; ".join(reason.title.both for reason in refused.reasons)) from refused
        self.stdout.write(current().public(reverse("staff:invitation", args=[secret])))
