"""People at their browsers: signed in, with a second factor, in one office."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.test import Client

from ketnoi_portal.process.roles import Actor
from ketnoi_portal.staff.models import Person


def browser_of(actor: Actor) -> Client:
    """A client that is signed in as whoever this actor is."""
    who = Person.objects.get(pk=actor.person)
    Authenticator.objects.get_or_create(user=who, type="totp", defaults={"data": {"secret": "x"}})
    client = Client()
    client.force_login(who)
    return client
