"""Places and the people in them: what pages list and what rules ask about."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from ketnoi_pages import clock
from ketnoi_portal.agencies.models import Desk, Organisation
from ketnoi_portal.process.roles import Actor, DeskKind, Role
from ketnoi_portal.staff.models import Assignment, Delegation, Invitation, Person, running
from ketnoi_portal.staff.rules import Place, is_at, needed_roles

Where = Desk | Organisation


def place_of(where: Where) -> Place:
    """A desk or an organisation as the rules see it."""
    if isinstance(where, Desk):
        return Place(DeskKind(where.kind), where.organisation, where.area)
    return Place(DeskKind.AGENCY, where.code)


def is_here(actor: Actor, where: Where) -> bool:
    """Whether somebody acts at this place."""
    return is_at(actor, place_of(where))


def key_of(where: Where) -> str:
    """The office's key: `desk:c06`, `agency:H55`."""
    return f"desk:{where.slug}" if isinstance(where, Desk) else f"agency:{where.code}"


def title_of(where: Where) -> str:
    """Its name."""
    return where.title if isinstance(where, Desk) else where.name


def find(key: str | None) -> Where | None:
    """The desk or organisation of an office's key."""
    kind, _, name = (key or "").partition(":")
    if kind == "desk":
        return Desk.objects.filter(pk=name).first()
    return Organisation.objects.filter(pk=name).first() if kind == "agency" else None


def where_of(each: Assignment | Invitation) -> Where:
    """Where a role is."""
    found = each.desk or each.organisation
    assert found is not None
    return found


def assignments_at(where: Where) -> QuerySet[Assignment]:
    """Who has which role at a place now, delegations apart."""
    at = {"desk": where} if isinstance(where, Desk) else {"organisation": where}
    return (
        Assignment.objects.select_related("person", "desk", "organisation")
        .filter(running(clock.now()), person__is_active=True, **at)
        .order_by("person__full_name", "pk")
    )


def invitations_to(where: Where) -> QuerySet[Invitation]:
    """Who has been invited and has not come yet."""
    at = {"desk": where} if isinstance(where, Desk) else {"organisation": where}
    open_ = Invitation.objects.filter(used_at=None, withdrawn_at=None, expires_at__gt=clock.now(), **at)
    return open_.order_by("-invited_at")


def delegations_at(where: Where) -> QuerySet[Delegation]:
    """Who stands in for whom."""
    at = {"assignment__desk": where} if isinstance(where, Desk) else {"assignment__organisation": where}
    return (
        Delegation.objects.select_related("assignment__person", "person")
        .filter(ended_at=None, until__gt=clock.now(), **at)
        .order_by("until")
    )


def colleagues(where: Where) -> QuerySet[Person]:
    """Everybody who works at a place."""
    return Person.objects.filter(pk__in=assignments_at(where).values("person")).order_by("full_name")


def is_needed(assignment: Assignment) -> bool:
    """Whether the place could not work without this role, or without its leadership level, and nobody else has it."""
    if Role(assignment.role) not in needed_roles(place_of(where_of(assignment)).kind):
        return False
    others = assignments_at(where_of(assignment)).filter(role=assignment.role, until=None)
    same_level = others.filter(leadership_level=assignment.leadership_level)
    return not same_level.exclude(person=assignment.person_id).exists()


def works_on_another_desk_of_the_route(email: str, where: Where) -> bool:
    """Whether somebody of this address already decides elsewhere what this place decides too.

    Desks decide one after the other; a person at two of them would check their own work. Agencies apply, desks
    decide: nobody does both.
    """
    held = Assignment.objects.filter(running(clock.now()), person__email__iexact=email)
    if isinstance(where, Desk):
        return held.exclude(desk=where).exists()
    return held.exclude(desk=None).exists()


def person_of(actor: Actor) -> Person | None:
    """The person behind an actor; None for the system, strangers and invited people."""
    return Person.objects.filter(pk=actor.person).first() if actor.person.isdigit() else None


def names_of(keys: Iterable[str]) -> dict[str, str]:
    """The names of people by what records keep of them: their number, or a word such as `system`, which has no name."""
    numbers = {key for key in keys if key.isdigit()}
    return {str(key): name for key, name in Person.objects.filter(pk__in=numbers).values_list("pk", "full_name")}


def addresses_of(held: QuerySet[Assignment]) -> list[str]:
    """The e-mail addresses of those who hold one of these roles now."""
    now = held.filter(running(clock.now()), person__is_active=True)
    return sorted(set(now.values_list("person__email", flat=True)))
