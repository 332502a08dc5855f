"""Who sees and who keeps organisations and desks."""

from __future__ import annotations

from ketnoi_portal.process.roles import Actor, DeskKind, Role


def may_keep(actor: Actor) -> bool:
    """Organisations and desks are kept by C06's server officers, and by the portal's own commands."""
    return Role.SYSTEM in actor.roles or (actor.desk is DeskKind.C06 and Role.PUBLISHER in actor.roles)


def sees_all(actor: Actor) -> bool:
    """Whether somebody sees every organisation: at a desk without an area."""
    return actor.desk is not DeskKind.AGENCY and not actor.area


def seen_root(actor: Actor) -> str:
    """The code under which everything that somebody sees lies; for whoever does not see all."""
    return actor.area or actor.organisation
