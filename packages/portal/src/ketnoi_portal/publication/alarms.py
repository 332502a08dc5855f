"""Telling C06's server officers, once for each thing, that a server is not as it should be."""

from __future__ import annotations

from django.urls import reverse

from ketnoi_pages.text import Text
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.process.roles import DeskKind, Role
from ketnoi_portal.publication.models import Target
from ketnoi_portal.settings import current
from ketnoi_portal.staff.models import Assignment
from ketnoi_portal.staff.places import addresses_of


def publishers() -> list[str]:
    """The addresses of C06's server officers who are there now."""
    return addresses_of(Assignment.objects.filter(role=Role.PUBLISHER, desk__kind=DeskKind.C06))


def tell_publishers(target: Target, what: Text, key: str) -> None:
    """A letter to each, with a link and without data."""
    link = current().public(reverse("publication:target", args=[target.pk]))
    subject = f"[{target.pk}] {what.vi}"
    body = f"{what.vi}\n{what.en}\n\n{target.pk}\n{link}\n"
    for address in publishers():
        Letter.write(address, subject, body, key=key)
