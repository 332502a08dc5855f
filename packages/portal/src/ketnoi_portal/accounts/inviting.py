"""How an officer gets in: a person with the role of officer at the unit, and a letter that says how to sign in."""

from __future__ import annotations

from django.urls import reverse

from ketnoi_portal.accounts.models import Account
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.process.account_case import AccountState
from ketnoi_portal.process.roles import Role
from ketnoi_portal.settings import current
from ketnoi_portal.site import clock
from ketnoi_portal.staff.models import Assignment, Person


def invite(account: Account) -> Person:
    """The person of an account, who may sign in from now on as an officer of its unit, and is told so."""
    person = Person.objects.filter(email__iexact=account.email).first()
    if person is None:
        person = Person.objects.create_user(account.email, full_name=account.full_name, position=account.position)
    running = Assignment.objects.filter(person=person, role=Role.OFFICER, organisation=account.unit_id, until=None)
    if not running.exists():
        Assignment.objects.create(
            person=person,
            role=Role.OFFICER,
            organisation_id=account.unit_id,
            since=clock.now(),
            given_by=f"account:{account.pk}",
        )
    base = current().base_url.rstrip("/")
    Letter.write(
        account.email,
        "Kích hoạt tài khoản khai thác · Activate your account",
        "Tài khoản khai thác của bạn đã được C06 tạo. Đặt mật khẩu, đăng nhập rồi kích hoạt tại:\n"
        "C06 has created your account. Set a password, sign in, and activate it at:\n\n"
        f"{base}{reverse('account_reset_password')}\n{base}{reverse('accounts:own')}\n",
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
