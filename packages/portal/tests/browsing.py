"""A browser in which somebody has signed in with a second factor."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client

from ketnoi_portal.process.roles import Actor
from ketnoi_portal.staff.models import Person


def as_person(actor: Actor, hat: str = "", **options: bool) -> Client:
    """A client of Django's with this actor's session, at an office (`desk:c06`) where they have several.

    `enforce_csrf_checks=True` is what a browser meets.
    """
    person = Person.objects.get(pk=actor.person)
    Authenticator.objects.get_or_create(user=person, type=Authenticator.Type.TOTP, defaults={"data": {"secret": ""}})
    client = Client(**options)
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    if hat:
        session = client.session
        session["hat"] = hat
        session.save()
    return client


def app_code(secret: str) -> str:
    """What an authenticator app would show now."""
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
