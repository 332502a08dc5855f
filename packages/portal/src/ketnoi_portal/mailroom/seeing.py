"""Who sees which letter: C06 every one, an agency those whose draft is its own."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404

from ketnoi_portal.mailroom.models import Mail
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.onboarding.seeing import visible_to
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.roles import Actor, DeskKind, Role


def sees_desk(actor: Actor | None) -> bool:
    """Whether somebody sees the mail desk: C06's handling officers, and its auditors."""
    return actor is not None and actor.desk is DeskKind.C06 and bool(actor.roles & {Role.HANDLER, Role.AUDITOR})


def sees_unclaimed(actor: Actor | None) -> bool:
    """Whose organisation may have drafts to claim."""
    return actor is not None and actor.desk is DeskKind.AGENCY and bool(actor.roles & {Role.REPRESENTATIVE, Role.CLERK})


def unclaimed(actor: Actor) -> QuerySet[Application]:
    """The drafts of an actor's own organisation that came by e-mail and that nobody has claimed."""
    own = visible_to(actor).filter(stage=Stage.DRAFT, claimed=False)
    return own.select_related("came_by_mail__mail").order_by("-began_at")


def reads(actor: Actor, mail: Mail) -> bool:
    """Whether an actor may read a letter. Others who see the application are told that it came by one."""
    if sees_desk(actor):
        return True
    return sees_unclaimed(actor) and visible_to(actor).filter(came_by_mail__mail=mail).exists()


def seen_mail(actor: Actor, number: int) -> Mail:
    """One letter that an actor may read. Raises Http404."""
    found = Mail.objects.select_related("original").filter(pk=number).first()
    if found is None or not reads(actor, found):
        raise Http404
    return found
