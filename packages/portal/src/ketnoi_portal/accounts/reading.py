"""Which accounts somebody may look at, and in which order pages show them."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.db.models import F, Model, Q, QuerySet, Value
from django.db.models.functions import Collate
from django.db.models.lookups import GreaterThanOrEqual, LessThan
from django.http import Http404

from ketnoi_portal.accounts.models import Account, Batch, UnitCommitment
from ketnoi_portal.process.account_case import AccountState
from ketnoi_portal.process.charts import CHARTS
from ketnoi_portal.process.roles import Actor, DeskKind, Role
from ketnoi_portal.staff.models import Person

M = TypeVar("M", bound=Model)
_POLICE = frozenset(desk for chart in CHARTS.values() for route in chart.account_routes.values() for desk in route)


def beneath(field: str, code: str) -> Q:
    """Units that are this organisation or beneath it (no code: all).

    A range, which an index in the order of pages gives row by row: codes hold letters, digits and dots alone, and `/`
    is what follows the dot.
    """
    if not code:
        return Q()
    told = by_bytes(field)
    return Q(GreaterThanOrEqual(told, Value(code))) & Q(LessThan(told, Value(f"{code}/")))


def by_bytes(field: str) -> Collate:
    """A code in the order of its bytes, in which a unit comes right after what it is beneath."""
    return Collate(F(field), "C")


def in_area(found: QuerySet[M], actor: Actor, field: str = "unit__code") -> QuerySet[M]:
    """What lies in a desk's area, or beneath an agency's own organisation."""
    return found.filter(beneath(field, actor.organisation if actor.desk is DeskKind.AGENCY else actor.area))


def looks(actor: Actor) -> bool:
    """Whether accounts of others are this actor's work at all."""
    if actor.desk is DeskKind.AGENCY:
        return bool(actor.roles & {Role.REPRESENTATIVE, Role.CLERK})
    return actor.desk in _POLICE and bool(actor.roles & {Role.HANDLER, Role.AUDITOR})


def waiting_for(actor: Actor) -> QuerySet[Account]:
    """Accounts that this desk has now, by what is due first."""
    waiting = Account.objects.filter(desk=actor.desk, state=AccountState.WITH_DESK)
    return in_area(waiting, actor).select_related("unit", "batch").order_by("due_at", "pk")


def account_seen(actor: Actor, key: UUID) -> Account:
    """One account that this actor may look at: of their area, or their own. Raises Http404."""
    found = watched_by(actor).filter(pk=key).first() or own_accounts(actor).filter(pk=key).first()
    if found is None:
        raise Http404
    return found


def own_accounts(actor: Actor) -> QuerySet[Account]:
    """The accounts of whoever acts: theirs already, or waiting for them under the address that was invited."""
    if actor.desk is not DeskKind.AGENCY or not actor.person.isdigit():
        return Account.objects.none()
    address = Person.objects.filter(pk=actor.person).values("email")
    waiting = Q(person=None, email__in=address, unit=actor.organisation) & ~Q(code=None)
    return Account.objects.filter(Q(person=actor.person) | waiting).select_related("unit")


def watched_by(actor: Actor) -> QuerySet[Account]:
    """Every account that is this actor's to look at.

    A desk watches its area, but only the units whose route passes it: a district team sees no department.
    """
    found = in_area(Account.objects.all(), actor).select_related("unit")
    if not looks(actor):
        return found.none()
    if actor.desk is not DeskKind.AGENCY:
        found = found.filter(_routed(actor.desk)).exclude(state=AccountState.DRAFT)
    return found.order_by(by_bytes("unit_id"), "full_name", "pk")


def _routed(desk: DeskKind) -> Q:
    routes = [route for chart in CHARTS.values() for route in chart.account_routes.values()]
    if all(desk in route for route in routes):
        return Q()
    pairs = Q(pk__in=[])
    for chart in CHARTS.values():
        levels = [str(level) for level, route in chart.account_routes.items() if desk in route]
        pairs |= Q(chart=chart.name, level__in=levels)
    return pairs


def unit_commitments_for(actor: Actor) -> QuerySet[UnitCommitment]:
    """The units' commitments that this actor handed in, or manages."""
    found = in_area(UnitCommitment.objects.filter(current=True), actor).select_related("unit")
    return found if actor.desk is DeskKind.AGENCY else found.filter(desk=actor.desk)


def lists_for(actor: Actor) -> QuerySet[Batch]:
    """The consolidated lists that this desk sent or received."""
    own = in_area(Batch.objects.all(), actor, "area")
    return own.filter(Q(from_desk=actor.desk) | Q(to_desk=actor.desk))
