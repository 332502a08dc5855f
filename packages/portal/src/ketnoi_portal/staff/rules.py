"""Who may name whom: pure functions, asked by actions and pages alike.

An agency's people are its representative's to name, a desk's people its own; C06's server officer names only the
first person of an empty desk, so that nobody fills the desks that decide one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ketnoi_portal.process.charts import CHARTS, Level
from ketnoi_portal.process.roles import PLATFORM_OF, ROLES, Actor, DeskKind, Role

LONGEST_DELEGATION_DAYS: Final = 90

# Without one person in each of these a desk or an agency cannot do its work.
_NEEDED: Final = {
    DeskKind.AGENCY: (Role.REPRESENTATIVE,),
    DeskKind.DISTRICT_POLICE: (Role.HANDLER,),
    DeskKind.COMMUNE_POLICE: (Role.HANDLER,),
    DeskKind.PC06: (Role.HANDLER,),
    DeskKind.C06: (Role.HANDLER, Role.PUBLISHER),
    DeskKind.A05: (Role.ASSESSOR,),
    DeskKind.A06: (Role.ASSESSOR,),
    DeskKind.LEADERSHIP: (Role.LEADER,),
    **dict.fromkeys(PLATFORM_OF, (Role.OPERATOR,)),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A desk or an agency as the rules see it: its kind, the code of its body, its area (empty: everything)."""

    kind: DeskKind
    organisation: str
    area: str = ""


def needed_roles(kind: DeskKind) -> tuple[Role, ...]:
    """The roles that a place must never be without."""
    return _NEEDED[kind]


def roles_at(kind: DeskKind) -> tuple[Role, ...]:
    """The roles that there are at a kind of place, in the table's order."""
    return tuple(role for role, row in ROLES.items() if kind in row.desks)


def is_at(actor: Actor, place: Place) -> bool:
    """Whether somebody acts at this very place."""
    return (actor.desk, actor.organisation, actor.area) == (place.kind, place.organisation, place.area)


def manages_people(actor: Actor, place: Place) -> bool:
    """Whether somebody may invite, give roles to and see off the people of a place."""
    return is_at(actor, place) and bool(actor.roles & set(needed_roles(place.kind)))


def may_give(actor: Actor, place: Place, role: Role, *, empty: bool) -> bool:
    """Whether somebody may give a role at a place; `empty`: nobody works there yet."""
    if role not in roles_at(place.kind):
        return False
    if manages_people(actor, place):
        return role is not Role.PUBLISHER or Role.PUBLISHER in actor.roles
    founds = actor.desk is DeskKind.C06 and Role.PUBLISHER in actor.roles
    return founds and empty and place.kind is not DeskKind.AGENCY and role in needed_roles(place.kind)


def admitting_desk(chart: str, level: Level) -> DeskKind:
    """Which kind of desk admits the first representative: the one that receives the level's dossiers.

    Raises KeyError for a level that the chart no longer knows.
    """
    return CHARTS[chart].dossier_routes[level][0]


def may_admit(actor: Actor, chart: str, level: Level, organisation: str) -> bool:
    """Whether somebody may admit the representative of an organisation."""
    return (
        actor.desk is admitting_desk(chart, level)
        and Role.HANDLER in actor.roles
        and actor.manages(organisation)
        and not actor.owns(organisation)
    )


def may_edit_desks(actor: Actor) -> bool:
    """Desks and organisations are C06's server officer's to keep."""
    return actor.desk is DeskKind.C06 and Role.PUBLISHER in actor.roles
