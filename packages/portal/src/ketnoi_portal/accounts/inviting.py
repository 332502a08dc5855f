"""How an officer gets in: an invitation to the role of officer at the unit, or the role at once for who is known."""

from __future__ import annotations

from django.urls import reverse

from ketnoi_pages import clock
from ketnoi_portal.accounts.models import Account
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.process.account_case import AccountState
from ketnoi_portal.process.roles import Actor, Role
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.settings import current
from ketnoi_portal.staff.inviting import Invited, write_invitation
from ketnoi_portal.staff.models import Assignment, Person
from ketnoi_portal.staff.places import works_on_another_desk_of_the_route
from ketnoi_portal.staff.refusals import SEPARATE


def invite(actor: Actor, account: Account) -> Person | None:
    """Let the officer of an account in; the person, when there is one already. Others take the invitation first.

    Raises StepRefused for somebody who decides at a desk: nobody asks and decides.
    """
    if works_on_another_desk_of_the_route(account.email, account.unit):
        raise StepRefused([SEPARATE])
    person = Person.objects.filter(email__iexact=account.email, is_active=True).first()
    if person is None:
        write_invitation(actor, account.unit, Invited(account.email, account.full_name, Role.OFFICER, account.position))
        return None
    at = clock.now()
    running = Assignment.objects.filter(person=person, role=Role.OFFICER, organisation=account.unit_id, until=None)
    if not running.exists():
        Assignment.objects.create(
            person=person, role=Role.OFFICER, organisation=account.unit, since=at, given_by=f"account:{account.pk}"
        )
    Letter.write(
        account.email,
        "Kích hoạt tài khoản khai thác · Activate your account",
        "Tài khoản khai thác của bạn đã được C06 tạo. Đăng nhập rồi kích hoạt tại:\n"
        "C06 has created your account. Sign in and activate it at:\n\n"
        f"{current().public(reverse('accounts:own'))}\n",
        key=f"activate:{account.pk}:{account.version}",
    )
    return person


def take_leave(account: Account) -> None:
    """The officer's role at the unit ends, unless another account there still needs it."""
    if account.person_id is None:
        return
    others = Account.objects.filter(person=account.person_id, unit=account.unit_id).exclude(pk=account.pk)
    if not others.exclude(state=AccountState.CLOSED).exists():
        Assignment.objects.filter(
            person=account.person_id, role=Role.OFFICER, organisation=account.unit_id, until=None
        ).update(until=clock.now())
