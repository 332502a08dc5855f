"""The worker's task: the identity systems know exactly the clients that the applications in force make.

The whole list is sent when it has changed, and again every minute, so that a system that was restored has it too.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Final

import msgspec

from ketnoi_pages import clock
from ketnoi_portal.identities.clients import wanted_clients
from ketnoi_portal.identities.identity_client import IdentityClient, IdentityError
from ketnoi_portal.identities.models import IdentitySource
from ketnoi_portal.publication import stops
from ketnoi_portal.publication.reading import approved_applications, bodies_today
from ketnoi_portal.settings import Identity, current
from ketnoi_portal.worker.locks import only_one
from ketnoi_protocol.citizens import Client, Clients
from ketnoi_protocol.services import Environment

AGAIN: Final = timedelta(minutes=1)


def send() -> None:
    """Every identity system. One that cannot be reached holds up none of the others."""
    for each in current().identities:
        with only_one(f"clients {each.name}") as mine:
            if mine:
                # Read while nobody else sends: what was read before would undo what they have sent.
                _send(each, _wanted(each.environment))


def _wanted(environment: Environment) -> tuple[Client, ...]:
    applications = stops.going_on(approved_applications(), stops.stopped_codes())
    return wanted_clients(applications, environment, {each.code: each.name for each in bodies_today()})


def _send(told: Identity, clients: tuple[Client, ...]) -> None:
    source, _ = IdentitySource.objects.get_or_create(name=told.name)
    digest, now = hashlib.sha256(msgspec.json.encode(clients)).hexdigest(), clock.now()
    if source.digest == digest and source.sent_at is not None and now - source.sent_at < AGAIN:
        return
    if source.digest != digest:
        # Above whatever was sent before this database was restored, if it was.
        source.version = max(source.version + 1, int(now.timestamp() * 1000))
        source.digest, source.sent_at = digest, None
        # Kept before it is sent: what was sent under a number is never another list.
        source.save(update_fields=["version", "digest", "sent_at"])
    try:
        with IdentityClient(told) as client:
            client.put_clients(Clients(version=source.version, clients=clients))
    except IdentityError as error:
        source.send_trouble_vi, source.send_trouble = error.told.vi[:200], error.told.en[:200]
    else:
        source.sent_at, source.send_trouble, source.send_trouble_vi = now, "", ""
    source.save(update_fields=["sent_at", "send_trouble", "send_trouble_vi"])
