"""What a rehearsal's file says, and how it is put into the portal. Putting it in again changes nothing."""

from __future__ import annotations

from typing import Annotated

import msgspec
from django.db import transaction

from ketnoi_pages import clock
from ketnoi_portal.agencies.models import Desk, Organisation
from ketnoi_portal.audit.models import record
from ketnoi_portal.process.charts import Level
from ketnoi_portal.process.roles import Actor, DeskKind, Role
from ketnoi_portal.settings import Settings
from ketnoi_portal.staff.models import Assignment, Person
from ketnoi_protocol.identifiers import OrganisationCode

Line = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class NotARehearsal(Exception):  # noqa: N818
    """This portal's settings do not say that it is a rehearsal."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file; unknown names are errors."""


class OrganisationPart(_Part, frozen=True, kw_only=True):
    """A body; `parent` is the code of the one whose unit it is, and stands before it in the file."""

    code: Line
    name: Line
    level: Level
    parent: str = ""
    email: str = ""


class DeskPart(_Part, frozen=True, kw_only=True):
    """A desk; `organisation` and `area` are organisation codes."""

    slug: Line
    kind: DeskKind
    title: Line
    organisation: Line
    area: str = ""
    email: str = ""


class Place(_Part, frozen=True, kw_only=True):
    """One role of somebody: at a desk (its slug), or at an organisation (its code)."""

    role: Role
    desk: str = ""
    organisation: str = ""
    leadership_level: int = 0


class PersonPart(_Part, frozen=True, kw_only=True):
    """Somebody, without a password: a rehearsal's people sign in by their cards."""

    email: Line
    full_name: Line
    position: str = ""
    phone: str = ""
    roles: tuple[Place, ...] = ()


class Offices(_Part, frozen=True, kw_only=True):
    """The whole file."""

    organisations: tuple[OrganisationPart, ...] = ()
    desks: tuple[DeskPart, ...] = ()
    people: tuple[PersonPart, ...] = ()


def furnish(actor: Actor, settings: Settings, offices: Offices) -> int:
    """Put bodies, desks, people and their roles in; how many of them are new.

    Raises NotARehearsal; InvalidIdentifier for a code that is none, and what the database raises for a body or desk
    that is named but not there.
    """
    if not settings.rehearsal:
        raise NotARehearsal("rehearsal = true is not in the settings")
    with transaction.atomic():
        made = sum(_organisation(each) for each in offices.organisations)
        made += sum(_desk(each) for each in offices.desks)
        made += sum(_person(actor, each) for each in offices.people)
        if made:
            record(actor, "make_rehearsal", "rehearsal", "offices", after={"made": made})
    return made


def _organisation(part: OrganisationPart) -> bool:
    _, is_new = Organisation.objects.get_or_create(
        code=str(OrganisationCode.parse(part.code)),
        defaults={
            "name": part.name,
            "level": part.level,
            "parent_id": str(OrganisationCode.parse(part.parent)) if part.parent else None,
            "email": part.email,
        },
    )
    return is_new


def _desk(part: DeskPart) -> bool:
    _, is_new = Desk.objects.get_or_create(
        slug=part.slug,
        defaults={
            "kind": part.kind,
            "title": part.title,
            "organisation": part.organisation,
            "area": part.area,
            "email": part.email,
        },
    )
    return is_new


def _person(actor: Actor, part: PersonPart) -> int:
    person = Person.objects.filter(email__iexact=part.email).first()
    made = 0
    if person is None:
        person = Person.objects.create_user(
            part.email, full_name=part.full_name, position=part.position, phone=part.phone
        )
        made = 1
    for place in part.roles:
        held = {
            "person": person,
            "role": place.role,
            "desk_id": place.desk or None,
            "organisation_id": place.organisation or None,
            "leadership_level": place.leadership_level,
        }
        if not Assignment.objects.filter(**held).exists():
            Assignment.objects.create(**held, since=clock.now(), given_by=actor.person)
            made += 1
    return made
