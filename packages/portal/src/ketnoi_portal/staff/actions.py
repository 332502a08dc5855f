"""Everything that changes who may do what. Each act is judged by the rules, written and audited in one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction

from ketnoi_pages import clock
from ketnoi_portal.audit.models import record
from ketnoi_portal.process.roles import Actor, DeskKind, Role
from ketnoi_portal.process.rules import Reason, StepRefused
from ketnoi_portal.staff import letters, places, refusals
from ketnoi_portal.staff.handing_over import held_by, role_ended
from ketnoi_portal.staff.models import Assignment, Delegation, Person
from ketnoi_portal.staff.rules import LONGEST_DELEGATION_DAYS, manages_people, may_give


def give_role(actor: Actor, person: Person, where: places.Where, role: Role, *, level: int = 0) -> Assignment:
    """Another role for somebody who works at this place already. Raises StepRefused."""
    with transaction.atomic():
        _managed(actor, where)
        if not may_give(actor, places.place_of(where), role, empty=False):
            raise StepRefused([refusals.NOT_YOURS_TO_GIVE])
        if actor.person == str(person.pk):
            raise StepRefused([refusals.YOURSELF])
        held = places.assignments_at(where).filter(person=person)
        if not held.exists():
            raise StepRefused([refusals.NOT_A_COLLEAGUE])
        if held.filter(role=role).exists():
            raise StepRefused([refusals.HAS_ROLE])
        return assign(actor, person, where, role, level=level)


def assign(actor: Actor, person: Person, where: places.Where, role: Role, *, level: int = 0) -> Assignment:
    """Write a role down: the last step of an invitation that was accepted, and of give_role, which judge before."""
    at = {"desk": where} if isinstance(where, places.Desk) else {"organisation": where}
    with transaction.atomic():
        assignment = Assignment.objects.create(
            person=person, role=role, leadership_level=level, since=clock.now(), given_by=actor.person, **at
        )
        record(
            actor, "give_role", "person", person.pk,
            after={"role": role, "place": places.key_of(where), "level": level},
        )  # fmt: skip
    return assignment


def end_role(actor: Actor, assignment: Assignment, reason: str) -> None:
    """End one role. Raises StepRefused when the place could not work without it."""
    with transaction.atomic():
        where = places.where_of(assignment)
        _locked(where)
        if str(assignment.person_id) != actor.person:
            _managed(actor, where)
        _need(reason)
        if assignment.until is not None and assignment.until <= clock.now():
            raise StepRefused([refusals.DECIDED])
        if places.is_needed(assignment):
            raise StepRefused([_last(assignment)])
        _end(assignment)
        role_ended(actor, assignment.person, assignment.hat, reason)
        record(
            actor, "end_role", "person", assignment.person_id,
            before={"role": assignment.role, "place": assignment.hat}, note=reason,
        )  # fmt: skip


def leave(actor: Actor, person: Person, where: places.Where, reason: str, successor: Person | None = None) -> None:
    """Somebody leaves a place: every role of theirs there ends, what hangs on them goes to the successor.

    Whoever has no role anywhere afterwards cannot sign in any more. Raises StepRefused, with each reason, when
    something would be orphaned.
    """
    with transaction.atomic():
        _locked(where)
        if str(person.pk) != actor.person:
            _managed(actor, where)
        _need(reason)
        theirs = list(places.assignments_at(where).filter(person=person))
        if not theirs:
            raise StepRefused([refusals.NOT_A_COLLEAGUE])
        if needed := [each for each in theirs if places.is_needed(each)]:
            raise StepRefused([_last(each) for each in needed])
        holdings = held_by(person, places.key_of(where))
        if holdings and successor is None:
            raise StepRefused([refusals.SUCCESSOR_MISSING])
        if successor is not None:
            if successor == person or not places.colleagues(where).filter(pk=successor.pk).exists():
                raise StepRefused([refusals.NOT_A_COLLEAGUE])
            for holding in holdings:
                holding.hand_over(actor, successor)
        for each in theirs:
            _end(each)
        role_ended(actor, person, places.key_of(where), reason)
        record(
            actor, "leave", "person", person.pk,
            before={"place": places.key_of(where), "roles": [each.role for each in theirs]},
            after={"successor": successor.pk if successor else None, "handed_over": len(holdings)},
            note=reason,
        )  # fmt: skip
        if not person.assignments.filter(until=None).exists():
            person.is_active, person.left_at = False, clock.now()
            person.save(update_fields=["is_active", "left_at"])
            _sign_out_everywhere(person)


def delegate(actor: Actor, assignment: Assignment, deputy: Person, until: datetime, reason: str) -> Delegation:
    """For a fixed time a colleague may act by one's own role. Raises StepRefused."""
    with transaction.atomic():
        where = places.where_of(assignment)
        if str(assignment.person_id) != actor.person:
            raise StepRefused([refusals.NOT_YOURS])
        _need(reason)
        if deputy.pk == assignment.person_id:
            raise StepRefused([refusals.YOURSELF])
        if not clock.now() < until <= clock.now() + timedelta(days=LONGEST_DELEGATION_DAYS):
            raise StepRefused([refusals.WRONG_TIME])
        held = places.assignments_at(where).filter(person=deputy)
        if not held.exists():
            raise StepRefused([refusals.NOT_A_COLLEAGUE])
        if held.exclude(leadership_level=assignment.leadership_level).exists():
            raise StepRefused([refusals.OTHER_LEVEL])
        delegation = Delegation.objects.create(
            assignment=assignment, person=deputy, since=clock.now(), until=until, reason=reason
        )
        record(
            actor, "delegate", "person", assignment.person_id,
            after={"to": deputy.pk, "role": assignment.role, "place": assignment.hat, "until": until.isoformat()},
            note=reason,
        )  # fmt: skip
    return delegation


