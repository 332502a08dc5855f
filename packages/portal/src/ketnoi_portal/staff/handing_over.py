"""What somebody still holds in person when they leave, so that it goes to a successor and nothing is orphaned.

Most work belongs to desks and agencies, not to people. Rooms in which something hangs on one person register a
keeper; this room's own are delegations to them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.staff.models import Delegation, Person


@dataclass(frozen=True, slots=True)
class Holding:
    """One thing that hangs on somebody; `hand_over` gives it to a successor, in the transaction of the leaving."""

    title: Text
    hand_over: Callable[[Actor, Person], None]


Keeper = Callable[[Person, str], list[Holding]]
_KEEPERS: list[Keeper] = []


def keeper(call: Keeper) -> Keeper:
    """Have `call(person, office key)` asked for what hangs on somebody in an office."""
    _KEEPERS.append(call)
    return call


def held_by(person: Person, office: str) -> list[Holding]:
    """Everything that hangs on somebody in an office."""
    return [holding for call in _KEEPERS for holding in call(person, office)]


Leaver = Callable[[Actor, Person, str, str], None]
_LEAVERS: list[Leaver] = []


def when_a_role_ends(call: Leaver) -> Leaver:
    """Have `call(actor, person, office key, reason)` run in the transaction in which somebody's role there ends."""
    _LEAVERS.append(call)
    return call


def role_ended(actor: Actor, person: Person, office: str, reason: str) -> None:
    """Tell whoever asked to be told."""
    for call in _LEAVERS:
        call(actor, person, office, reason)


@keeper
def _stands_in_for(person: Person, office: str) -> list[Holding]:
    """Others rely on them as their deputy."""
    running = Delegation.objects.select_related("assignment__person").filter(
        person=person, until__gt=clock.now(), ended_at=None
    )

    def holding(delegation: Delegation) -> Holding:
        absent = delegation.assignment.person.full_name

        def hand_over(actor: Actor, successor: Person) -> None:
            delegation.person = successor
            delegation.save(update_fields=["person"])

        return Holding(Text(f"Làm thay cho {absent}", f"Stands in for {absent}"), hand_over)

    return [holding(each) for each in running if each.assignment.hat == office]
