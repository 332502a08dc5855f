"""How people come in: by an invitation of whoever manages people, and an agency's first by a signed letter."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Final

from django.db import transaction

from ketnoi_pages import clock
from ketnoi_portal.agencies.models import Desk, Organisation
from ketnoi_portal.audit.models import record
from ketnoi_portal.files.models import Blob
from ketnoi_portal.files.uploads import Upload
from ketnoi_portal.process.charts import Level
from ketnoi_portal.process.roles import Actor, Role
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.settings import current
from ketnoi_portal.staff import letters, places, refusals
from ketnoi_portal.staff.actions import assign
from ketnoi_portal.staff.models import Admission, Invitation, Person
from ketnoi_portal.staff.rules import admitting_desk, manages_people, may_admit, may_give

INVITATION_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Invited:
    """Who is invited to what."""

    email: str
    full_name: str
    role: Role
    position: str = ""
    level: int = 0


@dataclass(frozen=True, slots=True)
class AskedFor:
    """What an organisation writes when it asks that its representative be let in."""

    full_name: str
    position: str
    email: str
    phone: str
    letter_number: str
    letter_date: date


def invite(actor: Actor, where: places.Where, invited: Invited) -> str:
    """Invite somebody by a letter; the secret of its link. Raises StepRefused."""
    empty = not places.assignments_at(where).exists()
    if not may_give(actor, places.place_of(where), invited.role, empty=empty):
        raise StepRefused([refusals.NOT_YOURS_TO_GIVE])
    own = places.person_of(actor)
    if own is not None and own.email.lower() == invited.email.lower():
        raise StepRefused([refusals.YOURSELF])
    return write_invitation(actor, where, invited)


def write_invitation(actor: Actor, where: places.Where, invited: Invited) -> str:
    """An invitation that somebody has judged already: `invite`, `admit`, or whoever runs the portal at its console."""
    if places.works_on_another_desk_of_the_route(invited.email, where):
        raise StepRefused([refusals.SEPARATE])
    secret = secrets.token_urlsafe(32)
    at = {"desk": where} if isinstance(where, Desk) else {"organisation": where}
    with transaction.atomic():
        invitation = Invitation.objects.create(
            email=invited.email.lower(), full_name=invited.full_name, position=invited.position, role=invited.role,
            leadership_level=invited.level, secret_hash=_hash(secret), invited_by=actor.person,
            invited_at=clock.now(), expires_at=clock.now() + timedelta(days=INVITATION_DAYS), **at,
        )  # fmt: skip
        letters.invited(invitation, secret)
        record(
            actor, "invite", "invitation", invitation.pk,
            after={"role": invited.role, "place": places.key_of(where), "email": invitation.email},
        )  # fmt: skip
    return secret


def find_invitation(secret: str) -> Invitation | None:
    """The invitation of a link, whether or not it can still be taken."""
    return Invitation.objects.select_related("desk", "organisation").filter(secret_hash=_hash(secret)).first()


def withdraw_invitation(actor: Actor, invitation: Invitation) -> None:
    """Take an invitation back. Raises StepRefused."""
    with transaction.atomic():
        locked = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
        where = places.where_of(locked)
        if locked.invited_by != actor.person and not manages_people(actor, places.place_of(where)):
            raise StepRefused([refusals.NOT_YOURS])
        if not locked.is_open(clock.now()):
            raise StepRefused([refusals.INVITATION_OVER])
        locked.withdrawn_at = clock.now()
        locked.save(update_fields=["withdrawn_at"])
        record(actor, "withdraw_invitation", "invitation", locked.pk)


def accept(
    actor: Actor, invitation: Invitation, *, person: Person | None = None, full_name: str = "", password: str = ""
) -> Person:
    """Take an invitation: as oneself when one is known already, else as a new person with a password.

    `actor` is who holds the link. Raises StepRefused when it is over, or for another person than the invited one.
    """
    with transaction.atomic():
        locked = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
        if not locked.is_open(clock.now()):
            raise StepRefused([refusals.INVITATION_OVER])
        known = Person.objects.filter(email__iexact=locked.email).first()
        if person is not None and person != known:
            raise StepRefused([refusals.OTHER_PERSON])
        if person is None and known is not None and known.is_active:
            raise StepRefused([refusals.SIGN_IN_FIRST])
        where = places.where_of(locked)
        if places.works_on_another_desk_of_the_route(locked.email, where):
            raise StepRefused([refusals.SEPARATE])
        taker = known or Person.objects.create_user(
            locked.email, password, full_name=full_name or locked.full_name, position=locked.position
        )
        if not taker.is_active:
            _comes_back(taker, full_name or locked.full_name, password)
        locked.used_at = clock.now()
        locked.save(update_fields=["used_at"])
        if not places.assignments_at(where).filter(person=taker, role=locked.role).exists():
            assign(actor, taker, where, Role(locked.role), level=locked.leadership_level)
        record(actor, "accept_invitation", "invitation", locked.pk, after={"person": taker.pk})
    return taker


def ask_for_admission(actor: Actor, organisation: Organisation, asked: AskedFor, letter: Upload) -> Admission:
    """An organisation asks; `actor` is whoever sends it, a stranger, `letter` a PDF. Raises StepRefused."""
    if not organisation.is_open(clock.today()):
        raise StepRefused([refusals.CLOSED])
    if desk_that_admits(organisation) is None:
        raise StepRefused([refusals.NO_DESK])
    with transaction.atomic():
        admission = Admission.objects.create(
            organisation=organisation, full_name=asked.full_name, position=asked.position, email=asked.email.lower(),
            phone=asked.phone, letter_number=asked.letter_number, letter_date=asked.letter_date,
            letter=Blob.keep(letter.data, letter.media_type), file_name=letter.name, asked_at=clock.now(),
        )  # fmt: skip
        record(
            actor, "ask_for_admission", "admission", admission.pk,
            after={"organisation": organisation.code, "letter": asked.letter_number},
        )  # fmt: skip
    return admission


def admit(actor: Actor, admission: Admission) -> None:
    """Let the representative in: they are invited. Raises StepRefused."""
    with transaction.atomic():
        locked = _open_admission(actor, admission)
        locked.admitted, locked.decided_at, locked.decided_by = True, clock.now(), actor.person
        locked.save()
        record(actor, "admit", "admission", locked.pk, after={"organisation": locked.organisation_id})
        write_invitation(
            actor, locked.organisation, Invited(locked.email, locked.full_name, Role.REPRESENTATIVE, locked.position)
        )


def refuse_admission(actor: Actor, admission: Admission, reason: str) -> None:
    """Do not let them in, and say why. Raises StepRefused."""
    with transaction.atomic():
        locked = _open_admission(actor, admission)
        if not reason.strip():
            raise StepRefused([refusals.REASON_MISSING])
        locked.admitted, locked.decided_at, locked.decided_by = False, clock.now(), actor.person
        locked.reason = reason
        locked.save()
        letters.admission_refused(locked)
        record(actor, "refuse_admission", "admission", locked.pk, note=reason)


def desk_that_admits(organisation: Organisation) -> Desk | None:
    """The desk that receives this organisation's dossiers; None when there is none."""
    try:
        kind = admitting_desk(current().chart, Level(organisation.level))
    except KeyError:
        return None
    return Desk.responsible(kind, organisation.code)


def judges(actor: Actor, organisation: Organisation) -> bool:
    """Whether somebody may admit this organisation's representative: a handler of the very desk."""
    desk = desk_that_admits(organisation)
    return (
        desk is not None
        and (desk.organisation, desk.area) == (actor.organisation, actor.area)
        and may_admit(actor, current().chart, Level(organisation.level), organisation.code)
    )


def _open_admission(actor: Actor, admission: Admission) -> Admission:
    locked = Admission.objects.select_for_update().get(pk=admission.pk)
    if not judges(actor, locked.organisation):
        raise StepRefused([refusals.NOT_YOURS])
    if locked.decided_at is not None:
        raise StepRefused([refusals.DECIDED])
    return locked


def _comes_back(person: Person, full_name: str, password: str) -> None:
    """Somebody who had left is invited again: the same person, with a new password."""
    person.is_active, person.left_at, person.full_name = True, None, full_name
    person.set_password(password)
    person.save()


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