def end_delegation(actor: Actor, delegation: Delegation) -> None:
    """End a delegation before its time: by either of the two, or by whoever manages people there."""
    with transaction.atomic():
        assignment = delegation.assignment
        if actor.person not in {str(assignment.person_id), str(delegation.person_id)}:
            _managed(actor, places.where_of(assignment))
        if delegation.ended_at is not None:
            raise StepRefused([refusals.DECIDED])
        delegation.ended_at = clock.now()
        delegation.save(update_fields=["ended_at"])
        record(actor, "end_delegation", "person", assignment.person_id, before={"to": delegation.person_id})


def reset_second_factor(actor: Actor, person: Person, where: places.Where, reason: str) -> None:
    """Take away a lost second factor; they must set one up anew. Their sessions end and they are told."""
    with transaction.atomic():
        _managed(actor, where)
        if str(person.pk) == actor.person:
            raise StepRefused([refusals.YOURSELF])
        if not places.colleagues(where).filter(pk=person.pk).exists():
            raise StepRefused([refusals.NOT_A_COLLEAGUE])
        _need(reason)
        count, _ = Authenticator.objects.filter(user=person).delete()
        _sign_out_everywhere(person)
        letters.second_factor_reset(person)
        record(actor, "reset_second_factor", "person", person.pk, before={"factors": count}, note=reason)


def _managed(actor: Actor, where: places.Where) -> None:
    if not manages_people(actor, places.place_of(where)):
        raise StepRefused([refusals.NOT_YOURS])


def _need(reason: str) -> None:
    if not reason.strip():
        raise StepRefused([refusals.REASON_MISSING])


def _locked(where: places.Where) -> None:
    """Two people who leave at once do not both count on the other to stay."""
    type(where).objects.select_for_update(no_key=True).get(pk=where.pk)


def _end(assignment: Assignment) -> None:
    now = clock.now()
    assignment.until = now
    assignment.save(update_fields=["until"])
    assignment.delegations.filter(ended_at=None, until__gt=now).update(ended_at=now)


def _last(assignment: Assignment) -> Reason:
    """The refusal that names the role; an agency's last representative may also be replaced by a letter to its desk."""
    base, role = refusals.LAST_ONE, assignment.role_title
    mend = base.mend
    if places.place_of(places.where_of(assignment)).kind is DeskKind.AGENCY:
        mend = mend._replace(
            vi=f"{mend.vi}; hoặc cơ quan gửi công văn cử người đại diện mới",
            en=f"{mend.en}; or the agency names a new one by a letter to its desk",
        )
    return Reason(
        base.code, base.title._replace(vi=f"{base.title.vi}: {role.vi}", en=f"{base.title.en}: {role.en}"), mend
    )


def _sign_out_everywhere(person: Person) -> None:
    for session in UserSession.objects.filter(user=person):
        session.end()
